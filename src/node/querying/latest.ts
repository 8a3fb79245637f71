import { compareBytes, equalBytes } from '../../base/index.ts'
import { mayTouch } from '../../core/postings/index.ts'
import type { Opened, Placed } from '../indexing/index.ts'
import { recordAt } from '../reading/index.ts'
import { LATEST_AHEAD, SEGMENTS_AT_ONCE } from './limits.ts'
import type { Found, Run } from './run.ts'

/** The latest record of each key behind `after`, in the order of the keys; or of the one key that is asked for. */
export async function findLatest (run: Run, after: Uint8Array | undefined): Promise<Found> {
  const { query, index, index: { scope } } = run
  run.lack(await index.catchUp())
  const touches = query.box === undefined || scope.isSealed ? undefined : mayTouch(query.box)
  let last = after
  let waiting: Placed[] = []
  for await (const latest of await entriesOf(run, after)) {
    if (latest === 'damaged') {
      run.lack('a part of the index is damaged, and is being made anew')
      await index.rebuildAll()
      break
    }
    run.look(1)
    const isSought = !latest.isDelete && (scope.isSealed || isWithin(run, latest.timeMs)) && (touches === undefined || (latest.place !== undefined && touches(latest.place)))
    if (isSought) waiting.push(latest)
    else if (waiting.length === 0) last = latest.own
    if (waiting.length >= Math.min(LATEST_AHEAD, query.limit - run.rows.length)) {
      last = await takeLatest(run, waiting) ?? last
      waiting = []
    }
    if (run.isFull || run.isSpent) {
      last = await takeLatest(run, waiting) ?? last
      // Of one key there is one.
      return { rows: run.rows, next: query.key === undefined ? { number: 0, key: last ?? new Uint8Array(0) } : null, incomplete: run.incomplete }
    }
  }
  await takeLatest(run, waiting)
  return { rows: run.rows, next: null, incomplete: run.incomplete }
}

function isWithin ({ sought: { fromMs, toMs } }: Run, timeMs: number): boolean {
  return timeMs >= fromMs && timeMs < toMs
}

/** Reads records and takes those that are asked for; resolves with the key of the last. */
async function takeLatest (run: Run, all: readonly Placed[]): Promise<Uint8Array | undefined> {
  const { index, index: { feed } } = run
  const segments = [...new Set(all.map(({ number }) => feed.segmentOf(number)).filter(segment => segment !== undefined))]
  const openings: Promise<readonly Opened[]>[] = []
  for (let at = 0; at < segments.length; at += SEGMENTS_AT_ONCE) openings.push(run.open(segments.slice(at, at + SEGMENTS_AT_ONCE)))
  const openedAt = new Map((await Promise.all(openings)).flat().map((opened, at) => [segments[at], opened]))
  for (const { number, own } of all) {
    const segment = feed.segmentOf(number)
    const opened = openedAt.get(segment)
    if (segment === undefined || opened === undefined || opened === 'missing' || opened === 'sealed') continue
    const record = opened === 'gone' ? undefined : recordAt(opened, number - feed.leaf(segment).first)
    if (record !== undefined && equalBytes(index.ownKey(record.key), own)) run.take(record, number)
    // The one before it is the latest as soon as the index knows.
    else run.lack('a part of it is being erased just now')
  }
  return all.at(-1)?.own
}

async function entriesOf (run: Run, after: Uint8Array | undefined): Promise<AsyncIterable<Placed | 'damaged'> | readonly (Placed | 'damaged')[]> {
  const { query, index, index: { scope } } = run
  if (query.key !== undefined) return latestOf(run, [index.ownKey(query.key)])
  if (query.box === undefined || scope.isSealed) return merged(run, after)
  const near = await index.state.near(query.box)
  if (near === 'damaged') return ['damaged']
  if (near === 'many') return merged(run, after)
  const touches = mayTouch(query.box)
  const newer = index.tail.latest.filter(({ place }) => place !== undefined && touches(place)).map(({ own }) => own)
  const owns = [...near, ...newer].filter(own => after === undefined || compareBytes(own, after) > 0).sort(compareBytes)
  return latestOf(run, owns.filter((own, at) => at === 0 || compareBytes(own, owns[at - 1] ?? own) !== 0))
}

/** Of these keys: what stands in blocks, or what is newer. */
async function latestOf ({ index: { state, tail } }: Run, owns: readonly Uint8Array[]): Promise<readonly (Placed | 'damaged')[]> {
  const held = await state.get(owns)
  return owns.flatMap((own, at): readonly (Placed | 'damaged')[] => {
    const [row, newer] = [held[at], tail.latestOf(own)]
    if (row === 'damaged') return ['damaged']
    const newest = newerOf(row === undefined ? undefined : { ...row, own }, newer)
    return newest === undefined ? [] : [newest]
  })
}

function newerOf (a: Placed | undefined, b: Placed | undefined): Placed | undefined {
  return a === undefined || (b !== undefined && b.number >= a.number) ? b : a
}

/** All keys behind `after`: those of blocks, and those of what is in none. */
async function * merged ({ index: { state, tail } }: Run, after: Uint8Array | undefined): AsyncGenerator<Placed | 'damaged'> {
  const newer = tail.latest
  let at = after === undefined ? 0 : newer.findIndex(({ own }) => compareBytes(own, after) > 0)
  if (at < 0) at = newer.length
  for await (const row of state.entries(after)) {
    if (row === 'damaged') {
      yield row
      return
    }
    for (let next = newer[at]; next !== undefined && compareBytes(next.own, row.own) < 0; next = newer[++at]) yield next
    const same = newer[at]
    if (same === undefined || compareBytes(same.own, row.own) !== 0) yield row
    else {
      at++
      yield newerOf(row, same) ?? row
    }
  }
  yield * newer.slice(at)
}
