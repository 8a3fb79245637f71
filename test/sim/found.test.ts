import { strict as assert } from 'node:assert'
import { describe as told, runSeed } from '../../src/sim/index.ts'

/** Seeds that once showed a fault of the engine. What they play changes with the engine; what they must show does not. */
const FOUND = [
  { seed: 10_302, what: 'a newcomer that got its seat while nobody answered it' },
  { seed: 10_704, what: 'a crash between the two disks that kept a certificate without the vote in it' },
  { seed: 10_775, what: 'a learner that heard of an epoch before it came there itself' },
  { seed: 11_721, what: 'a record of own votes that begins within a view, where the finality that ended it was lost' },
  { seed: 12_985, what: 'a learner that heard of a seal by a block that nobody keeps' }
] as const

describe('seeds that found something', () => {
  for (const { seed, what } of FOUND) {
    it(`${seed}: bears ${what}`, () => {
      const verdict = runSeed({ seed })
      assert.equal(verdict.verdict, 'held', told({ seed }, verdict).join('\n'))
    })
  }
})
