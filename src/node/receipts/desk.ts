import type { Clock, Log } from '../../host/index.ts'
import type { AccessLog } from '../access/index.ts'
import type { Standings } from '../doors/index.ts'
import type { Feeds } from '../feeds/index.ts'
import type { Periods } from './periods.ts'
import type { Receipts } from './receipts.ts'
import { nextDayMs, type Retention } from './retention.ts'

/** A day's root waits this long after midnight for what is just being written. */
const CLOSE_AFTER_MS = 60_000
/** Whatever is due is looked at so often at least: what could not be said is said again. */
const LOOK_EVERY_MS = 3_600_000
const GATHER_MS = 100

export type DeskOptions = {
  readonly own: string
  readonly receipts: Receipts
  readonly retention: Retention
  readonly periods: Periods
  readonly feeds: Feeds
  readonly standings: Standings
  readonly access: AccessLog
  readonly clock: Clock
  readonly log: Log
  readonly onFatal: (cause: unknown) => void
}

/** Notes what comes and goes, and does in time what agreements demand afterwards. One thing after the other. */
export class ReceiptsDesk {
  readonly #options: DeskOptions
  #stops: readonly (() => void)[] = []
  #cancel: () => void = () => {}
  #wakesAtMs = Infinity
  #turn: Promise<void> = Promise.resolve()
  #isStopped = false
  #toldDay = -1
  /** Agreements that were looked at whole since the start. */
  readonly #agreed = new Set<string>()

  constructor (options: DeskOptions) {
    this.#options = options
  }

  async open (): Promise<void> {
    const { own, receipts, retention, feeds, standings, access, clock } = this.#options
    await receipts.open()
    for (const feed of feeds.all()) await retention.came(feed, true)
    this.#toldDay = dayOf(clock.nowMs())
    this.#stops = [
      feeds.changed.on(feed => { if (feed.role === 'reader') this.#do(() => retention.came(feed)) }),
      access.recorded.on(({ publisher, requester, door, outcome, datasetId, bytes }) => {
        if (publisher === own && requester !== null && door === 'sync' && outcome === 'allowed' && bytes > 0) this.#do(() => retention.served(datasetId, requester))
      }),
      receipts.changed.on(() => this.#wake(GATHER_MS)),
      standings.changed.on(parties => {
        if (parties === undefined) return this.#wake(GATHER_MS)
        const name = `${parties.provider} ${parties.consumer} ${parties.datasetId}`
        // Duties are set on agreements too: only a new one is looked at whole.
        if (this.#agreed.has(name)) return this.#wake(GATHER_MS)
        this.#agreed.add(name)
        this.#do(() => retention.agreed(parties))
      })
    ]
    this.#wake(0)
  }

  async stop (): Promise<void> {
    this.#isStopped = true
    this.#cancel()
    for (const stop of this.#stops) stop()
    await this.#turn
    await this.#options.receipts.stop()
  }

  /** Resolves when all that is due now is done. */
  async settle (): Promise<void> {
    this.#do(() => this.#look())
    await this.#turn
  }

  #do (work: () => Promise<void>): void {
    if (this.#isStopped) return
    this.#turn = this.#turn.then(async () => {
      if (!this.#isStopped) await work()
      this.#wake(GATHER_MS)
    }).catch((cause: unknown) => this.#options.onFatal(cause))
  }

  /** One timer; the sooner time counts. */
  #wake (afterMs: number): void {
    const { clock, onFatal } = this.#options
    const atMs = clock.monotonicMs() + afterMs
    if (this.#isStopped || atMs >= this.#wakesAtMs) return
    this.#cancel()
    this.#wakesAtMs = atMs
    this.#cancel = clock.wake(afterMs, () => {
      this.#wakesAtMs = Infinity
      this.#turn = this.#turn.then(() => this.#look()).catch(onFatal)
    })
  }

  async #look (): Promise<void> {
    if (this.#isStopped) return
    const { retention, periods, clock } = this.#options
    const nowMs = clock.nowMs()
    if (dayOf(nowMs) > this.#toldDay) {
      await retention.tellReceived()
      this.#toldDay = dayOf(nowMs)
    }
    const dueMs = Math.min(await retention.look(), await retention.report(), nextDayMs(nowMs))
    if (nowMs % DAY_MS >= CLOSE_AFTER_MS) await periods.look()
    else this.#wake(CLOSE_AFTER_MS)
    if (!this.#isStopped) this.#wake(Math.max(GATHER_MS, Math.min(LOOK_EVERY_MS, dueMs - clock.nowMs())))
  }
}

const DAY_MS = 86_400_000

function dayOf (timeMs: number): number {
  return Math.floor(timeMs / DAY_MS)
}
