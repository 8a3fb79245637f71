import { candidatesIn, candidatesOfDigest, type Block, type Candidates, type Opened } from '../indexing/index.ts'
import { recordAt } from '../reading/index.ts'
import { SEGMENTS_AHEAD } from './limits.ts'
import type { Found, Run } from './run.ts'

/** Records from a number of the feed on, in their order: block by block where there is one, and segment by segment where there is none. */
export async function findRecords (run: Run, from: number): Promise<Found> {
  const { index, index: { feed, scope } } = run
  const end = index.end
  let at = Math.max(from, scope.first)
  while (at < end && !run.isFull) {
    if (at > from && run.isSpent) return { rows: run.rows, next: { number: at, key: null }, incomplete: run.incomplete }
    const segment = feed.segmentOf(at)
    if (segment === undefined) break
    const block = blockOver(index.blocks, segment)
    const candidates = block === undefined ? await candidatesOf(run, segment, at) : await candidatesIn(run.store, feed, block, run.sought, at)
    if (candidates === 'damaged') {
      if (block !== undefined) await index.rebuild(block.slot)
      continue
    }
    const stop = await takeAll(run, candidates, at, end)
    const last = feed.leaf((block?.manifest.segments[1] ?? segment + 1) - 1)
    at = stop ?? last.first + last.count
  }
  return { rows: run.rows, next: at < end ? { number: at, key: null } : null, incomplete: run.incomplete }
}

/** The same of a segment in no block: by its digest, where what is asked for shows in it. */
async function candidatesOf (run: Run, segment: number, from: number): Promise<readonly Candidates[]> {
  const { index, index: { feed, scope }, sought } = run
  const isShown = sought.keyTerm !== undefined || (sought.box !== undefined && !scope.isSealed) || sought.fromMs > 0 || sought.toMs < Infinity
  if (!isShown) return [{ segment, positions: null }]
  const { first, count } = feed.leaf(segment)
  if (index.tail.digestOf(segment) === undefined) run.look(count)
  const digest = await index.digestOf(segment)
  // Opened once more, so that it is said why it is not here.
  if (typeof digest === 'string') return digest === 'gone' ? [] : [{ segment, positions: null }]
  const positions = candidatesOfDigest(digest, first, scope.isSealed, sought, from)
  return positions.length === 0 ? [] : [{ segment, positions }]
}

function blockOver (blocks: readonly Block[], segment: number): Block | undefined {
  let [low, high] = [0, blocks.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((blocks[middle]?.manifest.segments[1] ?? Infinity) <= segment) low = middle + 1
    else high = middle
  }
  const found = blocks[low]
  return found !== undefined && found.manifest.segments[0] <= segment ? found : undefined
}

/** Looks at all candidates; the number at which it stopped early, because the page is full or enough was looked at. */
async function takeAll (run: Run, candidates: readonly Candidates[], from: number, end: number): Promise<number | undefined> {
  const { feed } = run.index
  const ahead: Promise<Opened>[] = []
  for (const [at, { segment, positions }] of candidates.entries()) {
    const { first, count } = feed.leaf(segment)
    if (run.isSpent && first > from) return first
    // No more than are still wanted: most candidates are rows.
    const wanted = Math.min(SEGMENTS_AHEAD, run.query.limit - run.rows.length)
    while (ahead.length < wanted && at + ahead.length < candidates.length) {
      const opening = run.open(candidates[at + ahead.length]?.segment ?? segment)
      // Whoever stops early does not wait for it.
      opening.catch(() => {})
      ahead.push(opening)
    }
    const opened = await ahead.shift()
    if (opened === undefined || typeof opened === 'string') continue
    for (const position of positions ?? Array.from({ length: count }, (_, each) => each)) {
      const number = first + position
      if (number < from || number >= end) continue
      const record = recordAt(opened, position)
      if (record !== undefined) run.take(record, number)
      if (run.isFull) return number + 1
    }
  }
  return undefined
}
