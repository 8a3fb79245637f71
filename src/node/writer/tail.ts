import { assert, fail, ok, type Result } from '../../base/index.ts'
import { SegmentBuilder, type ClosedSegment, type FeedRecord, type RecordRefusal, type SegmentSource } from '../../core/feed/index.ts'
import type { Feed } from '../feeds/index.ts'

export type AppendFailure =
  | { readonly code: 'frozen' | 'recovering' | 'stopped' }
  | { readonly code: 'record', readonly refusal: RecordRefusal, readonly position: number }

/** A packed segment, in clear, with the bytes of its records that count against the queue. */
export type Closed = { readonly segment: ClosedSegment, readonly index: number, readonly queuedBytes: number }

type Waiter = { readonly upTo: number, readonly settle: (outcome: Result<null, AppendFailure>) => void }

/** The unsigned end of one own feed: records to be packed, segments to be committed, callers to be told. */
export class Tail {
  readonly feed: Feed
  readonly #builder: SegmentBuilder
  readonly #secret: () => Uint8Array
  #closed: Closed[] = []
  /** Bytes of the records in the builder. */
  #openBytes = 0
  /** What the records in the builder were made from. */
  #openSource: SegmentSource | null = null
  #nextIndex: number
  #waiters: Waiter[] = []
  /** Number of the next record. */
  nextRecord: number
  /** The open segment is closed in the next round. */
  due = false
  cancelLinger: (() => void) | undefined

  constructor (feed: Feed, segmentBytesTarget: number, secret: () => Uint8Array) {
    this.feed = feed
    this.#builder = new SegmentBuilder(segmentBytesTarget)
    this.#secret = secret
    this.nextRecord = feed.records
    this.#nextIndex = feed.log.length
  }

  /** Takes a record, made from `source` if from anything; returns the bytes that it adds to the queue. */
  add (record: FeedRecord, source: SegmentSource | null): number {
    if (this.hasOpen && !isSameFeed(this.#openSource, source)) this.#close()
    if (this.#builder.add(record) === 'full') {
      this.#close()
      assert(this.#builder.add(record) === 'added', 'an empty segment takes any record that was not refused')
    }
    this.#openSource = covering(this.#openSource, source)
    this.nextRecord++
    const sizeBytes = record.key.length + record.body.length
    this.#openBytes += sizeBytes
    return sizeBytes
  }

  /** Resolves when all that was added so far is acknowledged, or will not be. */
  settled (): Promise<Result<null, AppendFailure>> {
    return new Promise(settle => this.#waiters.push({ upTo: this.nextRecord, settle }))
  }

  #close (): void {
    const segment = this.#builder.close({
      feed: this.feed.id, index: this.#nextIndex, first: this.nextRecord - this.#builder.count, secret: this.#secret(), source: this.#openSource
    })
    this.#openSource = null
    this.#closed.push({ segment, index: this.#nextIndex, queuedBytes: this.#openBytes })
    this.#openBytes = 0
    this.#nextIndex++
  }

  get hasOpen (): boolean {
    return this.#builder.count > 0
  }

  get hasWork (): boolean {
    return this.#closed.length > 0 || (this.due && this.hasOpen)
  }

  get isIdle (): boolean {
    return this.#closed.length === 0 && !this.hasOpen && this.#waiters.length === 0
  }

  /** Whether the feed is where this tail goes on: what was fetched meanwhile took its place. */
  get fits (): boolean {
    return (this.#closed[0]?.index ?? this.#nextIndex) === this.feed.log.length
  }

  /** Segments that go into one round, in order; they leave the tail. */
  take (sizeBytesMax: number): readonly Closed[] {
    if (this.due && this.hasOpen) this.#close()
    this.due = false
    let [count, bytes] = [0, 0]
    for (const { segment } of this.#closed) {
      bytes += segment.bytes.length
      if (bytes > sizeBytesMax) break
      count++
    }
    return this.#closed.splice(0, count)
  }

  /** Tells callers whose records are among the first `records` of the feed. */
  acknowledge (records: number): void {
    const told = this.#waiters.filter(({ upTo }) => upTo <= records)
    this.#waiters = this.#waiters.filter(({ upTo }) => upTo > records)
    for (const { settle } of told) settle(ok(null))
  }

  /** Gives up all that waits; returns its bytes, which no longer count. The tail is of no more use. */
  refuse (code: 'frozen' | 'recovering' | 'stopped'): number {
    this.cancelLinger?.()
    const bytes = this.#closed.reduce((sum, { queuedBytes }) => sum + queuedBytes, this.#openBytes)
    this.#closed = []
    this.#openBytes = 0
    for (const { settle } of this.#waiters.splice(0)) settle(fail({ code }))
    return bytes
  }
}

function isSameFeed (a: SegmentSource | null, b: SegmentSource | null): boolean {
  return a === null || b === null ? a === b : a.feed.equals(b.feed)
}

function covering (open: SegmentSource | null, added: SegmentSource | null): SegmentSource | null {
  return open === null || added === null ? added : { feed: open.feed, from: Math.min(open.from, added.from), to: Math.max(open.to, added.to) }
}
