import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { Ring } from '../../src/web/live/ring.ts'
import { Sampler, SHOWN_PER_SECOND } from '../../src/web/live/sampler.ts'

describe('what is kept of a live stream', () => {
  it('is always the last of what came, newest first', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 20 }), fc.array(fc.integer(), { maxLength: 60 }), (size, items) => {
      const ring = new Ring<number>(size)
      for (const item of items) ring.put(item)
      assert.deepEqual([...ring.newest()], items.slice(-size).toReversed())
      assert.equal(ring.count, Math.min(size, items.length))
    }))
  })

  it('is all of a slow stream, and an even sample of a fast one', () => {
    const shownOf = (perSecond: number): { readonly shown: number, readonly rate: number } => {
      const sampler = new Sampler()
      let shown = 0
      let timeMs = 1_000_000
      for (let at = 0; at < perSecond * 10; at++) {
        timeMs = 1_000_000 + at * 1_000 / perSecond
        if (sampler.take(timeMs) && at >= perSecond * 5) shown++
      }
      return { shown: shown / 5, rate: sampler.perSecond(timeMs) }
    }
    assert.deepEqual(shownOf(20), { shown: 20, rate: 20 })
    const fast = shownOf(1_240)
    assert.equal(fast.shown, SHOWN_PER_SECOND)
    assert.ok(Math.abs(fast.rate - 1_240) < 70, String(fast.rate))
  })

  it('is told to be slow again when nothing comes any more', () => {
    const sampler = new Sampler()
    for (let at = 0; at < 1_000; at++) sampler.take(1_000 + at)
    assert.ok(sampler.perSecond(2_000) > 400)
    assert.equal(sampler.perSecond(60_000), 0)
  })
})
