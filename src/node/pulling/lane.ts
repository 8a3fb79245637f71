/** Lets one piece of bulk work at a time use a peer's stream, first come, first served: its credit is shared by all requests. */
export class Lane {
  #last: Promise<void> = Promise.resolve()
  #waiting = 0

  get isIdle (): boolean {
    return this.#waiting === 0
  }

  async take<T> (work: () => Promise<T>): Promise<T> {
    this.#waiting++
    const turn = this.#last.then(work)
    this.#last = turn.then(() => {}, () => {})
    try {
      return await turn
    } finally {
      this.#waiting--
    }
  }
}
