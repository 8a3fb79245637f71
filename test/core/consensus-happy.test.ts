import { strict as assert } from 'node:assert'
import { viewOf } from '../../src/core/consensus/index.ts'
import { createWorld } from './consensus.fixture.ts'

const FOUR = ['ada', 'bo', 'cy', 'di']

describe('consensus', () => {
  it('makes what one validator submits final on all, in the same order', () => {
    const world = createWorld(FOUR)
    world.startAll()
    world.run(1_000)
    world.submit('ada', 'one', 'two')
    world.run(2_000)
    world.submit('cy', 'three')
    world.run(5_000)
    for (const name of FOUR) {
      assert.deepEqual(world.said(name), ['one', 'two', 'three'])
      assert.deepEqual(world.digests(name), world.digests('ada'))
    }
  })

  it('needs three hops to finality where the leader has the transaction', () => {
    const world = createWorld(FOUR, [], { profile: { batchWindowMs: 0 } })
    world.startAll()
    world.run(1_000)
    const from = world.nowMs
    for (const name of FOUR) world.submit(name, 'now')
    world.run(3 * 20)
    assert.equal(world.nowMs - from, 60)
    for (const name of FOUR) assert.deepEqual(world.said(name), ['now'])
  })

  it('passes over a dead leader, and is final without it', () => {
    const world = createWorld(FOUR)
    world.startAll()
    world.run(1_000)
    world.crash('bo')
    for (const text of ['a', 'b', 'c', 'd', 'e']) {
      world.submit('ada', text)
      world.run(10_000)
    }
    for (const name of ['ada', 'cy', 'di']) assert.deepEqual(world.said(name), ['a', 'b', 'c', 'd', 'e'])
  })

  it('says nothing while there is nothing to decide, and has one deadline, the heartbeat', () => {
    const world = createWorld(FOUR)
    world.startAll()
    world.submit('ada', 'one')
    world.run(60_000)
    const before = world.sent.length
    world.run(5 * 3_600_000)
    assert.equal(world.sent.length, before)
    for (const name of FOUR) {
      const timers = world.member(name).effects.flatMap(each => each.type === 'timer' ? [each.atMonotonicMs] : [])
      assert.ok((timers.at(-1) ?? 0) > 6 * 3_600_000 - 60_000)
    }
    const height = world.height('ada')
    world.run(2 * 3_600_000)
    assert.equal(world.height('ada'), height + 1, 'one empty block is the heartbeat')
  })

  it('decides alone where it is the only validator', () => {
    const world = createWorld(['ada'])
    world.startAll()
    world.submit('ada', 'alone')
    world.run(1_000)
    assert.deepEqual(world.said('ada'), ['alone'])
    const state = world.member('ada').state
    assert.ok(state !== undefined)
    assert.equal(viewOf(state).role, 'validator')
  })

  it('spends 51 messages on a block among four', () => {
    const world = createWorld(FOUR, [], { profile: { batchWindowMs: 0 } })
    world.startAll()
    world.run(10_000)
    const before = world.sent.length
    const height = world.height('ada')
    for (let i = 0; i < 20; i++) {
      for (const name of FOUR) world.submit(name, `text ${i}`)
      world.run(1_000)
    }
    const puts = 20 * 4 * 3
    const blocks = world.height('ada') - height
    assert.equal(blocks, 20)
    assert.ok((world.sent.length - before - puts) / blocks <= 51, `${(world.sent.length - before - puts) / blocks} messages a block`)
  })
})
