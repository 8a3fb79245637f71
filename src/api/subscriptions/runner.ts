import { fail, hex, sha256, utf8 } from '../../base/index.ts'
import type { Listening, ListenEnd, NumberedRecord } from '../../node/contract/index.ts'
import type { KeptEntity } from '../entities/index.ts'
import { Looking, type Effort } from '../entityQuery/index.ts'
import { entityOfRecord, fits, search, sourcesNow, type Source } from '../ngsi/index.ts'
import { EFFORT_MAX, FAILURES_MAX, PENDING_BYTES_MAX, PENDING_ENTITIES_MAX, REFUSED_MS, REJOIN_MS, RETRY_MS, RETRY_MS_MAX, TIMER_MS_MAX, WATCHED_ENTITIES_MAX } from './limits.ts'
import { notify } from './notification.ts'
import type { Kept, Plan, SubscriptionPorts } from './types.ts'

type Pending = { readonly kept: KeptEntity, readonly dataset: string, readonly sizeBytes: number }

/**
 * Carries one subscription: listens to the streams that it is about, in the name of its owner, gathers what fits, and tells the
 * endpoint, one notification at a time. Of an entity that changes several times meanwhile the newest counts. A position moves when
 * what lies before it was told of; so after a crash something may be told twice, and nothing is left out.
 */
export class Runner {
  readonly #ports: SubscriptionPorts
  readonly #kept: Kept
  readonly #plan: Plan
  /** What is to be written has changed. */
  readonly #changed: () => void
  readonly #ended = new AbortController()
  /** Ends also the notification that is under way. */
  readonly #cut = new AbortController()
  #sending: Promise<unknown> = Promise.resolve()
  readonly #listening = new Map<string, Listening>()
  /** Numbers up to which records were looked at. */
  readonly #seen = new Map<string, { readonly feed: string, readonly next: number }>()
  readonly #watchedBefore = new Map<string, string>()
  readonly #timers = new Map<string, () => void>()
  #pending = new Map<string, Pending>()
  #pendingBytes = 0
  #roomy: PromiseWithResolvers<void> | undefined
  #isSending = false
  #retryMs = RETRY_MS

  constructor (options: { readonly ports: SubscriptionPorts, readonly kept: Kept, readonly plan: Plan, readonly changed: () => void }) {
    this.#ports = options.ports
    this.#kept = options.kept
    this.#plan = options.plan
    this.#changed = options.changed
  }

  start (): void {
    this.#expireLater()
    if (this.#plan.intervalMs !== null) this.#tickLater()
    else this.look()
  }

  /** Listens to what there is by now, where it does not yet. */
  look (): void {
    if (this.#ended.signal.aborted || this.#plan.intervalMs !== null) return
    const { node } = this.#ports
    for (const source of sourcesNow(node, this.#kept.owner, this.#plan.types)) {
      const { id, distribution: { form }, held: { phase } } = source.dataset
      if (form === 'stream' && phase !== 'frozen' && !this.#listening.has(id)) this.#join(source)
    }
  }

  /** No more is told. What is under way may come to its end, until `cut`. */
  stop (): void {
    this.#ended.abort()
    for (const listening of this.#listening.values()) listening.stop()
    for (const cancel of this.#timers.values()) cancel()
    this.#listening.clear()
    this.#timers.clear()
    this.#roomy?.resolve()
  }

  /** Once nothing is under way any more. */
  async atRest (): Promise<void> {
    await this.#sending
  }

  cut (): void {
    this.#cut.abort()
  }

  #join (source: Source): void {
    const { id, distribution: { feed }, issuedMs } = source.dataset
    const known = this.#seen.get(id) ?? this.#kept.positions.get(id)
    // A stream that is younger than the subscription is told of from its beginning.
    const where = known?.feed === feed ? { from: known.next } : known !== undefined || issuedMs > this.#kept.createdMs ? { from: 0 } : { last: 0 }
    const ended = new AbortController()
    const joined = this.#ports.node.listen(id, where, {
      take: records => this.#take(source, records, ended.signal),
      end: why => {
        ended.abort()
        this.#left(id, why)
      }
    }, this.#kept.owner)
    if (!joined.ok) {
      this.#lookLater(joined.failure.code === 'refused')
      return
    }
    this.#listening.set(id, joined.value)
    if (known?.feed === feed) return
    const position = { feed, next: joined.value.from }
    this.#seen.set(id, position)
    this.#kept.positions.set(id, position)
    this.#changed()
  }

  /** What was gathered of data that may no longer be had is not told. */
  #left (dataset: string, why: ListenEnd | undefined): void {
    this.#listening.delete(dataset)
    if (why === undefined) return
    if (why.code === 'refused' || why.code === 'not-found') {
      for (const [id, pending] of this.#pending) if (pending.dataset === dataset) this.#drop(id, pending)
      this.#ports.log('info', 'a subscription lost the right to a stream', { subscription: this.#kept.id, dataset, reason: why.reason })
    }
    this.#lookLater(why.code === 'refused')
  }

  /** `ended`: nothing of this stream may be told any more. A promise only where it has to be waited for: whoever is waited for is read for anew. */
  #take (source: Source, records: readonly NumberedRecord[], ended: AbortSignal): Promise<void> | undefined {
    const looking = new Looking(EFFORT_MAX)
    const found: Pending[] = []
    const lookFrom = (start: number): Promise<void> | undefined => {
      for (const [at, record] of records.slice(start).entries()) {
        const kept = record.operation === 'put' ? entityOfRecord(source, record, this.#kept.owner) : undefined
        const isMeant = kept === undefined ? false : looking.at(effort => this.#concerns(kept, effort))
        if (isMeant === undefined) return this.#rest('its patterns and places take more looking at than those of a subscription may')
        if (kept !== undefined && isMeant) found.push({ kept, dataset: source.dataset.id, sizeBytes: record.body.length })
        if (looking.isPauseDue) return looking.pause().then(() => lookFrom(start + at + 1))
      }
      return ended.aborted || this.#ended.signal.aborted ? undefined : this.#took(source, records, found)
    }
    return lookFrom(0)
  }

  #took (source: Source, records: readonly NumberedRecord[], found: readonly Pending[]): Promise<void> | undefined {
    for (const pending of found) {
      const { id } = pending.kept.entity
      const before = this.#pending.get(id)
      if (before !== undefined) this.#drop(id, before)
      this.#pending.set(id, pending)
      this.#pendingBytes += pending.sizeBytes
    }
    const last = records.at(-1)
    if (last !== undefined) this.#seen.set(source.dataset.id, { feed: source.dataset.distribution.feed, next: last.number + 1 })
    this.#tell()
    if (this.#pending.size < PENDING_ENTITIES_MAX && this.#pendingBytes < PENDING_BYTES_MAX) return undefined
    this.#roomy ??= Promise.withResolvers()
    return this.#roomy.promise
  }

  #concerns (kept: KeptEntity, effort: Effort): boolean {
    const { selectors, query, geo, watched } = this.#plan
    const common = { attributes: null, query, geo, temporal: undefined }
    const isMeant = selectors.length === 0
      ? fits({ ...common, selector: { types: null, ids: null, idPattern: null } }, kept, effort)
      : selectors.some(selector => fits({ ...common, selector }, kept, effort))
    return isMeant && (watched === null || this.#hasChanged(kept, watched))
  }

  /** Whether one of the watched attributes is other than it was, as far as that is remembered. */
  #hasChanged ({ entity }: KeptEntity, watched: ReadonlySet<string>): boolean {
    const values = [...watched].filter(name => Object.hasOwn(entity, name)).map(name => [name, entity[name]])
    const before = this.#watchedBefore.get(entity.id)
    const now = hex(sha256(utf8(JSON.stringify(values))).subarray(0, 12))
    this.#watchedBefore.delete(entity.id)
    this.#watchedBefore.set(entity.id, now)
    if (this.#watchedBefore.size > WATCHED_ENTITIES_MAX) for (const oldest of this.#watchedBefore.keys()) {
      this.#watchedBefore.delete(oldest)
      break
    }
    return values.length > 0 && before !== now
  }

  #drop (id: string, { sizeBytes }: Pending): void {
    this.#pending.delete(id)
    this.#pendingBytes -= sizeBytes
  }

  #tell (): void {
    if (this.#isSending || this.#ended.signal.aborted || this.#timers.has('tell')) return
    const { progress } = this.#kept
    if (this.#pending.size === 0) {
      this.#settle(new Map(this.#seen))
      return
    }
    const waitMs = progress.lastNotificationMs === null ? 0 : progress.lastNotificationMs + this.#plan.throttlingMs - this.#ports.nowMs()
    if (waitMs > 0) {
      this.#later('tell', waitMs, () => { this.#tell() })
      return
    }
    const batch = this.#pending
    const seen = new Map(this.#seen)
    this.#pending = new Map()
    this.#pendingBytes = 0
    this.#sending = this.#send([...batch.values()].map(({ kept }) => kept)).then(isTold => {
      if (isTold) this.#settle(seen)
      else for (const [id, pending] of batch) {
        if (this.#pending.has(id) || !this.#listening.has(pending.dataset)) continue
        this.#pending.set(id, pending)
        this.#pendingBytes += pending.sizeBytes
      }
      if (this.#pending.size < PENDING_ENTITIES_MAX && this.#pendingBytes < PENDING_BYTES_MAX) {
        this.#roomy?.resolve()
        this.#roomy = undefined
      }
      this.#tell()
    })
  }

  /** False where the endpoint did not take it; after several in a row the subscription rests until somebody changes it. */
  async #send (entities: readonly KeptEntity[]): Promise<boolean> {
    const { progress, id } = this.#kept
    this.#isSending = true
    const sent = await notify(this.#ports, id, this.#plan, entities, this.#cut.signal).catch((cause: unknown) => {
      this.#ports.log('error', 'a notification failed', { subscription: id, error: String(cause) })
      return fail({ code: 'fault', reason: 'the node failed at this notification', hint: 'see its log' })
    })
    this.#isSending = false
    if (this.#cut.signal.aborted && !sent.ok) return false
    const nowMs = this.#ports.nowMs()
    progress.timesSent++
    progress.lastNotificationMs = nowMs
    if (sent.ok) {
      progress.lastSuccessMs = nowMs
      progress.failuresInRow = 0
      this.#retryMs = RETRY_MS
    } else {
      progress.timesFailed++
      progress.failuresInRow++
      progress.lastFailureMs = nowMs
      progress.lastReason = sent.failure.reason.slice(0, 256)
      this.#ports.log('info', 'a notification was not taken', { subscription: id, reason: progress.lastReason, failuresInRow: progress.failuresInRow })
      if (progress.failuresInRow >= FAILURES_MAX) this.stop()
      this.#later('tell', this.#retryMs, () => { this.#tell() })
      this.#retryMs = Math.min(RETRY_MS_MAX, 2 * this.#retryMs)
    }
    this.#changed()
    return sent.ok
  }

  /** What came was not looked at whole: it is, from there on, when somebody has changed the subscription. */
  #rest (reason: string): undefined {
    const { progress, id } = this.#kept
    progress.failuresInRow = FAILURES_MAX
    progress.lastFailureMs = this.#ports.nowMs()
    progress.lastReason = reason
    this.#ports.log('info', 'a subscription rests', { subscription: id, reason })
    this.stop()
    this.#changed()
  }

  #settle (seen: ReadonlyMap<string, { readonly feed: string, readonly next: number }>): void {
    for (const [dataset, position] of seen) {
      const before = this.#kept.positions.get(dataset)
      if (before?.feed === position.feed && before.next >= position.next) continue
      this.#kept.positions.set(dataset, position)
      this.#changed()
    }
  }

  // --- By the clock ------------------------------------------------------------------------------------------------

  #tickLater (): void {
    const { lastNotificationMs } = this.#kept.progress
    const dueMs = (lastNotificationMs ?? this.#kept.createdMs) + (this.#plan.intervalMs ?? 0)
    this.#later('tick', Math.max(0, dueMs - this.#ports.nowMs()), () => { this.#sending = this.#tick() })
  }

  /** Tells of all that fits, whether it changed or not; of nothing, where nothing does. */
  async #tick (): Promise<void> {
    const { selectors, query, geo } = this.#plan
    const entities: KeptEntity[] = []
    for (const selector of selectors) {
      const found = await search(this.#ports.node, this.#kept.owner, { selector, attributes: null, query, geo, temporal: undefined }, { offset: 0, limit: PENDING_ENTITIES_MAX - entities.length, isCounted: false, signal: this.#ended.signal })
      if (found.ok) entities.push(...found.value.entities)
    }
    if (this.#ended.signal.aborted) return
    if (entities.length > 0) await this.#send(entities)
    else this.#kept.progress.lastNotificationMs = this.#ports.nowMs()
    this.#timers.get('tell')?.()
    this.#timers.delete('tell')
    if (!this.#ended.signal.aborted) this.#tickLater()
  }

  #lookLater (isRefused: boolean): void {
    this.#later(isRefused ? 'look again' : 'look', isRefused ? REFUSED_MS : REJOIN_MS, () => { this.look() })
  }

  #expireLater (): void {
    const { expiresMs } = this.#plan
    if (expiresMs === null) return
    this.#later('expire', expiresMs - this.#ports.nowMs(), () => {
      if (expiresMs > this.#ports.nowMs()) this.#expireLater()
      else this.stop()
    })
  }

  #later (name: string, afterMs: number, run: () => void): void {
    if (this.#timers.has(name) || this.#ended.signal.aborted) return
    this.#timers.set(name, this.#ports.schedule(Math.min(TIMER_MS_MAX, Math.max(0, afterMs)), () => {
      this.#timers.delete(name)
      run()
    }))
  }
}
