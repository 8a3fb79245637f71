import { strict as assert } from 'node:assert'
import { Breaches, CreditPool, LIMITS, TokenBucket } from '../../src/host/libp2p/limits.ts'

describe('the limits of the network', () => {
  it('share the credit of a node among peers, and leave one stream to each', async () => {
    let woken = 0
    const pool = new CreditPool({ ...LIMITS, creditPerNodeMax: 100, creditPerStreamMax: 10 }, () => { woken += 1 })
    const [a, b, c] = [pool.of('a'), pool.of('b'), pool.of('c')]
    assert.equal(a.take(60), true)
    assert.equal(b.take(51), false, 'more than half')
    assert.equal(b.take(40), true)
    assert.equal(c.take(1), false, 'nothing left')
    a.give(20)
    assert.equal(c.take(10), true)
    assert.equal(a.take(1), false, 'more than a third')
    assert.equal(pool.heldBytes, 90)
    await Promise.resolve()
    assert.equal(woken, 1)
  })

  it('let a burst through and then a steady rate', () => {
    const bucket = new TokenBucket(10, 20, 0)
    const pass = (nowMs: number): number => Array.from({ length: 100 }, () => bucket.take(nowMs)).filter(Boolean).length
    assert.deepEqual([pass(0), pass(500), pass(100_000)], [20, 5, 20])
  })

  it('call a peer misbehaving after ten breaches in ten minutes, for an hour', () => {
    let nowMs = 0
    const breaches = new Breaches(LIMITS, () => nowMs)
    for (let count = 0; count < 9; count++) assert.equal(breaches.add('a'), false)
    nowMs = 10 * 60_000
    assert.equal(breaches.add('a'), false, 'the first nine are too long ago')
    for (let count = 0; count < 8; count++) assert.equal(breaches.add('a'), false)
    assert.equal(breaches.add('a'), true)
    assert.equal(breaches.isMisbehaving('a'), true)
    nowMs += 60 * 60_000
    assert.equal(breaches.isMisbehaving('a'), false)
  })
})
