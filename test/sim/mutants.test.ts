import { strict as assert } from 'node:assert'
import { MUTANTS } from '../mutants/mutants.ts'
import { firstFailure, seedsOf } from '../mutants/runner.ts'

/** In every check the known seed first, then some more; `scripts/mutants.ts` goes on to the limit. */
const SEEDS = 25
const SOUND_SEEDS = 2

describe('rule mutations', function () {
  for (const mutant of MUTANTS) {
    it(`the simulation notices an engine that ${mutant.name}`, async () => {
      const caught = await firstFailure(mutant.edits, mutant.options, seedsOf(mutant).slice(0, SEEDS))
      assert.notEqual(caught, undefined, 'no seed failed: the simulation no longer sees this')
    })
  }

  it('and finds nothing in the engine as it is, with the same seeds', async () => {
    for (const mutant of MUTANTS) {
      assert.equal(await firstFailure([], mutant.options, seedsOf(mutant).slice(0, SOUND_SEEDS)), undefined, mutant.name)
    }
  })
})
