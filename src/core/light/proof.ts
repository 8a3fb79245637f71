import {
  bytes, cid, decodeCanonical, encodeCanonical, encodeMapProof, HASH_SIZE_BYTES, list, literal, MAP_KEY_BYTES_MAX, MAP_PROOF_BYTES_MAX,
  MAP_VALUE_BYTES_MAX, nullable, ok, struct, text, uint, union, type CID, type CodecFailure, type MerkleLog, type Result
} from '../../base/index.ts'
import { decodeFinalityProof, encodeFinalityProof, type FinalityProof } from '../finality/index.ts'
import {
  BODY_BYTES_MAX, DECLARATION_BYTES_MAX, LEAF_DATA_SIZE_BYTES, makeRecordProof, SEGMENT_RECORDS_MAX, type FeedRecord, type OpenSegment
} from '../feed/index.ts'
import { CERTIFICATE_SIZE_BYTES_MAX, type Did } from '../identity/index.ts'
import { makeOperationProof, OPERATION_BYTES_MAX, proveRow, TRANSACTION_OPERATIONS_MAX, type LedgerState, type RowProof } from '../ledger/index.ts'
import { BODY_PATH_HASHES_MAX, FINALITY_BYTES_MAX, KEY_BYTES_MAX, LIGHT_PROOF_BYTES_MAX, LIGHT_SEALS_MAX, LOG_PATH_HASHES_MAX, MEDIA_TYPE_BYTES_MAX } from './limits.ts'
import { turnsOf, type TurningPath } from './path.ts'

/** A block below the one whose finality is shown. */
export type OlderBlock = { readonly header: Uint8Array, readonly path: readonly Uint8Array[] }

/** Where an operation stands: in a transaction, in a block's body. */
export type OperationPlace = {
  readonly operation: Uint8Array
  readonly index: number
  readonly path: readonly Uint8Array[]
  readonly transaction: { readonly body: Uint8Array, readonly cert: CID, readonly signature: Uint8Array }
  readonly bodyPath: TurningPath
}

/** A row of the state after the block whose finality is shown; null: there is none. */
export type StateProof = { readonly key: Uint8Array, readonly value: Uint8Array | null, readonly proof: Uint8Array }

/** A record's place in a feed of the anchored length and root. */
export type PlacedRecord = {
  readonly leafData: Uint8Array
  readonly index: number
  readonly path: readonly Uint8Array[]
  readonly position: number
  readonly salt: Uint8Array
  readonly record: FeedRecord
  readonly recordPath: readonly Uint8Array[]
}

export type Subject =
  | {
    readonly kind: 'record'
    readonly older: OlderBlock | null
    /** Of the anchor. */
    readonly place: OperationPlace
    readonly record: PlacedRecord
    readonly declaration: Uint8Array
    /** Of the node that signed the anchor, and of the one that signed the declaration where that is another. */
    readonly certificates: readonly Uint8Array[]
    /** The publisher as a member, unless the charter names it. */
    readonly member: StateProof | null
  }
  | { readonly kind: 'operation', readonly older: OlderBlock | null, readonly place: OperationPlace }
  | { readonly kind: 'state', readonly state: StateProof }

export type LightProof = {
  /** Of every seal since the anchor, in order. */
  readonly seals: readonly FinalityProof[]
  readonly finality: FinalityProof
  readonly subject: Subject
}

const hashes = (max: number): ReturnType<typeof list<Uint8Array>> => list(bytes(HASH_SIZE_BYTES), max)
const finality = bytes(1, FINALITY_BYTES_MAX)
const older = nullable(struct({ header: bytes(1, 16_384), path: hashes(LOG_PATH_HASHES_MAX) }))
const place = struct({
  operation: bytes(1, OPERATION_BYTES_MAX),
  index: uint(TRANSACTION_OPERATIONS_MAX - 1),
  path: hashes(8),
  transaction: struct({ body: bytes(1, 512), cert: cid(), signature: bytes(64) }),
  bodyPath: struct({ turns: uint(), siblings: hashes(BODY_PATH_HASHES_MAX) })
})
const row = struct({
  key: bytes(1, MAP_KEY_BYTES_MAX), value: nullable(bytes(0, MAP_VALUE_BYTES_MAX)), proof: bytes(1, MAP_PROOF_BYTES_MAX)
})
const record = struct({
  leafData: bytes(LEAF_DATA_SIZE_BYTES),
  index: uint(),
  path: hashes(LOG_PATH_HASHES_MAX),
  position: uint(SEGMENT_RECORDS_MAX - 1),
  salt: bytes(HASH_SIZE_BYTES),
  record: struct({
    key: bytes(1, KEY_BYTES_MAX), timeMs: uint(), operation: literal('put', 'delete'), mediaType: text(MEDIA_TYPE_BYTES_MAX),
    body: bytes(0, BODY_BYTES_MAX)
  }),
  recordPath: hashes(12)
})
const schema = struct({
  v: literal(1),
  kind: literal('light-proof'),
  seals: list(finality, LIGHT_SEALS_MAX),
  finality,
  subject: union('kind', {
    record: struct({
      kind: literal('record'), older, place, record, declaration: bytes(1, DECLARATION_BYTES_MAX),
      certificates: list(bytes(1, CERTIFICATE_SIZE_BYTES_MAX), 2, 1), member: nullable(row)
    }),
    operation: struct({ kind: literal('operation'), older, place }),
    state: struct({ kind: literal('state'), state: row })
  })
})

export function encodeLightProof ({ seals, finality: newest, subject }: LightProof): Uint8Array {
  return encodeCanonical({
    v: 1, kind: 'light-proof', seals: seals.map(encodeFinalityProof), finality: encodeFinalityProof(newest), subject
  })
}

export function decodeLightProof (encoded: Uint8Array): Result<LightProof, CodecFailure> {
  const decoded = decodeCanonical(encoded, schema, LIGHT_PROOF_BYTES_MAX)
  if (!decoded.ok) return decoded
  const newest = decodeFinalityProof(decoded.value.finality)
  if (!newest.ok) return newest
  const seals: FinalityProof[] = []
  for (const each of decoded.value.seals) {
    const seal = decodeFinalityProof(each)
    if (!seal.ok) return seal
    seals.push(seal.value)
  }
  return ok({ seals, finality: newest.value, subject: decoded.value.subject })
}

/** An operation of the transaction at `transactionIndex` in a block's body; undefined where there is none. */
export function placeOf (blockBody: Uint8Array, transactionIndex: number, operationIndex: number): OperationPlace | undefined {
  const proof = makeOperationProof(blockBody, transactionIndex, operationIndex)
  if (proof === undefined) return undefined
  const { operation, opIndex, opPath, body, cert, signature, index, count, path } = proof
  return {
    operation, index: opIndex, path: opPath, transaction: { body, cert, signature }, bodyPath: { turns: turnsOf(index, count), siblings: path }
  }
}

/** The record at `position` of an opened segment. `log` and `leafData` are the feed's; `length` is the anchored one. */
export function placedRecord (
  opened: OpenSegment, position: number, leafData: Uint8Array, log: MerkleLog, length: number
): PlacedRecord {
  const { index } = opened.header
  const path = log.inclusion(index, length)
  const { salt, record: shown, path: recordPath } = makeRecordProof({ head: new Uint8Array(0), leafData, index, path }, opened, position, [])
  return { leafData, index, path, position, salt, record: shown, recordPath }
}

/** `log` holds the digests of final blocks by height. */
export function olderBlock (header: Uint8Array, height: number, finalHeight: number, log: MerkleLog): OlderBlock {
  return { header, path: log.inclusion(height, finalHeight) }
}

/** That `did` is a member, as of this state. */
export function memberProof (state: LedgerState, did: Did): StateProof {
  return stateProof(proveRow(state, 'member', did))
}

export function stateProof ({ key, value, proof }: RowProof): StateProof {
  return { key, value: value ?? null, proof: encodeMapProof(proof) }
}
