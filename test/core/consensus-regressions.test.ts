import { strict as assert } from 'node:assert'
import { EMPTY_ROOT, encodeCanonical, hex, leafHash, merkleRoot } from '../../src/base/index.ts'
import { decodeMessage, encodeMessage, joinMessages, splitMessages, type Message, type Status } from '../../src/core/consensus/index.ts'
import {
  FINALIZE, leaderOf, makeBlock, NOTARIZE, PROPOSE, voteSignBytes, type Block, type Vote, type VoteType
} from '../../src/core/finality/index.ts'
import { createWorld, FEDERATION, keyOf, PROFILE, type World } from './consensus.fixture.ts'

const FOUR = ['ada', 'bo', 'cy', 'di'] as const

function read (bytes: Uint8Array): Message {
  const [frame] = splitMessages(bytes) ?? []
  assert.ok(frame !== undefined)
  const message = decodeMessage(frame, PROFILE.bodyBytesMax)
  assert.ok(message.ok)
  return message.value
}

function isVote (message: Message, type: VoteType): boolean {
  return message.kind === 'vote' && message.vote.type === type
}

function isCert (message: Message, type: VoteType): boolean {
  return (message.kind === 'cert' && message.cert.type === type) || (message.kind === 'certs' && message.certs.some(each => each.type === type))
}

/** Starts all; the leader of the first view, and another. */
function fromLeaderOf (world: World): readonly [string, string] {
  world.startAll()
  world.run(5_000)
  const [leader, other] = fromLeader(world, stateOf(world, 'ada').view)
  return [leader, other]
}

/** Names by seat, beginning with the leader of a view. */
function fromLeader (world: World, view: number): readonly [string, string, string, string] {
  const { state } = world.member('ada')
  assert.ok(state !== undefined)
  const { set, base, nodes } = state.epoch
  const leader = [...world.members.values()].find(each => each.peer === nodes[leaderOf(set, base.digest, view)])
  assert.ok(leader !== undefined)
  const [second, third, fourth] = FOUR.filter(name => name !== leader.name)
  assert.ok(second !== undefined && third !== undefined && fourth !== undefined)
  return [leader.name, second, third, fourth]
}

function stateOf (world: World, name: string) {
  const { state } = world.member(name)
  assert.ok(state !== undefined)
  return state
}

/** A vote as the holder of a key could make it, engine or not. */
function voteBy (world: World, name: string, fields: Omit<Vote, 'signer' | 'signature'>): Vote {
  const epoch = [...world.members.values()].find(each => each.state !== undefined)?.state?.epoch
  assert.ok(epoch !== undefined)
  const signer = epoch.nodes.indexOf(world.member(name).peer)
  return { ...fields, signer, signature: keyOf(name).sign(voteSignBytes(FEDERATION, fields)) }
}

function started (profile = {}): World {
  const world = createWorld(FOUR, [], { profile })
  world.startAll()
  world.run(10_000)
  return world
}

describe('bugs that simulation found once', () => {
  it('(1) a certificate is known after a restart, where its votes cannot be gathered again', () => {
    const world = started()
    const [leader, b, c, d] = fromLeader(world, stateOf(world, 'ada').view)
    world.network.passes = (from, to, bytes) => {
      const message = read(bytes)
      if (message.kind === 'proposal') return to !== d
      if (isVote(message, NOTARIZE)) return to === leader
      return isCert(message, NOTARIZE) && from === leader && to === b
    }
    for (const name of FOUR) world.submit(name, 'one')
    world.run(8_000)
    const at = stateOf(world, 'ada').final.view + 1
    for (const name of [leader, b]) assert.ok((stateOf(world, name).signing.byView.get(at)?.finalized ?? null) !== null, 'finalised by two')
    assert.equal(stateOf(world, d).signing.byView.get(at)?.nullified, true, 'given up by one')
    for (const name of FOUR) world.crash(name)
    world.network.passes = () => true
    for (const name of [leader, b, d]) world.start(name)
    world.submit(d, 'two')
    world.run(60_000)
    for (const name of [leader, b, d]) assert.ok(world.said(name).includes('two'), `${name} is stuck, without ${c}`)
  })

  it('(2) own votes count again after a restart', () => {
    const world = started()
    const { view } = stateOf(world, 'ada')
    const [leader, b, c, d] = fromLeader(world, view)
    world.crash(d)
    world.network.passes = (_from, _to, bytes) => read(bytes).kind === 'proposal'
    for (const name of [leader, b, c]) world.submit(name, 'one')
    world.run(8_000)
    for (const name of [leader, b, c]) {
      const own = stateOf(world, name).signing.byView.get(view)
      assert.ok(own !== undefined && own.notarized !== null && own.nullified, 'all said all that they may say, and nobody heard it')
    }
    for (const name of [leader, b, c]) world.crash(name)
    // A Status would bring the own votes back from peers; they must be there without.
    world.network.passes = (_from, _to, bytes) => read(bytes).kind !== 'status'
    for (const name of [leader, b, c]) world.start(name)
    for (const name of [leader, b, c]) world.submit(name, 'one')
    world.run(60_000)
    for (const name of [leader, b, c]) assert.deepEqual(world.said(name), ['one'])
  })

  it('(3) a block that had no parent after a restart is valid once the parent comes', () => {
    const world = started()
    const first = stateOf(world, 'ada').view
    const [leader, b, , d] = fromLeader(world, first)
    const dropsFinality = (bytes: Uint8Array): boolean => isVote(read(bytes), FINALIZE) || isCert(read(bytes), FINALIZE)
    world.network.passes = (_from, to, bytes) => !dropsFinality(bytes) && !(read(bytes).kind === 'proposal' && to === d && stateOf(world, d).view === first)
    world.submit(leader, 'one')
    world.run(1_500)
    world.submit(b, 'two')
    world.run(4_000)
    assert.ok(stateOf(world, d).blocks.size >= 2)
    world.crash(d)
    world.network.passes = (_from, to, bytes) => !dropsFinality(bytes) && !(read(bytes).kind === 'block' && to === d)
    world.start(d)
    world.run(3_000)
    assert.ok([...stateOf(world, d).blocks.values()].some(each => each.outcome === null), 'a block waits for its parent')
    world.network.passes = () => true
    world.submit(d, 'three')
    world.run(60_000)
    for (const name of FOUR) assert.deepEqual(new Set(world.said(name)), new Set(['one', 'two', 'three']))
    assert.deepEqual(world.digests(d), world.digests(leader))
  })

  it('(4) a final block that comes as a proposal, after its certificate, is delivered', () => {
    const world = started()
    const [leader, , , d] = fromLeader(world, stateOf(world, 'ada').view)
    let late: Uint8Array | undefined
    world.network.passes = (_from, to, bytes) => {
      const { kind } = read(bytes)
      if (kind === 'proposal' && to === d) late = bytes
      return to !== d || (kind !== 'proposal' && kind !== 'block' && kind !== 'range')
    }
    world.submit(leader, 'one')
    world.run(500)
    assert.equal(world.height(d), 0)
    assert.ok(late !== undefined)
    world.feed(d, { type: 'message', peer: world.member(leader).peer, bytes: late })
    assert.equal(world.height(d), 1)
  })

  it('(5) a node that was armed goes quiet when nothing is left to do', () => {
    const world = started()
    const { view } = stateOf(world, 'ada')
    const [leader] = fromLeader(world, view)
    const [next] = fromLeader(world, view + 1)
    const late = FOUR.find(name => name !== leader && name !== next)
    assert.ok(late !== undefined)
    const held: { readonly from: string, readonly bytes: Uint8Array }[] = []
    world.network.passes = (from, to, bytes) => {
      const isFinality = isVote(read(bytes), FINALIZE) || isCert(read(bytes), FINALIZE)
      if (isFinality && to === late) held.push({ from, bytes })
      return !(isFinality && to === late)
    }
    world.submit(leader, 'one')
    world.run(1_400)
    assert.notEqual(stateOf(world, late).armedMs, null, 'it waits for finality that all others have')
    world.network.passes = () => true
    for (const { from, bytes } of held) world.feed(late, { type: 'message', peer: world.member(from).peer, bytes })
    assert.equal(world.height(late), 1)
    world.run(10_000)
    assert.notEqual(stateOf(world, late).armedMs, null, 'and is still armed')
    const before = world.sent.length
    world.run(5 * 3_600_000)
    assert.equal(world.sent.length, before)
  })

  it('a transaction that never applies keeps nobody awake, also beside a dead node', () => {
    const world = started()
    world.crash('di')
    for (const text of ['one', 'bad and never included', 'two', 'three', 'four']) {
      world.submit('ada', text)
      world.run(20_000)
    }
    assert.deepEqual(world.said('bo'), ['one', 'two', 'three', 'four'])
    const before = world.sent.length
    world.run(5 * 3_600_000)
    assert.equal(world.sent.length, before)
  })

  it('a vote whose block was lost with a crash is said again only once the block is kept again', () => {
    const world = started()
    const [leader, second] = fromLeader(world, 1)
    world.network.passes = (_from, _to, bytes) => !['vote', 'cert'].includes(read(bytes).kind)
    world.submit(leader, 'one')
    world.run(1_500)
    const { rows, effects } = world.member(second)
    world.crash(second)
    for (const [key, row] of rows) if (row.database === 'store' && row.key[0] === 'b'.charCodeAt(0)) rows.delete(key)
    const before = effects.length
    world.start(second)
    world.run(20_000)
    const after = effects.slice(before)
    const said = after.findIndex(each => each.type === 'send' && isVote(read(each.message), NOTARIZE))
    assert.ok(said >= 0, 'it votes again')
    assert.ok(after.slice(0, said).some(each => each.type === 'persist' && each.rows.some(({ key, value }) => key[0] === 'b'.charCodeAt(0) && value !== null)))
  })

  it('a certificate that was kept without the own vote in it, by a crash between two disks, is none: nobody has seen that vote', () => {
    const world = started()
    const [leader, second] = fromLeader(world, 1)
    const passing = (kind: Message['kind'], to: string): boolean => kind === 'putTx' || (to === second && kind !== 'proposal')
    world.network.passes = (_from, to, bytes) => passing(read(bytes).kind, to)
    world.submit(leader, 'one')
    world.run(3_500)
    const { rows } = world.member(second)
    const isKept = (prefix: string): boolean => [...rows.values()].some(({ key }) => key[0] === prefix.charCodeAt(0))
    assert.ok(isKept('c') && isKept('w'), 'it has given the view up, and holds the certificate')
    world.crash(second)
    for (const [name, { key }] of rows) if (key[0] === 'w'.charCodeAt(0)) rows.delete(name)
    world.network.passes = () => true
    world.start(second)
    world.run(20_000)
    assert.equal(stateOf(world, second).signing.lock.type, 'open')
    assert.deepEqual(world.said(second), ['one'])
  })

  it('(6) who notarized one block does not finalise another of the same view', () => {
    const world = started()
    const { view, epoch, final } = stateOf(world, 'ada')
    const [leader, b, c, d] = fromLeader(world, view)
    world.crash(leader)
    const block = (timeMs: number): Block => makeBlock({
      federation: FEDERATION, epoch: 0, view, height: 1, parent: final.digest, parentView: 0, timeMs, proposer: epoch.leaders[view % 4] ?? 0, type: 2,
      validatorsHash: epoch.set.hash, bodyRoot: EMPTY_ROOT, stateRoot: final.outcome.stateRoot, logRoot: merkleRoot([leafHash(FEDERATION.multihash.digest)]), seal: null,
      just: { parentCert: null, nulls: [] }, evidence: [], body: new Uint8Array(0)
    })
    const [x, y] = [block(2_000_000), block(2_000_001)]
    const propose = (of: Block, to: string): void => {
      const { signature } = voteBy(world, leader, { epoch: 0, view, type: PROPOSE, digest: of.digest })
      world.feed(to, { type: 'message', peer: world.member(b === to ? c : b).peer, bytes: encodeMessage({ kind: 'proposal', block: of, signature }) })
    }
    world.network.passes = (_from, _to, bytes) => isVote(read(bytes), NOTARIZE)
    propose(x, d)
    propose(y, b)
    propose(y, c)
    const own = stateOf(world, d).signing.byView.get(view)
    assert.equal(own?.notarized, hex(x.digest))
    world.run(100)
    const third = voteBy(world, leader, { epoch: 0, view, type: NOTARIZE, digest: y.digest })
    for (const name of [b, c, d]) world.feed(name, { type: 'message', peer: world.member(name === b ? c : b).peer, bytes: encodeMessage({ kind: 'vote', vote: third }) })
    world.run(100)
    assert.notEqual(stateOf(world, d).views.get(view)?.notarized, null, 'it knows the certificate of the other block')
    assert.equal(stateOf(world, d).signing.byView.get(view)?.finalized, null)
    assert.equal(stateOf(world, b).signing.byView.get(view)?.finalized, hex(y.digest))
  })

  it('(7) a leader that holds a FINALIZE certificate alone builds on it, and the block is valid', () => {
    const world = started({ batchWindowMs: 0 })
    const first = stateOf(world, 'ada').view
    const [next] = fromLeader(world, first + 1)
    const [leader] = fromLeader(world, first)
    world.network.passes = (_from, to, bytes) => !(to === next && (isVote(read(bytes), NOTARIZE) || isCert(read(bytes), NOTARIZE)))
    world.submit(leader, 'one')
    world.run(300)
    world.network.passes = () => true
    world.submit(next, 'two')
    world.run(2_000)
    const block = world.member('ada').final.find(each => each.block.header.height === 2)?.block
    assert.ok(block !== undefined)
    assert.equal(world.member(next).peer, stateOf(world, 'ada').epoch.nodes[block.header.proposer])
    assert.equal(block.just.parentCert?.type, FINALIZE)
  })

  it('(8) waits grow to four times their beginning at most, and shrink again', () => {
    const world = started()
    world.crash('di')
    let highest = 0
    world.watch.step = (_name, _before, after) => { highest = Math.max(highest, after.deltaMs) }
    world.network.passes = (_from, _to, bytes) => read(bytes).kind !== 'proposal' && read(bytes).kind !== 'block'
    world.submit('ada', 'one')
    world.run(600_000)
    assert.ok(highest > PROFILE.deltaMs && highest <= 4 * PROFILE.deltaMs, `${highest}`)
    world.network.passes = () => true
    const from = world.nowMs
    world.run(15_200)
    for (const name of ['ada', 'bo', 'cy']) assert.ok(world.said(name).includes('one'), `not final ${world.nowMs - from} ms after healing`)
  })
})

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

describe('a pool', () => {
  it('takes nothing into its pool that is final already, told late or again: an idle ledger would seem to wait for it', () => {
    const world = createWorld(FOUR)
    world.startAll()
    world.run(5_000)
    world.submit('ada', 'once')
    world.run(5_000)
    assert.deepEqual(world.said('bo'), ['once'])
    const again = encodeMessage({ kind: 'putTx', transactions: [new TextEncoder().encode('once')] })
    world.feed('bo', { type: 'message', peer: world.member('ada').peer, bytes: joinMessages([again]) })
    world.submit('cy', 'once')
    assert.deepEqual(['bo', 'cy'].map(name => stateOf(world, name).pool.size), [0, 0])
  })
})
