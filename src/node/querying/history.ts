import { candidatesIn, candidatesOfDigest, isApart, type Block, type Candidates, type Opened } from '../indexing/index.ts'
import { recordAt } from '../reading/index.ts'
import { BLOCKS_AT_ONCE_MAX, SEGMENTS_AT_ONCE } from './limits.ts'
import type { Found, Run } from './run.ts'

/** Where candidates were looked for: up to record `end`. `damaged`: a block that has to be built anew before it is gone through. */
type Looked = { readonly candidates: readonly Candidates[], readonly end: number, readonly damaged: number | undefined }

/** Records from a number of the feed on, in their order: blocks at once where there are some, and segment by segment where there is none. */
export async function findRecords (run: Run, from: number): Promise<Found> {
  const { index, index: { feed, scope } } = run
  const end = index.end
  let at = Math.max(from, scope.first)
  // Few at first: who finds enough in them has not looked through many.
  let atOnce = 1
  while (at < end && !run.isFull) {
    if (at > from && run.isSpent) return { rows: run.rows, next: { number: at, key: null }, incomplete: run.incomplete }
    const segment = feed.segmentOf(at)
    if (segment === undefined) break
    const blocks = blocksFrom(index.blocks, segment, atOnce)
    const [first] = blocks
    if (first !== undefined && isApart(first, run.sought)) {
      at = endOf(run, first.manifest.segments[1] - 1)
      continue
    }
    const looked = blocks.length === 0 ? await lookAtSegment(run, segment, at) : await lookInBlocks(run, blocks, at)
    if (looked.candidates.length < run.query.limit - run.rows.length) atOnce = Math.min(BLOCKS_AT_ONCE_MAX, 2 * atOnce)
    const stop = await takeAll(run, looked.candidates, at, end)
    if (stop === undefined && looked.damaged !== undefined) await index.rebuild(looked.damaged)
    at = stop ?? looked.end
  }
  return { rows: run.rows, next: at < end ? { number: at, key: null } : null, incomplete: run.incomplete }
}

/** Blocks without a gap from the one over a segment on. */
function blocksFrom (blocks: readonly Block[], segment: number, count: number): readonly Block[] {
  let [low, high] = [0, blocks.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((blocks[middle]?.manifest.segments[1] ?? Infinity) <= segment) low = middle + 1
    else high = middle
  }
  const found: Block[] = []
  let next = segment
  for (const block of blocks.slice(low, low + count)) {
    if (block.manifest.segments[0] > next) break
    found.push(block)
    next = block.manifest.segments[1]
  }
  return found
}

async function lookInBlocks (run: Run, blocks: readonly Block[], from: number): Promise<Looked> {
  const { feed } = run.index
  const all: Candidates[] = []
  let end = from
  for (const [at, found] of (await candidatesIn(run.store, feed, blocks, run.sought, from)).entries()) {
    const block = blocks[at]
    if (block === undefined) break
    if (found === 'damaged') return { candidates: all, end, damaged: block.slot }
    all.push(...found)
    end = endOf(run, block.manifest.segments[1] - 1)
  }
  return { candidates: all, end, damaged: undefined }
}

/** The same of a segment in no block: by its digest, where what is asked for shows in it. */
async function lookAtSegment (run: Run, segment: number, from: number): Promise<Looked> {
  const { index, index: { feed, scope }, sought } = run
  const end = endOf(run, segment)
  const whole = { candidates: [{ segment, positions: null }], end, damaged: undefined }
  const isShown = sought.keyTerm !== undefined || (sought.place !== undefined && !scope.isSealed) || sought.fromMs > 0 || sought.toMs < Infinity
  if (!isShown) return whole
  const { first, count } = feed.leaf(segment)
  if (index.tail.digestOf(segment) === undefined) run.look(count)
  const digest = await index.digestOf(segment)
  // Opened once more, so that it is said why it is not here.
  if (typeof digest === 'string') return digest === 'gone' ? { ...whole, candidates: [] } : whole
  const positions = candidatesOfDigest(digest, first, scope.isSealed, sought, from)
  return positions.length === 0 ? { ...whole, candidates: [] } : { ...whole, candidates: [{ segment, positions }] }
}

function endOf ({ index: { feed } }: Run, segment: number): number {
  const { first, count } = feed.leaf(segment)
  return first + count
}

/** Looks at all candidates; the number at which it stopped early, because the page is full or enough was looked at. */
async function takeAll (run: Run, candidates: readonly Candidates[], from: number, end: number): Promise<number | undefined> {
  const { feed } = run.index
  let ahead = openSome(run, candidates, run.query.limit - run.rows.length)
  for (let at = 0; at < candidates.length;) {
    const some = await ahead
    // The next while these are looked at. No more than are still wanted: most candidates are rows.
    ahead = openSome(run, candidates.slice(at + some.length), run.query.limit - run.rows.length - some.length)
    for (const opened of some) {
      const { segment, positions } = candidates[at++] ?? { segment: 0, positions: [] }
      const { first, count } = feed.leaf(segment)
      if (run.isSpent && first > from) return first
      if (typeof opened === 'string') continue
      for (const position of positions ?? Array.from({ length: count }, (_, each) => each)) {
        const number = first + position
        if (number < from || number >= end) continue
        const record = recordAt(opened, position)
        if (record !== undefined) run.take(record, number)
        if (run.isFull) return number + 1
      }
    }
  }
  return undefined
}

function openSome (run: Run, candidates: readonly Candidates[], wanted: number): Promise<readonly Opened[]> {
  // Below none where segments held several rows.
  const opening = run.open(candidates.slice(0, Math.max(0, Math.min(SEGMENTS_AT_ONCE, wanted))).map(({ segment }) => segment))
  // Whoever stops early does not wait for it.
  opening.catch(() => {})
  return opening
}
