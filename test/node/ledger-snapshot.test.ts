import { strict as assert } from 'node:assert'
import { bytesOfHex, cutMap, hex, sha256, utf8 } from '../../src/base/index.ts'
import { decodeMessage, splitMessages } from '../../src/core/consensus/index.ts'
import { realScheme, validatorSet, type Checkpoint } from '../../src/core/finality/index.ts'
import { encodeOperation, encodePayload, nextSequence, OPERATIONS, proposalId, signTransaction } from '../../src/core/ledger/index.ts'
import type { Peer, ProtocolHandler, Reply, Row } from '../../src/host/index.ts'
import { CONSENSUS_PROTOCOL, LEDGER_PROTOCOL } from '../../src/node/consensus/index.ts'
import { checkLedger, type LedgerSource } from '../../src/node/ledger/index.ts'
import { decodeSnapshotRequest, type SnapshotRequest } from '../../src/node/snapshots/index.ts'
import { metaKey } from '../../src/node/rows/index.ts'
import { DAY_MS } from '../core/identity.fixture.ts'
import { until } from '../support/nodes.ts'
import { Council, takeUpSequence, transactionOf, type Voter } from './ledger.fixture.ts'

const PATIENCE_MS = 60_000
const BODY_BYTES_MAX = 1024 * 1024
/** A block behind is far behind, and every state is held for others. */
const SOON = { snapshots: { lagBlocks: 1, everyBlocks: 1, retryMs: 200 } }

type Handlers = Readonly<Record<string, ProtocolHandler>>

let hidesBlocks = true

/** Answers no question for blocks as long as they are hidden, so that there is no other way than by a state. */
function withoutBlocks (handlers: Handlers): Handlers {
  const asksBlocks = (note: Uint8Array): boolean => (splitMessages(note) ?? []).some(message => {
    const decoded = decodeMessage(message, BODY_BYTES_MAX)
    return decoded.ok && (decoded.value.kind === 'getRange' || decoded.value.kind === 'getBlock')
  })
  const silent = (handler: ProtocolHandler | undefined): ProtocolHandler => {
    assert.ok(handler !== undefined)
    return { ...handler, note: (peer, body) => { if (!hidesBlocks || !asksBlocks(body)) handler.note(peer, body) } }
  }
  return { ...handlers, [LEDGER_PROTOCOL]: silent(handlers[LEDGER_PROTOCOL]), [CONSENSUS_PROTOCOL]: silent(handlers[CONSENSUS_PROTOCOL]) }
}

type Asked = { readonly kind: SnapshotRequest['kind'] | undefined, readonly peer: Peer, readonly reply: Reply, readonly truly: (reply?: Reply) => Promise<void> }

/** Answers questions about snapshots in a way of its own, and none for blocks; `truly` answers as the member would. */
function answering (answer: (asked: Asked) => Promise<void>): (handlers: Handlers) => Handlers {
  return plain => {
    const handlers = withoutBlocks(plain)
    const bulk = handlers[LEDGER_PROTOCOL]
    assert.ok(bulk !== undefined)
    const request: ProtocolHandler['request'] = (peer, body, reply) => {
      const decoded = decodeSnapshotRequest(body)
      return answer({ kind: decoded.ok ? decoded.value.kind : undefined, peer, reply, truly: (other = reply) => bulk.request(peer, body, other) })
    }
    return { ...handlers, [LEDGER_PROTOCOL]: { ...bulk, request } }
  }
}

/** Answers requests of these kinds with something else than the truth. */
function lying (kinds: readonly SnapshotRequest['kind'][], told: SnapshotRequest['kind'][], twist: (truth: Uint8Array) => Uint8Array): (handlers: Handlers) => Handlers {
  return answering(({ kind, reply, truly }) => {
    if (kind === undefined || !kinds.includes(kind)) return truly()
    told.push(kind)
    return truly({ signal: reply.signal, send: truth => reply.send(twist(truth)), end: end => reply.end(end), error: (code, reason) => reply.error(code, reason) })
  })
}

/** Whoever stands in `busy` has no time for one question for an offer, as a node that is just starting. */
function busyOnce (name: string, busy: Set<string>): (handlers: Handlers) => Handlers {
  return answering(async ({ kind, reply, truly }) => kind === 'offer' && busy.delete(name) ? reply.error('busy', 'not begun yet') : truly())
}

const flipped = (bytes: Uint8Array): Uint8Array => bytes.map((byte, at) => at === bytes.length - 1 ? byte ^ 1 : byte)

describe('a node that is far behind', function () {
  this.timeout(120_000)
  let council: Council

  beforeEach(() => { hidesBlocks = true })
  afterEach(async () => { await council.dissolve() })

  async function finalOf (voter: Voter): Promise<number> {
    const submitted = await voter.consensus.submit(transactionOf(council, voter), PATIENCE_MS)
    assert.ok(submitted.ok && submitted.value.state === 'final', JSON.stringify(submitted))
    return submitted.value.height ?? 0
  }

  async function agreed (height: number): Promise<void> {
    const tops = (): ReadonlySet<string> => new Set(council.up.map(({ consensus: { view } }) => `${view.height} ${view.digest} ${hex(view.stateRoot)}`))
    // What others submitted may follow upon it.
    await until(() => council.up.every(({ consensus: { view } }) => view.height >= height) && tops().size === 1, `all are at height ${height} or above, and at the same`)
    assert.deepEqual(council.voters.flatMap(({ fatal }) => fatal), [])
  }

  /** Three of four members with some blocks, and the one who comes late. */
  async function three (blocks: number, lies: readonly ((handlers: Handlers) => Handlers)[] = [], foundedAgoMs?: number): Promise<{ readonly first: Voter, readonly late: Voter }> {
    council = await Council.prepare(4, 'lan', foundedAgoMs)
    council.beginning = SOON
    const [first, second, third, late] = council.voters
    assert.ok(first !== undefined && second !== undefined && third !== undefined && late !== undefined)
    for (const [at, voter] of [first, second, third].entries()) {
      voter.lie = lies[at] ?? withoutBlocks
      await council.start(voter)
    }
    for (let number = 0; number < blocks; number++) await finalOf(first)
    return { first, late }
  }

  /** The members decide something that begins an epoch. */
  async function sealed (): Promise<void> {
    const { federation } = council.charter
    const [first] = council.up
    assert.ok(first !== undefined)
    const byRoot = async ({ city, consensus }: Voter, operation: Uint8Array): Promise<number> => {
      const sequence = nextSequence(consensus.state, city.root.publicKey)
      const submitted = await consensus.submit(signTransaction({
        federation, author: city.did, sequence, notAfterMs: Date.now() + DAY_MS, operations: [operation], certificate: undefined
      }, city.root), PATIENCE_MS)
      assert.ok(submitted.ok && submitted.value.state === 'final', JSON.stringify(submitted))
      return sequence
    }
    const payload = encodePayload({ kind: 'params', params: [['minEpochBlocks', 1]] })
    const sequence = await byRoot(first, encodeOperation(OPERATIONS.proposalOpen, { kind: 'params', payload, notAfterMs: Date.now() + 20 * DAY_MS }))
    const proposal = proposalId(federation, first.city.root.publicKey, sequence, 0)
    for (const voter of council.up) {
      await until(() => voter.consensus.view.height >= first.consensus.view.height, 'it knows of the proposal')
      await byRoot(voter, encodeOperation(OPERATIONS.ballot, { proposal, yes: true }))
    }
    await until(() => council.up.every(({ consensus: { view } }) => view.epoch === 1), 'the next epoch')
  }

  /** Where a member says that the ledger stands. */
  function checkpointOf ({ consensus }: Voter): Checkpoint {
    const { epoch, height, digest, finalMs, validators } = consensus.view
    const set = validatorSet(validators, realScheme)
    const bytes = bytesOfHex(digest)
    assert.ok(set.ok && bytes !== undefined)
    return { federation: consensus.federation, epoch, height, digest: bytes, validatorsHash: set.value.hash, timeMs: finalMs }
  }

  function sourceOf ({ consensus }: Voter): LedgerSource {
    return { block: height => consensus.block(height), proof: height => consensus.proof(height), seals: epoch => consensus.seals(epoch) }
  }

  function hasAdopted ({ consensus }: Voter): boolean {
    return (consensus.metrics().get('hanse_ledger_snapshots_adopted_total') ?? 0) > 0
  }

  it('goes on from a state that its seals prove, votes, and is there after a restart', async () => {
    const { first, late } = await three(8)
    await council.start(late)
    await until(() => hasAdopted(late), 'the state is there')
    hidesBlocks = false
    await agreed(first.consensus.view.height)
    assert.equal(await late.consensus.block(1), undefined, 'no block was executed that lies before it')
    assert.deepEqual(late.consensus.index.membershipFacts(), first.consensus.index.membershipFacts())
    await until(() => late.consensus.view.role === 'validator', 'it may vote')
    const [, second] = council.voters
    assert.ok(second !== undefined)
    await council.kill(second)
    takeUpSequence(late)
    await agreed(await finalOf(late))
    const { height } = late.consensus.view
    await council.kill(late)
    await council.start(late)
    assert.equal(late.consensus.view.height, height, 'engine and state were kept together')
    assert.equal(hex(late.consensus.state.map.root), hex(late.consensus.view.stateRoot))
    await agreed(await finalOf(late))
  })

  it('leaves whoever sends another manifest or another part, and asks the others', async () => {
    const told: SnapshotRequest['kind'][] = []
    const { first, late } = await three(4, [lying(['chunk'], told, flipped), lying(['manifest'], told, flipped)])
    await council.start(late)
    await until(() => hasAdopted(late), 'the state is there')
    hidesBlocks = false
    assert.deepEqual(await late.consensus.block(1), undefined)
    await agreed(first.consensus.view.height)
  })

  it('stays where it is while all who answer lie, and goes on once one does not', async () => {
    // Whoever is connected first is asked for the manifest, and all who offer are asked for parts: so the first lies about both.
    const told: [SnapshotRequest['kind'][], SnapshotRequest['kind'][], SnapshotRequest['kind'][]] = [[], [], []]
    const { first, late } = await three(4, [lying(['manifest', 'chunk'], told[0], flipped), lying(['chunk'], told[1], flipped), lying(['offer'], told[2], flipped)])
    await council.start(late)
    await until(() => told.every(lies => lies.length > 0), 'all have lied')
    assert.ok(!hasAdopted(late) && late.consensus.view.height === 0, 'nothing of it was believed')
    const [, , third] = council.voters
    assert.ok(third !== undefined)
    await council.kill(third)
    third.lie = withoutBlocks
    await council.start(third)
    await until(() => hasAdopted(late), 'the state is there')
    hidesBlocks = false
    await agreed(first.consensus.view.height)
  })

  it('asks all again who had no time to answer', async () => {
    const [names, busy] = [['one', 'two', 'three'], new Set<string>()]
    const { first, late } = await three(4, names.map(name => busyOnce(name, busy)))
    for (const name of names) busy.add(name)
    await council.start(late)
    await until(() => busy.size === 0, 'all were asked')
    await until(() => hasAdopted(late), 'the state is there')
    hidesBlocks = false
    await agreed(first.consensus.view.height)
  })

  it('is where it was when it dies while it keeps the new state, and goes on from there', async () => {
    const { first, late } = await three(5)
    const commits: (readonly Row[])[] = []
    late.faulty = store => ({
      storeId: store.storeId, get: key => store.get(key), getMany: keys => store.getMany(keys), getBlock: (key, digest) => store.getBlock(key, digest),
      getBlocks: wanted => store.getBlocks(wanted), entries: range => store.entries(range), keys: range => store.keys(range),
      compact: range => store.compact(range), close: () => store.close(),
      commit: rows => {
        if (!rows.some(({ key }) => hex(key) === hex(metaKey('ledger from')))) return store.commit(rows)
        commits.push(rows)
        return Promise.reject(new Error('the power is gone'))
      }
    })
    await council.start(late)
    await until(() => late.fatal.length > 0, 'it dies')
    const [rows] = commits
    assert.ok(rows !== undefined && commits.length === 1)
    const kinds = new Set(rows.map(({ key }) => String.fromCharCode(key[0] ?? 0)))
    for (const kind of ['e', 'x', 'p', '0']) assert.ok(kinds.has(kind), `engine, state, proof and height are kept together: ${[...kinds].join()}`)
    await council.kill(late)
    late.fatal.length = 0
    delete late.faulty
    await council.start(late)
    assert.ok(late.consensus.fromHeight === 1, 'nothing of it was kept')
    await until(() => hasAdopted(late), 'the state is there')
    hidesBlocks = false
    await agreed(await finalOf(first))
  })

  it('is helped by nodes that were just started themselves, at whatever height', async () => {
    const { first, late } = await three(3)
    const heights = new Set<number>()
    for (let round = 0; round < 3; round++) {
      for (const voter of council.up) {
        await council.kill(voter)
        await council.start(voter)
      }
      takeUpSequence(first)
      while (first.consensus.view.height % 2 !== round % 2) await finalOf(first)
      hidesBlocks = true
      await council.start(late)
      const { height } = first.consensus.view
      heights.add(height % 2)
      await until(() => late.consensus.view.height >= height && hasAdopted(late), `a state at height ${height}`)
      hidesBlocks = false
      await council.kill(late)
      takeUpSequence(first)
      // So that it is behind by more than comes with a certificate.
      for (let number = 0; number < 3; number++) await finalOf(first)
    }
    assert.equal(heights.size, 2, 'even and odd')
  })

  it('takes each part of a large state once, and keeps what came when one of those who hold it leaves', async () => {
    const asked: string[] = []
    const offering = new Set<string>()
    /** Answers for a part once all have been asked what they offer, so that no one of them does all the work. */
    const sharing = (name: string, isLeaving: boolean): (handlers: Handlers) => Handlers => answering(async ({ kind, peer, truly }) => {
      if (kind === 'offer') offering.add(name)
      if (kind !== 'chunk') return truly()
      await until(() => offering.size === 3, 'all are asked')
      asked.push(name)
      return isLeaving ? peer.drop('it leaves') : truly()
    })
    const { first, late } = await three(0, [sharing('one', false), sharing('two', false), sharing('leaving', true)])
    const operations = (from: number): readonly Uint8Array[] => Array.from({ length: 120 }, (_, at) => encodeOperation(OPERATIONS.datasetPut, {
      dataset: `d-${from + at}-${'x'.repeat(40)}`, feeds: [], schemaHash: sha256(utf8(`${from + at}`)), licenceHash: sha256(utf8(`${from + at} l`)), isRetired: false
    }))
    await finalOf(first)
    for (let from = 0; from < 6_000; from += 120) {
      const submitted = await first.consensus.submit(transactionOf(council, first, operations(from)), PATIENCE_MS)
      assert.ok(submitted.ok && submitted.value.state === 'final', JSON.stringify(submitted))
    }
    await agreed(first.consensus.view.height)
    await council.start(late)
    await until(() => hasAdopted(late), 'the state is there')
    hidesBlocks = false
    const chunks = cutMap(first.consensus.state.map).chunks.length
    assert.ok(chunks >= 4, `${chunks} parts`)
    const served = asked.filter(name => name !== 'leaving')
    assert.equal(served.length, chunks, 'each part came once')
    await agreed(await finalOf(first))
  })

  it('follows seals through epochs', async () => {
    const { first, late } = await three(2)
    await sealed()
    await council.start(late)
    await until(() => hasAdopted(late), 'the state is there')
    assert.equal(late.consensus.view.epoch, 1)
    assert.equal((await late.consensus.seals(0)).length, 1, 'it can show the way to others')
    hidesBlocks = false
    takeUpSequence(late)
    await agreed(await finalOf(first))
    await agreed(await finalOf(late))
    const { fromHeight, view: { height } } = late.consensus
    await until(async () => await late.consensus.block(height) !== undefined, 'the newest block is kept')
    const checked = await checkLedger(council.charter.envelope, late.consensus, height, fromHeight)
    assert.ok(checked.verified, JSON.stringify(checked))
    assert.deepEqual([checked.fromHeight, checked.height], [fromHeight, height])
    assert.ok(fromHeight > 1 && await late.consensus.block(fromHeight) !== undefined && await late.consensus.block(fromHeight - 1) === undefined)
    const unproven = await checkLedger(council.charter.envelope, { ...sourceOf(late), seals: () => Promise.resolve([]) }, height, fromHeight)
    assert.ok(!unproven.verified)
    const shifted = await checkLedger(council.charter.envelope, { ...sourceOf(late), block: at => first.consensus.block(at - 1) }, height, fromHeight)
    assert.deepEqual(shifted.checks.filter(({ ok }) => !ok).map(({ name }) => name), ['hashes'])
  })

  it('that was away for longer than keys are trusted for raises an alarm, and waits for the word of two members', async () => {
    const told: SnapshotRequest['kind'][] = []
    const honest = lying(['seals'], told, truth => truth)
    const { first, late } = await three(2, [honest, honest, honest], 40 * DAY_MS)
    assert.ok(council.up.every(({ consensus }) => consensus.alarm === undefined), 'who is shown nothing new has no reason to doubt')
    await sealed()
    await council.start(late)
    await until(() => late.consensus.alarm !== undefined, 'a seal itself leads on')
    await council.kill(late)
    takeUpSequence(first)
    await finalOf(first)
    await council.start(late)
    hidesBlocks = false
    await until(() => late.consensus.alarm !== undefined, 'an alarm')
    assert.match(late.consensus.alarm ?? '', /ledger checkpoint -o FILE.* from two members/)
    const [ada, bo] = council.voters.map(({ city }) => city.did)
    assert.ok(ada !== undefined && bo !== undefined)
    const checkpoint = checkpointOf(first)
    const one = late.consensus.trust([{ member: ada, checkpoint }, { member: ada, checkpoint }])
    assert.equal(one.ok ? 'taken' : one.failure.code, 'too-few')
    const asked = told.length
    const other = { ...checkpoint, validatorsHash: new Uint8Array(32) }
    assert.ok(late.consensus.trust([{ member: ada, checkpoint: other }, { member: bo, checkpoint: other }]).ok)
    await until(() => told.length > asked, 'it looks again')
    assert.ok(!hasAdopted(late) && late.consensus.view.epoch === 0, 'they speak of another history')
    assert.ok(late.consensus.trust([{ member: ada, checkpoint }, { member: bo, checkpoint }]).ok)
    await until(() => hasAdopted(late) && late.consensus.view.epoch === 1, 'it follows')
    assert.equal(late.consensus.alarm, undefined)
    await agreed(await finalOf(first))
  })

  it('that was invited begins where its inviter says that the ledger stands', async () => {
    const { first, late } = await three(2, [], 40 * DAY_MS)
    await sealed()
    council.beginning = { ...SOON, invitation: checkpointOf(first) }
    await council.start(late)
    await until(() => hasAdopted(late) && late.consensus.view.epoch === 1, 'it follows')
    hidesBlocks = false
    await agreed(await finalOf(first))
  })
})
