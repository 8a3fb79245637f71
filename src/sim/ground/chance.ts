import { assert, sha256, u64, utf8 } from '../../base/index.ts'

/** Numbers that follow from a seed: sfc32. */
export type Chance = {
  /** From 0 up to, not including, 1. */
  next (): number
  /** An integer from `from` to `to`, both included. */
  between (from: number, to: number): number
  isBelow (share: number): boolean
  pick<T> (items: readonly T[]): T
  shuffled<T> (items: readonly T[]): readonly T[]
  bytes (count: number): Uint8Array
}

/** One stream per concern: a draw more in one shifts nothing in the others. */
export function chanceOf (seed: number, concern: string): Chance {
  const start = sha256(utf8('sim'), u64(seed), utf8(concern))
  const word = (at: number): number => new DataView(start.buffer, start.byteOffset).getUint32(at)
  let [a, b, c, count] = [word(0), word(4), word(8), word(12)]
  const next = (): number => {
    const mixed = (a + b + count) | 0
    count = (count + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + mixed) | 0
    return (mixed >>> 0) / 2 ** 32
  }
  const between = (from: number, to: number): number => from + Math.floor(next() * (to - from + 1))
  return {
    next, between,
    isBelow: share => next() < share,
    pick: items => {
      const item = items[between(0, items.length - 1)]
      assert(items.length > 0 && item !== undefined, 'there is something to choose from')
      return item
    },
    shuffled: items => {
      const rest = [...items]
      return items.map(() => rest.splice(between(0, rest.length - 1), 1)).flat()
    },
    bytes: size => Uint8Array.from({ length: size }, () => between(0, 255))
  }
}
