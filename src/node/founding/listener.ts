import { assert } from '../../base/index.ts'
import type { JoinPort, Log } from '../../host/index.ts'

/** Answers a request that is its own; undefined leaves it to the next one. */
type Answerer = (request: Uint8Array) => Promise<Uint8Array | undefined>

export type JoinListenerOptions = {
  readonly join: JoinPort
  readonly transportSeed: Uint8Array
  readonly listen: readonly string[]
  /** Where others find it, when that is not where it listens. */
  readonly announce: readonly string[]
  readonly log: Log
}

/** The one door for those who are not members yet: founders and applicants come to the same address. */
export class JoinListener {
  readonly #options: JoinListenerOptions
  readonly #answerers: Answerer[] = []
  #opening: ReturnType<JoinPort['listen']> | undefined

  constructor (options: JoinListenerOptions) {
    this.#options = options
  }

  /** Those added later are asked first. */
  add (answerer: Answerer): void {
    this.#answerers.unshift(answerer)
  }

  /** Opens the door, if it is not open yet; resolves with where others find it. */
  async open (): Promise<readonly string[]> {
    const { join, transportSeed, listen, announce, log } = this.#options
    this.#opening ??= join.listen({ transportSeed, listen, answer: request => this.#answer(request), log })
    try {
      const { addresses } = await this.#opening
      return announce.length > 0 ? announce : addresses
    } catch (cause) {
      this.#opening = undefined
      throw cause
    }
  }

  async stop (): Promise<void> {
    const listener = await this.#opening?.catch(() => undefined)
    await listener?.stop()
  }

  async #answer (request: Uint8Array): Promise<Uint8Array> {
    for (const answerer of this.#answerers) {
      const answer = await answerer(request)
      if (answer !== undefined) return answer
    }
    assert(false, 'somebody answers every request')
  }
}
