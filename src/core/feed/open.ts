import {
  assert, bytes, cid, decodeCanonical, fail, integer, list, literal, matching, nullable, ok, plain, readUint, readVarint,
  reduceToRoot, struct, uint, varintAt, varintSize, type CodecFailure, type Parsed, type Result
} from '../../base/index.ts'
import {
  BODY_BYTES_MAX, KEY_BYTES_MAX, SEGMENT_BYTES_MAX, SEGMENT_HEADER_BYTES_MAX, SEGMENT_MEDIA_TYPES_MAX, SEGMENT_RECORDS_MAX
} from './limits.ts'
import { recordHashesOf, type FeedRecord } from './record.ts'
import { DELETE_FLAG, PLAIN_SEGMENT_PREFIX } from './segment.ts'

const headerSchema = struct({
  v: literal(1),
  kind: literal('segment'),
  feed: cid(),
  index: uint(),
  first: uint(),
  count: integer(1, SEGMENT_RECORDS_MAX),
  timeMsMin: uint(),
  timeMsMax: uint(),
  mediaTypes: list(matching(/^[\x20-\x7e]{0,127}$/, 'at most 127 printable ASCII characters'), SEGMENT_MEDIA_TYPES_MAX, 1),
  coding: uint(255),
  secret: bytes(32),
  source: nullable(struct({ feed: cid(), from: uint(), to: uint() }))
})

export type SegmentHeader = Parsed<typeof headerSchema>

export type SegmentFailure =
  | { readonly code: 'too-large', readonly sizeBytes: number, readonly sizeBytesMax: number }
  | { readonly code: 'not-a-segment' }
  /** Ciphertext: nothing of it can be read or judged here. */
  | { readonly code: 'sealed' }
  /** A layout or coding that this version does not know: not wrong, but not ours to judge. */
  | { readonly code: 'version' }
  | { readonly code: 'header', readonly failure: CodecFailure }
  | { readonly code: 'records', readonly position: number, readonly expected: string }

export type OpenSegment = {
  readonly header: SegmentHeader
  readonly sizeBytes: number
  /** The record at a position below `header.count`. Its bytes are views into the segment. */
  record (position: number): FeedRecord
  records (): Generator<FeedRecord, void, undefined>
}

/** Root of the salted tree over the records. Replication does not need it: proofs and the scrubber check it. */
export function recordsRootOf (segment: OpenSegment): Uint8Array {
  return reduceToRoot(recordHashesOf(segment.header.secret, segment.records(), segment.header.count))
}

const HEADER_AT = 8

/** Opens a plain segment, if every byte of it is in its place. Never throws on foreign bytes; copies nothing. */
export function openSegment (stored: Uint8Array): Result<OpenSegment, SegmentFailure> {
  if (stored.length > SEGMENT_BYTES_MAX) {
    return fail({ code: 'too-large', sizeBytes: stored.length, sizeBytesMax: SEGMENT_BYTES_MAX })
  }
  const segment = plain(stored)
  const headerSize = readUint(segment, 4, 4)
  const [h, s, layout, sealed] = segment
  if (h !== PLAIN_SEGMENT_PREFIX[0] || s !== PLAIN_SEGMENT_PREFIX[1] || headerSize === undefined) {
    return fail({ code: 'not-a-segment' })
  }
  if (layout !== 1 || (sealed !== 0 && sealed !== 1)) return fail({ code: 'version' })
  if (sealed === 1) return fail({ code: 'sealed' })
  const recordsAt = HEADER_AT + headerSize
  if (recordsAt > segment.length) return fail({ code: 'not-a-segment' })
  const decoded = decodeCanonical(segment.subarray(HEADER_AT, recordsAt), headerSchema, SEGMENT_HEADER_BYTES_MAX)
  if (!decoded.ok) return fail({ code: 'header', failure: decoded.failure })
  const header = decoded.value
  if (header.coding !== 0) return fail({ code: 'version' })
  const offsets = new Uint32Array(header.count)
  const fault = scanRecords(segment, recordsAt, header, offsets)
  return fault === undefined ? ok(openedSegment(segment, header, offsets)) : fail({ code: 'records', ...fault })
}

type Fault = { readonly position: number, readonly expected: string }

/**
 * Walks the records once and notes where each begins. One meaning has one layout: media types are listed in the order
 * of their first use, and the earliest and latest time are those of the header.
 */
function scanRecords (
  segment: Uint8Array, recordsAt: number, header: SegmentHeader, offsets: Uint32Array
): Fault | undefined {
  const spreadMs = header.timeMsMax - header.timeMsMin
  let at = recordsAt
  let typesUsed = 0
  let [earliestMs, latestMs] = [Number.MAX_SAFE_INTEGER, 0]
  for (let position = 0; position < header.count; position++) {
    offsets[position] = at
    const keySize = varintAt(segment, at)
    if (keySize === undefined || keySize < 1 || keySize > KEY_BYTES_MAX) return { position, expected: 'a key' }
    const timeAt = at + varintSize(keySize) + keySize
    const time = varintAt(segment, timeAt)
    if (time === undefined || time > spreadMs) return { position, expected: 'a time within the header' }
    if (time < earliestMs) earliestMs = time
    if (time > latestMs) latestMs = time
    const flagsAt = timeAt + varintSize(time)
    const flags = segment[flagsAt] ?? 127
    const type = flags & ~DELETE_FLAG
    if (type > typesUsed || type >= header.mediaTypes.length) return { position, expected: 'a listed media type' }
    if (type === typesUsed) typesUsed++
    const bodySize = varintAt(segment, flagsAt + 1)
    if (bodySize === undefined || bodySize > BODY_BYTES_MAX) return { position, expected: 'a body' }
    if (flags !== type && bodySize > 0) return { position, expected: 'a delete without a body' }
    at = flagsAt + 1 + varintSize(bodySize) + bodySize
    if (at > segment.length) return { position, expected: 'a whole record' }
  }
  const position = header.count
  if (at !== segment.length) return { position, expected: 'the end' }
  if (earliestMs !== 0 || latestMs !== spreadMs) return { position, expected: 'the times of the header' }
  if (typesUsed !== header.mediaTypes.length || new Set(header.mediaTypes).size !== typesUsed) {
    return { position, expected: 'media types used and listed once' }
  }
  return undefined
}

function openedSegment (segment: Uint8Array, header: SegmentHeader, offsets: Uint32Array): OpenSegment {
  const varint = (at: number): { readonly value: number, readonly end: number } => {
    const read = readVarint(segment, at)
    assert(read !== undefined, 'a record that was walked before')
    return read
  }
  const record = (position: number): FeedRecord => {
    const offset = offsets[position]
    assert(offset !== undefined, 'a position within the segment')
    const keySize = varint(offset)
    const keyEnd = keySize.end + keySize.value
    const time = varint(keyEnd)
    const flags = segment[time.end] ?? 0
    const bodySize = varint(time.end + 1)
    return {
      key: segment.subarray(keySize.end, keyEnd),
      timeMs: header.timeMsMin + time.value,
      operation: flags < DELETE_FLAG ? 'put' : 'delete',
      mediaType: header.mediaTypes[flags & ~DELETE_FLAG] ?? '',
      body: segment.subarray(bodySize.end, bodySize.end + bodySize.value)
    }
  }
  return {
    header,
    sizeBytes: segment.length,
    record,
    * records () {
      for (let position = 0; position < header.count; position++) yield record(position)
    }
  }
}
