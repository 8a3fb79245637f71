import { assert } from '../../base/index.ts'
import { openSegment, type FeedRecord, type OpenSegment } from '../../core/feed/index.ts'
import { Signal, type Feed, type Feeds } from '../feeds/index.ts'
import type { NumberedRecord } from '../contract/index.ts'

const READ_AHEAD_SEGMENTS = 4

/** A segment in the middle of what is read is not here: damaged just now, or not fetched yet. */
export class Incomplete extends Error {
  override readonly name = 'Incomplete'
  readonly code = 'incomplete'
}

/** Records [from, to) of a feed, in order, from checked segments. Throws `Incomplete` at a segment that is not here. */
export async function * recordsOf (feeds: Feeds, feed: Feed, from: number, to: number): AsyncGenerator<NumberedRecord> {
  const [first, last] = [feed.segmentOf(from), feed.segmentOf(Math.min(to, feed.records) - 1)]
  if (first === undefined || last === undefined || from >= to) return
  for await (const { segment, number } of segmentsOf(feeds, feed, first, last + 1)) {
    const start = Math.max(0, from - number)
    for (let position = start; position < segment.header.count; position++) {
      if (number + position >= to) return
      yield numbered(segment.record(position), number + position)
    }
  }
}

/** Segments [from, to), opened, with the number of their first record; read ahead of whoever takes them. */
async function * segmentsOf (
  feeds: Feeds, feed: Feed, from: number, to: number
): AsyncGenerator<{ readonly segment: OpenSegment, readonly number: number }> {
  const read = (at: number): Promise<readonly (Uint8Array | undefined)[]> =>
    feeds.segments(feed, at, Math.max(at, Math.min(to, at + READ_AHEAD_SEGMENTS)))
  let ahead = read(from)
  for (let at = from; at < to;) {
    const batch = await ahead
    ahead = read(at + batch.length)
    // A reader that leaves does not wait for it; the next read tells of a failure.
    ahead.catch(() => {})
    for (const bytes of batch) {
      if (bytes === undefined) throw new Incomplete(`segment ${at} of feed ${feed.key} is not here`)
      const segment = openSegment(bytes)
      if (!segment.ok) throw new Incomplete(`segment ${at} of feed ${feed.key} cannot be read: ${segment.failure.code}`)
      const { first, count } = feed.leaf(at)
      if (segment.value.header.count !== count) throw new Incomplete(`segment ${at} of feed ${feed.key} is not what its leaf says`)
      yield { segment: segment.value, number: first }
      at++
    }
  }
}

/** Records from number `from` on, and every new one as soon as it is stored, until `signal` aborts. */
export async function * followedRecords (feeds: Feeds, feed: Feed, from: number, signal: AbortSignal): AsyncGenerator<NumberedRecord> {
  const grown = new Signal<void>()
  const stop = feeds.changed.on(changed => { if (changed === feed) grown.emit() })
  try {
    let next = from
    while (!signal.aborted) {
      const end = readableEnd(feed)
      if (end <= next) {
        await grown.next(signal)
        continue
      }
      for await (const record of recordsOf(feeds, feed, next, end)) {
        if (signal.aborted) return
        yield record
        next = record.number + 1
      }
      assert(next === end, 'all readable records were read')
    }
  } finally {
    stop()
  }
}

/** Number behind the last record that can be read without a gap. */
export function readableEnd (feed: Feed): number {
  const length = feed.contiguous
  if (length === 0) return 0
  const last = feed.leaf(length - 1)
  return last.first + last.count
}

function numbered ({ key, timeMs, operation, mediaType, body }: FeedRecord, number: number): NumberedRecord {
  return { number, key, timeMs, operation, mediaType, body }
}
