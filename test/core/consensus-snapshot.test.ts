import { strict as assert } from 'node:assert'
import { hex } from '../../src/base/index.ts'
import { adoptSnapshot, appendLog, decodeMessage, splitMessages, viewOf, type Log, type Snapshot } from '../../src/core/consensus/index.ts'
import { FINALIZE, FLUSH, SEAL, type Block } from '../../src/core/finality/index.ts'
import { createWorld, FEDERATION, type ToyState, type World } from './consensus.fixture.ts'

const FOUR = ['ada', 'bo', 'cy', 'di']

function logBelow (world: World, height: number): Log {
  return world.member('ada').final.filter(({ block }) => block.header.height < height)
    .reduce((log, { block }) => appendLog(log, block.digest), appendLog({ length: 0, peaks: [] }, FEDERATION.multihash.digest))
}

/** What ada can show of the newest block, or of one that she has a proof for. */
function snapshotOf (world: World, height: number = world.height('ada'), fromEpoch = 0): Snapshot<ToyState> {
  const { final, proofs, seals } = world.member('ada')
  const found = final.find(({ block }) => block.header.height === height)
  const proof = proofs.get(height)
  assert.ok(found !== undefined && proof !== undefined, `a proof of block ${height}`)
  const before = [...seals].filter(([epoch]) => epoch >= fromEpoch && epoch < found.block.header.epoch).toSorted(([a], [b]) => a - b)
  return { seals: before.map(([, seal]) => seal), proof, log: logBelow(world, height), appState: found.state, stateRoot: found.state.root }
}

function adoptedBy (world: World, name: string, snapshot: Snapshot<ToyState>): ReturnType<typeof adoptSnapshot<ToyState, never>> {
  const { rules, state } = world.member(name)
  assert.ok(state !== undefined)
  return adoptSnapshot(rules, state, snapshot, { monotonicMs: world.nowMs, wallMs: 1_700_000_000_000 + world.nowMs }) as ReturnType<typeof adoptSnapshot<ToyState, never>>
}

function refusalOf (world: World, name: string, snapshot: Snapshot<ToyState>): string {
  const adopted = adoptedBy(world, name, snapshot)
  return adopted.ok ? 'taken' : adopted.failure.code
}

/** Ed's seat comes and goes: so many epochs, with blocks in each. The late one has seen nothing. */
function longWorld (epochs: number, late: string, passes: World['network']['passes'] = () => true): World {
  const world = createWorld(FOUR, ['ed', late])
  for (const name of [...FOUR, 'ed']) world.start(name)
  world.run(1_000)
  for (let epoch = 0; epoch < epochs; epoch++) {
    world.network.passes = passes
    const seats = epoch % 2 === 0 ? [...FOUR, 'ed'] : FOUR
    // A text is said once only, and the order of seats means nothing.
    world.submit('ada', `seats:${seats.map((_, at) => seats[(at + Math.floor(epoch / 2)) % seats.length]).join()}`)
    world.run(20_000)
    world.submit('ada', `in epoch ${epoch}`)
    world.run(20_000)
  }
  return world
}

/** Loses every FINALIZE for a seal: a block below it has to make it final. */
function losingSealsFinality (): World['network']['passes'] {
  const seals = new Set<string>()
  return (_from, _to, bytes) => {
    const [frame] = splitMessages(bytes) ?? []
    const message = frame === undefined ? undefined : decodeMessage(frame, 65_536)
    if (message?.ok !== true) return true
    const { value } = message
    if (value.kind === 'proposal' && value.block.header.type === SEAL) seals.add(hex(value.block.digest))
    const of = value.kind === 'vote' ? value.vote : value.kind === 'cert' ? value.cert : null
    return !(of !== null && of.type === FINALIZE && of.digest !== null && seals.has(hex(of.digest)))
  }
}

describe('a snapshot', () => {
  it('is refused for each part of it that is a lie', () => {
    const world = longWorld(2, 'flo')
    world.network.passes = () => false
    world.start('flo')
    const honest = snapshotOf(world)
    assert.ok(honest.seals.length >= 2)
    const [first, second] = honest.seals
    const { proof, log } = honest
    const otherCert = { ...proof, cert: { ...proof.cert, signatures: proof.cert.signatures.map((byte, at) => at === 70 ? byte ^ 1 : byte) } }
    const longer = appendLog(log, new Uint8Array(32))
    const lies: readonly (readonly [string, Partial<Snapshot<ToyState>>, string])[] = [
      ['no seals', { seals: [] }, 'proof'],
      ['a seal too few', { seals: honest.seals.slice(0, -1) }, 'proof'],
      ['seals in another order', { seals: second === undefined || first === undefined ? [] : [second, first] }, 'seals'],
      ['a proof with a wrong signature', { proof: otherCert }, 'proof'],
      ['a proof without headers', { proof: { headers: [], cert: proof.cert } }, 'proof'],
      ['the proof of a seal', { proof: first ?? proof }, 'proof'],
      ['another state', { stateRoot: new Uint8Array(32) }, 'state-root'],
      ['a longer log', { log: longer }, 'log'],
      ['other peaks', { log: { ...log, peaks: log.peaks.map(() => new Uint8Array(32)) } }, 'log'],
      ['no peaks', { log: { length: 0, peaks: [] } }, 'log']
    ]
    for (const [what, lie, code] of lies) assert.equal(refusalOf(world, 'flo', { ...honest, ...lie }), code, what)
    assert.equal(refusalOf(world, 'flo', honest), 'taken')
    assert.equal(world.member('flo').state?.final.height, 0, 'the state that was asked about is as it was')
  })

  it('is refused where it leads nowhere new', () => {
    const world = longWorld(1, 'flo')
    const newest = world.height('ed')
    assert.equal(refusalOf(world, 'ed', snapshotOf(world, newest, 1)), 'older')
  })

  it('is refused below a seal, where blocks are final that are no part of the ledger', () => {
    const world = longWorld(1, 'flo', losingSealsFinality())
    world.network.passes = () => false
    world.start('flo')
    const seal = world.member('ada').final.find(({ block }) => block.header.type === SEAL)
    const proof = world.member('ada').seals.get(0)
    assert.ok(seal !== undefined && proof !== undefined && proof.headers.length > 1, 'a flush block made the seal final')
    const below: Snapshot<ToyState> = {
      seals: [], proof: { ...proof, headers: proof.headers.slice(1) }, appState: seal.state, stateRoot: seal.state.root,
      log: logBelow(world, seal.block.header.height + 1)
    }
    assert.equal(refusalOf(world, 'flo', below), 'flush')
    const { rules } = world.member('flo')
    Object.assign(rules, { app: { ...rules.app, epochOf: () => 1 } })
    assert.equal(refusalOf(world, 'flo', below), 'flush', 'the state is one of the next epoch')
    assert.equal(refusalOf(world, 'flo', snapshotOf(world, seal.block.header.height)), 'taken', 'the seal itself begins an epoch')
  })

  it('of a FLUSH block that is part of the ledger is taken, where the state tells its epoch', () => {
    const world = createWorld(FOUR, ['ed'], { profile: { heartbeatMs: 60_000 } })
    for (const name of FOUR) world.start(name)
    world.run(200_000)
    const flush = world.member('ada').final.findLast(({ block }) => block.header.type === FLUSH)
    assert.ok(flush !== undefined, 'a heartbeat')
    world.network.passes = () => false
    world.start('ed')
    const { rules } = world.member('ed')
    assert.equal(refusalOf(world, 'ed', snapshotOf(world, flush.block.header.height)), 'flush')
    Object.assign(rules, { app: { ...rules.app, epochOf: () => 0 } })
    assert.equal(refusalOf(world, 'ed', snapshotOf(world, flush.block.header.height)), 'taken')
  })

  it('leads to the rows from which a later start goes on', () => {
    const world = longWorld(7, 'flo')
    assert.equal(world.member('ada').state?.epoch.number, 7)
    world.network.passes = () => false
    world.start('flo')
    const adopted = adoptedBy(world, 'flo', snapshotOf(world))
    assert.ok(adopted.ok)
    const persists = adopted.value.effects.filter(each => each.type === 'persist' && !each.isLazy)
    assert.equal(persists.length, 1, 'state and engine are kept together')
    const [persist] = persists
    assert.ok(persist?.type === 'persist' && persist.state.length > 0)
    const flo = world.member('flo')
    for (const { database, key, value } of persist.rows) {
      if (value === null) flo.rows.delete(database + hex(key))
      else flo.rows.set(database + hex(key), { database, key, value })
    }
    flo.appState = world.member('ada').appState
    world.crash('flo')
    world.network.passes = () => true
    world.start('flo')
    assert.deepEqual([flo.state?.final.height, flo.state?.epoch.number], [world.height('ada'), world.member('ada').state?.epoch.number])
    assert.deepEqual(flo.state?.past.map(({ number }) => number), world.member('ada').state?.past.map(({ number }) => number), 'lies of late can still be judged')
    assert.deepEqual(flo.state?.past.map(({ set }) => hex(set.hash)), world.member('ada').state?.past.map(({ set }) => hex(set.hash)))
    world.submit('ada', 'afterwards')
    world.run(20_000)
    assert.ok(world.said('flo').includes('afterwards'))
    assert.equal(hex(flo.state?.final.digest ?? new Uint8Array(0)), hex(world.member('ada').state?.final.digest ?? new Uint8Array(0)))
  })

  it('moves no own vote back: who lost all but its votes still knows what it said in the epoch it comes to', () => {
    const world = longWorld(1, 'flo')
    const di = world.member('di')
    const before = di.state?.signing.rows.filter(({ vote }) => vote.epoch === 1)
    assert.ok(before !== undefined && before.length > 0)
    world.crash('di')
    for (const [name, { database }] of di.rows) if (database === 'store') di.rows.delete(name)
    di.appState = undefined
    world.network.passes = () => false
    world.start('di')
    const seal = world.member('ada').final.find(({ block }) => block.header.type === SEAL)?.block
    const rows = di.state?.signing.rows
    const lock = di.state?.signing.lock.type
    const adopted = adoptedBy(world, 'di', snapshotOf(world, (seal as Block).header.height))
    assert.ok(adopted.ok)
    const { signing } = adopted.value.state
    assert.deepEqual(signing.rows, rows)
    assert.equal(signing.lock.type, lock)
    assert.deepEqual(new Set(signing.byView.keys()), new Set(before.map(({ vote: { view } }) => view)))
    assert.equal(viewOf(adopted.value.state).role, 'checking')
    assert.ok(!adopted.value.effects.some(each => each.type === 'persist' && each.rows.some(({ database }) => database === 'signer')))
  })

  it('is not needed for that: ranges of blocks lead to the same record of own votes', () => {
    const world = longWorld(1, 'flo')
    const di = world.member('di')
    const before = new Set(di.state?.signing.rows.filter(({ vote }) => vote.epoch === 1).map(({ vote: { view } }) => view))
    world.crash('di')
    for (const [name, { database }] of di.rows) if (database === 'store') di.rows.delete(name)
    Object.assign(di, { appState: undefined, final: [] })
    const records: number[][] = []
    world.watch.step = (name, old, next) => {
      if (name === 'di' && old.epoch.number === 0 && next.epoch.number === 1) records.push([...next.signing.byView.keys()])
    }
    world.start('di')
    world.run(30_000)
    assert.equal(records.length, 1)
    assert.deepEqual(new Set(records[0]), before)
    assert.ok(![...world.members.values()].some(({ effects }) => effects.some(each => each.type === 'alarm' && each.code === 'fork')))
    assert.deepEqual([...world.members.values()].flatMap(({ state }) => state?.evidence ?? []), [])
  })
})
