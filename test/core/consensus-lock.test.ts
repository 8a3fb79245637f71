import { strict as assert } from 'node:assert'
import { bytesOfHex, hex } from '../../src/base/index.ts'
import { decodeMessage, encodeMessage, splitMessages, viewOf, voteCountOf } from '../../src/core/consensus/index.ts'
import { NULLIFY, voteSignBytes, type Vote } from '../../src/core/finality/index.ts'
import { createWorld, FEDERATION, keyOf, type World } from './consensus.fixture.ts'

const FOUR = ['ada', 'bo', 'cy', 'di']

function roleOf (world: World, name: string): string {
  const { state } = world.member(name)
  assert.ok(state !== undefined)
  return viewOf(state).role
}

function ownVotes (world: World, name: string): number {
  const { effects } = world.member(name)
  return effects.filter(each => each.type === 'persist' && each.rows.some(row => voteCountOf(row) !== undefined)).length
}

function signed (world: World, name: string, epoch: number, view: number): Vote {
  const { state } = world.member('bo')
  assert.ok(state !== undefined)
  const fields = { epoch, view, type: NULLIFY, digest: null } as const
  return { ...fields, signer: state.epoch.nodes.indexOf(world.member(name).peer), signature: keyOf(name).sign(voteSignBytes(FEDERATION, fields)) }
}

function read (bytes: Uint8Array): string {
  const message = decodeMessage(splitMessages(bytes)?.[0] ?? bytes, 65_536)
  return message.ok ? message.value.kind : 'none'
}

function tell (world: World, name: string, newest: Vote | null, instances: readonly { readonly instance: string, readonly firstAgoMs: number, readonly lastAgoMs: number }[] = []): void {
  const seen = instances.map(each => ({ ...each, instance: bytesOfHex(each.instance) ?? new Uint8Array(1) }))
  world.feed(name, { type: 'message', peer: world.member(name === 'bo' ? 'cy' : 'bo').peer, bytes: encodeMessage({ kind: 'votesOf', newest, instances: seen }) })
}

describe('the lock of a validator', () => {
  it('opens when a quorum but one of the others knows nothing newer, and no vote leaves before', () => {
    const world = createWorld(FOUR)
    world.network.passes = () => false
    world.startAll()
    world.submit('ada', 'one')
    world.run(10_000)
    for (const name of FOUR) {
      assert.equal(roleOf(world, name), 'checking')
      assert.equal(ownVotes(world, name), 0)
    }
    world.network.passes = () => true
    world.run(20_000)
    for (const name of FOUR) assert.deepEqual(world.said(name), ['one'])
  })

  it('of who followed for long asks at once when it gets a seat, and soon again where the answer was lost', () => {
    const world = createWorld(FOUR, ['ed'])
    world.startAll()
    const before = world.sent.length
    world.run(3_600_000)
    assert.ok(!world.sent.slice(before).some(each => each.from === 'ed' && read(each.message) === 'getVotesOf'), 'it asks nobody without a seat')
    world.submit('ada', 'seats:ada,bo,cy,di,ed')
    let lost = 0
    world.network.passes = (_from, to, message) => !(to === 'ed' && read(message) === 'votesOf' && lost++ < 8)
    world.run(10_000)
    assert.ok(lost >= 8)
    assert.equal(roleOf(world, 'ed'), 'validator')
  })

  it('is not opened by one peer that answers twice, nor by a learner', () => {
    const world = createWorld([...FOUR, 'ed', 'fe', 'gil'], ['learner'])
    world.network.passes = () => false
    world.startAll()
    for (let times = 0; times < 9; times++) tell(world, 'ada', null)
    world.feed('ada', { type: 'message', peer: world.member('learner').peer, bytes: encodeMessage({ kind: 'votesOf', newest: null, instances: [] }) })
    assert.equal(roleOf(world, 'ada'), 'checking')
  })

  it('shuts for a vote that is not on record: from then on not one more', () => {
    const world = createWorld(FOUR)
    world.startAll()
    world.run(2_000)
    assert.equal(roleOf(world, 'ada'), 'validator')
    tell(world, 'ada', signed(world, 'ada', 0, 9))
    assert.equal(roleOf(world, 'ada'), 'locked')
    const before = ownVotes(world, 'ada')
    for (const text of ['one', 'two', 'three', 'four']) {
      world.submit('bo', text)
      world.run(10_000)
    }
    assert.equal(ownVotes(world, 'ada'), before)
    assert.deepEqual(world.said('ada'), ['one', 'two', 'three', 'four'], 'it still follows')
    assert.ok(world.member('ada').effects.some(each => each.type === 'alarm' && each.code === 'locked'))
  })

  it('does not shut for a vote of others, or one that does not verify', () => {
    const world = createWorld(FOUR)
    world.startAll()
    world.run(2_000)
    tell(world, 'ada', signed(world, 'bo', 0, 9))
    tell(world, 'ada', { ...signed(world, 'ada', 0, 9), signature: new Uint8Array(64).fill(7) })
    assert.equal(roleOf(world, 'ada'), 'validator')
  })

  it('shuts for a store that was put back: peers know what it said since', () => {
    const world = createWorld(FOUR)
    world.startAll()
    world.submit('ada', 'one')
    world.run(5_000)
    const { rows, appState } = world.member('ada')
    const backup = new Map(rows)
    const backupState = appState
    for (const text of ['two', 'three']) {
      world.submit('bo', text)
      world.run(5_000)
    }
    world.network.passes = (_from, _to, bytes) => bytes[0] !== 1 || bytes.length < 100
    world.submit('bo', 'four')
    world.run(2_500)
    world.crash('ada')
    const member = world.member('ada')
    member.rows.clear()
    for (const [key, row] of backup) member.rows.set(key, row)
    member.appState = backupState
    member.final.splice(1)
    world.network.passes = () => true
    world.start('ada')
    world.run(2_000)
    assert.equal(roleOf(world, 'ada'), 'locked')
  })

  it('shuts for another process with the same keys, and not for the one that ended before this began', () => {
    const world = createWorld(FOUR)
    world.startAll()
    world.run(2_000)
    world.crash('ada')
    world.start('ada')
    world.run(4_000)
    assert.equal(roleOf(world, 'ada'), 'validator', 'a quick restart is no clone')
    for (const name of ['bo', 'cy']) world.feed(name, { type: 'open', peer: world.member('ada').peer, instance: 'c10e'.repeat(8) })
    world.run(2_000)
    assert.equal(roleOf(world, 'ada'), 'locked', 'both are told')
  })

  it('opens after a quick restart only when nothing comes any more from the process before, which may live', () => {
    const world = createWorld(FOUR)
    world.startAll()
    world.run(2_000)
    world.crash('ada')
    world.start('ada')
    world.run(500)
    assert.equal(roleOf(world, 'ada'), 'checking')
    const late = signed(world, 'ada', 0, 1)
    for (const name of ['bo', 'cy', 'di']) world.feed(name, { type: 'message', peer: world.member('ada').peer, bytes: encodeMessage({ kind: 'vote', vote: late }) })
    world.run(4_000)
    assert.equal(roleOf(world, 'ada'), 'locked')
    assert.equal(ownVotes(world, 'ada'), 0)
  })

  it('shuts for a vote of its own key that somebody passes on, unless that is on record', () => {
    const world = createWorld(FOUR)
    world.startAll()
    world.run(2_000)
    const pass = (vote: Vote): void => world.feed('ada', { type: 'message', peer: world.member('bo').peer, bytes: encodeMessage({ kind: 'vote', vote }) })
    pass({ ...signed(world, 'ada', 0, 1), signature: new Uint8Array(64).fill(7) })
    pass(signed(world, 'bo', 0, 1))
    world.network.passes = () => false
    world.submit('ada', 'one')
    world.run(8_000)
    const [own] = world.member('ada').state?.signing.rows ?? []
    assert.ok(own !== undefined)
    pass(own.vote)
    assert.equal(roleOf(world, 'ada'), 'validator')
    pass(signed(world, 'ada', 0, 40))
    assert.equal(roleOf(world, 'ada'), 'locked')
  })

  it('is not shut by a vote from before the beginning of its record, where the finality that ended it was lost', () => {
    const world = createWorld(FOUR)
    world.startAll()
    for (const text of ['one', 'two', 'three']) {
      world.submit('ada', text)
      world.run(3_000)
    }
    world.network.passes = () => false
    world.submit('ada', 'four')
    world.run(5_000)
    world.crash('ada')
    const ada = world.member('ada')
    for (const [key, { database }] of ada.rows) if (database === 'store') ada.rows.delete(key)
    ada.appState = undefined
    world.start('ada')
    assert.ok((ada.state?.signing.floor?.view ?? 0) > 1)
    tell(world, 'ada', signed(world, 'ada', 0, 1))
    assert.equal(roleOf(world, 'ada'), 'checking')
  })

  it('is not shut by the word of as many as may lie', () => {
    const world = createWorld(FOUR)
    world.startAll()
    for (let times = 0; times < 5; times++) tell(world, 'ada', null, [{ instance: 'c10e'.repeat(8), firstAgoMs: 9, lastAgoMs: 9 }])
    world.run(2_000)
    assert.equal(roleOf(world, 'ada'), 'validator')
  })

  it('stays shut after a restart, and opens with a key that was made after', () => {
    const world = createWorld(FOUR)
    world.startAll()
    world.run(2_000)
    world.feed('di', { type: 'lock', reason: 'the store was restored from a backup' })
    world.crash('di')
    world.start('di')
    world.run(2_000)
    assert.equal(roleOf(world, 'di'), 'locked')
    world.feed('di', { type: 'keys', keys: new Map(['di', 'di@new'].map(name => [hex(keyOf(name).publicKey), keyOf(name)])) })
    world.submit('ada', 'seats:ada,bo,cy,di@new')
    world.run(20_000)
    assert.equal(roleOf(world, 'di'), 'validator')
  })

  it('shuts where own votes are missing from the record', () => {
    const world = createWorld(FOUR)
    world.startAll()
    for (const text of ['one', 'two', 'three']) {
      world.submit('ada', text)
      world.run(3_000)
    }
    world.network.passes = () => false
    world.submit('ada', 'four')
    world.run(60_000)
    world.crash('ada')
    const { rows } = world.member('ada')
    const votes = [...rows].filter(([, row]) => voteCountOf(row) !== undefined).toSorted(([a], [b]) => a < b ? -1 : 1)
    assert.ok(votes.length >= 2)
    const lost = votes.at(-2)
    assert.ok(lost !== undefined)
    if (votes.length > 2) rows.delete(lost[0])
    else rows.set(lost[0], { ...lost[1], value: new Uint8Array(3) })
    world.start('ada')
    assert.equal(roleOf(world, 'ada'), 'locked')
  })
})
