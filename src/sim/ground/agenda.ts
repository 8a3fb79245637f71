type Entry = { readonly atMs: number, readonly order: number, readonly run: () => void }

/** The virtual clock: what shall happen, by time and then in the order in which it was put down. */
export class Agenda {
  readonly #heap: Entry[] = []
  #order = 0
  #nowMs = 0

  get nowMs (): number {
    return this.#nowMs
  }

  get size (): number {
    return this.#heap.length
  }

  at (atMs: number, run: () => void): void {
    const heap = this.#heap
    const entry = { atMs: Math.max(atMs, this.#nowMs), order: this.#order++, run }
    let index = heap.push(entry) - 1
    while (index > 0) {
      const above = (index - 1) >> 1
      const parent = heap[above]
      if (parent === undefined || isBefore(parent, entry)) break
      heap[index] = parent
      index = above
    }
    heap[index] = entry
  }

  after (delayMs: number, run: () => void): void {
    this.at(this.#nowMs + delayMs, run)
  }

  /** Runs all that happens until then; `isOver` ends it early. */
  runUntil (untilMs: number, isOver: () => boolean = () => false): void {
    for (let first = this.#heap[0]; first !== undefined && first.atMs <= untilMs && !isOver(); first = this.#heap[0]) {
      this.#removeFirst()
      this.#nowMs = first.atMs
      first.run()
    }
    if (!isOver()) this.#nowMs = Math.max(this.#nowMs, untilMs)
  }

  #removeFirst (): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let index = 0
    for (;;) {
      const [left, right] = [heap[2 * index + 1], heap[2 * index + 2]]
      if (left === undefined) break
      const [child, at] = right !== undefined && isBefore(right, left) ? [right, 2 * index + 2] : [left, 2 * index + 1]
      if (isBefore(last, child)) break
      heap[index] = child
      index = at
    }
    heap[index] = last
  }
}

function isBefore (a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}
