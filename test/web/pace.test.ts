import { strict as assert } from 'node:assert'
import { paceOf, withSample, type Sample } from '../../src/web/overview/rate.ts'

const after = (...samples: readonly Sample[]): readonly Sample[] => samples.reduce<readonly Sample[]>(withSample, [])

describe('how fast records come, on the overview', () => {
  it('is said of the last minute', () => {
    assert.equal(paceOf(after({ timeMs: 0, records: 100 }, { timeMs: 5_000, records: 150 })), 10)
    const steady = Array.from({ length: 30 }, (_, at) => ({ timeMs: at * 5_000, records: at < 20 ? 0 : (at - 19) * 50 }))
    assert.equal(paceOf(after(...steady.slice(0, 20))), null)
    assert.equal(Math.round(paceOf(after(...steady)) ?? 0), 9)
  })

  it('is nothing where nothing came, and no negative pace where something was erased', () => {
    assert.equal(paceOf([]), null)
    assert.equal(paceOf(after({ timeMs: 0, records: 7 })), null)
    assert.equal(paceOf(after({ timeMs: 0, records: 7 }, { timeMs: 5_000, records: 7 })), null)
    assert.equal(paceOf(after({ timeMs: 0, records: 7 }, { timeMs: 5_000, records: 3 }, { timeMs: 10_000, records: 13 })), 2)
  })
})
