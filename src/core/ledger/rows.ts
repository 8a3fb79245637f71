import {
  assert, boolean, bytes, cid, decodeCanonical, encodeCanonical, integer, list, literal, matching, nullable, struct, uint,
  type Schema, type Value
} from '../../base/index.ts'

/** One kind of row of the state. Its key is canonical `[code, …parts]`, its value canonical DAG-CBOR. */
export type Table<T> = {
  readonly code: number
  readonly schema: Schema<T>
  /** Values read before, by their bytes: for kinds that stay few. Null: read anew each time. */
  readonly remembered: WeakMap<Uint8Array, { readonly value: T }> | null
}
export type KeyPart = string | Uint8Array | number

/** No row grows beyond it: 256 members of a list, or a certificate with its addresses. */
const ROW_BYTES_MAX = 131_072
export const MEMBERS_MAX = 256
/** Open ones and those decided in the last 30 days, of all members. */
export const PROPOSALS_MAX = 1_024
export const MEMBER_NODES_MAX = 8
export const MEMBER_CERTIFICATES_MAX = 1_024
export const NODE_ADDRESSES_MAX = 8
export const PURPOSE_KEYS_MAX = 8
const VALIDATORS_MAX = 31
const PENDING_MAX = 64

/**
 * The shape of a name alone: whether a key stands behind it was checked when its member was admitted, and thousands of names
 * a second are read.
 */
export const didText: Schema<string> = matching(/^did:key:z[1-9A-HJ-NP-Za-km-z]{47}$/, 'a did:key of an Ed25519 key')
export const addressText: Schema<string> = matching(/^\/[\x21-\x7e]{1,255}$/, 'a multiaddr of at most 256 bytes')
export const datasetText: Schema<string> = matching(/^[a-z0-9-]{1,64}$/, '1 to 64 of a-z, 0-9 and -')
const hash = bytes(32)
const key = bytes(32)

export const CLASSES = ['municipality', 'utility', 'company', 'research', 'public-body', 'association', 'sole-trader'] as const
export const PURPOSES = ['govern', 'consensus', 'role'] as const
export type Purpose = typeof PURPOSES[number]

/** Parameters that a vote may change, each with the range that no vote leaves: a value outside could halt the ledger. */
export const PARAMETER_RANGES = {
  minEpochBlocks: [1, 1_000],
  validatorsMin: [1, 31],
  parkWindowMs: [3_600_000, 31_536_000_000],
  parkWindowBlocks: [10, 100_000],
  aliveBlocks: [10, 10_000],
  readyMs: [600_000, 604_800_000],
  anchorEveryMs: [1_000, 3_600_000],
  openProposalsMax: [1, 64],
  decidedKeptMs: [86_400_000, 31_536_000_000]
} as const
export type ParameterName = keyof typeof PARAMETER_RANGES
export type Parameters = { readonly [name in ParameterName]: number }
export const PARAMETER_NAMES: readonly ParameterName[] = [
  'minEpochBlocks', 'validatorsMin', 'parkWindowMs', 'parkWindowBlocks', 'aliveBlocks', 'readyMs', 'anchorEveryMs', 'openProposalsMax',
  'decidedKeptMs'
]
export const PARAMETERS: Parameters = {
  minEpochBlocks: 1, validatorsMin: 4, parkWindowMs: 259_200_000, parkWindowBlocks: 50, aliveBlocks: 50, readyMs: 86_400_000,
  anchorEveryMs: 60_000, openProposalsMax: 16, decidedKeptMs: 2_592_000_000
}

export const parametersSchema: Schema<Parameters> = struct({
  minEpochBlocks: integer(...PARAMETER_RANGES.minEpochBlocks),
  validatorsMin: integer(...PARAMETER_RANGES.validatorsMin),
  parkWindowMs: integer(...PARAMETER_RANGES.parkWindowMs),
  parkWindowBlocks: integer(...PARAMETER_RANGES.parkWindowBlocks),
  aliveBlocks: integer(...PARAMETER_RANGES.aliveBlocks),
  readyMs: integer(...PARAMETER_RANGES.readyMs),
  anchorEveryMs: integer(...PARAMETER_RANGES.anchorEveryMs),
  openProposalsMax: integer(...PARAMETER_RANGES.openProposalsMax),
  decidedKeptMs: integer(...PARAMETER_RANGES.decidedKeptMs)
})

const validator = struct({ member: didText, node: key, key })
const rules = struct({ parts: integer(1, 99), of: integer(2, 100) })

/** Codes are part of the state's root for ever: a new kind takes a new one. */
export const TABLES = {
  tip: table(1, struct({ height: uint(), timeMs: uint(), accepted: uint() }), 'few'),
  epoch: table(2, struct({ epoch: uint(), version: uint(), sealHeight: uint(), validators: list(validator, VALIDATORS_MAX) }), 'few'),
  parameters: table(3, parametersSchema, 'few'),
  rules: table(4, rules, 'few'),
  members: table(5, list(didText, MEMBERS_MAX), 'few'),
  member: table(6, struct({
    /** Of admission: the acceptance number, and the height. */
    order: uint(), sinceHeight: uint(), classCode: literal(...CLASSES),
    state: literal('active', 'left', 'removed', 'rebound'), reboundTo: nullable(didText),
    endedHeight: nullable(uint()), endedMs: nullable(uint()),
    /** Transport keys of nodes that are in use. */
    nodes: list(key, MEMBER_NODES_MAX), keys: list(hash, PURPOSE_KEYS_MAX * PURPOSES.length), certificates: uint(MEMBER_CERTIFICATES_MAX),
    anchoredMs: nullable(uint()), catalogue: nullable(cid())
  }), 'few'),
  node: table(7, struct({
    member: didText, certificate: nullable(hash), addresses: list(addressText, NODE_ADDRESSES_MAX), sinceHeight: uint()
  }), 'few'),
  certificate: table(8, struct({
    member: didText, envelope: bytes(1, 1024), nodeKey: key, transportKey: key, notBeforeMs: uint(), notAfterMs: uint(), sinceHeight: uint(),
    revokedHeight: nullable(uint()), revokedSinceMs: nullable(uint())
  }), 'few'),
  /** By SHA-256 of the key: every key that was ever named, so that none gets a second meaning. */
  key: table(9, struct({
    member: didText, purpose: literal('root', 'node', 'transport', ...PURPOSES), key, node: nullable(key), order: uint(), sinceHeight: uint(),
    endedHeight: nullable(uint()), endedSinceMs: nullable(uint())
  }), 'few'),
  /** Of members, and of validators that are none any more until a seal lets them go. */
  seats: table(10, list(didText, MEMBERS_MAX + VALIDATORS_MAX), 'few'),
  seat: table(11, struct({
    state: literal('validator', 'learner', 'parked'),
    /** What the next seals shall make of it, in order of acceptance. */
    wanted: nullable(literal('leave', 'park', 'return')), order: uint(), sinceHeight: uint(),
    isMisbehaving: boolean(),
    ready: nullable(struct({ key, height: uint(), timeMs: uint(), version: uint() }))
  }), 'few'),
  seen: table(12, list(struct({ member: didText, height: uint(), timeMs: uint() }), MEMBERS_MAX), 'few'),
  /** By height modulo 64. */
  root: table(13, struct({ height: uint(), root: hash }), 'many'),
  sequence: table(14, uint(), 'few'),
  proposals: table(15, list(hash, PROPOSALS_MAX), 'few'),
  proposal: table(16, struct({
    kind: literal('join', 'remove', 'park', 'params', 'charter', 'rebind', 'protocol'), payload: bytes(1, 1024), by: didText,
    openedHeight: uint(), openedMs: uint(), notAfterMs: uint(),
    state: literal('open', 'passed', 'rejected'), decidedHeight: nullable(uint()), decidedMs: nullable(uint()),
    /** Ballots stand in their proposal, so that pruning it leaves none behind. */
    yes: list(didText, MEMBERS_MAX), no: list(didText, MEMBERS_MAX)
  }), 'few'),
  /** Passed, waiting for a seal. */
  pending: table(17, list(hash, PENDING_MAX), 'few'),
  dataset: table(18, struct({
    feeds: list(cid(), 16), schemaHash: nullable(hash), licenceHash: nullable(hash), isRetired: boolean(), sinceHeight: uint()
  }), 'many'),
  feed: table(19, struct({
    publisher: didText, length: uint(), mmrRoot: nullable(hash), headDigest: nullable(hash), height: uint(), timeMs: uint(),
    frozenHeight: nullable(uint())
  }), 'many'),
  policy: table(20, struct({ version: uint(), commit: hash, fromHeight: uint(), height: uint() }), 'many'),
  agreement: table(21, struct({
    provider: didText, consumer: didText, startMs: uint(), endMs: uint(), height: uint(), revokedMs: nullable(uint()),
    reason: nullable(uint(255))
  }), 'many'),
  receipts: table(22, struct({ period: uint(), root: hash, count: uint(), height: uint() }), 'few'),
  misbehaviour: table(23, struct({ member: didText, kind: matching(/^[a-z-]{1,32}$/, 'a code'), epoch: uint(), view: uint(), height: uint() }), 'few')
} as const

export type RowOf<N extends keyof typeof TABLES> = (typeof TABLES)[N] extends Table<infer T> ? T : never
export type Member = RowOf<'member'>
export type Seat = RowOf<'seat'>
export type Proposal = RowOf<'proposal'>
export type BoundKey = RowOf<'key'>
export type CertificateRow = RowOf<'certificate'>
export type Feed = RowOf<'feed'>

function table<T> (code: number, schema: Schema<T>, size: 'few' | 'many'): Table<T> {
  return { code, schema, remembered: size === 'few' ? new WeakMap() : null }
}

/** Names a row in memory. Parts of one kind have one form, so no two rows share a name. */
export function rowName (code: number, parts: readonly KeyPart[]): string {
  let name = String.fromCharCode(code)
  for (const part of parts) name += typeof part === 'string' ? part : typeof part === 'number' ? `${part}` : latin(part)
  return name
}

function latin (bytes: Uint8Array): string {
  return String.fromCharCode(...bytes)
}

export function rowKey (code: number, parts: readonly KeyPart[]): Uint8Array {
  return encodeCanonical([code, ...parts])
}

export function encodeRow<T> (table: Table<T>, value: T): Uint8Array {
  // Rows are made by this room from checked fields: their types are values of the codec.
  const encoded = encodeCanonical(value as Value)
  assert(encoded.length <= ROW_BYTES_MAX, 'a row of the state stays within its limit')
  table.remembered?.set(encoded, { value })
  return encoded
}

export function decodeRow<T> (table: Table<T>, encoded: Uint8Array): T {
  const known = table.remembered?.get(encoded)
  if (known !== undefined) return known.value
  const decoded = decodeCanonical(encoded, table.schema, ROW_BYTES_MAX)
  assert(decoded.ok, 'a row of the state is as it was written')
  table.remembered?.set(encoded, { value: decoded.value })
  return decoded.value
}
