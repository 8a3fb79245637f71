import { fail, type Result } from '../../base/index.ts'
import type { SqlFailure } from '../contract/index.ts'
import { WAITING_MAX } from './limits.ts'

/** Questions that are reckoned a few at a time, in the order in which they came. */
export class Turns {
  readonly #runningMax: number
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor (runningMax: number) {
    this.#runningMax = runningMax
  }

  /** Nothing is begun for whoever left while it waited. */
  async take<T> (work: () => Promise<Result<T, SqlFailure>>, signal: AbortSignal | undefined): Promise<Result<T, SqlFailure>> {
    if (this.#running < this.#runningMax) this.#running++
    else if (this.#waiting.length >= WAITING_MAX) return fail({ code: 'limit', reason: 'too many questions wait already', hint: 'ask again in a moment' })
    // Whoever is through hands its place on.
    else await new Promise<void>(resolve => { this.#waiting.push(resolve) })
    try {
      return signal?.aborted === true ? fail({ code: 'limit', reason: 'whoever asked has left', hint: 'ask again' }) : await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#running--
      else next()
    }
  }
}
