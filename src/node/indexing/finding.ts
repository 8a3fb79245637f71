import {
  bucketOf, mayTouch, pagesOf, rangesOfBox, segmentsWithin, visitPage, type Manifest, type PlaceTerm, type TermRange
} from '../../core/postings/index.ts'
import type { PlaceBox } from '../../core/rows/index.ts'
import type { Read, Store } from '../../host/index.ts'
import type { Feed } from '../feeds/index.ts'
import { indexPageKey } from '../rows/index.ts'
import type { Digest } from './tail.ts'

export type Block = { readonly slot: number, readonly manifest: Manifest }

/** What the index can tell of a record; times from `fromMs` on and below `toMs`. */
export type Sought = {
  readonly keyTerm: number | undefined
  readonly fromMs: number
  readonly toMs: number
  readonly place: {
    readonly mayBe: (term: PlaceTerm) => boolean
    readonly rangesOf: (classes: number) => readonly TermRange[]
  } | undefined
}

export function soughtOf (
  { keyTerm, box, fromMs, toMs }: { readonly keyTerm?: number | undefined, readonly box?: PlaceBox | undefined, readonly fromMs?: number | undefined, readonly toMs?: number | undefined }
): Sought {
  return { keyTerm, fromMs: fromMs ?? 0, toMs: toMs ?? Infinity, place: box === undefined ? undefined : { mayBe: mayTouch(box), rangesOf: rangesOncePer(box) } }
}

/** Nearly all blocks have places of the same sizes. */
function rangesOncePer (box: PlaceBox): (classes: number) => readonly TermRange[] {
  const known = new Map<number, readonly TermRange[]>()
  return classes => {
    const ranges = known.get(classes) ?? rangesOfBox(box, classes)
    known.set(classes, ranges)
    return ranges
  }
}

/** A segment and positions in it, ascending, where there may be what is sought; null for all of them. */
export type Candidates = { readonly segment: number, readonly positions: readonly number[] | null }

/** Of a block: what to read for it. */
type Wanted = { readonly block: Block, readonly kind: 'place' | 'key' | undefined, readonly pages: readonly number[], readonly needsTimes: boolean }

/** Where in blocks there may be what is sought, at records from number `from` on, block by block; 'damaged' for one that has to be built anew. */
export async function candidatesIn (store: Store, feed: Feed, blocks: readonly Block[], sought: Sought, from: number): Promise<readonly (readonly Candidates[] | 'damaged')[]> {
  const wanted = blocks.map(block => wantedOf(block, sought))
  // All rows of all blocks at once: going to the disk for each by itself would take longer than reading them.
  const keys = wanted.flatMap(each => each === undefined ? [] : [
    ...each.needsTimes ? [indexPageKey(feed.number, each.block.slot, 'times', 0)] : [],
    ...each.pages.map(page => indexPageKey(feed.number, each.block.slot, each.kind ?? 'place', page))
  ])
  const reads = keys.length === 0 ? [] : await store.getMany(keys)
  let at = 0
  return wanted.map(each => {
    if (each === undefined) return []
    const times = each.needsTimes ? reads[at++] : undefined
    const pages = reads.slice(at, at += each.pages.length)
    return candidatesOf(feed, each, sought, times, pages, from)
  })
}

/** Whether all records of a block are of another time. */
export function isApart ({ manifest: { timesMs } }: Block, { fromMs, toMs }: Sought): boolean {
  return timesMs !== null && (timesMs[0] >= toMs || timesMs[1] < fromMs)
}

/** Undefined where it cannot hold anything of it. */
function wantedOf (block: Block, sought: Sought): Wanted | undefined {
  const { manifest: { timesMs, places, keys } } = block
  if (isApart(block, sought)) return undefined
  const kind = sought.keyTerm !== undefined ? 'key' : sought.place !== undefined && places !== null ? 'place' : undefined
  const pages = sought.keyTerm !== undefined
    ? pagesOf(keys.firsts, [{ from: sought.keyTerm, to: sought.keyTerm }])
    : kind === 'place' && places !== null ? pagesOf(places.firsts, sought.place?.rangesOf(places.classes) ?? []) : []
  if (kind !== undefined && pages.length === 0) return undefined
  const isInside = timesMs === null || (timesMs[0] >= sought.fromMs && timesMs[1] < sought.toMs)
  return { block, kind, pages, needsTimes: !isInside }
}

function candidatesOf (
  feed: Feed, { block: { manifest }, kind }: Wanted, sought: Sought, times: Read | undefined, pages: readonly Read[], from: number
): readonly Candidates[] | 'damaged' {
  const { segments: [start, end], records: [first] } = manifest
  const within = times === undefined ? undefined : times.state === 'found' ? segmentsWithin(manifest, times.value, sought.fromMs, sought.toMs) : 'damaged'
  if (within === 'damaged' || (times !== undefined && within === undefined)) return 'damaged'
  if (kind === undefined) {
    const segments = Array.from({ length: end - start }, (_, at) => start + at)
    return segments.filter(segment => feed.firstOf(segment) + feed.leaf(segment).count > from && within?.has(segment) !== false).map(segment => ({ segment, positions: null }))
  }
  const offsets: number[] = []
  const [low, high] = bucketsOf(manifest.timesMs, sought)
  const mayBe = sought.keyTerm === undefined ? sought.place?.mayBe ?? (() => false) : (term: number) => term === sought.keyTerm
  for (const read of pages) {
    const isWhole = read.state === 'found' && visitPage(read.value, (term, offset, bucket) => {
      if (bucket >= low && bucket <= high && first + offset >= from && mayBe(term)) offsets.push(offset)
    })
    if (!isWhole) return 'damaged'
  }
  return grouped(feed, manifest, Uint16Array.from(offsets).sort(), within)
}

function bucketsOf (timesMs: Manifest['timesMs'], { fromMs, toMs }: Sought): readonly [number, number] {
  if (timesMs === null) return [0, 255]
  const span = [timesMs[0], timesMs[1]] as const
  return [bucketOf(span, Math.max(fromMs, span[0])), bucketOf(span, Math.min(toMs, span[1]))]
}

function grouped (feed: Feed, { segments: [start, end], records: [first] }: Manifest, offsets: Uint16Array, within: ReadonlySet<number> | undefined): readonly Candidates[] {
  const all: { readonly segment: number, readonly positions: number[] }[] = []
  let [segment, next] = [start, -1]
  for (const offset of offsets) {
    const number = first + offset
    if (number >= next) {
      segment = segmentIn(feed, segment, end, number)
      next = segment + 1 < feed.log.length ? feed.firstOf(segment + 1) : Infinity
      if (within?.has(segment) !== false) all.push({ segment, positions: [] })
    }
    if (within?.has(segment) !== false) all.at(-1)?.positions.push(number - feed.firstOf(segment))
  }
  return all
}

/** The segment among [from, to) that holds a record. */
function segmentIn (feed: Feed, from: number, to: number, record: number): number {
  let [low, high] = [from, to - 1]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (feed.firstOf(middle) <= record) low = middle
    else high = middle - 1
  }
  return low
}

/** The same of a segment in no block, by what was seen of it. */
export function candidatesOfDigest (digest: Digest, segmentFirst: number, isSealed: boolean, sought: Sought, from: number): readonly number[] {
  const mayBe = isSealed ? undefined : sought.place?.mayBe
  return digest.filter(({ number, timeMs, keyTerm, place, isDelete }) => number >= from && !isDelete && timeMs >= sought.fromMs && timeMs < sought.toMs &&
    (sought.keyTerm === undefined || keyTerm === sought.keyTerm) && (mayBe === undefined || (place !== undefined && mayBe(place)))).map(({ number }) => number - segmentFirst)
}
