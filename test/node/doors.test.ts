import { strict as assert } from 'node:assert'
import type { Did } from '../../src/core/identity/index.ts'
import type { Door } from '../../src/core/terms/index.ts'
import type { AccessRecord } from '../../src/node/access/index.ts'
import { refusalOf, sentenceOf, sentenceOfText, Standings, type AssetFacts, type Engine } from '../../src/node/doors/index.ts'
import { Signal } from '../../src/node/feeds/index.ts'
import { ada, ben, cyd, NOW_MS } from '../core/feed.fixture.ts'
import { openMemoryStore } from '../support/memory-store.ts'
import { openDoors, realEngine } from '../support/doors.ts'
import { agreementOf, codesOf, FOR_BEN, FOR_MEMBERS, FOR_WASTE, movingClock, NOISE, NOT_PASSED_ON, policyOf, restricted, WASTE } from './doors.fixture.ts'
import { stillClock } from './loopback.fixture.ts'

const bins = { publisher: ada.did, datasetId: 'bins' }
const GIVING: readonly Door[] = ['sync', 'read', 'stream', 'sql', 'derive']
const clock = stillClock(NOW_MS)
const open: AssetFacts = { access: 'members', terms: null, sources: [], derivation: null, viewers: 'members' }

describe('doors: whom they let through', () => {
  for (const door of GIVING) {
    it(`${door}: who has an agreement for the purpose, and nobody else`, async () => {
      const { doors, standings } = await openDoors({ own: ada.did, clock }, { describe: () => restricted(policyOf([FOR_BEN, FOR_WASTE])) })
      const ask = (requester: Did | null, purpose?: string): readonly string[] => codesOf(doors.decide({ door, requester, asset: bins, purpose, records: 1 }))
      assert.deepEqual(ask(ben.did, WASTE), ['agreement.none'])
      await standings.put(agreementOf())
      assert.deepEqual(ask(ben.did, WASTE), ['allowed'])
      assert.deepEqual(ask(ben.did), ['allowed'], 'the purpose of the one agreement is meant')
      assert.deepEqual(ask(ben.did, NOISE), ['purpose.outside'])
      assert.deepEqual(ask(cyd.did, WASTE), ['agreement.none'])
      assert.deepEqual(ask(null), ['membership.inactive'])
      assert.deepEqual(ask(ada.did), ['allowed'], 'its own publisher')
      await standings.revoke(agreementOf().id, NOW_MS)
      assert.deepEqual(ask(ben.did, WASTE), ['agreement.revoked'])
    })
  }

  const clauses: readonly { readonly of: string, readonly policy: Uint8Array, readonly described?: Partial<AssetFacts>, readonly duties?: readonly { rule: string, state: 'violated' }[], readonly claims?: { readonly storedIn: readonly string[], readonly securityLevel: number }, readonly code: string }[] = [
    { of: '1, another recipient', policy: policyOf([{ leftOperand: 'odrl:recipient', operator: 'isAnyOf', rightOperand: [cyd.did] }]), code: 'recipient.not-listed' },
    { of: '3, before its time', policy: policyOf([FOR_BEN, { leftOperand: 'odrl:dateTime', operator: 'gteq', rightOperand: '2999-12-01T00:00:00Z' }]), code: 'period.before' },
    { of: '3, after its time', policy: policyOf([FOR_BEN, { leftOperand: 'odrl:dateTime', operator: 'lteq', rightOperand: '2001-12-01T00:00:00Z' }]), code: 'period.after' },
    {
      of: '4, raw rows', code: 'detail.raw-asset',
      policy: policyOf([FOR_BEN], {}, [{ action: 'urn:hanse:terms:1:summarise', constraint: [{ leftOperand: 'urn:hanse:terms:1:minGroupSize', operator: 'gteq', rightOperand: '10' }] }])
    },
    {
      of: '5, no delay', code: 'delay.too-fresh',
      policy: policyOf([FOR_BEN], {}, [{ action: 'urn:hanse:terms:1:delay', constraint: [{ leftOperand: 'odrl:delayPeriod', operator: 'gteq', rightOperand: 'PT24H' }] }])
    },
    {
      of: '8, a receipt that is overdue', duties: [{ rule: 'obligation/0', state: 'violated' }], code: 'retention.receipt-overdue',
      policy: policyOf([FOR_BEN], { obligation: [{ action: 'odrl:delete', constraint: [{ leftOperand: 'odrl:elapsedTime', operator: 'lteq', rightOperand: 'P30D' }] }] })
    },
    { of: '12, another place', claims: { storedIn: ['US'], securityLevel: 0 }, code: 'place.not-attested', policy: policyOf([FOR_BEN, { leftOperand: 'urn:hanse:terms:1:storedIn', operator: 'isPartOf', rightOperand: ['DE'] }]) },
    { of: '12, a place that is not known', policy: policyOf([FOR_BEN, { leftOperand: 'urn:hanse:terms:1:storedIn', operator: 'isPartOf', rightOperand: ['DE'] }]), code: 'fact.missing' },
    { of: 'no number, an unknown term', policy: policyOf([FOR_BEN, { leftOperand: 'urn:elsewhere:moon', operator: 'eq', rightOperand: 'full' }]), code: 'term.unknown' }
  ]
  for (const door of GIVING) {
    for (const { of, policy, described, duties = [], claims, code } of clauses) {
      it(`${door}: refuses by clause ${of}`, async () => {
        const { doors, standings } = await openDoors({ own: ada.did, clock }, { describe: () => restricted(policy, described), claims })
        await standings.put(agreementOf({ policy, purpose: null, duties }))
        const decision = doors.decide({ door, requester: ben.did, asset: bins, purpose: WASTE, records: 1 })
        assert.equal(decision.allow, false)
        assert.ok(codesOf(decision).includes(code), codesOf(decision).join())
        const { reason, reasons } = refusalOf(decision)
        assert.deepEqual(reasons, [...new Set(codesOf(decision))])
        assert.ok(decision.reasons.every(each => reason.includes(sentenceOf(each))), reason)
      })
    }
  }

  it('counts requests where it can, and gives no copies where it cannot', async () => {
    const policy = policyOf([FOR_BEN, { leftOperand: 'odrl:count', operator: 'lteq', rightOperand: '2' }])
    let requests = 0
    const access = { counters: () => ({ requests, requestsToday: requests, recordsToday: 0 }), record: async () => { requests++; return true }, refuse: () => {} }
    const { doors, standings } = await openDoors({ own: ada.did, clock, access }, { describe: () => restricted(policy) })
    await standings.put(agreementOf({ policy, purpose: null }))
    const read = { door: 'read', requester: ben.did, asset: bins, records: 1 } as const
    for (let at = 0; at < 2; at++) {
      const passage = doors.enter(read)
      assert.equal(await passage.take({ records: 1, bytes: 1 }), true)
      assert.equal(await passage.take({ records: 1, bytes: 1 }), true, 'one request, however many parts it has')
      requests = at + 1
      await passage.end()
    }
    assert.deepEqual(codesOf(doors.decide(read)), ['count.exhausted'])
    requests = 0
    assert.deepEqual(codesOf(doors.decide({ ...read, door: 'sync' })), ['count.query-only'])
  })

  it('says while it is negotiated what an agreement would allow, to those who may know of the dataset', async () => {
    const policy = policyOf([FOR_BEN, FOR_WASTE, { leftOperand: 'odrl:count', operator: 'lteq', rightOperand: '2' }])
    const { doors } = await openDoors({ own: ada.did, clock }, { describe: () => restricted(policy) })
    const ask = (requester: Did | null, purpose?: string): readonly string[] => codesOf(doors.decide({ door: 'negotiate', requester, asset: bins, purpose }))
    assert.deepEqual(ask(ben.did, WASTE), ['allowed'])
    assert.deepEqual(ask(ben.did, NOISE), ['purpose.outside'])
    assert.deepEqual(ask(cyd.did, WASTE), ['recipient.not-listed'])
    assert.deepEqual(ask(null, WASTE), ['membership.inactive'])
    assert.deepEqual(codesOf(doors.decide({ door: 'read', requester: ben.did, asset: bins, purpose: WASTE, records: 1 })), ['agreement.none'])
  })

  it('asks the dataset\'s own terms where its class needs no agreement', async () => {
    const { doors } = await openDoors({ own: ada.did, clock }, { describe: () => ({ ...restricted(policyOf([FOR_MEMBERS])), access: 'members' }) })
    for (const door of GIVING) {
      assert.deepEqual(codesOf(doors.decide({ door, requester: ben.did, asset: bins, records: 1 })), ['allowed'])
      assert.deepEqual(codesOf(doors.decide({ door, requester: null, asset: bins, records: 1 })), ['membership.inactive'])
    }
  })

  it('lets a node use what it was given for as long as it hears of the giver', async () => {
    const moving = movingClock(NOW_MS)
    const { doors, standings } = await openDoors({ own: ben.did, clock: moving }, { describe: () => restricted(policyOf([FOR_BEN, FOR_WASTE])) })
    await standings.put(agreementOf({ stalenessMaxMs: 3_600_000 }))
    const read = { door: 'read', requester: ben.did, asset: bins, records: 1 } as const
    assert.deepEqual(codesOf(doors.decide(read)), ['fact.missing'])
    await standings.heard(ada.did, NOW_MS)
    assert.deepEqual(codesOf(doors.decide(read)), ['allowed'])
    moving.advance(3_600_001)
    assert.deepEqual(codesOf(doors.decide(read)), ['lease.stale'])
    await standings.heard(ada.did, NOW_MS + 3_600_001)
    assert.deepEqual(codesOf(doors.decide(read)), ['allowed'])
  })

  it('does not say that there is a dataset to whom it is not shown', async () => {
    const { doors } = await openDoors({ own: ada.did, clock }, { describe: () => restricted(policyOf([FOR_BEN]), { viewers: new Set([ada.did, ben.did]) }) })
    const ask = (door: Door, requester: Did | null): ReturnType<typeof doors.decide> => doors.decide({ door, requester, asset: bins })
    assert.deepEqual(codesOf(ask('advertise', ben.did)), ['allowed'])
    for (const door of ['advertise', 'negotiate', ...GIVING] as const) {
      for (const requester of [cyd.did, null]) {
        const decision = ask(door, requester)
        assert.equal(decision.allow, false)
        assert.equal(refusalOf(decision).code, 'not-found')
        assert.doesNotMatch(refusalOf(decision).reason, /terms|agreement|recipient/)
      }
    }
    assert.equal(refusalOf(ask('read', ben.did)).code, 'refused')
  })

  it('gives ciphertext to those whom clause 14 names', async () => {
    const policy = policyOf([FOR_BEN])
    for (const [replicas, forBen, forCyd] of [['members', 'allowed', 'allowed'], ['recipients', 'allowed', 'recipient.not-listed'], ['nobody', 'recipient.not-listed', 'recipient.not-listed']] as const) {
      // Clause 1 is read out of the form: here it names Ben.
      const engine: Engine = { ...realEngine, formOf: () => ({ audience: { type: 'named', members: [ben.did] } }) }
      const { doors } = await openDoors({ own: ada.did, clock, engine }, { describe: () => restricted(policy, { replicas }) })
      const ask = (requester: Did | null): readonly string[] => codesOf(doors.decide({ door: 'sync', form: 'ciphertext', requester, asset: bins, records: 0 }))
      assert.deepEqual([ask(ben.did), ask(cyd.did), ask(null)], [[forBen], [forCyd], ['membership.inactive']], replicas)
      assert.deepEqual(codesOf(doors.decide({ door: 'sync', requester: ben.did, asset: bins, records: 0 })), ['agreement.none'])
    }
  })
})

describe('doors: what was made of somebody else\'s', () => {
  const source = agreementOf({ id: 'urn:uuid:00000000-0000-4000-8000-00000000000a', provider: cyd.did, consumer: ada.did, datasetId: 'raw', purpose: null, policy: policyOf([{ ...FOR_BEN, rightOperand: [ada.did] }], NOT_PASSED_ON) })
  const derived: AssetFacts = { ...open, sources: [{ publisher: cyd.did, datasetId: 'raw', agreementId: source.id, policyCid: null }] }
  const describe = (name: string): AssetFacts | undefined => name === 'bins' ? derived : undefined

  it('is not passed on where that may not be', async () => {
    const { doors, standings } = await openDoors({ own: ada.did, clock }, { describe })
    const ask = (requester: Did): ReturnType<typeof doors.decide> => doors.decide({ door: 'read', requester, asset: bins, records: 1 })
    assert.deepEqual(codesOf(ask(ben.did)), ['fact.missing'], 'the policy of the source is not at hand')
    await standings.put(source)
    await standings.heard(cyd.did, NOW_MS)
    const decision = ask(ben.did)
    assert.deepEqual(codesOf(decision), ['passing-on.prohibited'])
    assert.deepEqual(decision.reasons[0]?.source, [`${cyd.did}/raw`])
    assert.deepEqual(codesOf(ask(ada.did)), ['allowed'], 'for own use')
    await standings.revoke(source.id, NOW_MS)
    assert.deepEqual(codesOf(ask(ada.did)), ['agreement.revoked'])
  })

  it('is passed on as results of groups that are large enough, and offered so, and not otherwise', async () => {
    const results = agreementOf({
      ...source, policy: policyOf([{ ...FOR_BEN, rightOperand: [ada.did] }], {
        prohibition: [{ action: 'odrl:distribute', constraint: [{ leftOperand: 'urn:hanse:terms:1:minGroupSize', operator: 'lt', rightOperand: '10' }] }]
      })
    })
    const summary = (minGroupSize: number, operations: readonly ('summarise' | 'redact')[]): AssetFacts => ({ ...derived, derivation: { operations, minGroupSize, h3Resolution: 15, timeStepMs: 0, delayMs: 0, redactedFields: [] } })
    for (const [made, codes] of [[summary(10, ['summarise']), ['allowed']], [summary(9, ['summarise']), ['passing-on.prohibited']], [summary(1, ['redact']), ['passing-on.prohibited']]] as const) {
      const { doors, standings } = await openDoors({ own: ada.did, clock }, { describe: name => name === 'bins' ? made : undefined })
      await standings.put(results)
      await standings.heard(cyd.did, NOW_MS)
      assert.deepEqual(codesOf(doors.decide({ door: 'read', requester: ben.did, asset: bins, records: 1 })), codes)
      const terms = { policy: policyOf([FOR_MEMBERS], NOT_PASSED_ON), salt: new Uint8Array(32), visibility: 'members', replicas: 'nobody', legalNotice: null } as const
      assert.deepEqual(doors.barrierTo({ ...made, terms }), codes[0] === 'allowed' ? undefined : [`${cyd.did}/raw`])
    }
  })

  it('is offered only to those whom the source names, no wider than it', async () => {
    const named = agreementOf({
      ...source, policy: policyOf([{ ...FOR_BEN, rightOperand: [ada.did] }, FOR_WASTE], {
        prohibition: [{ action: 'odrl:distribute', constraint: [{ leftOperand: 'urn:hanse:terms:1:onwardRecipient', operator: 'isNoneOf', rightOperand: [ben.did] }] }],
        obligation: [{ action: 'odrl:nextPolicy', constraint: [{ leftOperand: 'urn:hanse:terms:1:strictness', operator: 'eq', rightOperand: 'same-or-stricter' }] }]
      })
    })
    const { doors, standings } = await openDoors({ own: ada.did, clock }, { describe })
    const barrier = (policy: Uint8Array): boolean => doors.barrierTo({
      ...derived, terms: { policy, salt: new Uint8Array(32), visibility: 'members', replicas: 'nobody', legalNotice: null }
    }) !== undefined
    assert.equal(barrier(policyOf([FOR_BEN, FOR_WASTE], NOT_PASSED_ON)), true, 'the policy of the source is not at hand')
    await standings.put(named)
    assert.equal(barrier(policyOf([FOR_BEN, FOR_WASTE], NOT_PASSED_ON)), false)
    assert.equal(barrier(policyOf([FOR_BEN], NOT_PASSED_ON)), true, 'for anything')
    assert.equal(barrier(policyOf([FOR_MEMBERS, FOR_WASTE], NOT_PASSED_ON)), true, 'for others too')
    assert.equal(doors.barrierTo({ ...derived, terms: null }) === undefined, false, 'without terms')
  })

  it('is refused where it was made of itself, and no further back than sixteen', async () => {
    const { doors } = await openDoors({ own: ada.did, clock }, { describe: () => ({ ...open, sources: [{ publisher: ada.did, datasetId: 'bins', agreementId: null, policyCid: null }] }) })
    assert.deepEqual(codesOf(doors.decide({ door: 'read', requester: ben.did, asset: bins, records: 1 })), ['policy.limit'])
  })
})

describe('doors: an engine that fails', () => {
  const asked = ['read', 'sync', 'stream', 'sql', 'derive', 'negotiate', 'reshare'] as const

  it('lets nothing through, and says so', async () => {
    const engine: Engine = { ...realEngine, compile: policy => ({ ...realEngine.compile(policy), evaluate: () => { throw new Error('no') } }) }
    const { doors, standings } = await openDoors({ own: ada.did, clock, engine }, { describe: () => restricted(policyOf([FOR_BEN])) })
    await standings.put(agreementOf({ purpose: null }))
    for (const door of asked) {
      const passage = doors.enter({ door, requester: ben.did, asset: bins, records: 1 })
      assert.deepEqual(codesOf(passage.decision), ['fact.missing'])
      assert.equal(await passage.take({ records: 1, bytes: 1 }), false)
    }
  })

  it('lets nothing through where what it knows cannot be read', async () => {
    const { doors } = await openDoors({ own: ada.did, clock }, { describe: () => { throw new Error('the disk') } })
    for (const door of asked) assert.equal(doors.decide({ door, requester: ben.did, asset: bins }).allow, false)
  })
})

describe('doors: a passage', () => {
  const asset = (): AssetFacts => restricted(policyOf([FOR_BEN, FOR_WASTE]))

  it('closes in the moment that a revocation is told, whatever the disk does', async () => {
    const store = openMemoryStore()
    const standings = await Standings.load(store, clock)
    const { doors } = await openDoors({ own: ada.did, clock, standings }, { describe: asset })
    await standings.put(agreementOf())
    const passage = doors.enter({ door: 'stream', requester: ben.did, asset: bins, records: 0 })
    assert.equal(await passage.take({ records: 1, bytes: 1 }), true)
    const revoked = standings.revoke(agreementOf().id, NOW_MS)
    assert.equal(passage.signal.aborted, true, 'before the revocation is on the disk')
    assert.deepEqual(codesOf(passage.decision), ['agreement.revoked'])
    assert.equal(await passage.take({ records: 1, bytes: 1 }), false)
    await revoked
    const again = await Standings.load(store, clock)
    assert.equal(again.get(agreementOf().id)?.revokedAtMs, NOW_MS)
  })

  it('closes by the ledger, by the membership, by another description, and by time', async () => {
    const moving = movingClock(NOW_MS)
    const [ledgerChanged, assetsChanged] = [new Signal<void>(), new Signal<{ readonly publisher: string, readonly datasetId: string }>()]
    let [revokedMs, described]: [number | null, AssetFacts | undefined] = [null, asset()]
    const { doors, standings } = await openDoors({
      own: ada.did, clock: moving, ledger: { classOf: () => undefined, revokedMs: () => revokedMs, height: () => 1, changed: ledgerChanged }
    }, { describe: () => described, changed: assetsChanged })
    await standings.put(agreementOf({ commit: new Uint8Array(32) }))
    const enter = (): ReturnType<typeof doors.enter> => doors.enter({ door: 'stream', requester: ben.did, asset: bins, records: 0 })
    const byLedger = enter()
    revokedMs = NOW_MS
    ledgerChanged.emit()
    assert.deepEqual(codesOf(byLedger.decision), ['agreement.revoked'])
    revokedMs = null
    ledgerChanged.emit()
    const byDescription = enter()
    described = undefined
    assetsChanged.emit(bins)
    assert.equal(byDescription.signal.aborted, true)
    described = asset()
    assetsChanged.emit(bins)
    const untilMs = NOW_MS + 90_000
    await standings.put(agreementOf({ policy: policyOf([FOR_BEN, FOR_WASTE, { leftOperand: 'odrl:dateTime', operator: 'lteq', rightOperand: new Date(untilMs).toISOString() }]) }))
    const byTime = enter()
    assert.equal(byTime.isOpen, true)
    moving.advance(90_002)
    assert.deepEqual(codesOf(byTime.decision), ['period.after'])
  })

  it('writes down what it lets through before it does, streams once a minute, refusals with their reasons', async () => {
    const moving = movingClock(NOW_MS)
    const records: AccessRecord[] = []
    const refusals: AccessRecord[] = []
    let keeps = true
    const access = { counters: () => ({ requests: 0, requestsToday: 0, recordsToday: 0 }), record: async (record: AccessRecord) => { if (keeps) records.push(record); return keeps }, refuse: (record: AccessRecord) => { refusals.push(record) } }
    const { doors, standings } = await openDoors({ own: ada.did, clock: moving, access }, { describe: asset })
    await standings.put(agreementOf())
    const stream = doors.enter({ door: 'stream', requester: ben.did, asset: bins, records: 0 })
    for (let at = 0; at < 130; at++) {
      assert.equal(await stream.take({ records: 1, bytes: 10 }), true)
      moving.advance(1_000)
    }
    await stream.end()
    assert.deepEqual(records.map(each => [each.requests, each.records, each.bytes]), [[1, 1, 10], [0, 60, 600], [0, 60, 600], [0, 9, 90]])
    assert.deepEqual(records[0], {
      outcome: 'allowed', timeMs: NOW_MS, agreementId: agreementOf().id, publisher: ada.did, datasetId: 'bins', requester: ben.did, door: 'stream', purpose: WASTE,
      policyCid: stream.decision.policyCid, requests: 1, records: 1, bytes: 10, reasons: []
    })
    assert.equal(doors.enter({ door: 'read', requester: cyd.did, asset: bins, records: 1 }).isOpen, false)
    assert.deepEqual(refusals.map(({ requester, reasons }) => [requester, reasons]), [[cyd.did, ['agreement.none']]])
    assert.deepEqual(['agreement.none', 'term.unknown (urn:x:y)', 'code.of-tomorrow (x)'].map(sentenceOfText), [
      'there is no agreement for it', 'this node does not know a term: urn:x:y', 'code.of-tomorrow (x)'
    ], 'and read back in words')
    keeps = false
    const read = doors.enter({ door: 'read', requester: ben.did, asset: bins, records: 1 })
    assert.equal(await read.take({ records: 1, bytes: 1 }), false, 'what cannot be written down does not go out')
  })
})

describe('doors: answers that are used again', () => {
  it('asks the engine once until something changes, and each time where a request is counted', async () => {
    let asked = 0
    const engine: Engine = { ...realEngine, compile: policy => {
      const compiled = realEngine.compile(policy)
      return { ...compiled, evaluate: (...given) => { asked++; return compiled.evaluate(...given) } }
    } }
    const moving = movingClock(NOW_MS)
    let policy = policyOf([FOR_BEN])
    const { doors, standings } = await openDoors({ own: ada.did, clock: moving, engine }, { describe: () => restricted(policy) })
    await standings.put(agreementOf({ policy, purpose: null }))
    const question = { door: 'read', requester: ben.did, asset: bins, records: 1 } as const
    for (let at = 0; at < 5; at++) doors.decide(question)
    assert.equal(asked, 1)
    moving.advance(60_001)
    doors.decide(question)
    assert.equal(asked, 2)
    await standings.setDuty(agreementOf().id, 'obligation/0', 'fulfilled')
    doors.decide(question)
    assert.equal(asked, 3)
    policy = policyOf([FOR_BEN, { leftOperand: 'urn:hanse:terms:1:recordsPerDay', operator: 'lteq', rightOperand: '5' }])
    await standings.put(agreementOf({ policy, purpose: null }))
    asked = 0
    for (let at = 0; at < 5; at++) doors.decide(question)
    assert.equal(asked, 5)
  })

  it('reads a policy once, whatever bytes it is carried as, and says what is wrong with one', async () => {
    let read = 0
    const engine: Engine = { ...realEngine, read: json => { read++; return realEngine.read(json) } }
    const { doors } = await openDoors({ own: ada.did, clock, engine })
    for (let at = 0; at < 3; at++) assert.ok(doors.policies.of(policyOf([FOR_BEN])).ok)
    assert.equal(read, 1)
    assert.deepEqual(doors.policies.of(new Uint8Array([123])).ok, false)

  })
})
