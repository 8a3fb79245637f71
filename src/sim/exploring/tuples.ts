import { assert } from '../../base/index.ts'

const CHUNK = 1 << 18

/** A set of tuples of whole numbers, each with the place of the one it came from. Compared number by number: none is ever mistaken. */
export class Tuples {
  readonly #width: number
  readonly #chunks: Int32Array[] = []
  #slots = new Int32Array(1 << 20).fill(-1)
  #size = 0

  constructor (width: number) {
    this.#width = width
  }

  get size (): number {
    return this.#size
  }

  /** Approximate memory that is held. */
  get bytes (): number {
    return this.#slots.byteLength + this.#chunks.length * CHUNK * (this.#width + 1) * 4
  }

  /** Whether it was new. */
  add (tuple: readonly number[], parent: number): boolean {
    if (this.#size * 2 > this.#slots.length) this.#grow()
    const slot = this.#slotOf(tuple)
    if ((this.#slots[slot] ?? -1) >= 0) return false
    this.#slots[slot] = this.#size
    const [chunk, at] = this.#locate(this.#size, true)
    chunk.set(tuple, at)
    chunk[at + this.#width] = parent
    this.#size++
    return true
  }

  at (index: number): readonly number[] {
    const [chunk, at] = this.#locate(index, false)
    return [...chunk.subarray(at, at + this.#width)]
  }

  parentOf (index: number): number {
    const [chunk, at] = this.#locate(index, false)
    return chunk[at + this.#width] ?? -1
  }

  #locate (index: number, mayGrow: boolean): readonly [Int32Array, number] {
    const number = Math.floor(index / CHUNK)
    if (mayGrow && number === this.#chunks.length) this.#chunks.push(new Int32Array(CHUNK * (this.#width + 1)))
    const chunk = this.#chunks[number]
    assert(chunk !== undefined, 'a tuple is held')
    return [chunk, (index % CHUNK) * (this.#width + 1)]
  }

  #slotOf (tuple: readonly number[]): number {
    const mask = this.#slots.length - 1
    let hash = 0x811c9dc5
    for (const each of tuple) hash = Math.imul(hash ^ each, 0x9e3779b1) ^ (hash >>> 15)
    let slot = (hash ^ (hash >>> 13)) & mask
    for (let held = this.#slots[slot] ?? -1; held >= 0 && !this.#isSame(held, tuple); held = this.#slots[slot] ?? -1) slot = (slot + 1) & mask
    return slot
  }

  #isSame (index: number, tuple: readonly number[]): boolean {
    const [chunk, at] = this.#locate(index, false)
    return tuple.every((each, offset) => chunk[at + offset] === each)
  }

  #grow (): void {
    this.#slots = new Int32Array(this.#slots.length * 2).fill(-1)
    for (let index = 0; index < this.#size; index++) this.#slots[this.#slotOf(this.at(index))] = index
  }
}
