import { strict as assert } from 'node:assert'
import { explore, type ExploreOptions } from '../../src/sim/exploring/index.ts'

const SMALL: ExploreOptions = { nodes: 4, viewsMax: 1, twinLeads: 1, hasRelays: false, statesMax: 3_000 }

describe('exploration', () => {
  it('finds nothing wrong in any order of deliveries, as far as it goes', () => {
    const { violations, states } = explore(SMALL)
    assert.deepEqual(violations, [])
    assert.ok(states >= SMALL.statesMax, `${states} states`)
  })

  it('explores the same again for the same options', () => {
    const [first, second] = [explore({ ...SMALL, viewsMax: 3, statesMax: 500 }), explore({ ...SMALL, viewsMax: 3, statesMax: 500 })]
    assert.deepEqual(first, second)
  })

  it('finds the fork that a twin makes of a quorum of two, with the deliveries that lead to it', () => {
    const { violations } = explore({
      ...SMALL, statesMax: 100_000, stop: each => each.violations.some(({ what }) => what.includes('exclude each other')) ? 'a fork' : undefined,
      alter: engine => ({ ...engine, epoch: { ...engine.epoch, set: { ...engine.epoch.set, quorum: 2 } } })
    })
    const fork = violations.find(({ what }) => what.includes('exclude each other'))
    assert.ok(fork !== undefined, violations.map(({ what }) => what).join('\n'))
    assert.ok(fork.path.some(line => line.startsWith('A: ')) && fork.path.some(line => line.includes('T2')), fork.path.join('\n'))
  })

  it('finds votes that contradict each other where an engine forgets that it gave a view up', () => {
    const { violations } = explore({
      ...SMALL, statesMax: 100_000,
      alter: engine => ({
        ...engine, signing: { ...engine.signing, byView: new Map([...engine.signing.byView].map(([view, record]) => [view, { ...record, nullified: false }])) }
      })
    })
    assert.ok(violations.some(({ what }) => /signs 1\/4\/.* beside 1\/3\//.test(what)), violations.map(({ what }) => what).join('\n'))
  })
})
