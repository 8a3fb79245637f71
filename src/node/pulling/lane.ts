/** Lets one piece of bulk work at a time use a peer's stream, first come, first served: its credit is shared by all requests. */
export class Lane {
  #last: Promise<void> = Promise.resolve()

  async take<T> (work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work)
    this.#last = turn.then(() => {}, () => {})
    return turn
  }

  /** Passes on what comes through the lane. It is free again when the last item has come, whatever is still done with it. */
  async * through<T> (items: AsyncIterable<T>): AsyncGenerator<T> {
    let leave = (): void => {}
    const isLeft = new Promise<void>(resolve => { leave = resolve })
    const before = this.#last
    this.#last = before.then(() => isLeft)
    try {
      await before
      yield * items
    } finally {
      leave()
    }
  }
}
