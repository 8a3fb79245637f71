import {
  assert, bytes, cid, cidOfDigest, codecOf, decodeCanonical, digestOf, encodeCanonical, equalBytes, fail, HASH_SIZE_BYTES, integer, list, literal,
  MerkleLog, merkleRoot, ok, struct, text, uint, type CID, type CodecFailure, type Result, type Schema
} from '../../base/index.ts'
import {
  BODY_BYTES_MAX, recordHashOf, refusalOf, saltOf, SEGMENT_RECORDS_MAX, statementIdSchema,
  type FeedRecord, type Leaf, type OpenSegment, type RecordProof, type SegmentProof
} from '../feed/index.ts'
import { REDACTED_BYTES_MAX } from './limits.ts'

/** A record that stayed, with the salt of its own and no other's. */
export type KeptRecord = { readonly salt: Uint8Array, readonly record: FeedRecord }

/**
 * What stands in place of a segment of which records were erased. Of these it holds the hash alone: their salts and the
 * secret are gone, so that not even a guess at what they said can be tested.
 */
export type RedactedSegment = {
  readonly feed: CID
  readonly index: number
  /** Of the segment as it was first stored: the one that the leaf names. */
  readonly cid: CID
  readonly recordsRoot: Uint8Array
  readonly first: number
  readonly count: number
  /** By position: what was kept, or the hash of what was erased. */
  readonly items: readonly (KeptRecord | Uint8Array)[]
}

export type RedactedFailure =
  | CodecFailure
  /** As many items as are counted, each a hash or a record that some feed would take. */
  | { readonly code: 'items', readonly position: number }

/** What keeps a redacted segment from standing where it is said to stand. */
export type RedactedFault = 'feed' | 'index' | 'cid' | 'first' | 'count' | 'recordsRoot'

const keptSchema = struct({
  salt: bytes(HASH_SIZE_BYTES), timeMs: uint(), op: literal('put', 'delete'), mediaType: text(127), key: bytes(1, 512),
  body: bytes(0, BODY_BYTES_MAX)
})
const hashSchema = bytes(HASH_SIZE_BYTES)
const itemSchema: Schema<KeptRecord | Uint8Array> = (value, path) => {
  if (value instanceof Uint8Array) return hashSchema(value, path)
  const kept = keptSchema(value, path)
  if (!kept.ok) return kept
  const { salt, op, ...rest } = kept.value
  return ok({ salt, record: { ...rest, operation: op } })
}
const segmentCidSchema: Schema<CID> = (value, path) => {
  const parsed = cid()(value, path)
  return parsed.ok && codecOf(parsed.value) !== 'raw' ? fail({ path, expected: 'the CID of a segment' }) : parsed
}
const schema = struct({
  v: literal(1), kind: literal('redacted'), feed: statementIdSchema, index: uint(), cid: segmentCidSchema,
  recordsRoot: bytes(HASH_SIZE_BYTES), first: uint(), count: integer(1, SEGMENT_RECORDS_MAX),
  items: list(itemSchema, SEGMENT_RECORDS_MAX, 1)
})

/** Whether bytes would be a redacted segment rather than a segment: a map of nine fields begins with this byte. */
export function isRedacted (stored: Uint8Array): boolean {
  return stored[0] === 0xa9
}

/** The segment without the records at these positions. `digest` is that of the bytes as stored, sealed or not. */
export function redact (segment: OpenSegment, digest: Uint8Array, positions: ReadonlySet<number>): RedactedSegment {
  const { feed, index, first, count, secret } = segment.header
  assert([...positions].every(position => position < count) && positions.size > 0, 'positions within the segment, one at least')
  const all = [...segment.records()].map((record, position): KeptRecord => ({ salt: saltOf(secret, position), record }))
  const hashes = all.map(hashOf)
  return {
    feed, index, cid: cidOfDigest('raw', digest), recordsRoot: merkleRoot(hashes), first, count,
    items: all.map((kept, position) => positions.has(position) ? hashOf(kept) : kept)
  }
}

/** Without these records too. */
export function redactFurther (redacted: RedactedSegment, positions: ReadonlySet<number>): RedactedSegment {
  assert([...positions].every(position => position < redacted.count), 'positions within the segment')
  return { ...redacted, items: redacted.items.map((item, position) => positions.has(position) ? hashOf(item) : item) }
}

function hashOf (item: KeptRecord | Uint8Array): Uint8Array {
  return item instanceof Uint8Array ? item : recordHashOf(item.salt, item.record)
}

export function encodeRedacted ({ feed, index, cid: original, recordsRoot, first, count, items }: RedactedSegment): Uint8Array {
  const encoded = encodeCanonical({
    v: 1, kind: 'redacted', feed, index, cid: original, recordsRoot, first, count,
    items: items.map(item => {
      if (item instanceof Uint8Array) return item
      const { key, timeMs, operation, mediaType, body } = item.record
      return { salt: item.salt, timeMs, op: operation, mediaType, key, body }
    })
  })
  assert(encoded.length <= REDACTED_BYTES_MAX, 'no segment grows beyond this when it is redacted')
  return encoded
}

/** A redacted segment in clear. Whether it stands in its feed, `faultOfRedacted` says. */
export function decodeRedacted (stored: Uint8Array): Result<RedactedSegment, RedactedFailure> {
  const decoded = decodeCanonical(stored, schema, REDACTED_BYTES_MAX)
  if (!decoded.ok) return decoded
  const { v: _v, kind: _kind, ...redacted } = decoded.value
  const { items, count, first } = redacted
  if (items.length !== count || !Number.isSafeInteger(first + count)) return fail({ code: 'items', position: items.length })
  const bad = items.findIndex(item => !(item instanceof Uint8Array) && refusalOf(item.record) !== undefined)
  return bad < 0 ? ok(redacted) : fail({ code: 'items', position: bad })
}

/** Where a redacted segment contradicts the place that its leaf gives it. Its bytes have another hash: its records have not. */
export function faultOfRedacted (redacted: RedactedSegment, feed: CID, index: number, leaf: Leaf): RedactedFault | undefined {
  if (!redacted.feed.equals(feed)) return 'feed'
  if (redacted.index !== index) return 'index'
  if (!equalBytes(digestOf(redacted.cid), leaf.digest)) return 'cid'
  if (redacted.first !== leaf.first) return 'first'
  if (redacted.count !== leaf.count) return 'count'
  const root = merkleRoot(redacted.items.map(hashOf))
  return equalBytes(root, leaf.recordsRoot) && equalBytes(root, redacted.recordsRoot) ? undefined : 'recordsRoot'
}

/** Records that were kept, with their positions. */
export function keptRecordsOf ({ items }: RedactedSegment): readonly { readonly position: number, readonly record: FeedRecord }[] {
  return items.flatMap((item, position) => item instanceof Uint8Array ? [] : [{ position, record: item.record }])
}

/** The proof of a record that was kept: the same as before the redaction. */
export function makeKeptRecordProof (
  segment: SegmentProof, redacted: RedactedSegment, position: number, certificates: readonly Uint8Array[]
): RecordProof {
  const kept = redacted.items[position]
  assert(kept !== undefined && !(kept instanceof Uint8Array), 'a position whose record was kept')
  const log = new MerkleLog()
  for (const item of redacted.items) log.append(hashOf(item))
  return { segment, position, salt: kept.salt, record: kept.record, path: log.inclusion(position), certificates }
}
