import {
  boolean, bytes, cid, codecOf, decodeCanonical, encodeCanonical, fail, integer, list, literal, nullable, ok, struct, tuple, uint,
  type CID, type CodecFailure, type Parsed, type Result, type Schema, type Value
} from '../../base/index.ts'
import { addressText, CLASSES, datasetText, didText, NODE_ADDRESSES_MAX, PARAMETER_NAMES, PARAMETER_RANGES, PURPOSES } from './rows.ts'

/** As whom a key may speak: node of a member, its offline root, its key for votes, for consensus, or of a role. */
export type SignerKind = 'node' | 'root' | 'govern' | 'consensus' | 'role'

type Fields = Readonly<Record<string, Schema<unknown>>>

/** One row of the closed table: `[code, …fields]`, fields in the order they are named. */
export type Operation<F extends Fields> = {
  readonly code: number
  readonly name: string
  readonly by: readonly SignerKind[]
  readonly fields: F
}
export type FieldsOf<O> = O extends Operation<infer F> ? { readonly [K in keyof F]: Parsed<F[K]> } : never

export const OPERATION_BYTES_MAX = 32_768

const NODE: readonly SignerKind[] = ['node', 'role']
const GOVERN: readonly SignerKind[] = ['govern', 'root']
const hash = bytes(32)
const key = bytes(32)
const signature = bytes(64)
const reason = uint(255)
const cidSchema = cid()
const statementId: typeof cidSchema = (value, path) => {
  const parsed = cidSchema(value, path)
  return parsed.ok && codecOf(parsed.value) !== 'dagCbor' ? fail({ path, expected: 'the CID of a statement' }) : parsed
}

/** A certificate by its digest, or a key by its bytes: both are 32 bytes, so they are told apart by name. */
const revoked = tuple(literal('key', 'certificate'), hash)

/** Some of the parameters, ascending by name, each within its compiled-in range. */
const parameters: Schema<readonly (readonly [string, number])[]> = (value, path) => {
  const parsed = list(tuple(literal(...PARAMETER_NAMES), uint()), PARAMETER_NAMES.length, 1)(value, path)
  if (!parsed.ok) return parsed
  const inRange = parsed.value.every(([name, number]) => number >= PARAMETER_RANGES[name][0] && number <= PARAMETER_RANGES[name][1])
  const ascending = parsed.value.every(([name], at) => at === 0 || name > (parsed.value[at - 1]?.[0] ?? ''))
  return inRange && ascending ? parsed : fail({ path, expected: 'parameters within their ranges, ascending by name' })
}

/** What a proposal of each kind carries. */
const PAYLOADS = {
  join: struct({ member: didText, classCode: literal(...CLASSES), seat: boolean() }),
  remove: struct({ member: didText }),
  park: struct({ member: didText }),
  params: struct({ params: parameters }),
  charter: struct({ votesAbove: struct({ parts: integer(1, 99), of: integer(2, 100) }) }),
  rebind: struct({ member: didText, root: didText }),
  protocol: struct({ version: integer(1, 65_535), notBeforeHeight: uint(), releaseDigest: hash })
}
export type ProposalKind = keyof typeof PAYLOADS
export type PayloadOf<K extends ProposalKind> = Parsed<(typeof PAYLOADS)[K]>
export type Payload = { [K in ProposalKind]: { readonly kind: K } & PayloadOf<K> }[ProposalKind]
export const PROPOSAL_KINDS: readonly ProposalKind[] = ['join', 'remove', 'park', 'params', 'charter', 'rebind', 'protocol']

const PAYLOAD_BYTES_MAX = 1_024

export function encodePayload ({ kind: _kind, ...fields }: Payload): Uint8Array {
  return encodeCanonical(fields)
}

export function decodePayload (kind: ProposalKind, encoded: Uint8Array): Result<Payload, CodecFailure> {
  const schema: Schema<object> = PAYLOADS[kind]
  const decoded = decodeCanonical(encoded, schema, PAYLOAD_BYTES_MAX)
  // Kind and fields come from one entry of the table.
  return decoded.ok ? ok({ kind, ...decoded.value } as Payload) : decoded
}

/** The closed table. No field is free text: names and descriptions live in catalogue feeds, and nothing here names a person. */
export const OPERATIONS = {
  proposalOpen: operation(1, 'proposal.open', GOVERN, { kind: literal(...PROPOSAL_KINDS), payload: bytes(1, PAYLOAD_BYTES_MAX), notAfterMs: uint() }),
  ballot: operation(2, 'ballot', GOVERN, { proposal: hash, yes: boolean() }),
  memberLeave: operation(3, 'member.leave', ['root'], {}),
  /** `certificate` null takes the node that `transportKey` names away. */
  nodePut: operation(4, 'node.put', ['node', 'root'], {
    certificate: nullable(bytes(1, 1_024)), transportKey: key, addresses: list(addressText, NODE_ADDRESSES_MAX)
  }),
  catalogueSet: operation(5, 'catalogue.set', GOVERN, { feed: statementId, supersedes: nullable(statementId) }),
  keyBind: operation(10, 'key.bind', ['node', 'root'], { purpose: literal(...PURPOSES), key, proof: signature }),
  keyRotate: operation(11, 'key.rotate', ['node', 'root'], { purpose: literal(...PURPOSES), old: key, key, proof: signature }),
  keyRevoke: operation(12, 'key.revoke', GOVERN, { revoked, reason, sinceMs: uint() }),
  validatorReady: operation(13, 'validator.ready', ['consensus'], { epoch: uint(), height: uint(), stateRoot: hash, key, version: integer(1, 65_535) }),
  validatorUnpark: operation(14, 'validator.unpark', NODE, {}),
  datasetPut: operation(20, 'dataset.put', NODE, {
    dataset: datasetText, feeds: list(statementId, 16), schemaHash: nullable(hash), licenceHash: nullable(hash), isRetired: boolean()
  }),
  datasetAnchor: operation(21, 'dataset.anchor', NODE, { heads: list(tuple(statementId, uint(), hash, hash), 64, 1) }),
  policyVersion: operation(22, 'policy.version', NODE, { dataset: datasetText, version: uint(), commit: hash, fromHeight: uint() }),
  agreementCommit: operation(30, 'agreement.commit', NODE, {
    commit: hash, provider: didText, consumer: didText, startMs: uint(), endMs: uint(), certificate: hash, signature
  }),
  agreementRevoke: operation(31, 'agreement.revoke', NODE, { commit: hash, effectiveMs: uint(), reason }),
  receiptsRoot: operation(32, 'receipts.root', NODE, { period: uint(), root: hash, count: uint() }),
  feedFork: operation(70, 'feed.fork', NODE, { declaration: bytes(1, 2_048), proof: bytes(1, 8_192) })
} as const

export type OperationName = keyof typeof OPERATIONS
export type OperationFields<N extends OperationName> = FieldsOf<(typeof OPERATIONS)[N]>

export function operation<const F extends Fields> (code: number, name: string, by: readonly SignerKind[], fields: F): Operation<F> {
  return { code, name, by, fields }
}

/** Bytes of one operation, to be put into a transaction. */
export function encodeOperation<F extends Fields> ({ code, fields }: Operation<F>, values: { readonly [K in keyof F]: Parsed<F[K]> }): Uint8Array {
  // Schemas of operations accept values of the codec alone.
  return encodeCanonical([code, ...Object.keys(fields).map(name => values[name] as Value)])
}

/** The fields of one operation of a known kind; undefined for any other bytes. */
export function decodeOperation<F extends Fields> (
  { code, fields }: Operation<F>, encoded: Uint8Array
): { readonly [K in keyof F]: Parsed<F[K]> } | undefined {
  const decoded = decodeCanonical(encoded, tuple(literal(code), ...Object.values(fields)), OPERATION_BYTES_MAX)
  if (!decoded.ok) return undefined
  const [, ...values] = decoded.value
  // In the order of the fields, each read by the schema of its name.
  return Object.fromEntries(Object.keys(fields).map((name, at) => [name, values[at]])) as { readonly [K in keyof F]: Parsed<F[K]> }
}

/** Bytes that a key signs within an operation, apart from those of every other kind. */
export function signBytes (federation: CID, kind: string, fields: readonly Value[]): Uint8Array {
  return encodeCanonical(['hanse', 1, federation, kind, ...fields])
}
