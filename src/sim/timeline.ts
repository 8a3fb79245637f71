type Entry = { readonly atMs: number, readonly order: number, readonly run: () => void }

/** Virtual time: what is due first happens first, and of two at one time the one that was planned first. */
export class Timeline {
  readonly #heap: Entry[] = []
  #nowMs = 0
  #order = 0

  get nowMs (): number {
    return this.#nowMs
  }

  at (atMs: number, run: () => void): void {
    const entry = { atMs: Math.max(atMs, this.#nowMs), order: this.#order++, run }
    const heap = this.#heap
    let place = heap.push(entry) - 1
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = heap[above]
      if (parent === undefined || !isBefore(entry, parent)) break
      heap[place] = parent
      place = above
    }
    heap[place] = entry
  }

  after (delayMs: number, run: () => void): void {
    this.at(this.#nowMs + delayMs, run)
  }

  /** Lets time pass. Stretches in which nothing is due cost nothing. */
  runUntil (untilMs: number): void {
    for (let first = this.#heap[0]; first !== undefined && first.atMs <= untilMs; first = this.#heap[0]) {
      this.#take()
      this.#nowMs = first.atMs
      first.run()
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs)
  }

  #take (): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let place = 0
    for (;;) {
      const [left, right] = [heap[2 * place + 1], heap[2 * place + 2]]
      const isRight = left !== undefined && right !== undefined && isBefore(right, left)
      const child = isRight ? right : left
      if (child === undefined || !isBefore(child, last)) break
      heap[place] = child
      place = 2 * place + (isRight ? 2 : 1)
    }
    heap[place] = last
  }
}

function isBefore (a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}
