import { strict as assert } from 'node:assert'
import { EMPTY_ROOT, hex, leafHash, merkleRoot } from '../../src/base/index.ts'
import { encodeMessage, joinMessages, type Message } from '../../src/core/consensus/index.ts'
import { FINALIZE, makeBlock, NOTARIZE, PROPOSE, type Block } from '../../src/core/finality/index.ts'
import { FOUR, fromLeader, isCert, isVote, read, started, stateOf, voteBy } from './consensus-regressions.fixture.ts'
import { createWorld, FEDERATION, PROFILE } from './consensus.fixture.ts'

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
