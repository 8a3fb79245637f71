import type { Client, Dataset, Failure } from '../../sdk/index.ts'
import { Meter } from '../transfer/index.ts'

const TIMEOUT_MS = 3_600_000

/** Fetches a dataset to this node, until it is here, somebody stops it, or an hour passed. */
export class Fetching {
  readonly meter: Meter = new Meter()
  failure = $state.raw<Failure | null>(null)
  readonly #client: Client
  readonly #reference: string
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
    this.meter.show('looking', { done: 0, total: null, unit: 'segments' })
    const fetched = await this.#client.fetch(this.#reference, { timeoutMs: TIMEOUT_MS, signal: stopping.signal }, progress => { this.meter.show(progress.phase, progress) })
    if (this.#stopping !== stopping) return null
    this.stop()
    if (!fetched.ok) this.failure = fetched.failure
    return fetched.ok ? fetched.value : null
  }

  stop (): void {
    this.#stopping?.abort()
    this.#stopping = undefined
    this.meter.end()
  }
}
