import {
  BLOCK_SPAN_MAX, bucketOf, mayTouch, pagesOf, rangesOfBox, segmentsWithin, visitPage, type Manifest, type TermRange
} from '../../core/postings/index.ts'
import type { PlaceBox } from '../../core/rows/index.ts'
import type { Store } from '../../host/index.ts'
import type { Feed } from '../feeds/index.ts'
import { indexPageKey } from '../rows/index.ts'
import type { Digest } from './tail.ts'

export type Block = { readonly slot: number, readonly manifest: Manifest }

/** What the index can tell of a record; times from `fromMs` on and below `toMs`. */
export type Sought = { readonly keyTerm?: number | undefined, readonly box?: PlaceBox | undefined, readonly fromMs: number, readonly toMs: number }

/** A segment and positions in it, ascending, where there may be what is sought; null for all of them. */
export type Candidates = { readonly segment: number, readonly positions: readonly number[] | null }

const isTimeSought = ({ fromMs, toMs }: Sought): boolean => fromMs > 0 || toMs < Infinity

/** Where in a block there may be what is sought, at records from number `from` on; 'damaged' where the block has to be built anew. */
export async function candidatesIn (store: Store, feed: Feed, { slot, manifest }: Block, sought: Sought, from: number): Promise<readonly Candidates[] | 'damaged'> {
  const { records: [first], segments, timesMs } = manifest
  if (timesMs !== null && (timesMs[0] >= sought.toMs || timesMs[1] < sought.fromMs)) return []
  let within: ReadonlySet<number> | undefined
  if (timesMs !== null && isTimeSought(sought)) {
    const [read] = await store.getMany([indexPageKey(feed.number, slot, 'times', 0)])
    within = read?.state === 'found' ? segmentsWithin(manifest, read.value, sought.fromMs, sought.toMs) : undefined
    if (within === undefined) return 'damaged'
    if (within.size === 0) return []
  }
  const offsets = await offsetsIn(store, feed, { slot, manifest }, sought)
  if (offsets === 'damaged') return 'damaged'
  return grouped(feed, segments, offsets === undefined ? undefined : { offsets, first }, within, from)
}

/** A bit for each record of the block that may be it, by its key or else its place; undefined where neither tells. */
async function offsetsIn (store: Store, feed: Feed, { slot, manifest }: Block, sought: Sought): Promise<Uint8Array | 'damaged' | undefined> {
  const { keyTerm, box } = sought
  const { places, keys, timesMs } = manifest
  const buckets = bucketsOf(timesMs, sought)
  if (keyTerm !== undefined) {
    return marked(store, { feed, slot, kind: 'key', firsts: keys.firsts, ranges: [{ from: keyTerm, to: keyTerm }], buckets }, term => term === keyTerm)
  }
  if (box === undefined || places === null) return undefined
  return marked(store, { feed, slot, kind: 'place', firsts: places.firsts, ranges: rangesOfBox(box, places.classes), buckets }, mayTouch(box))
}

function bucketsOf (timesMs: Manifest['timesMs'], { fromMs, toMs }: Sought): readonly [number, number] {
  if (timesMs === null) return [0, 255]
  const span = [timesMs[0], timesMs[1]] as const
  return [bucketOf(span, Math.max(fromMs, span[0])), bucketOf(span, Math.min(toMs, span[1]))]
}

type Wanted = {
  readonly feed: Feed, readonly slot: number, readonly kind: 'place' | 'key', readonly firsts: readonly number[]
  readonly ranges: readonly TermRange[], readonly buckets: readonly [number, number]
}

async function marked (store: Store, { feed, slot, kind, firsts, ranges, buckets: [low, high] }: Wanted, fits: (term: number) => boolean): Promise<Uint8Array | 'damaged'> {
  const marks = new Uint8Array(BLOCK_SPAN_MAX)
  const reads = await store.getMany(pagesOf(firsts, ranges).map(page => indexPageKey(feed.number, slot, kind, page)))
  for (const read of reads) {
    const isWhole = read.state === 'found' && visitPage(read.value, (term, offset, bucket) => {
      if (bucket >= low && bucket <= high && fits(term)) marks[offset] = 1
    })
    if (!isWhole) return 'damaged'
  }
  return marks
}

function grouped (
  feed: Feed, [start, end]: readonly [number, number], found: { readonly offsets: Uint8Array, readonly first: number } | undefined, within: ReadonlySet<number> | undefined, from: number
): readonly Candidates[] {
  const all: Candidates[] = []
  for (let segment = start; segment < end; segment++) {
    const { first, count } = feed.leaf(segment)
    if (first + count <= from || within?.has(segment) === false) continue
    if (found === undefined) {
      all.push({ segment, positions: null })
      continue
    }
    const positions: number[] = []
    for (let number = Math.max(first, from, found.first); number < first + count; number++) if (found.offsets[number - found.first] === 1) positions.push(number - first)
    if (positions.length > 0) all.push({ segment, positions })
  }
  return all
}

/** The same of a segment in no block, by what was seen of it. */
export function candidatesOfDigest (digest: Digest, segmentFirst: number, isSealed: boolean, sought: Sought, from: number): readonly number[] {
  const touches = sought.box === undefined || isSealed ? undefined : mayTouch(sought.box)
  return digest.filter(({ number, timeMs, keyTerm, place, isDelete }) => number >= from && !isDelete && timeMs >= sought.fromMs && timeMs < sought.toMs &&
    (sought.keyTerm === undefined || keyTerm === sought.keyTerm) && (touches === undefined || (place !== undefined && touches(place)))).map(({ number }) => number - segmentFirst)
}
