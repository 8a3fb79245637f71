import { strict as assert } from 'node:assert'
import { encodeCanonical } from '../../src/base/index.ts'
import { decodeMessage, encodeMessage, joinMessages, splitMessages, type Message, type Status } from '../../src/core/consensus/index.ts'
import { FINALIZE } from '../../src/core/finality/index.ts'
import { FOUR, fromLeader, read, stateOf } from './consensus-regressions.fixture.ts'
import { createWorld, PROFILE, type World } from './consensus.fixture.ts'

/** Starts all; the leader of the first view, and another. */
function fromLeaderOf (world: World): readonly [string, string] {
  world.startAll()
  world.run(5_000)
  const [leader, other] = fromLeader(world, stateOf(world, 'ada').view)
  return [leader, other]
}

describe('what was lost', () => {
  it('is told again: a transaction that a learner submits again reaches the validators', () => {
    const world = createWorld(FOUR, ['ed'])
    world.startAll()
    world.run(10_000)
    world.network.passes = (from, _to, bytes) => !(from === 'ed' && read(bytes).kind === 'putTx')
    world.submit('ed', 'one')
    world.run(10_000)
    assert.deepEqual(world.said('ada'), [])
    world.network.passes = () => true
    world.submit('ed', 'one')
    world.run(10_000)
    for (const name of [...FOUR, 'ed']) assert.deepEqual(world.said(name), ['one'])
  })

  it('is asked again: a node behind by epochs reaches the present of a federation that is silent', () => {
    const world = createWorld(FOUR, ['ed'])
    for (const name of FOUR) world.start(name)
    world.run(1_000)
    for (const seats of ['ada,bo,cy,ed', 'ada,bo,cy,di', 'ada,bo,cy,di,ed']) {
      world.submit('ada', `before ${seats}`, `seats:${seats}`)
      world.run(10_000)
      world.submit('ada', `after ${seats}`)
      world.run(10_000)
    }
    assert.equal(stateOf(world, 'ada').epoch.number, 3)
    let lost = 0
    world.network.passes = (_from, to, bytes) => {
      const isLost = to === 'ed' && ['range', 'cert', 'certs', 'block'].includes(read(bytes).kind) && lost++ < 5
      return !isLost
    }
    world.start('ed')
    world.run(120_000)
    assert.ok(lost >= 5)
    assert.deepEqual(world.digests('ed'), world.digests('ada'))
  })

  it('is found by who only follows: a seal whose finality it heard of by blocks that nobody keeps', () => {
    const world = createWorld(FOUR, ['ed'])
    world.startAll()
    world.run(1_000)
    // The seal in view 2 is made final by a block above it, which is no part of the ledger.
    const isFinalizing = (message: Message): boolean => message.kind === 'vote' && message.vote.type === FINALIZE && message.vote.view === 2
    const until = world.nowMs + 10_000
    world.network.passes = (_from, to, bytes) => {
      const message = read(bytes)
      const isLost = to === 'ed' && ['block', 'status', 'range', 'seals'].includes(message.kind) && world.nowMs < until
      return !isLost && !isFinalizing(message)
    }
    world.submit('ada', 'seats:ada,bo,cy,di')
    world.run(10_000)
    assert.equal(stateOf(world, 'ada').epoch.number, 1)
    world.run(30_000)
    assert.deepEqual(world.digests('ed'), world.digests('ada'))
  })
})

describe('T-C1: a sync peer that lies about its height', () => {
  it('is asked three times at most, and catching up ends with another that has blocks', () => {
    const world = createWorld(FOUR, ['liar', 'ed'])
    for (const name of FOUR) world.start(name)
    world.run(1_000)
    for (let index = 0; index < 20; index++) {
      world.submit('ada', `text ${index}`)
      world.run(1_000)
    }
    const { epoch } = stateOf(world, 'ada')
    const claim = (finHeight: number): Uint8Array => {
      const status: Status = {
        epoch: epoch.number + 3, view: 1, finHeight, finView: 0, finCert: null, entryCert: null, tipView: 0, proposal: null,
        haveN: new Uint8Array(1), haveX: new Uint8Array(1), haveF: new Uint8Array(1), connected: new Uint8Array(1), pending: []
      }
      return encodeMessage({ kind: 'status', status })
    }
    Object.assign(world.member('liar').rules, { instance: 'aa' })
    world.start('ed')
    const liar = world.member('liar').peer
    world.feed('ed', { type: 'open', peer: liar, instance: 'aa' })
    for (const height of [1_000_000, 900_000, 10]) world.feed('ed', { type: 'message', peer: liar, bytes: claim(height) })
    world.run(60_000)
    assert.deepEqual(world.digests('ed'), world.digests('ada'))
    assert.equal(stateOf(world, 'ed').catching, null)
    const asked = world.member('ed').effects.filter(each => each.type === 'send' && each.peer === liar && read(each.message).kind === 'getRange')
    assert.ok(asked.length <= 3, `${asked.length} times`)
  })
})

describe('a block whose body is not its own', () => {
  it('is fetched again from others: its header alone was voted on, so it may come with any bytes behind it', () => {
    const world = createWorld(FOUR)
    const [leader, spoiled] = fromLeaderOf(world)
    const text = new TextEncoder()
    world.network.passes = (from, to, bytes) => {
      const [message] = (splitMessages(bytes) ?? []).map(frame => decodeMessage(frame, PROFILE.bodyBytesMax))
      if (to !== spoiled || from !== leader || message?.ok !== true || message.value.kind !== 'proposal') return true
      const { block, signature } = message.value
      const other = encodeMessage({ kind: 'proposal', block: { ...block, body: encodeCanonical([text.encode('something else')]) }, signature })
      world.feed(spoiled, { type: 'message', peer: world.member(from).peer, bytes: joinMessages([other]) })
      return false
    }
    world.submit(leader, 'said')
    world.run(10_000)
    assert.deepEqual(FOUR.map(name => world.said(name)), FOUR.map(() => ['said']))
    assert.deepEqual(world.member(spoiled).effects.filter(each => each.type === 'alarm'), [])
  })
})
