import { decodeCanonical, encodeCanonical, list, literal, nullable, readVarint, struct, tuple, uint, writeVarint, type Parsed } from '../../base/index.ts'
import { sizeClassOf, type PlaceTerm } from './cells.ts'
import { BLOCK_RECORDS, BLOCK_SPAN_MAX, PAGES_MAX } from './limits.ts'
import { PostingList, type Pages } from './pages.ts'

const MANIFEST_BYTES_MAX = 65_536
const firsts = list(uint(), PAGES_MAX)
const schema = struct({
  v: literal(1),
  /** Segments [from, to) of the feed, and numbers [from, to) of the records of these that belong to the dataset. */
  segments: tuple(uint(), uint()),
  records: tuple(uint(), uint()),
  /** Earliest and latest time; null where times do not stand here: in sealed feeds, and where no record has one any more. */
  timesMs: nullable(tuple(uint(), uint())),
  /** `classes`: a bit for each size of places. Null where places do not stand here. */
  places: nullable(struct({ classes: uint(), firsts })),
  keys: struct({ firsts })
})

/** What a block is over, and where in its pages terms are found. */
export type Manifest = Omit<Parsed<typeof schema>, 'v'>

export function encodeManifest (manifest: Manifest): Uint8Array {
  return encodeCanonical({ v: 1, ...manifest })
}

export function decodeManifest (row: Uint8Array): Manifest | undefined {
  const decoded = decodeCanonical(row, schema, MANIFEST_BYTES_MAX)
  if (!decoded.ok) return undefined
  const { v: _v, ...manifest } = decoded.value
  return manifest
}

/** The block that a segment belongs to, by the number of its first record: so blocks follow from the feed and not from when it grew. */
export function slotOf (first: number): number {
  return Math.floor(first / BLOCK_RECORDS)
}

export type Block = { readonly manifest: Manifest, readonly places: Pages | null, readonly keys: Pages, readonly times: Uint8Array }

/** Takes the records of a block, segment by segment, in order. */
export class BlockBuilder {
  readonly #first: number
  readonly #isSealed: boolean
  readonly #places = new PostingList()
  readonly #keys = new PostingList()
  readonly #times = new Float64Array(BLOCK_SPAN_MAX)
  readonly #segments: { min: number, max: number }[] = []
  #classes = 0

  /** `first`: number of the first record. Of a sealed feed neither times nor places are taken. */
  constructor (first: number, isSealed: boolean) {
    this.#first = first
    this.#isSealed = isSealed
  }

  beginSegment (): void {
    this.#segments.push({ min: Infinity, max: -Infinity })
  }

  add ({ number, timeMs, place, key }: { readonly number: number, readonly timeMs: number, readonly place: PlaceTerm | undefined, readonly key: number }): void {
    const offset = number - this.#first
    const segment = this.#segments.at(-1)
    this.#keys.add(key, offset)
    if (this.#isSealed || segment === undefined) return
    this.#times[offset] = timeMs
    segment.min = Math.min(segment.min, timeMs)
    segment.max = Math.max(segment.max, timeMs)
    if (place === undefined) return
    this.#places.add(place, offset)
    this.#classes |= 1 << sizeClassOf(place)
  }

  finish (segments: readonly [number, number], end: number): Block {
    const min = this.#segments.reduce((least, each) => Math.min(least, each.min), Infinity)
    const max = this.#segments.reduce((most, each) => Math.max(most, each.max), -Infinity)
    const timesMs = min > max ? null : [min, max] as const
    const bucket = (offset: number): number => timesMs === null ? 0 : bucketOf(timesMs, this.#times[offset] ?? 0)
    const places = this.#isSealed ? null : this.#places.pack(bucket)
    const keys = this.#keys.pack(bucket)
    return {
      places, keys, times: encodeTimes(this.#segments, timesMs),
      manifest: {
        segments: [...segments], records: [this.#first, end], timesMs: timesMs === null ? null : [...timesMs],
        places: places === null ? null : { classes: this.#classes, firsts: [...places.firsts] }, keys: { firsts: [...keys.firsts] }
      }
    }
  }
}

/** The 256th of a span of time that a moment lies in; of one before it the first, of one behind it the last. */
export function bucketOf ([min, max]: readonly [number, number], timeMs: number): number {
  return Math.max(0, Math.min(255, Math.floor((timeMs - min) * 256 / (max - min + 1))))
}

/** Of each segment: varint earliest time after the block's, plus 1, varint latest after that; a single 0 where it has no record. */
function encodeTimes (segments: readonly { readonly min: number, readonly max: number }[], timesMs: readonly [number, number] | null): Uint8Array {
  const encoded = new Uint8Array(16 * segments.length)
  let at = 0
  for (const { min, max } of segments) {
    if (timesMs === null || min > max) encoded[at++] = 0
    else at = writeVarint(encoded, writeVarint(encoded, at, min - timesMs[0] + 1), max - min)
  }
  return encoded.slice(0, at)
}

/** Segments of a block that have a record at a time from `fromMs` on and below `toMs`; undefined where the bytes are not those times. */
export function segmentsWithin ({ segments: [first, end], timesMs }: Manifest, times: Uint8Array, fromMs: number, toMs: number): ReadonlySet<number> | undefined {
  const found = new Set<number>()
  let at = 0
  for (let index = first; index < end; index++) {
    const min = readVarint(times, at)
    if (min === undefined) return undefined
    at = min.end
    if (min.value === 0) continue
    const length = readVarint(times, at)
    if (length === undefined) return undefined
    at = length.end
    const earliest = (timesMs?.[0] ?? 0) + min.value - 1
    if (earliest < toMs && earliest + length.value >= fromMs) found.add(index)
  }
  return at === times.length ? found : undefined
}
