import { assert, digestOf, fail, ok, sha256, type CID, type Result } from '../../base/index.ts'
import {
  decodeHead, headBody, refusalOf, SegmentBuilder, type ClosedSegment, type FeedRecord, type Head, type RecordRefusal
} from '../../core/feed/index.ts'
import { signStatement, type SigningKey } from '../../core/identity/index.ts'
import type { Clock, Random, Row, Store } from '../../host/index.ts'
import type { Feed, Feeds } from '../feeds/index.ts'
import { encodeGuardRow, guardKey } from '../rows/index.ts'

/** What one commit round takes at most: bounds memory, and the time a caller waits for others. */
export const ROUND_BYTES_MAX = 4 << 20
/** Packed or to be packed, not yet acknowledged; an append beyond it waits. */
export const QUEUE_BYTES_MAX = 32 << 20
const SECRET_BYTES = 32

export type Voice = { readonly federation: CID, readonly certificate: CID, readonly key: SigningKey }

export type AppendFailure =
  | { readonly code: 'frozen' | 'recovering' | 'stopped' }
  | { readonly code: 'record', readonly refusal: RecordRefusal, readonly position: number }

type Waiter = { readonly upTo: number, readonly resolve: () => void, readonly reject: (cause: unknown) => void }

/** A packed segment, with the bytes of its records that count against the queue. */
type Closed = { readonly segment: ClosedSegment, readonly index: number, readonly queuedBytes: number }

/** The unsigned end of one own feed: records to be packed, segments to be committed, callers to be told. */
type Tail = {
  readonly feed: Feed
  readonly builder: SegmentBuilder
  closed: Closed[]
  /** Bytes of the records in the builder. */
  openBytes: number
  /** Number of the next record, and index of the next segment. */
  nextRecord: number
  nextIndex: number
  waiters: Waiter[]
  /** The open segment is closed in the next round. */
  due: boolean
  cancelLinger: (() => void) | undefined
}

type Round = { readonly tail: Tail, readonly segments: readonly Closed[], readonly length: number, readonly root: Uint8Array, readonly records: number }[]

/**
 * Appends to own feeds and signs their heads, in rounds over all feeds together (data.md section 5):
 * segments are synced to the store, then the guard to the signer, and only then a signature exists and callers are told.
 * The store commit of the next round runs beside the guard commit of this one.
 */
export class Writer {
  readonly #feeds: Feeds
  readonly #store: Store
  readonly #signer: Store
  readonly #clock: Clock
  readonly #random: Random
  readonly #voice: () => Voice
  readonly #segmentBytesTarget: number
  readonly #lingerMs: number
  readonly #onFatal: (cause: unknown) => void
  readonly #tails = new Map<string, Tail>()
  /** Heads that are signed and ride in the next store commit. */
  #headRows: Row[] = []
  #queuedBytes = 0
  #room: (() => void)[] = []
  #running: Promise<void> | undefined
  #signing: Promise<void> = Promise.resolve()
  #stopped = false

  constructor (options: {
    readonly feeds: Feeds, readonly store: Store, readonly signer: Store, readonly clock: Clock, readonly random: Random,
    readonly voice: () => Voice, readonly segmentBytesTarget: number, readonly lingerMs: number,
    readonly onFatal: (cause: unknown) => void
  }) {
    this.#feeds = options.feeds
    this.#store = options.store
    this.#signer = options.signer
    this.#clock = options.clock
    this.#random = options.random
    this.#voice = options.voice
    this.#segmentBytesTarget = options.segmentBytesTarget
    this.#lingerMs = options.lingerMs
    this.#onFatal = options.onFatal
  }

  /**
   * Resolves when all records are durable and covered by a signed head: acknowledged. All or none of them are taken;
   * one that no feed may hold refuses them all.
   */
  async append (feed: Feed, records: readonly FeedRecord[], options: { readonly flush: boolean }): Promise<Result<{ readonly first: number, readonly count: number }, AppendFailure>> {
    while (this.#queuedBytes > QUEUE_BYTES_MAX) await new Promise<void>(resolve => this.#room.push(resolve))
    if (this.#stopped) return fail({ code: 'stopped' })
    if (feed.status !== 'open') return fail({ code: feed.status })
    for (const [position, record] of records.entries()) {
      const refusal = refusalOf(record)
      if (refusal !== undefined) return fail({ code: 'record', refusal, position })
    }
    const tail = this.#tailOf(feed)
    const first = tail.nextRecord
    for (const record of records) this.#add(tail, record)
    if (records.length === 0) return ok({ first, count: 0 })
    const done = new Promise<void>((resolve, reject) => tail.waiters.push({ upTo: tail.nextRecord, resolve, reject }))
    this.#schedule(tail, options.flush)
    await done
    return ok({ first, count: records.length })
  }

  /** Bytes of records that wait to be durable. */
  get queuedBytes (): number {
    return this.#queuedBytes
  }

  /** Number that the next appended record gets. */
  nextRecordOf (feed: Feed): number {
    return this.#tailOf(feed).nextRecord
  }

  /** Closes and commits all that was appended, and the heads that still ride. */
  async flush (): Promise<void> {
    for (const tail of this.#tails.values()) tail.due = true
    await this.#start()
    await this.#signing
    const rows = this.#headRows
    this.#headRows = []
    if (rows.length > 0) await this.#store.commit(rows)
  }

  async stop (): Promise<void> {
    this.#stopped = true
    await this.flush()
    for (const tail of this.#tails.values()) tail.cancelLinger?.()
  }

  /** Signs leaves that are stored but covered by no head: what a crash between store and signature leaves behind. */
  async signTail (feed: Feed): Promise<void> {
    if (feed.log.length === 0) return
    await this.#sign([{ tail: this.#tailOf(feed), segments: [], length: feed.log.length, root: feed.log.root(), records: feed.records }])
    await this.flush()
  }

  #tailOf (feed: Feed): Tail {
    const known = this.#tails.get(feed.key)
    if (known !== undefined) return known
    const tail: Tail = {
      feed, builder: new SegmentBuilder(this.#segmentBytesTarget), closed: [], openBytes: 0, nextRecord: feed.records, nextIndex: feed.log.length,
      waiters: [], due: false, cancelLinger: undefined
    }
    this.#tails.set(feed.key, tail)
    return tail
  }

  #add (tail: Tail, record: FeedRecord): void {
    if (tail.builder.add(record) === 'full') {
      this.#close(tail)
      assert(tail.builder.add(record) === 'added', 'an empty segment takes any record that was not refused')
    }
    tail.nextRecord++
    tail.openBytes += record.key.length + record.body.length
    this.#queuedBytes += record.key.length + record.body.length
  }

  #close (tail: Tail): void {
    const first = tail.nextRecord - tail.builder.count
    const secret = this.#random.bytes(SECRET_BYTES)
    const segment = tail.builder.close({ feed: tail.feed.id, index: tail.nextIndex, first, secret, source: null })
    tail.closed.push({ segment, index: tail.nextIndex, queuedBytes: tail.openBytes })
    tail.openBytes = 0
    tail.nextIndex++
  }

  #schedule (tail: Tail, flush: boolean): void {
    if (flush) tail.due = true
    if (tail.due || tail.closed.length > 0) void this.#start()
    if (tail.due || tail.builder.count === 0 || tail.cancelLinger !== undefined) return
    tail.cancelLinger = this.#clock.wake(this.#lingerMs, () => {
      tail.cancelLinger = undefined
      tail.due = true
      void this.#start()
    })
  }

  #start (): Promise<void> {
    this.#running ??= this.#rounds().catch((cause: unknown) => this.#fail(cause)).finally(() => {
      this.#running = undefined
      if (!this.#stopped && this.#hasWork()) void this.#start()
    })
    return this.#running
  }

  #hasWork (): boolean {
    return [...this.#tails.values()].some(({ due, builder, closed }) => closed.length > 0 || (due && builder.count > 0))
  }

  async #rounds (): Promise<void> {
    // One turn later, so that all who append in this turn share the round.
    await Promise.resolve()
    for (let round = this.#gather(); round.length > 0; round = this.#gather()) {
      const heads = this.#headRows
      this.#headRows = []
      const rows = round.flatMap(({ tail, segments }) => segments.flatMap(({ index, segment: { leafData, bytes } }) =>
        this.#feeds.rowsOfSegment(tail.feed, { index, leafData, bytes })))
      await this.#store.commit([...heads, ...rows])
      await this.#signing
      const committed = round
      this.#signing = this.#sign(committed).catch((cause: unknown) => this.#fail(cause))
    }
    await this.#signing
  }

  /** Closes what is due and takes segments of all feeds, up to the size of a round; their leaves enter the logs. */
  #gather (): Round {
    const round: Round = []
    let bytes = 0
    for (const tail of this.#tails.values()) {
      if (tail.due && tail.builder.count > 0) this.#close(tail)
      tail.due = false
      const taken: Closed[] = []
      for (const closed of tail.closed) {
        if (bytes > 0 && bytes + closed.segment.bytes.length > ROUND_BYTES_MAX) break
        bytes += closed.segment.bytes.length
        taken.push(closed)
        tail.feed.append(closed.segment.leafData)
      }
      tail.closed = tail.closed.slice(taken.length)
      if (taken.length > 0) {
        round.push({ tail, segments: taken, length: tail.feed.log.length, root: tail.feed.log.root(), records: tail.feed.records })
      }
    }
    return round
  }

  async #sign (round: Round): Promise<void> {
    const voice = this.#voice()
    const timeMs = this.#clock.nowMs()
    const bodies = round.map(({ tail: { feed }, segments, length, root, records }) => headBody({
      federation: voice.federation, feed: feed.id, length, records, mmrRoot: root,
      bytes: (feed.head?.bytes ?? 0) + segments.reduce((sum, { segment }) => sum + segment.bytes.length, 0),
      firstRetained: 0, keyEpoch: 0, timeMs: Math.max(timeMs, feed.head?.timeMs ?? 0),
      prevHeadDigest: feed.head === undefined ? null : sha256(feed.head.statement.body)
    }))
    await this.#signer.commit(round.map(({ tail, length, root }, at) => {
      const head = bodies[at]
      assert(head !== undefined, 'one body for each feed of the round')
      return { type: 'put', key: guardKey(digestOf(tail.feed.id)), value: encodeGuardRow({ length, mmrRoot: root, head }) }
    }))
    for (const [at, { tail, segments, records }] of round.entries()) {
      const body = bodies[at]
      assert(body !== undefined, 'one body for each feed of the round')
      const decoded = decodeHead(signStatement(body, voice.certificate, voice.key))
      assert(decoded.ok, 'a head of our own is well formed')
      this.#acknowledge(tail, segments, decoded.value, records)
    }
  }

  #acknowledge (tail: Tail, segments: readonly Closed[], head: Head, records: number): void {
    const { feed } = tail
    for (const { segment: { bytes, leafData }, index, queuedBytes } of segments) {
      this.#feeds.remember(feed, { index, leafData, bytes })
      this.#queuedBytes -= queuedBytes
    }
    feed.head = head
    this.#headRows.push(this.#feeds.headRow(feed, head))
    const told = tail.waiters.filter(({ upTo }) => upTo <= records)
    tail.waiters = tail.waiters.filter(({ upTo }) => upTo > records)
    for (const waiter of told) waiter.resolve()
    if (this.#queuedBytes <= QUEUE_BYTES_MAX) for (const resolve of this.#room.splice(0)) resolve()
    this.#feeds.changed.emit(feed)
  }

  /** A device that fails to write takes no more: callers are told, the process must end. */
  #fail (cause: unknown): void {
    this.#stopped = true
    for (const tail of this.#tails.values()) for (const waiter of tail.waiters.splice(0)) waiter.reject(cause)
    this.#onFatal(cause)
  }
}
