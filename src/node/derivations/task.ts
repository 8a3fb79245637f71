import { assert, fail, ok, type Result } from '../../base/index.ts'
import {
  beginDerivation, encodeState, operationOf, resumeDerivation, type Derivation, type DerivationFailure, type Tally
} from '../../core/derivation/index.ts'
import type { FeedRecord, SegmentSource } from '../../core/feed/index.ts'
import type { Clock, Store } from '../../host/index.ts'
import { refusalOf } from '../doors/index.ts'
import type { Federation } from '../federation/index.ts'
import { Signal, type Feed } from '../feeds/index.ts'
import { failureOf } from '../publishing/index.ts'
import { Incomplete, recordsOf } from '../reading/index.ts'
import { derivationProgressKey } from '../rows/index.ts'
import { decodeProgress, encodeProgress, type Plan, type Progress } from './progress.ts'

/** What goes into one append, and how many records of the source are gone through at most until it is noted where it stands. */
const PORTION_RECORDS = 1_024
const PORTION_BYTES = 1 << 20
const SOURCE_RECORDS_MAX = 16_384
/** When nothing tells that what was missing is there. */
const RETRY_MS = 60_000

/** `following`: as far as the source and the recipe let it. `waiting`: something is missing. `ended`: it takes no more. */
export type Standing = { readonly state: 'following' | 'waiting' | 'ended', readonly because: string | null }

export type Stop = { readonly state: 'waiting' | 'ended', readonly because: string }

/** The source as the plan names it, and the number behind its last record; or why there is none to be taken. */
export type SourceNow = Result<{ readonly feed: Feed, readonly end: number }, Stop>

/** Keeps one derivation up to date, until it is stopped or cannot go on. */
export class DerivationTask {
  readonly datasetId: string
  readonly plan: Plan
  readonly feed: Feed
  readonly #options: TaskOptions
  readonly #woken = new Signal<void>()
  #isDue = true
  #isOver = false
  #forgetting: (() => void)[] = []
  #derivation: Derivation
  /** Where it stood when that was last noted. */
  #noted: number
  #standing: Standing = { state: 'following', because: null }

  private constructor (options: TaskOptions, derivation: Derivation) {
    this.#options = options
    this.datasetId = options.datasetId
    this.plan = options.plan
    this.feed = options.feed
    this.#derivation = derivation
    this.#noted = derivation.state.next
  }

  /** Reads where it stands, and appends what a crash has kept from being appended. */
  static async open (options: TaskOptions): Promise<DerivationTask> {
    const { store, datasetId, plan: { recipe, source } } = options
    const read = await store.get(derivationProgressKey(datasetId))
    const task = new DerivationTask(options, beginDerivation(recipe, source.first))
    if (read.state === 'absent') return task
    const progress = read.state === 'found' ? decodeProgress(read.value) : undefined
    const resumed = progress === undefined ? undefined : resumeDerivation(recipe, progress.state)
    if (progress === undefined || resumed?.ok !== true) task.#end('what was kept of how far it came is damaged')
    else if (!progress.feed.equals(options.feed.id)) task.#end('its dataset was published anew meanwhile')
    else {
      task.#derivation = resumed.value
      task.#noted = task.next
      await task.#settle(progress)
    }
    return task
  }

  /** Records of the source that gave a record, or did not, and why. */
  get tally (): Readonly<Tally> {
    return this.#derivation.state.tally
  }

  get standing (): Standing {
    return this.#standing
  }

  /** Number of the next record of the source. */
  get next (): number {
    return this.#derivation.state.next
  }

  /** When it gives the next records, if time alone does. */
  get dueMs (): number | undefined {
    return this.#derivation.dueMs
  }

  /** Something has changed that it may wait for. */
  wake (): void {
    this.#isDue = true
    this.#woken.emit()
  }

  /** Has the note of where it stands lose what was appended last; resolves when it has. */
  async forget (): Promise<void> {
    if (this.#standing.state === 'ended' || this.#isOver) return
    const done = new Promise<void>(resolve => { this.#forgetting.push(resolve) })
    this.wake()
    await done
  }

  /** Resolves when it was stopped, or when it has ended. Throws what the disk throws. */
  async run (signal: AbortSignal): Promise<void> {
    try {
      await this.#run(signal)
    } finally {
      this.#isOver = true
      for (const resolve of this.#forgetting.splice(0)) resolve()
    }
  }

  async #run (signal: AbortSignal): Promise<void> {
    const { clock } = this.#options
    while (!signal.aborted && this.#standing.state !== 'ended') {
      this.#isDue = false
      await this.#forgetNow()
      const followed = await this.#follow(signal)
      if (signal.aborted) return
      this.#standing = followed.ok ? { state: 'following', because: null } : followed.failure
      this.#options.changed()
      if (this.#standing.state === 'ended') return
      const dueMs = followed.ok ? followed.value : clock.nowMs() + RETRY_MS
      const cancel = dueMs === undefined ? () => {} : clock.wake(Math.max(1, dueMs - clock.nowMs()), () => this.wake())
      while (!this.#isDue && !signal.aborted) await this.#woken.next(signal)
      cancel()
    }
  }

  /** Not where something waits to be appended: that would be lost. */
  async #forgetNow (): Promise<void> {
    if (this.#forgetting.length === 0) return
    const { feed } = this.plan.source
    if (this.#standing.state === 'following') await this.#keep([], { feed, from: this.next, to: this.next })
    for (const resolve of this.#forgetting.splice(0)) resolve()
  }

  // --- Following ---------------------------------------------------------------------------------------------------

  /** Takes what there is; then what time it is. Resolves with the time when there may be more. */
  async #follow (signal: AbortSignal): Promise<Result<number | undefined, Stop>> {
    const { doors, own, clock, hasRoom, plan: { source: { publisher, datasetId } } } = this.#options
    const now = this.#options.source()
    if (!now.ok) return now
    const source = now.value
    if (this.feed.status !== 'open') return stop('waiting', `its own feed is ${this.feed.status}`)
    if (!hasRoom()) return stop('waiting', 'less than a twentieth of the disk is free')
    const passage = doors.enter({ door: 'derive', requester: own, asset: { publisher, datasetId } })
    try {
      // Rows are let out by the clock; windows must not close before all that is here has gone into them.
      if (operationOf(this.plan.recipe, 'summarise') === undefined) this.#step({ type: 'time', nowMs: clock.nowMs() })
      while (this.next < source.end && !signal.aborted) {
        const end = Math.min(source.end, this.next + SOURCE_RECORDS_MAX)
        if (!passage.isOpen || !await passage.take({ records: end - this.next, bytes: 0 })) return stop('waiting', refusalOf(passage.decision).reason)
        const taken = await this.#take(source.feed, end, signal)
        if (!taken.ok || taken.value !== undefined) return taken
      }
      if (signal.aborted) return ok(undefined)
      const nowMs = clock.nowMs()
      const isDecided = (this.dueMs ?? Infinity) <= nowMs
      const closed = this.#step({ type: 'time', nowMs })
      assert(closed.ok && closed.value.type === 'taken', 'time is always taken')
      const { records } = closed.value
      // What was decided is noted even where nothing is shown: it must not be decided again with more in it.
      const kept = records.length === 0 && !isDecided ? undefined : await this.#keep(records, this.#lineage(source.feed, this.next))
      return kept === undefined ? ok(this.dueMs) : fail(kept)
    } finally {
      await passage.end()
    }
  }

  /** Takes records up to number `end`. Resolves with the time until which the next has to be kept back, if it has. */
  async #take (source: Feed, end: number, signal: AbortSignal): Promise<Result<number | undefined, Stop>> {
    const from = this.next
    let records: FeedRecord[] = []
    let bytes = 0
    let dueMs: number | undefined
    try {
      for await (const { number, ...record } of recordsOf(this.#options.federation, source, from, end)) {
        if (signal.aborted) return ok(undefined)
        this.#step({ type: 'gone', below: number })
        const stepped = this.#step({ type: 'record', number, record })
        if (!stepped.ok) {
          const kept = await this.#keep(records, this.#lineage(source, from))
          return kept === undefined ? stop('ended', reasonOf(stepped.failure)) : fail(kept)
        }
        if (stepped.value.type === 'early') {
          dueMs = stepped.value.dueMs
          break
        }
        records.push(...stepped.value.records)
        bytes += stepped.value.records.reduce((sum, { body }) => sum + body.length, 0)
        if (records.length < PORTION_RECORDS && bytes < PORTION_BYTES) continue
        const kept = await this.#keep(records, this.#lineage(source, from))
        if (kept !== undefined) return fail(kept)
        records = []
        bytes = 0
      }
    } catch (error) {
      if (!(error instanceof Incomplete)) throw error
      const kept = await this.#keep(records, this.#lineage(source, from))
      const because = error.code === 'sealed' ? 'a part of its source cannot be read: there is no key to it' : 'a part of its source is not here'
      return fail(kept ?? { state: 'waiting', because })
    }
    if (dueMs === undefined) this.#step({ type: 'gone', below: end })
    // Without records to append, going through the source again from the last note gives the same.
    const isDue = records.length > 0 || this.next - this.#noted >= SOURCE_RECORDS_MAX
    const kept = isDue ? await this.#keep(records, this.#lineage(source, from)) : undefined
    return kept === undefined ? ok(dueMs) : fail(kept)
  }

  #step (input: Parameters<Derivation['step']>[0]): ReturnType<Derivation['step']> {
    return this.#derivation.step(input)
  }

  /**
   * What a segment says it was made from. A summary names the whole of its source: how many records of it a window took would be
   * a total over groups that are left out.
   */
  #lineage (source: Feed, from: number): SegmentSource {
    const isSummary = operationOf(this.plan.recipe, 'summarise') !== undefined
    return { feed: source.id, from: isSummary ? 0 : from, to: isSummary ? Number.MAX_SAFE_INTEGER : this.next }
  }

  // --- Keeping -----------------------------------------------------------------------------------------------------

  /** Notes where it stands together with what is to be appended, then appends it: so it is appended once, whatever happens. */
  async #keep (records: readonly FeedRecord[], source: SegmentSource): Promise<Stop | undefined> {
    const { store, federation: { writer } } = this.#options
    const progress: Progress = { feed: this.feed.id, state: encodeState(this.#derivation), at: writer.nextRecordOf(this.feed), pending: records, source }
    await store.commit([{ type: 'put', key: derivationProgressKey(this.datasetId), value: encodeProgress(progress) }])
    this.#noted = this.next
    return this.#append(records, source)
  }

  async #append (records: readonly FeedRecord[], source: SegmentSource | null): Promise<Stop | undefined> {
    if (records.length === 0) return undefined
    const appended = await this.#options.federation.writer.append(this.feed, records, { flush: true, ...source === null ? {} : { source } })
    return appended.ok ? undefined : { state: 'ended', because: failureOf(appended.failure).reason }
  }

  /** Of what was noted, appends what the feed does not have yet. */
  async #settle ({ at, pending, source }: Progress): Promise<void> {
    const done = this.feed.records - at
    if (done < 0 || done > pending.length) {
      this.#end('its feed holds other records than were noted: this folder was brought back from a backup')
      return
    }
    const failed = await this.#append(pending.slice(done), source)
    if (failed !== undefined) this.#standing = failed
  }

  #end (because: string): void {
    this.#standing = { state: 'ended', because }
  }
}

export type TaskOptions = {
  readonly datasetId: string
  readonly plan: Plan
  readonly feed: Feed
  readonly own: string
  readonly federation: Pick<Federation, 'feeds' | 'keyring' | 'writer'>
  readonly doors: Federation['doors']
  readonly store: Store
  readonly clock: Clock
  readonly hasRoom: () => boolean
  readonly source: () => SourceNow
  readonly changed: () => void
}

function stop (state: Stop['state'], because: string): { readonly ok: false, readonly failure: Stop } {
  return fail({ state, because })
}

function reasonOf (failure: DerivationFailure): string {
  switch (failure.code) {
    case 'columns': return `record ${failure.number} of its source names other columns than the recipe: nothing behind it is derived`
    case 'limit': return `its windows hold more than ${failure.itemsMax} groups, entities and values: derive with longer steps, coarser cells or fewer measures`
  }
}
