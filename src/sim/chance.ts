import { readUint, sha256, u64, utf8 } from '../base/index.ts'

/** Chance that follows from a seed. */
export type Chance = {
  /** From 0 to below 1. */
  next (): number
  /** An integer from 0 to below `bound`. */
  below (bound: number): number
  between (from: number, to: number): number
  happens (probability: number): boolean
  oneOf<T> (choices: readonly T[]): T
  shuffled<T> (all: readonly T[]): readonly T[]
}

/**
 * sfc32 (Chris Doty-Humphrey, PractRand), one stream for each concern: one more draw in one of them shifts nothing in another.
 */
export function chanceOf (seed: number, concern: string): Chance {
  const digest = sha256(u64(seed), utf8(concern))
  const word = (at: number): number => (readUint(digest, at, 4) ?? 0) | 0
  let [a, b, c, counter] = [word(0), word(4), word(8), 1]
  const next = (): number => {
    const sum = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum | 0
    return (sum >>> 0) / 2 ** 32
  }
  const below = (bound: number): number => Math.floor(next() * bound)
  for (let warm = 0; warm < 12; warm++) next()
  return {
    next,
    below,
    between: (from, to) => from + next() * (to - from),
    happens: probability => next() < probability,
    oneOf: choices => {
      const chosen = choices[below(choices.length)]
      if (chosen === undefined) throw new RangeError('nothing to choose from')
      return chosen
    },
    shuffled: all => {
      const left = [...all]
      for (let at = left.length - 1; at > 0; at--) {
        const other = below(at + 1)
        const [one, two] = [left[at], left[other]]
        if (one !== undefined && two !== undefined) [left[at], left[other]] = [two, one]
      }
      return left
    }
  }
}
