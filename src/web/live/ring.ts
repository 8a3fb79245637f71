/** The last so many of what was put in, in as much memory as it had at the start. */
export class Ring<T> {
  readonly #items: (T | undefined)[]
  #next = 0
  #count = 0

  constructor (size: number) {
    this.#items = Array.from({ length: size }, () => undefined)
  }

  get count (): number {
    return this.#count
  }

  put (item: T): void {
    this.#items[this.#next] = item
    this.#next = (this.#next + 1) % this.#items.length
    this.#count = Math.min(this.#count + 1, this.#items.length)
  }

  clear (): void {
    this.#items.fill(undefined)
    this.#next = 0
    this.#count = 0
  }

  /** Newest first, as long as they are asked for. */
  * newest (): Generator<T> {
    for (let back = 1; back <= this.#count; back++) {
      const item = this.#items[(this.#next - back + this.#items.length) % this.#items.length]
      if (item !== undefined) yield item
    }
  }
}
