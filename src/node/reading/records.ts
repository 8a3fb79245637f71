import type { FeedRecord } from '../../core/feed/index.ts'
import { Signal, type Feed, type Feeds } from '../feeds/index.ts'
import type { Keyring } from '../keyring/index.ts'
import type { NumberedRecord } from '../contract/index.ts'
import { contentsOf, countOfContents, readableRecordsOf, type Contents } from './contents.ts'

const READ_AHEAD_SEGMENTS = 4

/** Where stored segments are, and keys to open them. */
export type Readable = { readonly feeds: Feeds, readonly keyring: Pick<Keyring, 'keyOf' | 'changed'> }

/** A segment in the middle of what is read is not here, damaged just now or not fetched yet; or it is, `sealed`, and its key is not. */
export class Incomplete extends Error {
  override readonly name = 'Incomplete'
  readonly code: 'incomplete' | 'sealed'

  constructor (code: Incomplete['code'], reason: string) {
    super(reason)
    this.code = code
  }
}

/** Records [from, to) of a feed, in order, from checked segments; erased ones are left out. Throws `Incomplete` at a segment that is not here. */
export async function * recordsOf (readable: Readable, feed: Feed, from: number, to: number): AsyncGenerator<NumberedRecord> {
  const [first, last] = [feed.segmentOf(from), feed.segmentOf(Math.min(to, feed.records) - 1)]
  if (first === undefined || last === undefined || from >= to) return
  for await (const { contents, number } of segmentsOf(readable, feed, first, last + 1)) {
    for (const { position, record } of readableRecordsOf(contents, Math.max(0, from - number))) {
      if (number + position >= to) return
      yield numbered(record, number + position)
    }
  }
}

/** Segments [from, to), opened, with the number of their first record; read ahead of whoever takes them. */
async function * segmentsOf (
  { feeds, keyring }: Readable, feed: Feed, from: number, to: number
): AsyncGenerator<{ readonly contents: Contents, readonly number: number }> {
  const read = (at: number): Promise<readonly (Uint8Array | undefined)[]> =>
    feeds.segments(feed, at, Math.max(at, Math.min(to, at + READ_AHEAD_SEGMENTS)))
  let ahead = read(from)
  for (let at = from; at < to;) {
    const batch = await ahead
    ahead = read(at + batch.length)
    // A reader that leaves does not wait for it; the next read tells of a failure.
    ahead.catch(() => {})
    for (const bytes of batch) {
      const named = `segment ${at} of feed ${feed.key}`
      if (feed.isGone(at)) {
        at++
        continue
      }
      if (bytes === undefined) throw new Incomplete('incomplete', `${named} is not here`)
      const contents = contentsOf(keyring, feed, bytes)
      if (!contents.ok) {
        const { code, reason } = contents.failure
        throw code === 'sealed' ? new Incomplete(code, reason) : new Incomplete('incomplete', `${named} cannot be read: ${reason}`)
      }
      const { first, count } = feed.leaf(at)
      if (countOfContents(contents.value) !== count) throw new Incomplete('incomplete', `${named} is not what its leaf says`)
      yield { contents: contents.value, number: first }
      at++
    }
  }
}

/** Records from number `from` on, and every new one as soon as it is stored and its key is here, until `signal` aborts. */
export async function * followedRecords (readable: Readable, feed: Feed, from: number, signal: AbortSignal): AsyncGenerator<NumberedRecord> {
  const grown = new Signal<void>()
  let keys = 0
  const keyed = new Signal<void>()
  const stops = [
    readable.feeds.changed.on(changed => { if (changed === feed) grown.emit() }),
    readable.keyring.changed.on(() => {
      keys++
      keyed.emit()
    })
  ]
  try {
    let next = from
    while (!signal.aborted) {
      const end = readableEnd(feed)
      if (end <= next) {
        await grown.next(signal)
        continue
      }
      // A key that comes while this is read is not waited for.
      const keysBefore = keys
      try {
        for await (const record of recordsOf(readable, feed, next, end)) {
          if (signal.aborted) return
          yield record
          next = record.number + 1
        }
        next = end
      } catch (cause) {
        if (!(cause instanceof Incomplete) || cause.code !== 'sealed') throw cause
        if (keys === keysBefore) await keyed.next(signal)
        continue
      }
    }
  } finally {
    for (const stop of stops) stop()
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
