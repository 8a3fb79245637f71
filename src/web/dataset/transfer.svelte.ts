import type { Client, Dataset, Failure, Progress } from '../../sdk/index.ts'
import { RATE_OVER_MS, transferAfter, type Seen, type Transfer } from './progress.ts'

const TIMEOUT_MS = 3_600_000

/** Fetches a dataset to this node, until it is here, somebody stops it, or an hour passed. */
export class Fetching {
  transfer = $state.raw<Transfer | null>(null)
  failure = $state.raw<Failure | null>(null)
  readonly #client: Client
  readonly #reference: string
  #seen: Seen[] = []
  #stopping: AbortController | undefined

  constructor (client: Client, reference: string) {
    this.#client = client
    this.#reference = reference
  }

  /** The dataset, once all of it is here. */
  async run (): Promise<Dataset | null> {
    this.stop()
    const stopping = new AbortController()
    this.#stopping = stopping
    this.failure = null
    this.#seen = []
    this.#take({ phase: 'looking', done: 0, total: null, unit: 'segments' })
    const fetched = await this.#client.fetch(this.#reference, { timeoutMs: TIMEOUT_MS, signal: stopping.signal }, progress => { this.#take(progress) })
    if (this.#stopping !== stopping) return null
    this.#stopping = undefined
    this.transfer = null
    if (!fetched.ok && !stopping.signal.aborted) this.failure = fetched.failure
    return fetched.ok ? fetched.value : null
  }

  stop (): void {
    this.#stopping?.abort()
    this.#stopping = undefined
    this.transfer = null
  }

  #take (progress: Progress): void {
    const nowMs = Date.now()
    if (this.transfer !== null && this.transfer.unit !== progress.unit) this.#seen = []
    this.#seen = [...this.#seen.filter(({ timeMs }) => nowMs - timeMs <= RATE_OVER_MS), { timeMs: nowMs, done: progress.done }]
    this.transfer = transferAfter(this.transfer, progress, this.#seen, nowMs)
  }
}
