import { strict as assert } from 'node:assert'
import { readFileSync } from 'node:fs'
import { bytesOfHex, cidOfText, digestOf, hex, sha256, utf8, type CID } from '../../src/base/index.ts'
import {
  agreementBody, agreementCommit, agreementJson, agreementSchema, automatic, checkSignature, draftAgreement, faultsOfAgreement, inboxStrategy, isCommitOf,
  isCountersigned, periodOf, purposeOf, ruleStrategy, scriptStrategy,
  type Agreement, type View
} from '../../src/core/agreement/index.ts'
import { agreementBytes, agreementOf as agreementRowOf, encodeOperation, OPERATIONS } from '../../src/core/ledger/index.ts'
import { bind, readPolicy, type Decision, type Policy } from '../../src/core/terms/index.ts'
import { agreementOf, NOW_MS, policyOf } from './agreement.fixture.ts'
import { certificateOf, cityNamed, codeOf, DAY_MS, federationOf, FOUNDED_MS, valueOf, type City } from './identity.fixture.ts'
import { chainOf } from './ledger.fixture.ts'

const [a, b, c] = ['Aton', 'Beford', 'Ceham'].map(cityNamed) as [City, City, City]
const WASTE = 'urn:hanse:purpose:1:waste.collection'
const BINS = 'urn:hanse:dataset:bins'
const OFFERED = policyOf({
  profile: 'urn:hanse:terms:1',
  permission: [{
    action: 'use', constraint: [
      { leftOperand: 'odrl:recipient', operator: 'isAnyOf', rightOperand: [b.did, c.did] },
      { leftOperand: 'odrl:purpose', operator: 'isAnyOf', rightOperand: ['urn:hanse:purpose:1:waste'] },
      { leftOperand: 'odrl:dateTime', operator: 'gteq', rightOperand: '2026-12-01T00:00:00Z' },
      { leftOperand: 'odrl:dateTime', operator: 'lteq', rightOperand: '2027-11-30T23:59:59Z' }
    ]
  }],
  prohibition: [{ action: 'odrl:distribute' }]
})
const TIME_MS = FOUNDED_MS + DAY_MS

function drafted (changes: Partial<Parameters<typeof draftAgreement>[0]> = {}): Agreement {
  const draft = draftAgreement({
    id: 'urn:uuid:e8dc8655-44c2-46ef-b701-4cffdc2faa44', provider: a.did, consumer: b.did, target: BINS, policy: OFFERED, purpose: WASTE,
    timestampMs: TIME_MS, salt: sha256(utf8('salt')), ...changes
  })
  assert.ok(draft !== undefined, 'something is left to agree on')
  return draft
}

/** Both signatures over the body, and the consumer's for the ledger. */
function signed (agreement: Agreement, federation: CID, provider: City = a, consumer: City = b): Agreement {
  const body = agreementBody(agreement, federation)
  const { startMs, endMs } = periodOf(agreement)
  const commit = agreementCommit(agreement, federation, agreement.salt ?? assert.fail('a salt'))
  const ledgerBytes = agreementBytes(federation, { commit, provider: agreement.provider, consumer: agreement.consumer, startMs, endMs })
  return {
    ...agreement,
    providerSignature: { certificate: certificateOf(provider, federation).id, signature: provider.node.sign(body) },
    consumerSignature: {
      certificate: certificateOf(consumer, federation).id, signature: consumer.node.sign(body), ledgerSignature: consumer.node.sign(ledgerBytes)
    }
  }
}

describe('an agreement', () => {
  it('binds the terms to the consumer and to one purpose, twice as once, and is nothing where nothing is left', () => {
    const { policy } = drafted()
    const request = bind(OFFERED, b.did, WASTE)
    assert.ok(request !== undefined && policy.policyCid.equals(request.policyCid))
    assert.ok(drafted({ policy: request }).policy.policyCid.equals(policy.policyCid), 'what was asked for is what is agreed')
    assert.equal(purposeOf(policy), WASTE)
    assert.equal(purposeOf(policyOf()), undefined)
    assert.equal(draftAgreement({ ...drafted(), policy: OFFERED, purpose: 'urn:hanse:purpose:1:research.public', salt: null, timestampMs: TIME_MS }), undefined)
    assert.equal(draftAgreement({ ...drafted(), consumer: a.did, policy: OFFERED, purpose: WASTE, salt: null, timestampMs: TIME_MS }), undefined)
    assert.ok(drafted({ purpose: null }).policy.policyCid.equals(OFFERED.policyCid), 'terms of a foreign connector stay as they are')
  })

  it('carries both signatures through JSON, each of them by a node of the party, and of nobody else', () => {
    const membership = federationOf([a, b, c])
    const { federation } = membership
    const speaker = membership.speaker.bind(membership)
    const good = valueOf(agreementSchema(JSON.parse(JSON.stringify(agreementJson(signed(drafted(), federation)))), ''))
    assert.equal(valueOf(checkSignature(good, 'provider', federation, speaker)).member, a.did)
    assert.equal(valueOf(checkSignature(good, 'consumer', federation, speaker)).member, b.did)
    assert.ok(isCountersigned(good))

    const refusals: readonly (readonly [Agreement, 'provider' | 'consumer', string])[] = [
      [{ ...good, target: 'urn:hanse:dataset:other' }, 'provider', 'speaker'],
      [{ ...good, timestampMs: TIME_MS + 1 }, 'consumer', 'speaker'],
      [{ ...good, policy: OFFERED }, 'consumer', 'speaker'],
      [{ ...good, timestampMs: null }, 'provider', 'no-timestamp'],
      [{ ...good, providerSignature: null }, 'provider', 'unsigned'],
      [signed(drafted(), federation, c, b), 'provider', 'signer'],
      [signed(drafted(), federation, a, c), 'consumer', 'signer'],
      [{ ...good, providerSignature: good.consumerSignature }, 'provider', 'signer'],
      [signed(drafted({ timestampMs: FOUNDED_MS + 91 * DAY_MS }), federation), 'provider', 'speaker']
    ]
    for (const [agreement, by, code] of refusals) assert.equal(codeOf(checkSignature(agreement, by, federation, speaker)), code, code)
    const elsewhere = federationOf([a, b], 'Another Hanse').federation
    assert.equal(codeOf(checkSignature(good, 'provider', elsewhere, speaker)), 'speaker', 'a signature holds in one federation')
  })

  it('with a foreign connector is not countersigned', () => {
    const foreign = agreementOf(NOW_MS)
    assert.equal(isCountersigned(foreign), false)
    assert.equal(codeOf(checkSignature(foreign, 'provider', federationOf([a, b]).federation, () => assert.fail('nobody is asked'))), 'unsigned')
  })

  it('shows the consumer what is not as it asked', () => {
    const agreement = drafted()
    const expected = { provider: a.did, consumer: b.did, target: BINS, policy: agreement.policy, nowMs: TIME_MS, isHanse: true }
    assert.deepEqual(faultsOfAgreement(agreement, expected), [])
    assert.deepEqual(faultsOfAgreement(agreement, { ...expected, policy: OFFERED }), ['policy'])
    assert.deepEqual(faultsOfAgreement(agreement, { ...expected, nowMs: TIME_MS + DAY_MS + 1 }), ['timestamp'])
    assert.deepEqual(faultsOfAgreement({ ...agreement, salt: null }, expected), ['salt'])
    assert.deepEqual(faultsOfAgreement(drafted({ provider: c.did, target: 'urn:x' }), expected), ['provider', 'target'])
    assert.deepEqual(faultsOfAgreement({ ...agreement, salt: null, timestampMs: null }, { ...expected, isHanse: false }), [])
  })

  it('holds from when both may use it to when nobody may', () => {
    const from = Date.parse('2026-12-01T00:00:00Z')
    assert.deepEqual(periodOf(drafted()), { startMs: from, endMs: Date.parse('2027-11-30T23:59:59Z') + 1 })
    assert.equal(periodOf(drafted({ timestampMs: from + 5 })).startMs, from + 5)
    assert.deepEqual(periodOf(agreementOf(NOW_MS)), { startMs: NOW_MS, endMs: Number.MAX_SAFE_INTEGER })
    const late = periodOf(drafted({ timestampMs: Date.parse('2028-01-01T00:00:00Z') }))
    assert.ok(late.endMs === late.startMs + 1, 'never before it began')
  })

  it('stands on the ledger as a commitment that both signed, and says nothing there without its salt', () => {
    const chain = chainOf([a, b, c])
    const { federation } = chain.charter
    const agreement = signed(drafted({ timestampMs: chain.timeMs }), federation)
    const { consumerSignature, provider, consumer, salt } = agreement
    assert.ok(consumerSignature !== null && salt !== null)
    const commit = agreementCommit(agreement, federation, salt)
    chain.run([chain.byNode(a, [
      encodeOperation(OPERATIONS.nodePut, {
        certificate: certificateOf(a, federation).envelope, transportKey: a.transport.publicKey, addresses: ['/ip4/127.0.0.1/tcp/4001']
      })
    ]), chain.byNode(b, [
      encodeOperation(OPERATIONS.nodePut, {
        certificate: certificateOf(b, federation).envelope, transportKey: b.transport.publicKey, addresses: ['/ip4/127.0.0.1/tcp/4001']
      })
    ])])
    chain.run([chain.byNode(a, [encodeOperation(OPERATIONS.agreementCommit, {
      commit, provider, consumer, ...periodOf(agreement), certificate: digestOf(consumerSignature.certificate), signature: consumerSignature.ledgerSignature
    })])])
    assert.equal(agreementRowOf(chain.state, commit)?.consumer, b.did)
    assert.ok(isCommitOf(commit, agreement, federation))
    assert.equal(isCommitOf(commit, { ...agreement, salt: sha256(utf8('other')) }, federation), false)
    assert.equal(isCommitOf(commit, { ...agreement, target: 'urn:x' }, federation), false)
  })

  it('is signed and committed to as the vectors say', () => {
    const vectors = JSON.parse(readFileSync('test/vectors/agreement.json', 'utf8')) as { readonly accept: readonly Vector[] }
    assert.ok(vectors.accept.length > 0)
    for (const { name, federation, agreement: json, policyCid, body, salt, commit } of vectors.accept) {
      const agreement = valueOf(agreementSchema(json, ''))
      const id = cidOfText(federation) ?? assert.fail('a federation')
      assert.equal(agreement.policy.policyCid.toString(), policyCid, name)
      assert.equal(hex(agreementBody(agreement, id)), body, name)
      assert.equal(hex(agreementCommit(agreement, id, bytesOfHex(salt) ?? assert.fail('a salt'))), commit, name)
    }
  })
})

type Vector = {
  readonly name: string, readonly federation: string, readonly agreement: unknown, readonly policyCid: string, readonly body: string
  readonly salt: string, readonly commit: string
}

const ALLOW: Decision = {
  allow: true, door: 'negotiate', policyCid: OFFERED.policyCid, agreementId: null, evaluatedAtMs: NOW_MS, validUntilMs: null, dependsOn: [], rules: [],
  duties: [], reasons: []
}
const REFUSE: Decision = { ...ALLOW, allow: false, reasons: [{ code: 'membership.inactive' }] }

function bound (): Policy {
  return bind(OFFERED, b.did, WASTE) ?? assert.fail('something is left')
}

function view (changes: Partial<View>): View {
  return {
    role: 'provider', state: 'REQUESTED', dataset: 'bins', offered: OFFERED, requested: bound(), findings: [], decision: ALLOW, faults: [], isSigned: true,
    history: ['REQUESTED'], ...changes
  }
}

describe('a strategy', () => {
  it('by rule agrees to what is within the offer and allowed, and to nothing else', () => {
    const [ask, end] = [ruleStrategy('ask'), ruleStrategy('terminate')]
    assert.deepEqual(ask(view({})), { do: 'agree' })
    assert.deepEqual(ask(view({ state: 'ACCEPTED' })), { do: 'agree' })
    const wider = valueOf(readPolicy({ permission: [{ action: 'use' }] }))
    const finding = { code: 'term.unknown', position: '/permission/0', reason: 'unknown', remedy: 'ask' } as const
    for (const wrong of [{ requested: wider }, { requested: null }, { offered: null }, { decision: null }, { decision: REFUSE }, { findings: [finding] }]) {
      assert.deepEqual(ask(view(wrong)), { do: 'ask' }, JSON.stringify(Object.keys(wrong)))
      assert.equal(end(view(wrong)).do, 'terminate')
    }
    assert.deepEqual(end(view({ decision: REFUSE })), { do: 'terminate', code: 'terms', reason: ['membership.inactive'] })
    assert.deepEqual(ask(view({ state: 'ACCEPTED', decision: REFUSE })), { do: 'ask' })
  })

  it('by rule accepts as consumer what gives all that was asked for', () => {
    const consumer = { role: 'consumer', state: 'OFFERED', decision: null } as const
    assert.deepEqual(ruleStrategy('ask')(view(consumer)), { do: 'accept' })
    assert.deepEqual(ruleStrategy('ask')(view({ ...consumer, requested: OFFERED, offered: bound() })), { do: 'ask' })
  })

  it('leaves to a person what has to be decided, and nothing else', () => {
    assert.deepEqual(inboxStrategy(view({})), { do: 'ask' })
    assert.deepEqual(inboxStrategy(view({ role: 'consumer', state: 'OFFERED' })), { do: 'ask' })
    assert.deepEqual(inboxStrategy(view({ state: 'OFFERED' })), { do: 'wait' })
    assert.deepEqual(inboxStrategy(view({ role: 'consumer', state: 'REQUESTED' })), { do: 'wait' })
  })

  it('verifies and finalises by itself what is right, and ends what is not', () => {
    assert.deepEqual(automatic(view({ role: 'consumer', state: 'AGREED' })), { do: 'verify' })
    assert.deepEqual(automatic(view({ state: 'VERIFIED' })), { do: 'finalize' })
    for (const wrong of [{ role: 'consumer', state: 'AGREED', faults: ['policy'] }, { role: 'consumer', state: 'AGREED', isSigned: false }] as const) {
      assert.equal(automatic(view(wrong))?.do, 'terminate')
    }
    assert.equal(automatic(view({ state: 'VERIFIED', isSigned: false }))?.do, 'terminate')
  })

  it('by script does what the script says at each visit, whatever the terms', () => {
    const strategy = scriptStrategy({ REQUESTED: ['offer', 'terminate'] })
    assert.deepEqual(strategy(view({ decision: REFUSE })), { do: 'offer', offer: bound() })
    assert.equal(strategy(view({ history: ['REQUESTED', 'OFFERED', 'REQUESTED'] })).do, 'terminate')
    assert.deepEqual(strategy(view({ state: 'ACCEPTED', history: ['ACCEPTED'] })), { do: 'wait' })
  })
})
