import { randomInt } from 'node:crypto'
import fc from 'fast-check'

/** Carries it into processes that a run begins: nodes are among them, which refuse variables of the beginning `HANSE_` that they do not know. */
const CARRIED = 'TEST_SEED'
const asked = process.env['HANSE_SEED'] ?? process.env[CARRIED]

/**
 * The seed of this run: all that tests draw follows from it, those of fast-check too. Another each time, unless `HANSE_SEED`
 * names one; processes that a run begins have the same. The report says it at its end.
 */
export const SEED: number = asked === undefined ? randomInt(2 ** 31) : Number(asked)

// Mocha loads this file in every process of a run, the first of them before it begins the others.
process.env[CARRIED] = String(SEED)
delete process.env['HANSE_SEED']
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: SEED })

/** Numbers from 0 to below 1 that follow from a seed (mulberry32). */
export function randomFrom (seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
