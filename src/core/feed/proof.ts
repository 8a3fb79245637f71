import {
  bytes, cidOf, decodeCanonical, encodeCanonical, equalBytes, fail, list, literal, MerkleLog, ok, rootOfInclusion, sha256, struct,
  text, uint, verifyInclusion, HASH_SIZE_BYTES, type CodecFailure, type Result
} from '../../base/index.ts'
import { CERTIFICATE_SIZE_BYTES_MAX } from '../identity/index.ts'
import type { Declaration, Speaker } from './declaration.ts'
import { headOfProof } from './fork.ts'
import type { Head, HeadFailure } from './head.ts'
import { LEAF_DATA_SIZE_BYTES, leafHashOf, leafOfData, type Leaf } from './leaf.ts'
import {
  BAD_SEGMENT_PROOF_BYTES_MAX, BODY_BYTES_MAX, HEAD_BYTES_MAX, KEY_BYTES_MAX, MEDIA_TYPE_BYTES_MAX, PATH_HASHES_MAX,
  PROOF_CERTIFICATES_MAX, RECORD_PATH_HASHES_MAX, RECORD_PROOF_BYTES_MAX, SEGMENT_BYTES_MAX, SEGMENT_PROOF_BYTES_MAX,
  SEGMENT_RECORDS_MAX
} from './limits.ts'
import { openSegment, recordsRootOf, type OpenSegment } from './open.ts'
import { recordHashesOf, recordHashOf, refusalOf, saltOf, type FeedRecord } from './record.ts'

/** Shows that a segment stands at `index` of a signed feed. */
export type SegmentProof = {
  /** Envelope of the head. */
  readonly head: Uint8Array
  readonly leafData: Uint8Array
  readonly index: number
  readonly path: readonly Uint8Array[]
}

/** Shows that one record stands in a signed feed, and nothing about the records beside it. */
export type RecordProof = {
  readonly segment: SegmentProof
  readonly position: number
  readonly salt: Uint8Array
  readonly record: FeedRecord
  readonly path: readonly Uint8Array[]
  /** Envelopes, for a verifier who has the charter alone. */
  readonly certificates: readonly Uint8Array[]
}

/** Shows that a publisher signed a leaf that its own segment contradicts. */
export type BadSegmentProof = { readonly segment: SegmentProof, readonly bytes: Uint8Array }

export type SegmentProofFailure =
  | HeadFailure
  | { readonly code: 'leaf' }
  /** The path does not lead to the signed root. */
  | { readonly code: 'path' }

export type RecordProofFailure =
  | SegmentProofFailure
  | { readonly code: 'record' }
  | { readonly code: 'record-path' }
  /** One that neither the head nor the declaration needs. */
  | { readonly code: 'certificate' }

export type BadSegmentFailure =
  | SegmentProofFailure
  /** Other bytes than the leaf names. */
  | { readonly code: 'bytes' }
  /** Sealed, or of a version that this one does not know. */
  | { readonly code: 'unreadable' }
  /** Segment and leaf agree. */
  | { readonly code: 'sound' }

export type SegmentFault = 'layout' | 'feed' | 'index' | 'first' | 'count' | 'recordsRoot'

const segmentFields = {
  head: bytes(1, HEAD_BYTES_MAX),
  leafData: bytes(LEAF_DATA_SIZE_BYTES),
  index: uint(),
  path: list(bytes(HASH_SIZE_BYTES), PATH_HASHES_MAX)
}
const segmentInnerSchema = struct(segmentFields)
const segmentSchema = struct({ v: literal(1), kind: literal('segment-proof'), ...segmentFields })
const recordSchema = struct({
  v: literal(1),
  kind: literal('record-proof'),
  segment: segmentInnerSchema,
  position: uint(SEGMENT_RECORDS_MAX - 1),
  salt: bytes(HASH_SIZE_BYTES),
  record: struct({
    key: bytes(1, KEY_BYTES_MAX),
    timeMs: uint(),
    op: literal('put', 'delete'),
    mediaType: text(MEDIA_TYPE_BYTES_MAX),
    body: bytes(0, BODY_BYTES_MAX)
  }),
  path: list(bytes(HASH_SIZE_BYTES), RECORD_PATH_HASHES_MAX),
  certificates: list(bytes(1, CERTIFICATE_SIZE_BYTES_MAX), PROOF_CERTIFICATES_MAX)
})
const badSegmentSchema = struct({
  v: literal(1), kind: literal('bad-segment'), segment: segmentInnerSchema, bytes: bytes(1, SEGMENT_BYTES_MAX)
})

/** `log` holds at least the leaves of the head. */
export function makeSegmentProof (head: Head, log: MerkleLog, index: number, leafData: Uint8Array): SegmentProof {
  return { head: head.statement.envelope, leafData, index, path: log.inclusion(index, head.length) }
}

export function encodeSegmentProof ({ head, leafData, index, path }: SegmentProof): Uint8Array {
  return encodeCanonical({ v: 1, kind: 'segment-proof', head, leafData, index, path })
}

export function decodeSegmentProof (encoded: Uint8Array): Result<SegmentProof, CodecFailure> {
  const decoded = decodeCanonical(encoded, segmentSchema, SEGMENT_PROOF_BYTES_MAX)
  if (!decoded.ok) return decoded
  const { head, leafData, index, path } = decoded.value
  return ok({ head, leafData, index, path })
}

/** The leaf, proved to be the publisher's. Lengths of paths follow from index and signed length, never from the prover. */
export function verifySegmentProof (
  { head: envelope, leafData, index, path }: SegmentProof, declaration: Declaration, speaker: Speaker
): Result<{ readonly head: Head, readonly leaf: Leaf }, SegmentProofFailure> {
  const head = headOfProof(envelope, declaration, speaker)
  if (!head.ok) return head
  const { mmrRoot, length, records } = head.value
  const leaf = leafOfData(leafData)
  if (leaf === undefined || leaf.first + leaf.count > records) return fail({ code: 'leaf' })
  if (!verifyInclusion(mmrRoot, leafHashOf(leafData), index, length, path)) return fail({ code: 'path' })
  return ok({ head: head.value, leaf })
}

export function makeRecordProof (
  segment: SegmentProof, opened: OpenSegment, position: number, certificates: readonly Uint8Array[]
): RecordProof {
  const { secret, count } = opened.header
  const hashes = recordHashesOf(secret, opened.records(), count)
  const log = new MerkleLog()
  for (let at = 0; at < hashes.length; at += HASH_SIZE_BYTES) log.append(hashes.subarray(at, at + HASH_SIZE_BYTES))
  return {
    segment, position, salt: saltOf(secret, position), record: opened.record(position), path: log.inclusion(position),
    certificates
  }
}

export function encodeRecordProof ({ segment, position, salt, record, path, certificates }: RecordProof): Uint8Array {
  const { key, timeMs, operation, mediaType, body } = record
  return encodeCanonical({
    v: 1, kind: 'record-proof', segment, position, salt, record: { key, timeMs, op: operation, mediaType, body }, path,
    certificates
  })
}

export function decodeRecordProof (encoded: Uint8Array): Result<RecordProof, CodecFailure> {
  const decoded = decodeCanonical(encoded, recordSchema, RECORD_PROOF_BYTES_MAX)
  if (!decoded.ok) return decoded
  const { segment, position, salt, record: { op, ...values }, path, certificates } = decoded.value
  return ok({ segment, position, salt, record: { ...values, operation: op }, path, certificates })
}

/** The record and where it stands in the feed, proved to be the publisher's. */
export function verifyRecordProof (
  { segment, position, salt, record, path, certificates }: RecordProof, declaration: Declaration, speaker: Speaker
): Result<{ readonly head: Head, readonly record: FeedRecord, readonly recordIndex: number }, RecordProofFailure> {
  const proved = verifySegmentProof(segment, declaration, speaker)
  if (!proved.ok) return proved
  const { head, leaf } = proved.value
  const needed = [head.statement.certificate, declaration.statement.certificate]
  const isNeeded = (each: Uint8Array): boolean => needed.some(id => id.equals(cidOf('dagCbor', each)))
  if (!certificates.every(isNeeded)) return fail({ code: 'certificate' })
  if (refusalOf(record) !== undefined) return fail({ code: 'record' })
  const root = rootOfInclusion(recordHashOf(salt, record), position, leaf.count, path)
  if (root === undefined || !equalBytes(root, leaf.recordsRoot)) return fail({ code: 'record-path' })
  return ok({ head, record, recordIndex: leaf.first + position })
}

export function encodeBadSegmentProof ({ segment, bytes: stored }: BadSegmentProof): Uint8Array {
  return encodeCanonical({ v: 1, kind: 'bad-segment', segment, bytes: stored })
}

export function decodeBadSegmentProof (encoded: Uint8Array): Result<BadSegmentProof, CodecFailure> {
  const decoded = decodeCanonical(encoded, badSegmentSchema, BAD_SEGMENT_PROOF_BYTES_MAX)
  if (!decoded.ok) return decoded
  return ok({ segment: decoded.value.segment, bytes: decoded.value.bytes })
}

/** What the publisher signed wrongly. */
export function verifyBadSegmentProof (
  { segment, bytes: stored }: BadSegmentProof, declaration: Declaration, speaker: Speaker
): Result<{ readonly head: Head, readonly leaf: Leaf, readonly fault: SegmentFault }, BadSegmentFailure> {
  const proved = verifySegmentProof(segment, declaration, speaker)
  if (!proved.ok) return proved
  const { head, leaf } = proved.value
  if (!equalBytes(sha256(stored), leaf.digest)) return fail({ code: 'bytes' })
  const fault = faultOfSegment(stored, declaration, segment.index, leaf)
  if (fault === 'unreadable') return fail({ code: 'unreadable' })
  return fault === undefined ? fail({ code: 'sound' }) : ok({ head, leaf, fault })
}

/** Where a segment contradicts the place that its leaf gives it. Rebuilds the tree of its records. */
export function faultOfSegment (
  stored: Uint8Array, { id }: Pick<Declaration, 'id'>, index: number, leaf: Leaf
): SegmentFault | 'unreadable' | undefined {
  const opened = openSegment(stored)
  if (!opened.ok) return opened.failure.code === 'sealed' || opened.failure.code === 'version' ? 'unreadable' : 'layout'
  const { header } = opened.value
  if (!header.feed.equals(id)) return 'feed'
  if (header.index !== index) return 'index'
  if (header.first !== leaf.first) return 'first'
  if (header.count !== leaf.count) return 'count'
  return equalBytes(recordsRootOf(opened.value), leaf.recordsRoot) ? undefined : 'recordsRoot'
}
