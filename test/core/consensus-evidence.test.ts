import { strict as assert } from 'node:assert'
import { EMPTY_ROOT, hex, leafHash, merkleRoot } from '../../src/base/index.ts'
import { encodeMessage, viewOf } from '../../src/core/consensus/index.ts'
import {
  assembleCert, decodeEvidence, FINALIZE, makeBlock, NOTARIZE, NULLIFY, PROPOSE, verifyEvidence, voteSignBytes,
  type Block, type Just, type Vote, type VoteType
} from '../../src/core/finality/index.ts'
import { createWorld, FEDERATION, keyOf, type World } from './consensus.fixture.ts'

const FOUR = ['ada', 'bo', 'cy', 'di'] as const

function stateOf (world: World, name: string) {
  const { state } = world.member(name)
  assert.ok(state !== undefined)
  return state
}

function voteBy (world: World, name: string, type: VoteType, view: number, digest: Uint8Array | null, at: string): Vote {
  const { epoch } = stateOf(world, at)
  const fields = { epoch: epoch.number, view, type, digest }
  return { ...fields, signer: epoch.nodes.indexOf(world.member(name).peer), signature: keyOf(name).sign(voteSignBytes(FEDERATION, fields)) }
}

function hear (world: World, name: string, from: string, vote: Vote): void {
  world.feed(name, { type: 'message', peer: world.member(from).peer, bytes: encodeMessage({ kind: 'vote', vote }) })
}

/** An empty block above the base of the first epoch. */
function blockAt (world: World, at: string, view: number, timeMs: number, just: Just = { parentCert: null, nulls: [] }): Block {
  const { epoch, final } = stateOf(world, at)
  return makeBlock({
    federation: FEDERATION, epoch: 0, view, height: 1, parent: epoch.base.digest, parentView: 0, timeMs, proposer: epoch.leaders[view % 4] ?? 0, type: 2,
    validatorsHash: epoch.set.hash, bodyRoot: EMPTY_ROOT, stateRoot: final.outcome.stateRoot, logRoot: merkleRoot([leafHash(FEDERATION.multihash.digest)]),
    seal: null, just, evidence: [], body: new Uint8Array(0)
  })
}

function verdicts (world: World, name: string): readonly string[] {
  return world.member(name).final.flatMap(each => each.context.verdicts.map(({ kind, view }) => `${kind} at ${view}`))
}

describe('evidence', () => {
  const [d, e] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
  const pairs: readonly (readonly [string, readonly [VoteType, Uint8Array | null], readonly [VoteType, Uint8Array | null]])[] = [
    ['double-propose', [PROPOSE, d], [PROPOSE, e]], ['double-notarize', [NOTARIZE, d], [NOTARIZE, e]], ['double-finalize', [FINALIZE, d], [FINALIZE, e]],
    ['nullify-finalize', [NULLIFY, null], [FINALIZE, e]], ['notarize-finalize', [NOTARIZE, d], [FINALIZE, e]]
  ]
  for (const [kind, first, second] of pairs) {
    it(`of ${kind} is found by whoever has both votes, told, and in the next block once`, () => {
      const world = createWorld(FOUR)
      world.startAll()
      world.run(10_000)
      world.crash('di')
      const view = stateOf(world, 'ada').view + 3
      for (const [type, digest] of [second, first]) hear(world, 'bo', 'ada', voteBy(world, 'di', type, view, digest, 'bo'))
      world.run(100)
      for (const name of ['ada', 'bo', 'cy']) assert.equal(stateOf(world, name).evidence.length, 1)
      assert.deepEqual(verdicts(world, 'ada'), [], 'evidence alone wakes nobody')
      for (const text of ['one', 'two', 'three']) {
        world.submit('ada', text)
        world.run(10_000)
      }
      for (const name of ['ada', 'bo', 'cy']) assert.deepEqual(verdicts(world, name), [`${kind} at ${view}`])
      for (const name of ['ada', 'bo', 'cy']) assert.equal(stateOf(world, name).evidence.length, 0)
      for (const [type, digest] of [second, first]) hear(world, 'bo', 'ada', voteBy(world, 'di', type, view + 20, digest, 'bo'))
      world.submit('ada', 'four')
      world.run(10_000)
      assert.ok(world.said('ada').includes('four'))
    })
  }

  it('is not made of NOTARIZE and NULLIFY, which a timeout makes honest nodes say', () => {
    const world = createWorld(FOUR)
    world.startAll()
    world.run(10_000)
    const view = stateOf(world, 'ada').view + 3
    for (const [type, digest] of [[NOTARIZE, d], [NULLIFY, null]] as const) hear(world, 'bo', 'ada', voteBy(world, 'di', type, view, digest, 'bo'))
    assert.equal(stateOf(world, 'bo').evidence.length, 0)
  })

  it('of a leader with two blocks is found from the proposals, and one of them is final at most', () => {
    const world = createWorld(FOUR)
    world.startAll()
    world.run(10_000)
    const { view, epoch } = stateOf(world, 'ada')
    const leader = FOUR.find(name => world.member(name).peer === epoch.nodes[epoch.leaders[view % 4] ?? 0])
    assert.ok(leader !== undefined)
    const others = FOUR.filter(name => name !== leader)
    world.crash(leader)
    const [one, two] = [blockAt(world, others[0] ?? '', view, 5_000_000), blockAt(world, others[0] ?? '', view, 5_000_001)].map(block => encodeMessage({
      kind: 'proposal', block, signature: voteBy(world, leader, PROPOSE, view, block.digest, others[0] ?? '').signature
    }))
    assert.ok(one !== undefined && two !== undefined)
    for (const [index, name] of others.entries()) {
      for (const bytes of index === 0 ? [one, two] : [two, one]) world.feed(name, { type: 'message', peer: world.member(others[(index + 1) % 3] ?? '').peer, bytes })
    }
    world.run(10_000)
    world.submit(others[0] ?? '', 'after')
    world.run(30_000)
    for (const name of others) {
      assert.ok(world.said(name).includes('after'))
      assert.ok(verdicts(world, name).includes(`double-propose at ${view}`))
      assert.deepEqual(world.digests(name), world.digests(others[0] ?? ''))
    }
  })

  it('of a bad justification names who notarized, and the block is refused', () => {
    const world = createWorld(FOUR)
    world.startAll()
    world.run(10_000)
    const view = stateOf(world, 'ada').view + 1
    const { epoch } = stateOf(world, 'ada')
    const leader = FOUR.find(name => world.member(name).peer === epoch.nodes[epoch.leaders[view % 4] ?? 0])
    assert.ok(leader !== undefined)
    const [watcher] = FOUR.filter(name => name !== leader)
    assert.ok(watcher !== undefined)
    world.crash(leader)
    const forged = assembleCert(epoch.set, FOUR.slice(0, 3).map(name => ({ ...voteBy(world, name, NULLIFY, view - 1, null, watcher), signature: new Uint8Array(64).fill(9) })))
    const block = blockAt(world, watcher, view, 5_000_000, { parentCert: null, nulls: [forged] })
    hear(world, watcher, FOUR.find(name => name !== leader && name !== watcher) ?? '', voteBy(world, leader, NOTARIZE, view, block.digest, watcher))
    const peer = world.member(FOUR.find(name => name !== leader && name !== watcher) ?? '').peer
    const { signature } = voteBy(world, leader, PROPOSE, view, block.digest, watcher)
    world.feed(watcher, { type: 'message', peer, bytes: encodeMessage({ kind: 'proposal', block, signature }) })
    for (const text of ['one', 'two', 'three', 'four']) {
      world.submit(watcher, text)
      world.run(20_000)
    }
    assert.ok(verdicts(world, watcher).some(each => each.startsWith('bad-justification')), verdicts(world, watcher).join())
    const shown = world.member(watcher).final.flatMap(each => each.block.evidence).map(each => decodeEvidence(each))
    for (const each of shown) assert.ok(each.ok && verifyEvidence(FEDERATION, epoch.set, each.value))
  })

  it('of a justification that fits in no block is left alone, and stops nobody', () => {
    const world = createWorld(FOUR)
    world.startAll()
    world.run(10_000)
    const view = stateOf(world, 'ada').view + 1
    const { epoch } = stateOf(world, 'ada')
    const leader = FOUR.find(name => world.member(name).peer === epoch.nodes[epoch.leaders[view % 4] ?? 0])
    assert.ok(leader !== undefined)
    const others = FOUR.filter(name => name !== leader)
    world.crash(leader)
    const votes = FOUR.slice(0, 3).map(name => ({ ...voteBy(world, name, NULLIFY, view - 1, null, others[0] ?? ''), signature: new Uint8Array(64).fill(9) }))
    const block = blockAt(world, others[0] ?? '', view, 5_000_000, { parentCert: null, nulls: Array.from({ length: 300 }, () => assembleCert(epoch.set, votes)) })
    const { signature } = voteBy(world, leader, PROPOSE, view, block.digest, others[0] ?? '')
    for (const [index, name] of others.entries()) {
      const from = others[(index + 1) % 3] ?? ''
      hear(world, name, from, voteBy(world, leader, NOTARIZE, view, block.digest, name))
      world.feed(name, { type: 'message', peer: world.member(from).peer, bytes: encodeMessage({ kind: 'proposal', block, signature }) })
    }
    for (const text of ['one', 'two', 'three', 'four']) {
      world.submit(others[0] ?? '', text)
      world.run(60_000)
    }
    for (const name of others) assert.ok(world.said(name).includes('four'), `${name} goes on`)
  })
})

describe('two final blocks that exclude each other', () => {
  it('stop a node from voting, with both proofs in the alarm, and it keeps answering', () => {
    const world = createWorld(FOUR)
    world.startAll()
    world.submit('ada', 'one')
    world.run(20_000)
    const { final, epoch, view } = stateOf(world, 'ada')
    const at = view + 2
    const nulls = Array.from({ length: at - 1 }, (_, index) => assembleCert(epoch.set, FOUR.slice(0, 3).map(name => voteBy(world, name, NULLIFY, index + 1, null, 'ada'))))
    const other = makeBlock({
      federation: FEDERATION, epoch: 0, view: at, height: 1, parent: epoch.base.digest, parentView: 0, timeMs: 9_000_000, proposer: epoch.leaders[at % 4] ?? 0,
      type: 2, validatorsHash: epoch.set.hash, bodyRoot: EMPTY_ROOT, stateRoot: world.app.genesis.stateRoot,
      logRoot: merkleRoot([leafHash(FEDERATION.multihash.digest)]), seal: null, just: { parentCert: null, nulls }, evidence: [], body: new Uint8Array(0)
    })
    const cert = assembleCert(epoch.set, FOUR.slice(0, 3).map(name => voteBy(world, name, FINALIZE, at, other.digest, 'ada')))
    assert.equal(final.height, 1)
    const bo = world.member('bo').peer
    world.feed('ada', { type: 'message', peer: bo, bytes: encodeMessage({ kind: 'cert', cert }) })
    world.feed('ada', { type: 'message', peer: bo, bytes: encodeMessage({ kind: 'block', block: other }) })
    const alarm = world.member('ada').effects.find(each => each.type === 'alarm')
    assert.ok(alarm?.type === 'alarm' && alarm.code === 'fork' && alarm.proof !== null)
    assert.equal(viewOf(stateOf(world, 'ada')).role, 'observer')
    assert.equal(hex(stateOf(world, 'ada').final.digest), hex(final.digest), 'finality does not move back')
    world.member('ada').effects.length = 0
    world.feed('ada', { type: 'message', peer: bo, bytes: encodeMessage({ kind: 'getRange', fromHeight: 1, max: 5 }) })
    assert.ok(world.member('ada').effects.some(each => each.type === 'archive'))
    world.submit('ada', 'more')
    assert.ok(!world.member('ada').effects.some(each => each.type === 'persist' && each.rows.some(row => row.database === 'signer')))
  })
})
