import {
  assert, decodeCanonical, encodeCanonical, fail, integer, literal, matching, ok, struct, tuple,
  type CID, type CodecFailure, type Parsed, type Result, type Schema, type Value
} from '../../base/index.ts'
import { isFeedClass, type FeedClass, type Speaker } from '../feed/index.ts'
import { decodeStatement, type Did, type SpeakerFailure, type Statement } from '../identity/index.ts'
import { EPOCH_MAX, FIRST_EPOCH } from '../sealing/index.ts'

/** What a statement says, with the statement: its id is the id of what it says. */
export type Said<F> = F & { readonly statement: Statement }

/** In which federation, and who speaks in it. */
export type Hearing = { readonly federation: CID, readonly speaker: Speaker }

export type SaidFailure =
  | CodecFailure
  | SpeakerFailure
  | { readonly code: 'federation', readonly federation: CID }
  /** It is not this member's to say. */
  | { readonly code: 'not-theirs', readonly speaker: Did }

/** `urn:uuid:` and a version 4 UUID in lower case. */
export const agreementIdSchema: Schema<string> = matching(
  /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, 'urn:uuid: and a version 4 UUID in lower case'
)

/** A class whose segments are sealed. */
export const sealedClassSchema: Schema<FeedClass> = (value, path) =>
  typeof value === 'string' && isFeedClass(value) && value.startsWith('restricted')
    ? ok(value)
    : fail({ path, expected: 'restricted or restricted:<label>' })

/** The first and the last. */
export type Span = readonly [from: number, to: number]

export function spanSchema (inner: Schema<number>): Schema<Span> {
  const pair = tuple(inner, inner)
  return (value, path) => {
    const parsed = pair(value, path)
    return parsed.ok && parsed.value[0] > parsed.value[1] ? fail({ path, expected: 'a first and a last, in this order' }) : parsed
  }
}

export const epochsSchema: Schema<Span> = spanSchema(integer(FIRST_EPOCH, EPOCH_MAX))

type Fields = Readonly<Record<string, Schema<unknown>>>
type FieldsOf<S extends Fields> = { readonly [K in keyof S]: Parsed<S[K]> }

/** How one kind of statement is written and read. */
export type Form<F> = {
  readonly kind: string
  /** All fields but `v` and `kind`. */
  readonly names: readonly string[]
  readonly schema: Schema<F>
}

/** `contradiction`: the path of a field that cannot be what it is beside the others, and what was expected. */
export function formOf<const S extends Fields> (
  kind: string, fields: S, contradiction?: (values: FieldsOf<S>) => { readonly path: string, readonly expected: string } | undefined
): Form<FieldsOf<S>> {
  const whole = struct({ v: literal(1), kind: literal(kind), ...fields })
  const names = Object.keys(fields)
  const schema: Schema<FieldsOf<S>> = (value, path) => {
    const parsed = whole(value, path)
    if (!parsed.ok) return parsed
    const read: Readonly<Record<string, unknown>> = parsed.value
    // Of exactly these names, each read by the schema of its name.
    const values = Object.fromEntries(names.map(name => [name, read[name]])) as FieldsOf<S>
    const wrong = contradiction?.(values)
    return wrong === undefined ? ok(values) : fail({ ...wrong, path: `${path}.${wrong.path}` })
  }
  return { kind, names, schema }
}

/** The body to sign. Values that nobody would accept are a bug. */
export function bodyOf<F extends object> ({ kind, names, schema }: Form<F>, values: F): Uint8Array {
  const given = new Map<string, unknown>(Object.entries(values))
  // Schemas of statements accept values of the codec alone.
  const body = { v: 1, kind, ...Object.fromEntries(names.map(name => [name, given.get(name) as Value])) }
  const parsed = schema(body, '')
  assert(parsed.ok, `a statement that nobody would accept: ${parsed.ok ? '' : parsed.failure.path}`)
  return encodeCanonical(body)
}

/** What a statement says. Who signed it is not looked at. */
export function decodeSaid<F> (schema: Schema<F>, statement: Statement, sizeBytesMax: number): Result<Said<F>, CodecFailure> {
  const decoded = decodeCanonical(statement.body, schema, sizeBytesMax)
  return decoded.ok ? ok({ ...decoded.value, statement }) : decoded
}

/** What an envelope says in this federation, and which member says it. */
export function hear<T extends { readonly federation: CID, readonly statement: Statement }> (
  envelope: Uint8Array, sizeBytesMax: number, decode: (statement: Statement) => Result<T, CodecFailure>, timeMsOf: (said: T) => number,
  { federation, speaker }: Hearing
): Result<{ readonly said: T, readonly by: Did }, SaidFailure> {
  const statement = decodeStatement(envelope, sizeBytesMax)
  if (!statement.ok) return statement
  const decoded = decode(statement.value)
  if (!decoded.ok) return decoded
  const said = decoded.value
  if (!said.federation.equals(federation)) return fail({ code: 'federation', federation: said.federation })
  const who = speaker(said.statement, timeMsOf(said))
  return who.ok ? ok({ said, by: who.value.member }) : who
}
