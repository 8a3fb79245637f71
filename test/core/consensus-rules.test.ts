import { strict as assert } from 'node:assert'
import { EMPTY_ROOT, hex, leafHash, merkleRoot } from '../../src/base/index.ts'
import { decodeMessage, encodeMessage, splitMessages, type Message } from '../../src/core/consensus/index.ts'
import {
  encodeVote, FINALIZE, FLUSH, makeBlock, NOTARIZE, PROPOSE, SEAL, voteSignBytes, type Block, type FinalityProof, type Just
} from '../../src/core/finality/index.ts'
import { createWorld, FEDERATION, keyOf, PROFILE, type World } from './consensus.fixture.ts'

const FOUR = ['ada', 'bo', 'cy', 'di'] as const

function stateOf (world: World, name: string) {
  const { state } = world.member(name)
  assert.ok(state !== undefined)
  return state
}

function read (bytes: Uint8Array): Message {
  const [frame] = splitMessages(bytes) ?? []
  assert.ok(frame !== undefined)
  const message = decodeMessage(frame, PROFILE.bodyBytesMax)
  assert.ok(message.ok)
  return message.value
}

/** The leader of the view that comes `ahead` of the present one, and the rest; the leader's engine is stopped. */
function withoutLeader (world: World, ahead: number): { readonly leader: string, readonly others: readonly [string, string, string], readonly view: number } {
  const { view, epoch } = stateOf(world, 'ada')
  const leader = FOUR.find(name => world.member(name).peer === epoch.nodes[epoch.leaders[(view + ahead) % 4] ?? 0])
  const [a, b, c] = FOUR.filter(name => name !== leader)
  assert.ok(leader !== undefined && a !== undefined && b !== undefined && c !== undefined)
  world.crash(leader)
  return { leader, others: [a, b, c], view: view + ahead }
}

type Twist = { readonly timeMs?: number, readonly just?: Just, readonly logRoot?: Uint8Array, readonly stateRoot?: Uint8Array, readonly height?: number, readonly validatorsHash?: Uint8Array }

/** What a leader could send in its view: an empty block above the base, right but for the twist. */
function proposalOf (world: World, leader: string, at: string, view: number, twist: Twist = {}): { readonly block: Block, readonly bytes: Uint8Array } {
  const { epoch, final } = stateOf(world, at)
  const proposer = epoch.nodes.indexOf(world.member(leader).peer)
  const block = makeBlock({
    federation: FEDERATION, epoch: 0, view, height: 1, parent: epoch.base.digest, parentView: 0, timeMs: 1_700_000_000_000 + world.nowMs, proposer, type: FLUSH,
    validatorsHash: epoch.set.hash, bodyRoot: EMPTY_ROOT, stateRoot: final.outcome.stateRoot, logRoot: merkleRoot([leafHash(FEDERATION.multihash.digest)]),
    seal: null, just: { parentCert: null, nulls: [] }, evidence: [], body: new Uint8Array(0), ...twist
  })
  const signature = keyOf(leader).sign(voteSignBytes(FEDERATION, { epoch: 0, view, type: PROPOSE, digest: block.digest }))
  return { block, bytes: encodeMessage({ kind: 'proposal', block, signature }) }
}

function saidAt (world: World, name: string, view: number) {
  return stateOf(world, name).signing.byView.get(view)
}

describe('a block', () => {
  const twists: readonly (readonly [string, Twist])[] = [
    ['of another height', { height: 2 }], ['no later than its parent', { timeMs: 1_000 }], ['with another log', { logRoot: EMPTY_ROOT }],
    ['with another state', { stateRoot: EMPTY_ROOT }], ['of other validators', { validatorsHash: EMPTY_ROOT }]
  ]
  it('that is right gets the vote of everyone who hears it', () => {
    const world = createWorld(FOUR)
    world.startAll()
    world.run(10_000)
    const { leader, others: [a, b], view } = withoutLeader(world, 0)
    const { block, bytes } = proposalOf(world, leader, a, view)
    world.feed(a, { type: 'message', peer: world.member(b).peer, bytes })
    assert.equal(saidAt(world, a, view)?.notarized, hex(block.digest))
  })

  for (const [name, twist] of twists) {
    it(`${name} is given up at once`, () => {
      const world = createWorld(FOUR)
      world.startAll()
      world.run(10_000)
      const { leader, others: [a, b], view } = withoutLeader(world, 0)
      world.feed(a, { type: 'message', peer: world.member(b).peer, bytes: proposalOf(world, leader, a, view, twist).bytes })
      assert.equal(saidAt(world, a, view)?.notarized ?? null, null)
      assert.equal(saidAt(world, a, view)?.nullified, true)
    })
  }

  it('that skips a view without a quorum\'s word for it is given up', () => {
    const world = createWorld(FOUR)
    world.startAll()
    world.run(10_000)
    world.network.passes = (_from, _to, bytes) => ['vote', 'cert'].includes(read(bytes).kind)
    const [first] = FOUR.filter(name => world.member(name).peer !== stateOf(world, 'ada').epoch.nodes[stateOf(world, 'ada').epoch.leaders[(stateOf(world, 'ada').view + 1) % 4] ?? 0])
    assert.ok(first !== undefined)
    const { leader, others: [a, b], view } = withoutLeader(world, 1)
    for (const name of FOUR) if (name !== leader) world.submit(name, 'wake')
    world.run(4_000)
    assert.equal(stateOf(world, a).view, view, 'the view before was given up')
    world.feed(a, { type: 'message', peer: world.member(b).peer, bytes: proposalOf(world, leader, a, view).bytes })
    assert.equal(saidAt(world, a, view)?.notarized ?? null, null)
    assert.equal(saidAt(world, a, view)?.nullified, true)
  })

  it('from a clock that runs ahead waits, and is not held wrong', () => {
    const world = createWorld(FOUR)
    world.startAll()
    world.run(10_000)
    const { leader, others: [a, b], view } = withoutLeader(world, 0)
    const { block, bytes } = proposalOf(world, leader, a, view, { timeMs: 1_700_000_000_000 + world.nowMs + PROFILE.driftMsMax + 1_500 })
    world.feed(a, { type: 'message', peer: world.member(b).peer, bytes })
    assert.equal(saidAt(world, a, view), undefined)
    world.run(1_510)
    assert.equal(saidAt(world, a, view)?.notarized, hex(block.digest))
  })
})

describe('what is kept', () => {
  it('is kept before what rests on it is sent or told', () => {
    const world = createWorld(FOUR, ['ed'])
    const kept = new Map<string, Set<string>>()
    let votes = 0
    world.watch.step = (name, _before, after, effects) => {
      const rows = kept.get(name) ?? new Set<string>()
      kept.set(name, rows)
      for (const effect of effects) {
        if (effect.type === 'persist') for (const { database, value } of effect.rows) if (value !== null) rows.add(database + hex(value).slice(-1_000))
        if (effect.type === 'final') assert.ok(effects.slice(0, effects.indexOf(effect)).some(each => each.type === 'persist' && !each.isLazy))
        if (effect.type !== 'send') continue
        const message = read(effect.message)
        if (message.kind !== 'vote' || after.epoch.nodes[message.vote.signer] !== world.member(name).peer) continue
        votes++
        assert.ok(rows.has(`signer${hex(encodeVote(message.vote)).slice(-1_000)}`), 'a vote left before it was on record')
        if (message.vote.type !== NOTARIZE || message.vote.digest === null) continue
        const block = after.blocks.get(hex(message.vote.digest))?.block
        assert.ok(block === undefined || after.blocks.get(hex(block.digest))?.kept === true, 'a block was notarized and not kept')
      }
    }
    world.startAll()
    world.run(1_000)
    for (const text of ['one', 'two', 'seats:ada,bo,cy,ed', 'three']) {
      world.submit('ada', text)
      world.run(10_000)
    }
    assert.ok(votes > 40)
  })

  it('does not grow with the blocks', () => {
    const world = createWorld(FOUR)
    world.startAll()
    const sizes: number[] = []
    for (let index = 0; index < 60; index++) {
      world.submit('ada', `text ${index}`)
      world.run(1_000)
      sizes.push(world.member('ada').rows.size)
    }
    assert.ok(Math.max(...sizes.slice(5)) <= 15, `${Math.max(...sizes)} rows`)
    const { views, blocks, wants, pool, signing } = stateOf(world, 'ada')
    assert.ok(views.size <= 2 && blocks.size === 0 && wants.size === 0 && pool.size === 0 && signing.rows.length <= 4)
  })
})

describe('a seal', () => {
  it('that only a flush block below it made final is delivered, and the flush block is not', () => {
    const world = createWorld(FOUR, ['ed'])
    world.startAll()
    world.run(1_000)
    const seals = new Set<string>()
    world.network.passes = (_from, _to, bytes) => {
      const message = read(bytes)
      if (message.kind === 'proposal' && message.block.header.type === SEAL) seals.add(hex(message.block.digest))
      const of = message.kind === 'vote' ? message.vote : message.kind === 'cert' ? message.cert : null
      return !(of !== null && of.type === FINALIZE && of.digest !== null && seals.has(hex(of.digest)))
    }
    world.submit('ada', 'seats:ada,bo,cy,ed')
    world.run(20_000)
    world.submit('ada', 'after')
    world.run(20_000)
    const proof = world.member('ada').seals.get(0)
    assert.ok(proof !== undefined && proof.headers.length > 1, 'proven by a descendant')
    for (const name of [...FOUR, 'ed']) {
      const { final } = world.member(name)
      assert.ok(world.said(name).includes('after'))
      assert.equal(stateOf(world, name).epoch.number, 1)
      assert.deepEqual(final.map(each => each.block.header.height), final.map((_, index) => index + 1))
      assert.ok(!final.some(each => each.block.header.epoch === 0 && each.block.header.type === FLUSH))
    }
  })
})

describe('a range of blocks', () => {
  it('is believed for its proof alone', () => {
    const world = createWorld(FOUR, ['ed'])
    for (const name of FOUR) world.start(name)
    world.run(1_000)
    for (let index = 0; index < 8; index++) {
      world.submit('ada', `text ${index}`)
      world.run(1_000)
    }
    const { final, proofs } = world.member('ada')
    const blocks = final.map(each => each.block)
    const proof = proofs.get(blocks.length)
    const [, , third] = blocks
    assert.ok(proof !== undefined && third !== undefined)
    const forged: FinalityProof = { ...proof, cert: { ...proof.cert, signatures: new Uint8Array(proof.cert.signatures.length).fill(5) } }
    const lies: readonly (readonly Block[])[] = [blocks, blocks.slice(0, 3), [...blocks.slice(0, 2), ...blocks.slice(3)]]
    for (const [index, lie] of lies.entries()) {
      const peer = world.member('bo').peer
      world.network.passes = (from, to) => from !== 'ada' && from !== 'bo' && from !== 'cy' && from !== 'di' && to !== ''
      world.start('ed')
      world.run(100)
      world.feed('ed', { type: 'message', peer, bytes: encodeMessage({ kind: 'seals', proofs: [] }) })
      Object.assign(stateOf(world, 'ed'), { catching: { peer, fromHeight: 1, untilMs: world.nowMs + 1_000 } })
      world.feed('ed', { type: 'message', peer, bytes: encodeMessage({ kind: 'range', blocks: lie, proof: index === 0 ? forged : proof }) })
      assert.equal(world.height('ed'), 0)
      assert.ok(world.member('ed').effects.some(each => each.type === 'blame'))
      world.crash('ed')
      world.member('ed').effects.length = 0
    }
  })
})

describe('validators that are no full mesh', () => {
  it('hear of each other along a line', () => {
    const world = createWorld(FOUR)
    world.startAll()
    for (const [a, b] of [['ada', 'cy'], ['ada', 'di'], ['bo', 'di']] as const) world.cut(a, b)
    world.run(90_000)
    for (const [index, name] of FOUR.entries()) {
      world.submit(name, `from ${index}`)
      world.run(20_000)
    }
    for (const name of FOUR) assert.equal(world.said(name).length, 4, `${name} has ${world.said(name).join()}`)
    const before = world.sent.length
    world.run(3 * 3_600_000)
    assert.equal(world.sent.length, before)
  })

  it('lose nothing to forwarding where all reach all: no message is sent twice', () => {
    const world = createWorld(FOUR, [], { profile: { batchWindowMs: 0 } })
    world.startAll()
    world.run(10_000)
    const before = world.sent.length
    world.submit('ada', 'one')
    world.run(2_000)
    const seen = world.sent.slice(before).map(each => `${each.to} ${hex(each.message)}`).filter((_, index) => world.sent[before + index]?.message[0] === 1)
    assert.equal(new Set(seen).size, seen.length)
  })
})

describe('a leader that is gone', () => {
  it('is waited for once, and then no more until it is heard', () => {
    const world = createWorld(FOUR, [], { profile: { batchWindowMs: 0 } })
    world.startAll()
    world.run(10_000)
    world.crash('di')
    const times: number[] = []
    for (let index = 0; index < 8; index++) {
      const from = world.nowMs
      for (const name of ['ada', 'bo', 'cy']) world.submit(name, `text ${index}`)
      while (!world.said('ada').includes(`text ${index}`)) world.run(10)
      times.push(world.nowMs - from)
      world.run(2_000)
    }
    assert.ok(times.filter(each => each > PROFILE.deltaMs).length <= 1, times.join())
    world.start('di')
    world.run(5_000)
    assert.ok(stateOf(world, 'ada').suspects.size <= 1)
  })
})
