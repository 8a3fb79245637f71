import { assert, fail, ok, sha256, type CID, type Result } from '../../base/index.ts'
import { decodeHead, headBody, refusalOf, type FeedRecord, type Head, type SegmentSource } from '../../core/feed/index.ts'
import { signStatement, type SigningKey } from '../../core/identity/index.ts'
import { sealSegment, SEALING_SALT_SIZE_BYTES } from '../../core/sealing/index.ts'
import type { Clock, Random, Row, Store } from '../../host/index.ts'
import type { Feed, Feeds } from '../feeds/index.ts'
import type { Epochs, OwnEpoch } from '../keyring/index.ts'
import { Guards } from './guards.ts'
import { Tail, type AppendFailure, type Closed } from './tail.ts'

/** What one commit round takes at most: bounds memory, and the time a caller waits for others. */
const ROUND_BYTES_MAX = 4 << 20
/** Packed or to be packed, not yet acknowledged; an append beyond it waits. */
const QUEUE_BYTES_MAX = 32 << 20
const SECRET_BYTES = 32

export type Voice = { readonly federation: CID, readonly certificate: CID, readonly key: SigningKey }

/** What one feed brings to a round: the length and root that its log has with these segments. */
type Part = { readonly tail: Tail, readonly segments: readonly Closed[], readonly length: number, readonly root: Uint8Array, readonly records: number }
type Round = readonly Part[]

/**
 * Appends to own feeds and signs their heads, in rounds over all feeds together:
 * segments are synced to the store, then the guard to the signer, and only then a signature exists and callers are told.
 * Segments of restricted feeds are sealed as they enter a round, by the key that holds then: in clear they are never stored.
 * The store commit of the next round runs beside the guard commit of this one.
 *
 * A device that fails to write ends it: nothing is acknowledged from then on, and every caller is told.
 */
export class Writer {
  readonly #feeds: Feeds
  readonly #store: Store
  readonly #guards: Guards
  readonly #epochs: Pick<Epochs, 'current' | 'newestOf' | 'salt'>
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
  #broken = false

  constructor (options: {
    readonly feeds: Feeds, readonly store: Store, readonly signer: Store, readonly clock: Clock, readonly random: Random,
    readonly epochs: Pick<Epochs, 'current' | 'newestOf' | 'salt'>, readonly voice: () => Voice, readonly segmentBytesTarget: number, readonly lingerMs: number,
    readonly onFatal: (cause: unknown) => void
  }) {
    this.#feeds = options.feeds
    this.#store = options.store
    this.#guards = new Guards(options.signer)
    this.#epochs = options.epochs
    this.#clock = options.clock
    this.#random = options.random
    this.#voice = options.voice
    this.#segmentBytesTarget = options.segmentBytesTarget
    this.#lingerMs = options.lingerMs
    this.#onFatal = options.onFatal
  }

  /**
   * Resolves when all records are durable and covered by a signed head: acknowledged. All or none of them are taken;
   * one that no feed may hold refuses them all. `source`: what they were made from.
   */
  async append (
    feed: Feed, records: readonly FeedRecord[], options: { readonly flush: boolean, readonly source?: SegmentSource }
  ): Promise<Result<{ readonly first: number, readonly count: number }, AppendFailure>> {
    while (this.#queuedBytes > QUEUE_BYTES_MAX && !this.#stopped) await new Promise<void>(resolve => this.#room.push(resolve))
    if (this.#stopped) return fail({ code: 'stopped' })
    if (feed.status !== 'open') return fail({ code: feed.status })
    for (const [position, record] of records.entries()) {
      const refusal = refusalOf(record)
      if (refusal !== undefined) return fail({ code: 'record', refusal, position })
    }
    const tail = this.#tailOf(feed)
    const first = tail.nextRecord
    for (const record of records) this.#queuedBytes += tail.add(record, options.source ?? null)
    if (records.length === 0) return ok({ first, count: 0 })
    const done = tail.settled()
    this.#schedule(tail, options.flush)
    const settled = await done
    return settled.ok ? ok({ first, count: records.length }) : settled
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
    do await this.#start()
    while (!this.#broken && this.#hasWork())
    const rows = this.#headRows
    this.#headRows = []
    if (rows.length > 0 && !this.#broken) await this.#store.commit(rows).catch((cause: unknown) => this.#fail(cause))
  }

  async stop (): Promise<void> {
    this.#stopped = true
    await this.flush()
    this.#wakeWaiting()
    for (const tail of this.#tails.values()) tail.cancelLinger?.()
  }

  /** Signs all leaves that are stored: those that no head covers yet are what a crash between store and signature leaves behind. */
  async signTail (feed: Feed): Promise<void> {
    if (feed.log.length === 0) return
    await this.#sign([{ tail: this.#tailOf(feed), segments: [], length: feed.log.length, root: feed.log.root(), records: feed.records }])
    await this.flush()
  }

  /** The tail of a feed; a new one where the feed was fetched back meanwhile and goes on elsewhere. */
  #tailOf (feed: Feed): Tail {
    const known = this.#tails.get(feed.key)
    if (known !== undefined && (known.fits || !known.isIdle)) return known
    known?.cancelLinger?.()
    const tail = new Tail(feed, this.#segmentBytesTarget, () => this.#random.bytes(SECRET_BYTES))
    this.#tails.set(feed.key, tail)
    return tail
  }

  #schedule (tail: Tail, flush: boolean): void {
    if (flush) tail.due = true
    if (tail.hasWork) void this.#start()
    if (tail.due || !tail.hasOpen || tail.cancelLinger !== undefined) return
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
    return [...this.#tails.values()].some(({ hasWork }) => hasWork)
  }

  async #rounds (): Promise<void> {
    // One turn later, so that all who append in this turn share the round.
    await Promise.resolve()
    for (let round = await this.#gather(); round.length > 0 && !this.#broken; round = await this.#gather()) {
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
  async #gather (): Promise<Round> {
    const round: Part[] = []
    let room = ROUND_BYTES_MAX
    for (const [tail, epoch] of await this.#keyed()) {
      const { feed } = tail
      if (feed.status !== 'open' || !tail.fits) {
        this.#refuse(tail, feed.status === 'open' ? 'recovering' : feed.status)
        continue
      }
      const segments = tail.take(room).map(closed => this.#sealed(feed, closed, epoch))
      if (segments.length === 0) continue
      for (const { segment } of segments) {
        room -= segment.bytes.length
        feed.append(segment.leafData)
      }
      round.push({ tail, segments, length: feed.log.length, root: feed.log.root(), records: feed.records })
    }
    return round
  }

  /** Tails that have something to write, with the keys that hold now: nothing waits for a disk between a key and what it seals. */
  async #keyed (): Promise<readonly (readonly [Tail, OwnEpoch | undefined])[]> {
    for (;;) {
      const working = [...this.#tails.values()].filter(({ hasWork }) => hasWork).map(tail => [tail, this.#epochs.current(tail.feed)] as const)
      const ready = working.flatMap(([tail, epoch]) => epoch instanceof Promise ? [] : [[tail, epoch] as const])
      if (ready.length === working.length) return ready
      await Promise.all(working.flatMap(([, epoch]) => epoch instanceof Promise ? [epoch] : []))
    }
  }

  #sealed ({ id: feed }: Feed, closed: Closed, epoch: OwnEpoch | undefined): Closed {
    if (epoch === undefined) return closed
    const place = { feed, index: closed.index, keyEpoch: epoch.epoch, epochKey: epoch.key, salt: this.#epochs.salt(SEALING_SALT_SIZE_BYTES) }
    return { ...closed, segment: sealSegment(closed.segment, place) }
  }

  /** Of feeds that are no longer to be written nothing is promised, signed or acknowledged. */
  #stillOpen (round: Round): Round {
    return round.filter(({ tail, segments }) => {
      const { status } = tail.feed
      if (status === 'open') return true
      this.#queuedBytes -= bytesOf(segments)
      this.#refuse(tail, status)
      return false
    })
  }

  async #sign (all: Round): Promise<void> {
    if (this.#broken) return
    const round = this.#stillOpen(all)
    const voice = this.#voice()
    const heads = round.map(part => ({ ...part, feed: part.tail.feed, body: this.#bodyOf(part, voice) }))
    await this.#guards.promise(heads)
    if (this.#broken) return
    const open = new Set(this.#stillOpen(round).map(({ tail }) => tail))
    for (const { tail, segments, records, body } of heads) {
      if (!open.has(tail)) continue
      const decoded = decodeHead(signStatement(body, voice.certificate, voice.key))
      assert(decoded.ok, 'a head of our own is well formed')
      this.#acknowledge(tail, segments, decoded.value, records)
    }
  }

  #bodyOf ({ tail: { feed }, segments, length, root, records }: Part, { federation }: Voice): Uint8Array {
    return headBody({
      federation, feed: feed.id, length, records, mmrRoot: root,
      bytes: (feed.head?.bytes ?? 0) + segments.reduce((sum, { segment }) => sum + segment.bytes.length, 0),
      firstRetained: 0, keyEpoch: Math.max(this.#epochs.newestOf(feed), feed.head?.keyEpoch ?? 0), timeMs: Math.max(this.#clock.nowMs(), feed.head?.timeMs ?? 0),
      prevHeadDigest: feed.head === undefined ? null : sha256(feed.head.statement.body)
    })
  }

  #acknowledge (tail: Tail, segments: readonly Closed[], head: Head, records: number): void {
    const { feed } = tail
    for (const { segment: { bytes, leafData }, index } of segments) this.#feeds.remember(feed, { index, leafData, bytes })
    this.#queuedBytes -= bytesOf(segments)
    feed.head = head
    this.#headRows.push(this.#feeds.headRow(feed, head))
    tail.acknowledge(records)
    if (this.#queuedBytes <= QUEUE_BYTES_MAX) this.#wakeWaiting()
    this.#feeds.changed.emit(feed)
  }

  #refuse (tail: Tail, code: 'frozen' | 'recovering' | 'stopped'): void {
    this.#queuedBytes -= tail.refuse(code)
    if (this.#tails.get(tail.feed.key) === tail) this.#tails.delete(tail.feed.key)
    this.#wakeWaiting()
  }

  #wakeWaiting (): void {
    for (const resolve of this.#room.splice(0)) resolve()
  }

  /** A device that fails to write takes no more: callers are told, the process must end. */
  #fail (cause: unknown): void {
    if (this.#broken) return
    this.#broken = true
    this.#stopped = true
    for (const tail of this.#tails.values()) this.#refuse(tail, 'stopped')
    this.#onFatal(cause)
  }
}

function bytesOf (segments: readonly Closed[]): number {
  return segments.reduce((sum, { queuedBytes }) => sum + queuedBytes, 0)
}
