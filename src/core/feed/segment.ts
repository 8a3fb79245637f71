import {
  assert, concat, encodeCanonical, reduceToRoot, sha256, u32, varintSize, writeVarint, type CID
} from '../../base/index.ts'
import { leafDataOf, type Leaf } from './leaf.ts'
import {
  SEGMENT_BYTES_MAX, SEGMENT_BYTES_TARGET, SEGMENT_BYTES_TARGET_MAX, SEGMENT_BYTES_TARGET_MIN, SEGMENT_MEDIA_TYPES_MAX,
  SEGMENT_RECORDS_MAX
} from './limits.ts'
import { recordHashesOf, refusalOf, type FeedRecord, type RecordRefusal } from './record.ts'

/** The records of another feed that the records of this segment were made from. */
export type SegmentSource = { readonly feed: CID, readonly from: number, readonly to: number }

/** Where a segment stands, and the fresh randomness that keeps equal records from giving equal CIDs. */
export type SegmentPlace = {
  readonly feed: CID
  readonly index: number
  readonly first: number
  /** 32 unpredictable bytes, used once. */
  readonly secret: Uint8Array
  readonly source: SegmentSource | null
}

export type ClosedSegment = {
  readonly bytes: Uint8Array
  /** sha256 of `bytes`. */
  readonly digest: Uint8Array
  readonly leaf: Leaf
  readonly leafData: Uint8Array
  readonly timeMsMin: number
  readonly timeMsMax: number
}

/** "HS", layout 1, not sealed. */
export const PLAIN_SEGMENT_PREFIX: Uint8Array = new Uint8Array([0x48, 0x53, 1, 0])
export const DELETE_FLAG = 128

const HEADER_BYTES_WITHOUT_MEDIA_TYPES = 400
const SECRET_SIZE_BYTES = 32

/**
 * Collects records until the segment is full, then packs and hashes them in one pass each. Records are kept by
 * reference until `close`, because the layout counts time from the earliest of them; `close` leaves it empty, ready
 * for the next segment.
 */
export class SegmentBuilder {
  readonly #bytesTarget: number
  #records: FeedRecord[] = []
  readonly #mediaTypes = new Map<string, number>()
  /** All but the times. */
  #bytes = HEADER_BYTES_WITHOUT_MEDIA_TYPES
  #timeMsMin = Number.MAX_SAFE_INTEGER
  #timeMsMax = 0

  constructor (bytesTarget: number = SEGMENT_BYTES_TARGET) {
    assert(bytesTarget >= SEGMENT_BYTES_TARGET_MIN && bytesTarget <= SEGMENT_BYTES_TARGET_MAX, 'a target within its limits')
    this.#bytesTarget = bytesTarget
  }

  get count (): number {
    return this.#records.length
  }

  /** At least the bytes that the segment would have if closed now. */
  get sizeBytes (): number {
    return this.#bytes + this.#records.length * varintSize(Math.max(0, this.#timeMsMax - this.#timeMsMin))
  }

  /** `full`: not added, close first. A refusal: not added, and no segment would take it. */
  add (record: FeedRecord): 'added' | 'full' | RecordRefusal {
    const refusal = refusalOf(record)
    if (refusal !== undefined) return refusal
    const { key, timeMs, mediaType, body } = record
    const isNew = !this.#mediaTypes.has(mediaType)
    const timeMsMin = Math.min(this.#timeMsMin, timeMs)
    const timeMsMax = Math.max(this.#timeMsMax, timeMs)
    const count = this.#records.length + 1
    const bytes = this.#bytes + (isNew ? mediaType.length + 2 : 0) +
      varintSize(key.length) + key.length + 1 + varintSize(body.length) + body.length
    if (count > 1) {
      if (bytes + count * varintSize(timeMsMax - timeMsMin) > this.#bytesTarget) return 'full'
      if (count > SEGMENT_RECORDS_MAX || (isNew && this.#mediaTypes.size === SEGMENT_MEDIA_TYPES_MAX)) return 'full'
    }
    if (isNew) this.#mediaTypes.set(mediaType, this.#mediaTypes.size)
    this.#bytes = bytes
    this.#timeMsMin = timeMsMin
    this.#timeMsMax = timeMsMax
    this.#records.push(record)
    return 'added'
  }

  close ({ feed, index, first, secret, source }: SegmentPlace): ClosedSegment {
    const count = this.#records.length
    assert(count > 0, 'empty segments do not exist')
    assert(secret.length === SECRET_SIZE_BYTES, 'a secret of 32 bytes')
    const [timeMsMin, timeMsMax] = [this.#timeMsMin, this.#timeMsMax]
    const header = encodeCanonical({
      v: 1, kind: 'segment', feed, index, first, count, timeMsMin, timeMsMax, mediaTypes: [...this.#mediaTypes.keys()],
      coding: 0, secret, source
    })
    const bytes = this.#pack(concat([PLAIN_SEGMENT_PREFIX, u32(header.length), header]))
    assert(bytes.length <= SEGMENT_BYTES_MAX && bytes.length <= this.sizeBytes, 'a segment no larger than was counted')
    const digest = sha256(bytes)
    const leaf = { digest, recordsRoot: reduceToRoot(recordHashesOf(secret, this.#records, count)), first, count }
    this.#reset()
    return { bytes, digest, leaf, leafData: leafDataOf(leaf), timeMsMin, timeMsMax }
  }

  /** `record = keySize varint | key | (timeMs - timeMsMin) varint | u8 | bodySize varint | body` */
  #pack (head: Uint8Array): Uint8Array {
    const scratch = new Uint8Array(this.sizeBytes - HEADER_BYTES_WITHOUT_MEDIA_TYPES + head.length)
    scratch.set(head)
    let at = head.length
    for (const { key, timeMs, operation, mediaType, body } of this.#records) {
      at = writeVarint(scratch, at, key.length)
      scratch.set(key, at)
      at = writeVarint(scratch, at + key.length, timeMs - this.#timeMsMin)
      scratch[at++] = (this.#mediaTypes.get(mediaType) ?? 0) | (operation === 'delete' ? DELETE_FLAG : 0)
      at = writeVarint(scratch, at, body.length)
      scratch.set(body, at)
      at += body.length
    }
    return scratch.subarray(0, at)
  }

  #reset (): void {
    this.#records = []
    this.#mediaTypes.clear()
    this.#bytes = HEADER_BYTES_WITHOUT_MEDIA_TYPES
    this.#timeMsMin = Number.MAX_SAFE_INTEGER
    this.#timeMsMax = 0
  }
}
