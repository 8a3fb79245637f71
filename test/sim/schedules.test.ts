import { strict as assert } from 'node:assert'
import { FATES, playLife, type Broken, type Life } from '../../src/sim/schedules/index.ts'
import { SEED } from '../support/chance.ts'

const COUNT = 2_000

function lives (from: number, count: number, broken?: Broken): readonly (Life & { readonly seed: number })[] {
  return Array.from({ length: count }, (_, at) => ({ seed: from + at, ...playLife(from + at, broken) }))
}

function told ({ seed, fate, violations }: Life & { readonly seed: number }): string {
  return `node scripts/schedules.ts --count 1 --seed ${seed}   (${fate}: ${violations.join('; ')})`
}

describe('lives of a signer', () => {
  const from = SEED % 1_000_000_000

  it(`contradict themselves in none of ${COUNT} schedules of crash, restore and clone, beginning with seed ${from}`, () => {
    const all = lives(from, COUNT)
    assert.deepEqual(all.filter(each => each.violations.length > 0).map(told), [])
    for (const fate of FATES) {
      const some = all.filter(each => each.fate === fate)
      assert.ok(some.some(each => each.signatures > 3) && some.some(each => each.finals > 0), `${fate}: votes and finality`)
    }
    assert.ok(all.filter(each => each.fate === 'power' && each.locks === 0).length > COUNT / 4, 'crashes alone lock nobody, as a rule')
    assert.ok(all.some(each => each.fate === 'cut off' && each.isProven), 'a clone that is cut off is found out by its votes')
    for (const fate of ['marked', 'unmarked', 'clone', 'no signer'] as const) assert.ok(all.some(each => each.fate === fate && each.locks > 0), `${fate} locks`)
  })

  it('are the same again for the same seed', () => {
    assert.deepEqual(lives(1, 20), lives(1, 20))
  })

  for (const broken of ['keeps no votes', 'syncs too late'] as const) {
    it(`contradict themselves where the disk ${broken}`, () => {
      const power = lives(1, 300, broken).filter(each => each.fate === 'power')
      assert.ok(power.some(each => each.conflicts.length > 0), 'votes that contradict each other')
      assert.ok(power.some(each => each.violations.some(sentence => sentence.includes('left before its row was synced'))), 'votes that leave too early')
    })
  }
})
