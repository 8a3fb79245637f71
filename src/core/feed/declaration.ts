import {
  bytes, cid, codecOf, decodeCanonical, encodeCanonical, fail, literal, matching, nullable, ok, struct, uint,
  type CID, type CodecFailure, type Result, type Schema
} from '../../base/index.ts'
import {
  decodeStatement, didSchema, keyOfDid, type Did, type Membership, type SpeakerFailure, type Statement
} from '../identity/index.ts'
import { DECLARATION_BYTES_MAX } from './limits.ts'

/** Who may see a feed. One feed has one class: policy filters feeds, never records inside a feed. */
export type FeedClass = 'public' | 'members' | 'restricted' | `restricted:${string}` | `pair:${Did}`

/** Who says a statement that was made at `timeMs`. */
export type Speaker = Membership['speaker']

export type DeclarationFields = {
  readonly federation: CID
  readonly publisher: Did
  readonly datasetId: string
  readonly class: FeedClass
  /** `keyed`: the state is the latest record of each key. */
  readonly mode: 'log' | 'keyed'
  /** The feed that this one replaces, frozen by a fork or lost. */
  readonly supersedes: CID | null
  readonly derivedFrom: CID | null
  readonly createdMs: number
  /** 16 unpredictable bytes. */
  readonly nonce: Uint8Array
}

/** The statement that founds a feed. Its id is the id of the feed. */
export type Declaration = DeclarationFields & { readonly id: CID, readonly statement: Statement }

export type DeclarationFailure =
  | CodecFailure
  | SpeakerFailure
  | { readonly code: 'federation', readonly federation: CID }
  | { readonly code: 'publisher', readonly publisher: Did, readonly speaker: Did }

/** The name of a dataset within its publisher. */
export const datasetIdSchema: Schema<string> = matching(/^[a-z0-9-]{1,64}$/, '1 to 64 of a-z, 0-9 and -')

/** Ids of feeds and other statements. */
export const statementIdSchema: Schema<CID> = (value, path) => {
  const parsed = cid()(value, path)
  return parsed.ok && codecOf(parsed.value) !== 'dagCbor' ? fail({ path, expected: 'the CID of a statement' }) : parsed
}

const classSchema: Schema<FeedClass> = (value, path) => typeof value === 'string' && isFeedClass(value)
  ? ok(value)
  : fail({ path, expected: 'public, members, restricted, restricted:<label> or pair:<did>' })

const schema = struct({
  v: literal(1),
  federation: statementIdSchema,
  kind: literal('feed'),
  publisher: didSchema,
  datasetId: datasetIdSchema,
  class: classSchema,
  mode: literal('log', 'keyed'),
  supersedes: nullable(statementIdSchema),
  derivedFrom: nullable(statementIdSchema),
  createdMs: uint(),
  nonce: bytes(16)
})

export function isFeedClass (text: string): text is FeedClass {
  if (text === 'public' || text === 'members' || text === 'restricted') return true
  if (text.startsWith('pair:')) return keyOfDid(text.slice('pair:'.length)) !== undefined
  return /^restricted:[a-z0-9-]{1,32}$/.test(text)
}

/** The body to sign. */
export function declareFeed (fields: DeclarationFields): Uint8Array {
  const { federation, publisher, datasetId, mode, supersedes, derivedFrom, createdMs, nonce } = fields
  return encodeCanonical({
    v: 1, federation, kind: 'feed', publisher, datasetId, class: fields.class, mode, supersedes, derivedFrom, createdMs, nonce
  })
}

/** What a statement declares. Who signed it is not looked at: that is `admitDeclaration`. */
export function decodeDeclaration (statement: Statement): Result<Declaration, CodecFailure> {
  const decoded = decodeCanonical(statement.body, schema, DECLARATION_BYTES_MAX)
  if (!decoded.ok) return decoded
  const { v: _v, kind: _kind, ...fields } = decoded.value
  return ok({ ...fields, id: statement.id, statement })
}

/** The declaration in an envelope, if its publisher made it, in this federation. */
export function admitDeclaration (
  envelope: Uint8Array, federation: CID, speaker: Speaker
): Result<Declaration, DeclarationFailure> {
  const statement = decodeStatement(envelope, DECLARATION_BYTES_MAX)
  if (!statement.ok) return statement
  const declaration = decodeDeclaration(statement.value)
  if (!declaration.ok) return declaration
  const other = declaration.value.federation
  if (!other.equals(federation)) return fail({ code: 'federation', federation: other })
  const failure = declarationFailureOf(declaration.value, speaker)
  return failure === undefined ? declaration : fail(failure)
}

/** What speaks against this declaration being its publisher's. */
export function declarationFailureOf (
  { statement, createdMs, publisher }: Declaration, speaker: Speaker
): SpeakerFailure | { readonly code: 'publisher', readonly publisher: Did, readonly speaker: Did } | undefined {
  const said = speaker(statement, createdMs)
  if (!said.ok) return said.failure
  const { member } = said.value
  return member === publisher ? undefined : { code: 'publisher', publisher, speaker: member }
}
