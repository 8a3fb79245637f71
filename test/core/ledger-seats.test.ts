import { strict as assert } from 'node:assert'
import { equalBytes, hex, sha256, utf8 } from '../../src/base/index.ts'
import { SEAL } from '../../src/core/finality/index.ts'
import {
  encodeOperation, isReadyWanted, keysOf, memberOf, OPERATIONS, seatOf, standingOf, type BlockContext, type Verdict
} from '../../src/core/ledger/index.ts'
import { cityNamed, codeOf, type City } from './identity.fixture.ts'
import { bindAndReady, newcomer, pass, ready, readyFor, seal } from './ledger-seats.fixture.ts'
import { chainOf, cityAt, foundedChain, HOUR_MS, keyNamed, operations, type Chain } from './ledger.fixture.ts'

const seats = (chain: Chain): readonly string[] => chain.validators.map(({ member }) => chain.founders.find(({ did }) => did === member)?.name ?? member)

/** As consensus saw it: all but these took part. */
const without = (chain: Chain, ...absent: readonly City[]): Partial<BlockContext> => {
  const seen = chain.validators.filter(({ member }) => !absent.some(({ did }) => did === member))
  const [proposer] = seen
  assert.ok(proposer !== undefined)
  return { seen, proposer }
}

describe('ledger seats', () => {
  it('go to a newcomer only after it said that it is ready', () => {
    const chain = foundedChain(4)
    const city = newcomer(chain, 'Newcomer')
    assert.equal(seatOf(chain.state, city.did)?.state, 'learner')
    assert.equal(chain.ledger.due(chain.state), null)
    assert.equal(isReadyWanted(chain.state, city.did), true)
    const key = keyNamed('newcomer')
    chain.run([chain.byNode(city, [operations.bind(chain, city, 'consensus', key)])])
    assert.equal(chain.ledger.due(chain.state), null)
    ready(chain, city, key)
    assert.equal(isReadyWanted(chain.state, city.did), false)
    const due = chain.ledger.due(chain.state)
    assert.equal(due?.validators.length, 5)
    assert.ok(due?.validators.some(each => each.member === city.did && equalBytes(each.key, key.publicKey) && equalBytes(each.node, city.transport.publicKey)))
    const sorted = due?.validators.map(each => hex(each.key)) ?? []
    assert.deepEqual(sorted, sorted.toSorted())
    assert.equal(codeOf(chain.ledger.execute(chain.state, chain.context({ type: SEAL, epoch: 1 }), new Uint8Array(0), () => undefined)), 'context')
    seal(chain)
    assert.deepEqual(standingOf(chain.state).validators, due?.validators)
    assert.equal(standingOf(chain.state).epoch, 1)
    assert.equal(seatOf(chain.state, city.did)?.state, 'validator')
    assert.equal(chain.ledger.due(chain.state), null)
    assert.equal(codeOf(chain.block([], { type: SEAL })), 'not-due')
  })

  it('want a readiness that is true, fresh and of the key that signs', () => {
    const chain = foundedChain(4)
    const city = newcomer(chain, 'Newcomer')
    const [key, spare] = [keyNamed('newcomer'), keyNamed('spare')]
    chain.run([chain.byNode(city, [operations.bind(chain, city, 'consensus', key), operations.bind(chain, city, 'consensus', spare)])])
    const cases: readonly (readonly [string, Parameters<typeof readyFor>[3]])[] = [
      ['epoch', { epoch: 1 }], ['height', { height: chain.height + 1 }], ['state-root', { stateRoot: sha256(utf8('lie')) }],
      ['key', { key: spare.publicKey }]
    ]
    for (const [code, changes] of cases) {
      const other = foundedChain(4)
      const twin = newcomer(other, 'Newcomer')
      other.run([other.byNode(twin, [operations.bind(other, twin, 'consensus', key), operations.bind(other, twin, 'consensus', spare)])])
      assert.equal(codeOf(other.block([readyFor(other, twin, key, changes)])), code)
    }
    const old = readyFor(chain, city, key)
    for (let block = 0; block < 64; block++) chain.run([])
    assert.equal(codeOf(chain.block([old])), 'height')
    const unseated = cityNamed('Unseated')
    pass(chain, { kind: 'join', member: unseated.did, classCode: 'company', seat: false })
    chain.run([chain.byNode(unseated, [operations.nodePut(chain, unseated)])])
    chain.run([chain.byNode(unseated, [operations.bind(chain, unseated, 'consensus', keyNamed('unseated'))])])
    assert.equal(codeOf(chain.block([readyFor(chain, unseated, keyNamed('unseated'))])), 'no-seat')
    const late = foundedChain(4)
    const slow = newcomer(late, 'Slow')
    bindAndReady(late, slow, keyNamed('slow'))
    late.run([], { timeMs: late.timeMs + 24 * HOUR_MS + 1 })
    assert.equal(late.ledger.due(late.state), null)
  })

  it('change by at most max(1, f) with one seal, in order of acceptance', () => {
    const chain = foundedChain(4)
    const first = newcomer(chain, 'First')
    const second = newcomer(chain, 'Second', [...chain.founders, first])
    bindAndReady(chain, second, keyNamed('second'))
    bindAndReady(chain, first, keyNamed('first'))
    seal(chain)
    assert.equal(seatOf(chain.state, first.did)?.state, 'validator')
    assert.equal(seatOf(chain.state, second.did)?.state, 'learner')
    ready(chain, second, keyNamed('second'))
    seal(chain)
    assert.equal(chain.validators.length, 6)
  })

  it('are not changed by a fresh key alone, but take it with the next seal', () => {
    const chain = foundedChain(4)
    const [a, b] = [cityAt(chain, 0), cityAt(chain, 1)]
    const [fresh, other] = [keyNamed('fresh'), keyNamed('other')]
    chain.run([chain.byNode(a, [operations.bind(chain, a, 'consensus', fresh)])])
    assert.equal(chain.ledger.due(chain.state), null)
    chain.run([chain.byNode(b, [operations.rotate(chain, b, 'consensus', b.consensus, other)])])
    const due = chain.ledger.due(chain.state)
    assert.ok(due !== null)
    const keys = due.validators.map(({ key }) => hex(key))
    assert.ok(keys.includes(hex(fresh.publicKey)) && keys.includes(hex(other.publicKey)))
    assert.ok(!keys.includes(hex(a.consensus.publicKey)) && !keys.includes(hex(b.consensus.publicKey)))
    seal(chain)
    assert.deepEqual(keysOf(chain.state, a.did, 'consensus').map(({ key }) => hex(key)), [hex(fresh.publicKey)])
    assert.equal(chain.ledger.due(chain.state), null)
  })

  it('are lost without any live key, unless too few would be left', () => {
    const revoke = (city: City): Uint8Array => encodeOperation(OPERATIONS.keyRevoke, { revoked: ['key', city.consensus.publicKey], reason: 1, sinceMs: 0 })
    const four = foundedChain(4)
    four.run([four.byRoot(cityAt(four, 0), [revoke(cityAt(four, 0))])])
    assert.equal(four.ledger.due(four.state), null)
    const five = foundedChain(5)
    five.run([five.byRoot(cityAt(five, 0), [revoke(cityAt(five, 0))])])
    seal(five)
    assert.equal(five.validators.length, 4)
    assert.equal(seatOf(five.state, cityAt(five, 0).did)?.state, 'learner')
  })

  it('wait for as many living validators as the next epoch needs', () => {
    const chain = foundedChain(4)
    const [a, b] = [cityAt(chain, 0), cityAt(chain, 1)]
    for (let block = 0; block < 52; block++) chain.run([], without(chain, a, b))
    const c = cityAt(chain, 2)
    chain.run([chain.byNode(c, [operations.rotate(chain, c, 'consensus', c.consensus, keyNamed('c'))])], without(chain, a, b))
    assert.equal(chain.ledger.due(chain.state), null)
    chain.run([], without(chain, a))
    assert.equal(chain.ledger.due(chain.state)?.validators.length, 4)
  })

  it('follow the blocks between two seals', () => {
    const chain = foundedChain(4, { parameters: { minEpochBlocks: 5 } })
    const a = cityAt(chain, 0)
    chain.run([chain.byNode(a, [operations.rotate(chain, a, 'consensus', a.consensus, keyNamed('a'))])])
    while (chain.height < 5) {
      assert.equal(chain.ledger.due(chain.state), null)
      chain.run([])
    }
    assert.notEqual(chain.ledger.due(chain.state), null)
  })

  it('go with a member that leaves or is removed', () => {
    const chain = foundedChain(6)
    const [a, b] = [cityAt(chain, 0), cityAt(chain, 1)]
    chain.run([chain.byRoot(a, [operations.leave()])])
    assert.equal(chain.validators.length, 6)
    pass(chain, { kind: 'remove', member: b.did }, chain.founders.slice(2))
    seal(chain)
    assert.equal(chain.validators.length, 5)
    assert.ok(!seats(chain).includes(a.name))
    assert.equal(seatOf(chain.state, a.did), undefined)
    assert.equal(chain.ledger.due(chain.state), null, 'a seal right after a seal')
    chain.run([])
    seal(chain)
    assert.equal(chain.validators.length, 4)
    assert.equal(chain.ledger.due(chain.state), null)
  })

  it('stay with a member that was removed and is back before a seal', () => {
    const chain = foundedChain(5)
    const [a, ...others] = chain.founders
    assert.ok(a !== undefined)
    pass(chain, { kind: 'remove', member: a.did }, others)
    assert.notEqual(chain.ledger.due(chain.state), null)
    pass(chain, { kind: 'join', member: a.did, classCode: 'municipality', seat: true }, others)
    assert.equal(chain.ledger.due(chain.state), null)
    assert.equal(seatOf(chain.state, a.did)?.state, 'validator')
  })

  it('are not waited for by a word of readiness that no state bears out any more: nobody keeps it', () => {
    const chain = foundedChain(5)
    const a = cityAt(chain, 0)
    const early = readyFor(chain, a, a.consensus)
    for (let block = 0; block < 63; block++) chain.run([])
    assert.equal(chain.ledger.check(chain.state, chain.timeMs, early).ok, true)
    assert.equal(chain.ledger.isAlive(chain.state, chain.timeMs, early), true)
    chain.run([])
    assert.equal(codeOf(chain.ledger.check(chain.state, chain.timeMs, early)), 'height')
    assert.equal(chain.ledger.isAlive(chain.state, chain.timeMs, early), false)
  })

  it('are not waited for by a word of readiness from the epoch before', () => {
    const chain = foundedChain(5)
    const a = cityAt(chain, 0)
    const early = readyFor(chain, a, a.consensus)
    chain.run([chain.byRoot(cityAt(chain, 1), [operations.leave()])])
    seal(chain)
    assert.equal(codeOf(chain.ledger.check(chain.state, chain.timeMs, early)), 'epoch')
    assert.equal(chain.ledger.isAlive(chain.state, chain.timeMs, early), false)
  })

  it('are parked after a vote or a long absence, never below four, and given back', () => {
    const chain = foundedChain(5)
    const [a, b] = [cityAt(chain, 0), cityAt(chain, 1)]
    for (let block = 0; block < 60; block++) chain.run([], { ...without(chain, a), timeMs: chain.timeMs + HOUR_MS })
    assert.equal(chain.ledger.due(chain.state), null)
    chain.run([], { ...without(chain, a), timeMs: chain.timeMs + 12 * HOUR_MS })
    assert.equal(chain.ledger.due(chain.state)?.validators.length, 4)
    seal(chain)
    assert.equal(seatOf(chain.state, a.did)?.state, 'parked')
    pass(chain, { kind: 'park', member: b.did }, chain.founders.slice(1))
    assert.equal(chain.ledger.due(chain.state), null)
    const unpark = encodeOperation(OPERATIONS.validatorUnpark, {})
    assert.equal(codeOf(chain.block([chain.byNode(b, [unpark])])), 'not-parked')
    ready(chain, a, a.consensus)
    assert.equal(chain.ledger.due(chain.state), null)
    chain.run([chain.byNode(a, [unpark])])
    assert.equal(chain.ledger.due(chain.state)?.validators.length, 5)
    seal(chain)
    assert.equal(seatOf(chain.state, a.did)?.state, 'validator')
  })

  it('are not parked while the ledger sleeps, however long', () => {
    const chain = foundedChain(5)
    const a = cityAt(chain, 0)
    for (let block = 0; block < 20; block++) chain.run([], { ...without(chain, a), timeMs: chain.timeMs + 1_000 * HOUR_MS })
    assert.equal(chain.ledger.due(chain.state), null)
  })

  it('are not parked where only four are left, even where fewer may validate', () => {
    const chain = foundedChain(4, { parameters: { validatorsMin: 1 } })
    const a = cityAt(chain, 0)
    for (let block = 0; block < 60; block++) chain.run([], { ...without(chain, a), timeMs: chain.timeMs + 2 * HOUR_MS })
    assert.equal(chain.ledger.due(chain.state), null)
  })

  it('keep a validator that is slow but writes transactions', () => {
    const chain = foundedChain(5)
    const a = cityAt(chain, 0)
    for (let block = 0; block < 60; block++) {
      const transactions = block % 20 === 0 ? [chain.byNode(a, [operations.datasetPut(`d-${block}`, [])])] : []
      chain.run(transactions, { ...without(chain, a), timeMs: chain.timeMs + 2 * HOUR_MS })
    }
    assert.equal(chain.ledger.due(chain.state), null)
    assert.equal(memberOf(chain.state, a.did)?.isAlive, true)
  })

  it('are parked on proof of misbehaviour, and come back by a vote and with a new key', () => {
    const chain = foundedChain(5)
    const a = cityAt(chain, 0)
    const verdict: Verdict = { member: a.did, kind: 'double-notarize', epoch: 0, view: 3, id: sha256(utf8('evidence')) }
    chain.run([], { verdicts: [verdict] })
    chain.run([], { verdicts: [verdict] })
    seal(chain)
    assert.deepEqual([seatOf(chain.state, a.did)?.state, seatOf(chain.state, a.did)?.isMisbehaving], ['parked', true])
    assert.equal(codeOf(chain.block([chain.byNode(a, [encodeOperation(OPERATIONS.validatorUnpark, {})])])), 'misbehaviour')
    pass(chain, { kind: 'join', member: a.did, classCode: 'municipality', seat: true })
    assert.equal(keysOf(chain.state, a.did, 'consensus').length, 0)
    const again = foundedChain(5)
    again.run([], { verdicts: [verdict] })
    seal(again)
    pass(again, { kind: 'join', member: a.did, classCode: 'municipality', seat: true })
    bindAndReady(again, a, keyNamed('again'))
    seal(again)
    assert.equal(again.validators.length, 5)
  })

  it('never fall below the least number of validators', () => {
    const chain = foundedChain(4)
    chain.run([chain.byRoot(cityAt(chain, 0), [operations.leave()])])
    assert.equal(chain.ledger.due(chain.state), null)
    const lowered = foundedChain(4, { parameters: { validatorsMin: 1 } })
    lowered.run([lowered.byRoot(cityAt(lowered, 0), [operations.leave()])])
    assert.equal(lowered.ledger.due(lowered.state)?.validators.length, 3)
  })
})

describe('a small ledger', () => {
  for (const count of [1, 2, 3]) {
    it(`of ${count} decides alike`, () => {
      const chain = foundedChain(count)
      assert.equal(chainOf(chain.founders).ledger.genesis.validators.length, count)
      const city = newcomer(chain, 'Newcomer')
      bindAndReady(chain, city, keyNamed('newcomer'))
      seal(chain)
      assert.equal(chain.validators.length, count + 1)
    })
  }
})
