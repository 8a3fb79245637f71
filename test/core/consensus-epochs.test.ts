import { strict as assert } from 'node:assert'
import { hex } from '../../src/base/index.ts'
import { adoptSnapshot, viewOf } from '../../src/core/consensus/index.ts'
import { FLUSH, SEAL, verifyFinality, realScheme, type Anchor } from '../../src/core/finality/index.ts'
import { appendLog, createWorld, FEDERATION, keyOf, nodeOf, SCHEME, seatOf, type World } from './consensus.fixture.ts'

const FOUR = ['ada', 'bo', 'cy', 'di']

function roleOf (world: World, name: string): string {
  const { state } = world.member(name)
  assert.ok(state !== undefined)
  return viewOf(state).role
}

describe('epochs', () => {
  it('add a seat: the learner follows before, and votes after the seal', () => {
    const world = createWorld(FOUR, ['ed'])
    world.startAll()
    world.submit('ada', 'one')
    world.run(5_000)
    assert.deepEqual(world.said('ed'), ['one'], 'a learner is told what is final')
    assert.equal(roleOf(world, 'ed'), 'learner')
    world.submit('ada', 'seats:ada,bo,cy,di,ed')
    world.run(20_000)
    for (const name of [...FOUR, 'ed']) {
      assert.equal(world.member(name).state?.epoch.number, 1)
      assert.equal(roleOf(world, name), 'validator')
    }
    world.crash('bo')
    world.submit('ed', 'by ed')
    world.run(20_000)
    for (const name of ['ada', 'cy', 'di', 'ed']) assert.ok(world.said(name).includes('by ed'))
    assert.deepEqual(world.digests('ed'), world.digests('ada'))
  })

  it('remove a seat: who lost it still follows, and its votes count no more', () => {
    const world = createWorld([...FOUR, 'ed'])
    world.startAll()
    world.run(1_000)
    world.submit('ada', 'seats:ada,bo,cy,di')
    world.run(20_000)
    assert.equal(roleOf(world, 'ed'), 'learner')
    world.submit('bo', 'after')
    world.run(10_000)
    for (const name of [...FOUR, 'ed']) assert.ok(world.said(name).includes('after'))
    assert.ok(!world.member('ed').effects.some(each => each.type === 'alarm'))
  })

  it('end with a seal that proves the next validators, and never hand out what lies below it', () => {
    const world = createWorld(FOUR, ['ed'])
    world.startAll()
    world.run(1_000)
    world.submit('ada', 'seats:ada,bo,cy,ed')
    world.run(20_000)
    world.submit('ada', 'after')
    world.run(10_000)
    const { final, seals } = world.member('di')
    assert.deepEqual(final.map(each => each.block.header.height), final.map((_, index) => index + 1), 'heights have no gap and none twice')
    const seal = final.find(each => each.block.header.type === SEAL)
    const proof = seals.get(0)
    assert.ok(seal !== undefined && proof !== undefined)
    assert.ok(!final.some(each => each.block.header.type === FLUSH && each.block.header.epoch === 0 && each.block.header.height > seal.block.header.height))
    const anchor: Anchor = {
      federation: FEDERATION, epoch: 0, validators: FOUR.map(name => seatOf(name)).toSorted((a, b) => hex(a.key) < hex(b.key) ? -1 : 1),
      base: FEDERATION.multihash.digest, baseHeight: 0, timeMs: 1_000
    }
    const verified = verifyFinality(anchor, SCHEME, proof)
    assert.ok(verified.ok)
    assert.deepEqual(verified.value.header.digest, seal.block.digest)
    assert.ok(!verifyFinality(anchor, realScheme, proof).ok)
  })

  it('seat a new key of a node that has it, once it is told of the key', () => {
    const world = createWorld(FOUR)
    world.startAll()
    world.run(1_000)
    const keys = new Map(['di', 'di@2'].map(name => [hex(keyOf(name).publicKey), keyOf(name)]))
    world.feed('di', { type: 'keys', keys })
    world.submit('ada', 'seats:ada,bo,cy,di@2')
    world.run(20_000)
    assert.equal(roleOf(world, 'di'), 'validator')
    world.crash('bo')
    world.submit('ada', 'needs di')
    world.run(30_000)
    assert.ok(world.said('di').includes('needs di'))
  })

  it('let a node that slept through three of them find the present', () => {
    const world = createWorld(FOUR, ['ed'])
    world.startAll()
    world.run(1_000)
    world.crash('di')
    for (const seats of ['ada,bo,cy,di,ed', 'ada,bo,cy,di', 'ada,bo,cy,di,ed']) {
      world.submit('ada', `seats:${seats},${seats.split(',').length}`.replace(/,\d$/, ''))
      world.submit('ada', `after ${world.nowMs}`)
      world.run(30_000)
    }
    assert.ok((world.member('ada').state?.epoch.number ?? 0) >= 2)
    world.start('di')
    world.run(60_000)
    assert.deepEqual(world.digests('di'), world.digests('ada'))
    assert.equal(world.member('di').state?.epoch.number, world.member('ada').state?.epoch.number)
    assert.equal(world.member('di').effects.filter(each => each.type === 'blame').length, 0)
    assert.equal(hex(nodeOf('di')), world.member('di').peer)
  })

  it('bring a learner with nothing over hundreds of blocks by ranges', () => {
    const world = createWorld(FOUR, ['ed'])
    for (const name of FOUR) world.start(name)
    world.run(1_000)
    for (let index = 0; index < 150; index++) {
      world.submit('ada', `text ${index}`)
      world.run(1_000)
    }
    const before = world.sent.length
    world.start('ed')
    world.run(30_000)
    assert.deepEqual(world.digests('ed'), world.digests('ada'))
    assert.ok(world.sent.slice(before).filter(each => each.to === 'ed').length < 60, `${world.sent.slice(before).filter(each => each.to === 'ed').length} messages`)
  })

  it('let a node go on from a proven state instead of from blocks, and refuse one that is not proven', () => {
    const world = createWorld(FOUR, ['ed'])
    for (const name of FOUR) world.start(name)
    world.run(1_000)
    for (const text of ['one', 'seats:ada,bo,cy,ed', 'two', 'three']) {
      world.submit('ada', text)
      world.run(10_000)
    }
    world.network.passes = () => false
    world.start('ed')
    const ed = world.member('ed')
    const source = world.member('ada').state
    assert.ok(ed.state !== undefined && source !== undefined && source.final.proof !== null)
    const { digest, height, proof, outcome } = source.final
    const below = world.member('ada').final.slice(0, -1).reduce((log, each) => appendLog(log, each.block.digest), appendLog({ length: 0, peaks: [] }, FEDERATION.multihash.digest))
    const seal = world.member('ada').seals.get(0)
    assert.ok(seal !== undefined)
    const snapshot = { seals: [seal], proof, log: below, appState: outcome.state, stateRoot: outcome.stateRoot }
    const now = { monotonicMs: world.nowMs, wallMs: 1_700_000_000_000 + world.nowMs }
    const lies = [
      [{ seals: [] }, 'proof'], [{ seals: [seal, seal] }, 'seals'], [{ stateRoot: new Uint8Array(32) }, 'state-root'],
      [{ log: { ...below, length: below.length + 1 } }, 'log']
    ] as const
    for (const [lie, code] of lies) {
      const refused: ReturnType<typeof adoptSnapshot> = adoptSnapshot(ed.rules, ed.state, { ...snapshot, ...lie }, now)
      assert.equal(refused.ok ? 'taken' : refused.failure.code, code)
    }
    const adopted = adoptSnapshot(ed.rules, ed.state, snapshot, now)
    assert.ok(adopted.ok)
    const { state } = adopted.value
    ed.state = state
    assert.deepEqual([viewOf(state).height, viewOf(state).digest, viewOf(state).epoch], [height, hex(digest), 1])
    world.network.passes = () => true
    for (const name of FOUR) world.cut('ed', name)
    for (const name of FOUR) world.connect('ed', name)
    world.submit('ada', 'four')
    world.run(20_000)
    assert.equal(hex(ed.state.final.digest), hex(world.member('ada').state?.final.digest ?? new Uint8Array(0)))
    assert.equal(roleOf(world, 'ed'), 'validator')
    const again = adoptSnapshot(ed.rules, ed.state, snapshot, now)
    assert.equal(again.ok ? 'taken' : again.failure.code, 'seals')
  })
})
