import type { Result } from '../../base/index.ts'
import { failed } from './broken.ts'
import { FIRST_BYTE_TIMEOUT_MS, TOTAL_TIMEOUT_MS } from './limits.ts'
import type { SafeAnswer, SafeFailure, SafeRequest } from './types.ts'

/** The time that a request has, to its first byte and in all, and the caller's wish to end it. */
export class Deadline {
  readonly #stop = new AbortController()
  readonly #first: NodeJS.Timeout
  readonly #total: NodeJS.Timeout
  readonly #caller: AbortSignal | undefined
  readonly #onCaller = (): void => { this.#stop.abort() }

  constructor ({ firstByteTimeoutMs = FIRST_BYTE_TIMEOUT_MS, timeoutMs = TOTAL_TIMEOUT_MS, signal }: SafeRequest) {
    this.#first = setTimeout(() => { this.#stop.abort() }, Math.min(firstByteTimeoutMs, timeoutMs))
    this.#total = setTimeout(() => { this.#stop.abort() }, timeoutMs)
    this.#caller = signal
    if (signal?.aborted === true) this.#stop.abort()
    signal?.addEventListener('abort', this.#onCaller)
  }

  get signal (): AbortSignal {
    return this.#stop.signal
  }

  get failure (): SafeFailure {
    const late = this.#caller?.aborted === true ? failed('cancelled', 'interrupted') : failed('timeout', 'no answer in time')
    return late.failure
  }

  /** What `work` comes to, or that it is too late for it: a resolver is waited for no longer than a server. */
  race (work: Promise<Result<SafeAnswer, SafeFailure>>): Promise<Result<SafeAnswer, SafeFailure>> {
    return new Promise((resolve, reject) => {
      const late = (): void => { resolve({ ok: false, failure: this.failure }) }
      if (this.signal.aborted) late()
      this.signal.addEventListener('abort', late)
      work.then(answer => {
        this.signal.removeEventListener('abort', late)
        resolve(answer)
      }, reject)
    })
  }

  /** The first byte is there. */
  arrived (): void {
    clearTimeout(this.#first)
  }

  end (): void {
    clearTimeout(this.#first)
    clearTimeout(this.#total)
    this.#caller?.removeEventListener('abort', this.#onCaller)
  }
}
