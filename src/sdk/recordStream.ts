/**
 * Carries records over HTTP as bytes: the one codec of both ends.
 *
 * ```
 * frame = size varint | keySize varint | key | timeMs varint | u8 operation | mediaTypeSize varint | mediaType | body
 * end   = 0 | count varint
 * ```
 * `size` counts what follows it. The end frame is what tells a whole stream from one that was cut.
 */
import { assert, concat, fail, ok, readVarint, textOf, utf8, varintSize, writeVarint, type Result } from '../base/index.ts'
import type { RecordInput } from './bodies/index.ts'

const RECORD_KEY_BYTES_MAX = 512
export const RECORD_BODY_BYTES_MAX = 262_144
const MEDIA_TYPE_BYTES_MAX = 255
const FRAME_BYTES_MAX = RECORD_BODY_BYTES_MAX + RECORD_KEY_BYTES_MAX + MEDIA_TYPE_BYTES_MAX + 32
const VARINT_BYTES_MAX = 8

export type RecordStreamFailure = {
  readonly code: 'malformed' | 'too-large' | 'cut-short'
  /** The record at which reading stopped, counted from 0. */
  readonly record: number
  readonly reason: string
}

/** One record as a frame. The caller has seen to its limits; a record beyond them is a bug. */
export function encodeRecord (record: RecordInput): Uint8Array {
  const complaint = recordComplaint(record)
  assert(complaint === undefined, complaint ?? '')
  const mediaType = utf8(record.mediaType)
  const size = varintSize(record.key.length) + record.key.length + varintSize(record.timeMs) + 1 +
    varintSize(mediaType.length) + mediaType.length + record.body.length
  const frame = new Uint8Array(varintSize(size) + size)
  let at = writeVarint(frame, 0, size)
  at = writeVarint(frame, at, record.key.length)
  frame.set(record.key, at)
  at = writeVarint(frame, at + record.key.length, record.timeMs)
  frame[at++] = record.operation === 'delete' ? 1 : 0
  at = writeVarint(frame, at, mediaType.length)
  frame.set(mediaType, at)
  frame.set(record.body, at + mediaType.length)
  return frame
}

export function encodeRecordsEnd (count: number): Uint8Array {
  const frame = new Uint8Array(1 + varintSize(count))
  writeVarint(frame, 1, count)
  return frame
}

/** Why a record does not fit a feed; undefined where it does. */
export function recordComplaint (record: RecordInput): string | undefined {
  if (record.key.length === 0 || record.key.length > RECORD_KEY_BYTES_MAX) return `a key has 1 to ${RECORD_KEY_BYTES_MAX} bytes`
  if (record.body.length > RECORD_BODY_BYTES_MAX) return `a body has at most ${RECORD_BODY_BYTES_MAX} bytes; publish larger ones as a file`
  if (record.operation === 'delete' && record.body.length > 0) return 'a delete has no body'
  if (!Number.isSafeInteger(record.timeMs) || record.timeMs < 0) return 'a time is in whole milliseconds since 1970'
  // A UTF-16 unit has at most three bytes in UTF-8, so of a short text the bytes need not be counted.
  const units = record.mediaType.length
  const mediaTypeBytes = units * 3 <= MEDIA_TYPE_BYTES_MAX ? units : utf8(record.mediaType).length
  if (mediaTypeBytes === 0 || mediaTypeBytes > MEDIA_TYPE_BYTES_MAX) return `a media type has 1 to ${MEDIA_TYPE_BYTES_MAX} bytes`
  return undefined
}

/** Reads frames from chunks of any size; holds at most one unfinished frame. After a failure it must not be used again. */
export class RecordStreamReader {
  #rest: Uint8Array = new Uint8Array(0)
  #records = 0
  #ended = false

  /** The records that `chunk` completes. They share memory with what was pushed. */
  push (chunk: Uint8Array): Result<readonly RecordInput[], RecordStreamFailure> {
    const bytes = this.#rest.length === 0 ? chunk : concat([this.#rest, chunk])
    const records: RecordInput[] = []
    let at = 0
    while (at < bytes.length) {
      if (this.#ended) return this.#fail('malformed', 'bytes behind the end of the stream')
      const size = readVarint(bytes, at)
      if (size === undefined) {
        if (bytes.length - at >= VARINT_BYTES_MAX) return this.#fail('malformed', 'a frame without a size')
        break
      }
      if (size.value > FRAME_BYTES_MAX) return this.#fail('too-large', `a frame of ${size.value} bytes, the most is ${FRAME_BYTES_MAX}`)
      if (size.value === 0) {
        const count = readVarint(bytes, size.end)
        if (count === undefined && bytes.length - size.end < VARINT_BYTES_MAX) break
        if (count?.value !== this.#records) return this.#fail('malformed', `the end names ${count?.value} records, ${this.#records} came`)
        this.#ended = true
        at = count.end
        continue
      }
      if (size.end + size.value > bytes.length) break
      const record = recordOfFrame(bytes.subarray(size.end, size.end + size.value))
      if (typeof record === 'string') return this.#fail('malformed', record)
      records.push(record)
      this.#records++
      at = size.end + size.value
    }
    this.#rest = bytes.subarray(at)
    return ok(records)
  }

  /** Whether the stream was whole. */
  end (): Result<number, RecordStreamFailure> {
    return this.#ended ? ok(this.#records) : this.#fail('cut-short', 'the stream ended before its end frame')
  }

  #fail (code: RecordStreamFailure['code'], reason: string): { readonly ok: false, readonly failure: RecordStreamFailure } {
    return fail({ code, record: this.#records, reason })
  }
}

function recordOfFrame (frame: Uint8Array): RecordInput | string {
  const keySize = readVarint(frame, 0)
  if (keySize === undefined || keySize.end + keySize.value > frame.length) return 'a frame without a key'
  const key = frame.subarray(keySize.end, keySize.end + keySize.value)
  const timeMs = readVarint(frame, keySize.end + keySize.value)
  if (timeMs === undefined) return 'a frame without a time'
  const operation = frame[timeMs.end]
  if (operation !== 0 && operation !== 1) return 'a frame without an operation'
  const mediaTypeSize = readVarint(frame, timeMs.end + 1)
  if (mediaTypeSize === undefined) return 'a frame without a media type'
  const bodyAt = mediaTypeSize.end + mediaTypeSize.value
  const mediaType = bodyAt > frame.length ? undefined : textOf(frame.subarray(mediaTypeSize.end, bodyAt))
  if (mediaType === undefined) return 'a media type that is no text'
  const record: RecordInput = {
    key, timeMs: timeMs.value, operation: operation === 1 ? 'delete' : 'put', mediaType, body: frame.subarray(bodyAt)
  }
  return recordComplaint(record) ?? record
}
