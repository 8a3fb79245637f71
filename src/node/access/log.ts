import { decodeCanonical, encodeCanonical, struct, text, uint, utf8, type Parsed } from '../../base/index.ts'
import type { Clock, Log, Row, Store } from '../../host/index.ts'
import { Signal, type Feed, type Feeds } from '../feeds/index.ts'
import type { Keyring } from '../keyring/index.ts'
import { readableEnd, recordsOf } from '../reading/index.ts'
import { accessCountKey, metaKey, rowsOf } from '../rows/index.ts'
import type { Writer } from '../writer/index.ts'
import { ACCESS_MEDIA_TYPE, decodeAccess, encodeAccess, type AccessRecord } from './record.ts'

export const ACCESS_DATASET_ID = 'access'
export const ACCESS_CLASS = 'restricted:access'

/** Counts are written down after so many records; a start reads the feed on from there. */
const COUNTED_RECORDS = 1_024
const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
/** Refusals that are kept apart within an hour; further ones are only counted. */
const SAMPLED_MAX = 4_096
const REASONS_KEPT_MAX = 256
const COUNTED = metaKey('accesses')
const COUNT_BYTES_MAX = 256

const countSchema = struct({ agreementId: text(45), requests: uint(), dayMs: uint(), requestsToday: uint(), recordsToday: uint() })
const countedSchema = struct({ feed: text(128), next: uint() })
type Count = Parsed<typeof countSchema>

export type Counters = { readonly requests: number, readonly requestsToday: number, readonly recordsToday: number }
const NOTHING: Counters = { requests: 0, requestsToday: 0, recordsToday: 0 }

export type AccessLogOptions = {
  readonly feeds: Feeds
  readonly keyring: Keyring
  readonly writer: Writer
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  /** Declares the own access feed; undefined while it is not known whether there was one before. */
  readonly declare: () => Promise<Feed | undefined>
}

/**
 * Writes down what is given out, before it is. Counts are a fold of the feed, so that a record and its count cannot part;
 * rows only spare a start the reading of all of it.
 */
export class AccessLog {
  readonly #options: AccessLogOptions
  #feed: Feed | undefined
  #declaring: Promise<Feed | undefined> | undefined
  #counts = new Map<string, Count>()
  /** As rows had them at the start. */
  readonly #kept = new Map<string, Count>()
  readonly #changed = new Set<string>()
  #next = 0
  #uncounted = 0
  #underWay = 0
  /** The feed was read as far as it goes: before, nobody knows how much was served. */
  #isCounted = false
  #isCounting = false
  #hourMs = 0
  #sampled = new Set<string>()
  /** Something was given out, and that is durable. */
  readonly recorded: Signal<AccessRecord> = new Signal()
  /** By reason, since the start. */
  readonly refusals: Map<string, number> = new Map()

  constructor (options: AccessLogOptions) {
    this.#options = options
  }

  async open (): Promise<void> {
    const { feeds, store, log } = this.#options
    this.#feed = this.#held()
    feeds.changed.on(feed => {
      if (this.#isCounted || this.#isCounting || feed.role !== 'writer' || feed !== this.#held()) return
      this.#feed = feed
      this.#countAll(feed).catch((cause: unknown) => log('warn', 'the access feed cannot be read yet', { reason: String(cause) }))
    })
    for await (const { read } of store.entries(rowsOf('accessCount'))) {
      const decoded = read.state === 'found' ? decodeCanonical(read.value, countSchema, COUNT_BYTES_MAX) : undefined
      if (decoded?.ok === true) this.#kept.set(decoded.value.agreementId, decoded.value)
    }
    if (this.#feed === undefined) {
      this.#counts = new Map(this.#kept)
      this.#isCounted = true
      return
    }
    await this.#countAll(this.#feed).catch((cause: unknown) => log('warn', 'the access feed cannot be read yet', { reason: String(cause) }))
  }

  async stop (): Promise<void> {
    if (this.#isCounted) await this.#keepCounts()
  }

  get feed (): Feed | undefined {
    return this.#feed
  }

  /** What was served under an agreement, also what is just being written; undefined while that is not known. */
  counters (agreementId: string): Counters | undefined {
    if (!this.#isCounted) return undefined
    const count = this.#counts.get(agreementId)
    if (count === undefined) return NOTHING
    const { requests, dayMs, requestsToday, recordsToday } = count
    return dayMs === dayOf(this.#options.clock.nowMs()) ? { requests, requestsToday, recordsToday } : { ...NOTHING, requests }
  }

  /** Counts at once; resolves when it is durable, with false where it cannot be kept, so that nothing may go out. */
  async record (record: AccessRecord): Promise<boolean> {
    if (!this.#isCounted) return false
    this.#count(record)
    const isKept = await this.#append(record)
    if (isKept) this.recorded.emit(record)
    return isKept
  }

  /** Counts a refusal, and keeps the first of each agreement, reason and hour. */
  refuse (record: AccessRecord): void {
    for (const reason of record.reasons) {
      // A reason names a term or a fact, which others choose: of many only the code is kept apart.
      const name = this.refusals.has(reason) || this.refusals.size < REASONS_KEPT_MAX ? reason : reason.split(' ')[0] ?? reason
      this.refusals.set(name, (this.refusals.get(name) ?? 0) + 1)
    }
    const hourMs = record.timeMs - record.timeMs % HOUR_MS
    if (hourMs !== this.#hourMs) this.#sampled = new Set()
    this.#hourMs = hourMs
    const name = `${record.agreementId ?? `${record.requester ?? ''} ${record.publisher}/${record.datasetId}`} ${record.reasons[0] ?? ''}`
    if (this.#sampled.has(name) || this.#sampled.size >= SAMPLED_MAX || !this.#isCounted) return
    this.#sampled.add(name)
    void this.#append(record)
  }

  async #append (record: AccessRecord): Promise<boolean> {
    const feed = await this.#ownFeed()
    if (feed === undefined) return false
    this.#underWay++
    const appended = await this.#options.writer.append(feed, [encodeAccess(record)], { flush: true }).finally(() => { this.#underWay-- })
    if (!appended.ok) return false
    this.#next = Math.max(this.#next, appended.value.first + 1)
    if (++this.#uncounted >= COUNTED_RECORDS) await this.#keepCounts()
    return true
  }

  #ownFeed (): Promise<Feed | undefined> {
    if (this.#feed !== undefined && this.#feed.status !== 'frozen') return Promise.resolve(this.#feed)
    this.#declaring ??= this.#options.declare().then(feed => {
      this.#feed = feed
      return feed
    }).finally(() => { this.#declaring = undefined })
    return this.#declaring
  }

  #held (): Feed | undefined {
    return [...this.#options.feeds.all()]
      .filter(({ role, status, declaration }) => role === 'writer' && status !== 'frozen' && declaration.datasetId === ACCESS_DATASET_ID && declaration.class === ACCESS_CLASS)
      .toSorted((a, b) => b.declaration.createdMs - a.declaration.createdMs)[0]
  }

  // --- Counting ----------------------------------------------------------------------------------------------------

  async #countAll (feed: Feed): Promise<void> {
    if (feed.status !== 'open') return
    this.#isCounting = true
    try {
      await this.#fold(feed)
      this.#isCounted = true
    } finally {
      this.#isCounting = false
    }
  }

  async #fold (feed: Feed): Promise<void> {
    const kept = await this.#options.store.get(COUNTED)
    const decoded = kept.state === 'found' ? decodeCanonical(kept.value, countedSchema, COUNT_BYTES_MAX) : undefined
    const isSame = decoded?.ok === true && decoded.value.feed === feed.key
    // A feed that goes on for one that was lost begins with what was counted of that.
    this.#counts = new Map(this.#kept)
    this.#next = isSame ? decoded.value.next : 0
    for await (const { mediaType, body, number } of recordsOf(this.#options, feed, this.#next, readableEnd(feed))) {
      const access = mediaType === ACCESS_MEDIA_TYPE ? decodeAccess(body) : undefined
      if (access?.ok === true) this.#count(access.value)
      this.#next = number + 1
    }
  }

  #count ({ agreementId, outcome, timeMs, requests, records }: AccessRecord): void {
    if (agreementId === null || outcome === 'refused') return
    const dayMs = dayOf(timeMs)
    const before = this.#counts.get(agreementId) ?? { agreementId, ...NOTHING, dayMs }
    const today = before.dayMs === dayMs ? before : { ...before, dayMs, requestsToday: 0, recordsToday: 0 }
    this.#changed.add(agreementId)
    this.#counts.set(agreementId, {
      agreementId, dayMs, requests: before.requests + requests, requestsToday: today.requestsToday + requests, recordsToday: today.recordsToday + records
    })
  }

  /** Only while nothing is on its way to the feed: what was counted and what the feed holds up to `next` are then the same. */
  async #keepCounts (): Promise<void> {
    const feed = this.#feed
    if (feed === undefined || this.#uncounted === 0 || this.#underWay > 0) return
    this.#uncounted = 0
    const rows: Row[] = [...this.#changed].flatMap(agreementId => {
      const count = this.#counts.get(agreementId)
      return count === undefined ? [] : [{ type: 'put' as const, key: accessCountKey(utf8(agreementId)), value: encodeCanonical(count) }]
    })
    this.#changed.clear()
    await this.#options.store.commit([...rows, { type: 'put', key: COUNTED, value: encodeCanonical({ feed: feed.key, next: this.#next }) }])
  }
}

function dayOf (timeMs: number): number {
  return timeMs - timeMs % DAY_MS
}
