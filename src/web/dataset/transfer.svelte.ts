import type { Client, Dataset, Failure, Progress } from '../../sdk/index.ts'

/** How a transfer stands, reckoned from what the node says of it. */
export type Transfer = {
  readonly phase: Progress['phase']
  readonly done: number
  readonly total: number | null
  readonly unit: Progress['unit']
  /** Since when it is in this phase. */
  readonly sinceMs: number
  /** Null while there is too little to tell. */
  readonly perSecond: number | null
  readonly remainingMs: number | null
}

/** Rates are of the last while: what was fast a minute ago is no comfort now. */
const RATE_OVER_MS = 10_000
const RATE_FROM_MS = 500

export type Seen = { readonly timeMs: number, readonly done: number }

/** `seen`: what was done when, in this unit, oldest first. */
export function transferAfter (before: Transfer | null, progress: Progress, seen: readonly Seen[], nowMs: number): Transfer {
  const isSame = before !== null && before.phase === progress.phase
  const first = seen.find(({ timeMs }) => nowMs - timeMs <= RATE_OVER_MS)
  const elapsedMs = first === undefined ? 0 : nowMs - first.timeMs
  const perSecond = first === undefined || elapsedMs < RATE_FROM_MS ? null : Math.max(0, progress.done - first.done) / elapsedMs * 1_000
  const missing = progress.total === null ? null : Math.max(0, progress.total - progress.done)
  return {
    ...progress, sinceMs: isSame ? before.sinceMs : nowMs, perSecond,
    remainingMs: missing === null || perSecond === null || perSecond === 0 ? null : missing / perSecond * 1_000
  }
}

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
