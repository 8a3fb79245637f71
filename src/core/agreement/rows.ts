import {
  boolean, bytes, decodeCanonical, encodeCanonical, fail, list, literal, nullable, ok, struct, textOf, uint, utf8,
  type CodecFailure, type Parsed, type Result, type Schema, type SchemaFailure, type Value
} from '../../base/index.ts'
import {
  ADDRESS_CHARACTERS_MAX, CODE_CHARACTERS_MAX, ID_CHARACTERS_MAX, MESSAGE_BYTES_MAX, prose, REASON_CHARACTERS_MAX, REASONS_MAX, type JsonObject
} from './json.ts'
import { ANSWERED_MAX, VISITS_MAX, type Ended, type Process } from './process.ts'

/** A request, an offer, an agreement and a message under way, each of a message's size, and what goes around them. */
const ROW_BYTES_MAX = 4 * MESSAGE_BYTES_MAX + 32_768

type Fields = Readonly<Record<string, Schema<unknown>>>

/** Canonical bytes of a process: what is of the protocol stays in its JSON. */
export function encodeProcessRow<S extends string, M> (
  process: Process<S, M>, encode: (message: M) => JsonObject, own: { readonly [name: string]: Value }
): Uint8Array {
  const { role, peer, peerAddress, providerPid, consumerPid, state, visits, movedBy, outgoing, answered, isAsked, changedMs, ended } = process
  return encodeCanonical({
    v: 1, role, peer, peerAddress, providerPid, consumerPid, state, visits, movedBy, answered, isAsked, changedMs,
    outgoing: outgoing === null ? null : { ...outgoing, message: jsonBytes(encode(outgoing.message)) },
    ended: ended === null ? null : { by: ended.by, code: ended.code === null ? null : jsonBytes(ended.code), reason: jsonBytes(ended.reason) },
    ...own
  })
}

export function decodeProcessRow<const S extends string, M, const F extends Fields> (
  row: Uint8Array, states: readonly S[], message: Schema<M>, own: F
): Result<Process<S, M> & { readonly [K in keyof F]: Parsed<F[K]> }, CodecFailure> {
  const id = prose(ID_CHARACTERS_MAX)
  const state = literal(...states)
  const outgoing = struct({ message: jsonIn(message), target: state, sinceMs: uint(), attempts: uint(), refusals: uint(), nextMs: uint() })
  const common = {
    v: literal(1), role: literal('provider', 'consumer'), peer: id, peerAddress: prose(ADDRESS_CHARACTERS_MAX),
    providerPid: nullable(id), consumerPid: nullable(id), state: nullable(state), visits: list(state, VISITS_MAX),
    movedBy: nullable(literal('us', 'peer')),
    outgoing: nullable(outgoing), answered: list(struct({ id, state }), ANSWERED_MAX), isAsked: boolean(), changedMs: uint(), ended: nullable(ending)
  }
  const decoded = decodeCanonical(row, struct({ ...common, ...own }), ROW_BYTES_MAX)
  if (!decoded.ok) return decoded
  const { v: _v, ...process } = decoded.value as Parsed<Schema<{ readonly v: 1 } & Process<S, M> & { readonly [K in keyof F]: Parsed<F[K]> }>>
  // Without `v` it is what it was: TypeScript does not follow a rest over a generic shape.
  return ok(process as unknown as Process<S, M> & { readonly [K in keyof F]: Parsed<F[K]> })
}

export function jsonBytes (json: unknown): Uint8Array {
  return utf8(JSON.stringify(json))
}

/** A structure of the protocol within a row: its JSON, in UTF-8. */
export function jsonIn<T> (inner: Schema<T>): Schema<T> {
  return (value, path) => {
    const encoded = bytes(1, ROW_BYTES_MAX)(value, path)
    const text = encoded.ok ? textOf(encoded.value) : undefined
    try {
      if (text !== undefined) return inner(JSON.parse(text), path)
    } catch {
      // Falls through: it is no JSON.
    }
    return fail({ path, expected: 'JSON in UTF-8' })
  }
}

function ending (value: unknown, path: string): Result<Ended, SchemaFailure> {
  return struct({
    by: literal('us', 'peer'), code: nullable(jsonIn(prose(CODE_CHARACTERS_MAX))), reason: jsonIn(list(prose(REASON_CHARACTERS_MAX), REASONS_MAX))
  })(value, path)
}
