import type { ConnectorCounters, ConnectorState, ConnectorStatus } from '../../sdk/index.ts'
import { NOTES_MAX, SENTENCE_LENGTH_MAX } from './limits.ts'
import type { Reporter } from './types.ts'

/** How one connector does. Outlives its runs: counters go on over a restart. */
export class Board implements Reporter {
  readonly #nowMs: () => number
  #state: ConnectorState = 'starting'
  #sinceMs: number
  #counters: ConnectorCounters = { received: 0, stored: 0, duplicates: 0, rejected: 0, gaps: 0 }
  #lastRecordMs: number | null = null
  #lastError: ConnectorStatus['lastError'] = null
  readonly #notes = new Map<string, string>()

  constructor (nowMs: () => number) {
    this.#nowMs = nowMs
    this.#sinceMs = nowMs()
  }

  get status (): ConnectorStatus {
    return {
      state: this.#state, sinceMs: this.#sinceMs, counters: this.#counters, lastRecordMs: this.#lastRecordMs, lastError: this.#lastError,
      notes: [...this.#notes.values()]
    }
  }

  enter (state: ConnectorState): void {
    if (this.#state === state) return
    this.#state = state
    this.#sinceMs = this.#nowMs()
  }

  running (): void {
    this.enter('running')
  }

  waiting (sentence: string): void {
    this.enter('waiting')
    this.error(sentence)
  }

  error (sentence: string): void {
    this.#lastError = { sentence: sentence.slice(0, SENTENCE_LENGTH_MAX), atMs: this.#nowMs() }
  }

  received (count: number): void {
    this.#add({ received: count })
  }

  stored (count: number): void {
    this.taken({ stored: count, duplicates: 0 })
  }

  taken ({ stored, duplicates }: { readonly stored: number, readonly duplicates: number }): void {
    this.#add({ stored, duplicates })
    if (stored > 0) this.#lastRecordMs = this.#nowMs()
  }

  rejected (reason: string, origin: string): void {
    this.#add({ rejected: 1 })
    this.error(`${origin}: ${reason}`)
  }

  gaps (total: number): void {
    this.#counters = { ...this.#counters, gaps: total }
  }

  note (id: string, sentence: string | null): void {
    if (sentence === null) this.#notes.delete(id)
    else if (this.#notes.has(id) || this.#notes.size < NOTES_MAX) this.#notes.set(id, sentence.slice(0, SENTENCE_LENGTH_MAX))
  }

  #add (more: Partial<ConnectorCounters>): void {
    const counters = { ...this.#counters }
    for (const name of ['received', 'stored', 'duplicates', 'rejected'] as const) counters[name] += more[name] ?? 0
    this.#counters = counters
  }
}
