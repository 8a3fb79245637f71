/** Lets so many pieces of work at a time use a peer's stream, first come, first served: its credit and its requests are shared by all. */
export class Lane {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor (width: number = 1) {
    this.#free = width
  }

  async take<T> (work: () => Promise<T>): Promise<T> {
    await this.#enter()
    try {
      return await work()
    } finally {
      this.#leave()
    }
  }

  /** Passes on what comes through the lane. It is free again when the last item has come, whatever is still done with it. */
  async * through<T> (items: AsyncIterable<T>): AsyncGenerator<T> {
    await this.#enter()
    try {
      yield * items
    } finally {
      this.#leave()
    }
  }

  #enter (): Promise<void> {
    if (this.#free === 0) return new Promise(resolve => { this.#waiting.push(resolve) })
    this.#free--
    return Promise.resolve()
  }

  #leave (): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#free++
    else next()
  }
}
