/** Each clause at each door: allowed, refused and unknown, with the reason code. One line is one clause. */
import { strict as assert } from 'node:assert'
import {
  check, compile, policyOfForm, readPolicy, TEMPLATES, type Asset, type CompiledPolicy, type Decision, type Door, type EmergencyFact, type Facts, type Policy, type ReasonCode,
  type TermsForm, type TermsRequest
} from '../../src/core/terms/index.ts'
import { ADA, BEN, CLEO, FEDERATION, NOW_MS, ODRL, OWN } from './terms.cases.ts'
import { valueOf } from './identity.fixture.ts'

const WASTE = 'urn:hanse:purpose:1:waste.collection'
const HERE = '8928308280fffff'
const AROUND_HERE = '872830828ffffff'
const ELSEWHERE = '871ea6d44ffffff'
const DAY_MS = 86_400_000

const DOORS: Readonly<Record<Exclude<Door, 'advertise' | 'reshare'>, string>> = {
  negotiate: `${ODRL}use`, sync: `${ODRL}reproduce`, read: `${ODRL}read`, stream: `${ODRL}stream`, sql: `${ODRL}read`, derive: `${ODRL}derive`
}

const open = TEMPLATES.find(({ id }) => id === 'delayed')?.begin({ federation: FEDERATION, publisherName: 'Ada', timeMs: NOW_MS }).terms
assert.ok(open)
const BASE: TermsForm = { ...open, audience: { type: 'named', members: [ADA, BEN] }, delayMs: null }

const emergency: EmergencyFact = { id: 'e', kinds: ['flood'], area: [AROUND_HERE], declaredBy: CLEO, declaredAtMs: NOW_MS - 10, expiresAtMs: NOW_MS + 10 }
const REQUEST: TermsRequest = {
  door: 'read', action: DOORS.read, timeMs: NOW_MS, requester: ADA, purpose: WASTE, records: 10, form: 'plaintext',
  asset: {
    datasetId: 'd', feedClass: 'restricted', area: [HERE],
    derivation: { operations: ['summarise'], minGroupSize: 10, h3Resolution: 7, timeStepMs: 3_600_000, delayMs: DAY_MS, redactedFields: ['plate'] }
  }
}
const FACTS: Facts = {
  membership: { status: 'active', classes: ['utility'], federation: FEDERATION },
  agreement: { id: 'urn:uuid:1', inForceFromMs: NOW_MS - 1, revokedAtMs: null },
  lease: { ageMs: 0, stalenessMaxMs: 0 },
  counters: { requests: 9, requestsToday: 4, recordsToday: 90 },
  payment: { owedMinor: 500, vouchedMinor: 0 },
  claims: { storedIn: ['DE'], securityLevel: 2 },
  emergencies: [],
  duties: Object.fromEntries(['obligation/0', 'obligation/1'].map(key => [key, 'pending' as const]))
}

type Change = { readonly request?: Partial<TermsRequest>, readonly facts?: Partial<Facts>, readonly asset?: Partial<Asset> }
type Expected = readonly [Change, ReasonCode, string?]
type Line = { readonly clause: string, readonly form: Partial<TermsForm>, readonly refused: readonly Expected[], readonly unknown: readonly Expected[] }

const derivation = (change: object): Change => ({ asset: { derivation: { ...REQUEST.asset?.derivation, ...change } } })
const without = <T extends object>(value: T | null | undefined, name: keyof T): T => {
  const rest = { ...value } as T
  delete rest[name]
  return rest
}
const noAsset = (name: string): Change => ({ asset: { derivation: without(REQUEST.asset?.derivation as Record<string, unknown>, name) } })

const LINES: readonly Line[] = [
  {
    clause: '1 who, by name', form: {},
    refused: [[{ request: { requester: CLEO } }, 'recipient.not-listed']],
    unknown: [[{ request: { requester: undefined } as unknown as Partial<TermsRequest> }, 'fact.missing', 'requester']]
  },
  {
    clause: '1 who, as members', form: { audience: { type: 'members', federation: FEDERATION } },
    refused: [[{ facts: { membership: { ...FACTS.membership, federation: 'bafyother' } } }, 'recipient.not-listed'], [{ facts: { membership: { ...FACTS.membership, status: 'inactive' } } }, 'membership.inactive']],
    unknown: [[{ facts: { membership: { status: 'active' } } }, 'fact.missing', 'membership']]
  },
  {
    clause: '1 who, by kind', form: { audience: { type: 'classes', classes: ['utility', 'municipality'] } },
    refused: [[{ facts: { membership: { ...FACTS.membership, classes: ['company'] } } }, 'recipient.class'], [{ facts: { membership: { ...FACTS.membership, classes: [] } } }, 'recipient.class']],
    unknown: [[{ facts: { membership: { status: 'active', federation: FEDERATION } } }, 'fact.missing', 'membership.classes']]
  },
  {
    clause: '2 what for', form: { purposes: ['urn:hanse:purpose:1:waste'] },
    refused: [[{ request: { purpose: 'urn:hanse:purpose:1:research.public' } }, 'purpose.outside'], [{ request: { purpose: 'https://example.org/waste' } }, 'purpose.outside']],
    unknown: [[{ request: { purpose: undefined } as unknown as Partial<TermsRequest> }, 'purpose.missing'], [{ request: { purpose: 'urn:hanse:purpose:1:waste.dance' } }, 'term.unknown', 'urn:hanse:purpose:1:waste.dance']]
  },
  {
    clause: '3 when', form: { fromMs: NOW_MS, untilMs: NOW_MS + 1 },
    refused: [[{ request: { timeMs: NOW_MS - 1 } }, 'period.before'], [{ request: { timeMs: NOW_MS + 2 } }, 'period.after']],
    unknown: [[{ request: { timeMs: Number.NaN } }, 'fact.missing', 'timeMs']]
  },
  {
    clause: '4 summaries', form: { summarise: { minGroupSize: 10 } },
    refused: [[{ asset: { derivation: null } }, 'detail.raw-asset'], [derivation({ minGroupSize: 9 }), 'detail.too-fine']],
    unknown: [[noAsset('minGroupSize'), 'fact.missing', 'asset.derivation.minGroupSize']]
  },
  {
    clause: '4 places', form: { h3ResolutionMax: 7 },
    refused: [[{ asset: { derivation: null } }, 'detail.raw-asset'], [derivation({ h3Resolution: 8 }), 'detail.too-fine']],
    unknown: [[noAsset('h3Resolution'), 'fact.missing', 'asset.derivation.h3Resolution']]
  },
  {
    clause: '4 times', form: { timeStepMs: 3_600_000 },
    refused: [[{ asset: { derivation: null } }, 'detail.raw-asset'], [derivation({ timeStepMs: 60_000 }), 'detail.too-fine']],
    unknown: [[noAsset('timeStepMs'), 'fact.missing', 'asset.derivation.timeStepMs']]
  },
  {
    clause: '4 fields', form: { redactFields: ['plate'] },
    refused: [[{ asset: { derivation: null } }, 'detail.raw-asset'], [derivation({ redactedFields: ['name'] }), 'detail.too-fine']],
    unknown: [[noAsset('redactedFields'), 'fact.missing', 'asset.derivation.redactedFields']]
  },
  {
    clause: '5 how fresh', form: { delayMs: DAY_MS },
    refused: [[{ asset: { derivation: null } }, 'delay.too-fresh'], [derivation({ delayMs: DAY_MS - 1 }), 'delay.too-fresh']],
    unknown: [[noAsset('delayMs'), 'fact.missing', 'asset.derivation.delayMs']]
  },
  {
    clause: '6 requests in all', form: { requestsMax: 10 },
    refused: [[{ facts: { counters: { requests: 10 } } }, 'count.exhausted']],
    unknown: [[{ facts: { counters: {} } }, 'fact.missing', 'counters.requests']]
  },
  {
    clause: '6 requests a day', form: { requestsPerDayMax: 5 },
    refused: [[{ facts: { counters: { requestsToday: 5 } } }, 'count.exhausted']],
    unknown: [[{ facts: { counters: {} } }, 'fact.missing', 'counters.requestsToday']]
  },
  {
    clause: '6 records a day', form: { recordsPerDayMax: 100 },
    refused: [[{ request: { records: 11 } }, 'records.exhausted']],
    unknown: [[{ facts: { counters: {} } }, 'fact.missing', 'counters.recordsToday'], [{ request: { records: undefined } as unknown as Partial<TermsRequest> }, 'fact.missing', 'counters.recordsToday']]
  },
  {
    clause: '8 keep at most', form: { keep: { keepMs: DAY_MS, from: 'receipt' } },
    refused: [[{ facts: { duties: { 'obligation/0': 'violated' } } }, 'retention.receipt-overdue']],
    unknown: [[{ facts: { duties: {} } }, 'fact.missing', 'duties/obligation/0']]
  },
  {
    clause: '9 fee', form: { fee: { amountMinor: 25, currency: 'EUR', count: 1_000, unit: 'records', creditMinor: 500 } },
    refused: [[{ facts: { payment: { owedMinor: 501, vouchedMinor: 0 } } }, 'fee.no-voucher'], [{ facts: { payment: { owedMinor: 1_001, vouchedMinor: 500 } } }, 'fee.credit-exhausted']],
    unknown: [[{ facts: { payment: { owedMinor: 1 } } }, 'fact.missing', 'payment']]
  },
  {
    clause: '10 tell us', form: { reportEveryMs: DAY_MS, creditTexts: ['Ada'] },
    refused: [[{ facts: { duties: { 'obligation/0': 'pending', 'obligation/1': 'violated' } } }, 'report.overdue']],
    unknown: [[{ facts: { duties: { 'obligation/0': 'fulfilled' } } }, 'fact.missing', 'duties/obligation/1']]
  },
  {
    clause: '12 where it is kept', form: { storedIn: ['DE', 'NL'] },
    refused: [[{ facts: { claims: { storedIn: ['DE', 'US'] } } }, 'place.not-attested'], [{ facts: { claims: { storedIn: [] } } }, 'place.not-attested']],
    unknown: [[{ facts: { claims: { securityLevel: 2 } } }, 'fact.missing', 'claims.storedIn']]
  },
  {
    clause: '12 how it is kept', form: { securityLevelMin: 2 },
    refused: [[{ facts: { claims: { securityLevel: 1 } } }, 'security.not-attested']],
    unknown: [[{ facts: { claims: {} } }, 'fact.missing', 'claims.securityLevel']]
  },
  {
    clause: '- standing', form: {},
    refused: [
      [{ facts: { membership: { ...FACTS.membership, status: 'inactive' } } }, 'membership.inactive']
    ],
    unknown: [[{ facts: { membership: {} } }, 'fact.missing', 'membership.status']]
  }
]

function decide (compiled: CompiledPolicy, door: Door, action: string, { request, facts, asset }: Change): Decision {
  const own: Asset = { ...REQUEST.asset, ...asset }
  const asked = { ...REQUEST, door, action, asset: own, ...request }
  return compiled.evaluate(Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined)) as TermsRequest, { ...FACTS, ...facts })
}

function compiled (form: Partial<TermsForm>): CompiledPolicy {
  return compile(valueOf(policyOfForm({ ...BASE, ...form })))
}

function refuses (decision: Decision, code: ReasonCode, subject: string | undefined, what: string): void {
  assert.ok(!decision.allow, what)
  assert.ok(decision.reasons.some(reason => reason.code === code && (subject === undefined || reason.subject === subject)), `${what}: ${JSON.stringify(decision.reasons)}`)
}

describe('terms: clauses at doors', () => {
  for (const { clause, form, refused, unknown } of LINES) {
    it(`holds clause ${clause}`, () => {
      const terms = compiled(form)
      for (const [door, action] of Object.entries(DOORS) as [Door, string][]) {
        const decision = decide(terms, door, action, {})
        assert.ok(decision.allow, `${clause} at ${door}: ${JSON.stringify(decision.reasons)}`)
        for (const [change, code, subject] of [...refused, ...unknown]) {
          const isQueryOnly = door === 'sync' && (subject === 'counters.requests' || subject === 'counters.requestsToday')
          const what = `${clause} at ${door}, ${JSON.stringify(change)}`
          refuses(decide(terms, door, action, change), isQueryOnly ? 'count.query-only' : code, isQueryOnly ? undefined : subject, what)
        }
      }
    })
  }

  it('holds agreement, revocation and lease wherever data leaves, in this order', () => {
    const terms = compiled({})
    const lines: readonly Expected[] = [
      [{ facts: { agreement: null } }, 'agreement.none'], [{ facts: { agreement: { ...FACTS.agreement, inForceFromMs: NOW_MS + 1 } } }, 'agreement.none'],
      [{ facts: { agreement: { ...FACTS.agreement, revokedAtMs: NOW_MS } } }, 'agreement.revoked'],
      [{ facts: { agreement: { inForceFromMs: 0 } } }, 'fact.missing', 'agreement.revokedAtMs'], [{ facts: { agreement: { revokedAtMs: null } } }, 'fact.missing', 'agreement.inForceFromMs'],
      [{ facts: { lease: { ageMs: 2, stalenessMaxMs: 1 } } }, 'lease.stale'], [{ facts: { lease: {} } }, 'fact.missing', 'lease.ageMs']
    ]
    for (const [door, action] of Object.entries(DOORS) as [Door, string][]) {
      for (const [change, code, subject] of lines) {
        if (door === 'negotiate') assert.ok(decide(terms, door, action, change).allow, 'nothing leaves there')
        else refuses(decide(terms, door, action, change), code, subject, `${door} ${JSON.stringify(change)}`)
        assert.ok(decide(terms, door, action, { ...change, asset: { feedClass: 'members' } }).allow)
        assert.ok(decide(terms, door, action, { ...change, request: { form: 'ciphertext' } }).allow, 'nobody reads ciphertext without a grant')
      }
      assert.ok(decide(terms, door, action, { facts: { agreement: { ...FACTS.agreement, revokedAtMs: NOW_MS + 1 } } }).allow, 'until then')
    }
    const all = decide(terms, 'read', DOORS.read, { facts: { membership: {}, agreement: null, lease: { ageMs: 2, stalenessMaxMs: 1 } } })
    assert.deepEqual(all.reasons.map(({ code }) => code), ['fact.missing', 'agreement.none', 'lease.stale'])
  })

  it('lets anyone have what is for anyone, and needs nothing to be known', () => {
    const terms = compiled({ audience: { type: 'anyone' }, passOn: { type: 'free' } })
    const request: TermsRequest = { door: 'read', action: DOORS.read, timeMs: NOW_MS, asset: { feedClass: 'public' } }
    assert.ok(terms.evaluate(request, {}).allow)
    assert.ok(!terms.evaluate({ ...request, asset: {} }, {}).allow)
  })

  it('holds clause 7 passing on', () => {
    const asked = (form: Partial<TermsForm>, change: Change): Decision => decide(compiled(form), 'reshare', `${ODRL}distribute`, change)
    const toCleo: Change = { request: { onwardRecipient: CLEO } }
    refuses(asked({}, toCleo), 'passing-on.prohibited', undefined, 'no')
    const named: Partial<TermsForm> = { passOn: { type: 'named', members: [CLEO] } }
    assert.ok(asked(named, toCleo).allow)
    refuses(asked(named, { request: { onwardRecipient: BEN } }), 'passing-on.recipient', undefined, 'another')
    refuses(asked(named, {}), 'fact.missing', 'onwardRecipient', 'whom')
    const results: Partial<TermsForm> = { passOn: { type: 'results', minGroupSize: 10 } }
    assert.ok(asked(results, toCleo).allow)
    refuses(asked(results, { ...toCleo, ...derivation({ minGroupSize: 9 }) }), 'passing-on.prohibited', undefined, 'too small')
    refuses(asked(results, { ...toCleo, asset: { derivation: null } }), 'passing-on.prohibited', undefined, 'raw')
    refuses(asked(results, { ...toCleo, ...noAsset('minGroupSize') }), 'fact.missing', 'asset.derivation.minGroupSize', 'not known')
    const either: Partial<TermsForm> = { passOn: { type: 'named-or-results', members: [CLEO], minGroupSize: 11 } }
    assert.ok(asked(either, toCleo).allow)
    assert.ok(asked(either, { request: { onwardRecipient: BEN }, ...derivation({ minGroupSize: 11 }) }).allow)
    refuses(asked(either, { request: { onwardRecipient: BEN } }), 'passing-on.recipient', undefined, 'neither')
  })

  it('does not take use for passing on where the profile is not ours', () => {
    const ask = (profile: unknown): Decision => compile(valueOf(readPolicy({ ...profile as object, permission: { action: 'use' } })))
      .evaluate({ ...REQUEST, door: 'reshare', action: `${ODRL}distribute` }, FACTS)
    assert.ok(ask({ profile: 'urn:hanse:terms:1' }).allow)
    refuses(ask({}), 'action.not-permitted', undefined, 'another profile')
  })

  it('permits and prohibits none of the actions of clause 11 and discovery by a word on use', () => {
    const terms = compiled({ never: ['reidentify'] })
    refuses(terms.evaluate({ ...REQUEST, action: `${OWN}reidentify` }, FACTS), 'action.prohibited', undefined, 'prohibited')
    refuses(terms.evaluate({ ...REQUEST, action: `${OWN}linkPersons` }, FACTS), 'action.not-permitted', undefined, 'nobody said so')
    refuses(terms.evaluate({ ...REQUEST, door: 'advertise', action: `${OWN}discover` }, FACTS), 'action.not-permitted', undefined, 'nobody said so')
    refuses(terms.evaluate({ ...REQUEST, action: 'odrl:read' }, FACTS), 'action.not-permitted', undefined, 'actions are asked by full IRIs')
  })
})

describe('terms: clause 13, emergencies', () => {
  const form: Partial<TermsForm> = {
    purposes: [WASTE], summarise: { minGroupSize: 10 },
    emergency: { kinds: ['flood', 'fire'], officials: [CLEO], responders: [BEN], mode: 'online', mayPassOn: true }
  }
  const terms = compiled(form)
  const key = 'permission/1/duty/0'
  const responding = (emergencies: readonly EmergencyFact[], change: Change = {}): Decision => decide(terms, 'read', DOORS.read, {
    request: { requester: BEN, purpose: 'urn:hanse:purpose:1:emergency.response', ...change.request },
    facts: { emergencies, duties: { [key]: 'fulfilled' }, ...change.facts },
    asset: { derivation: null, ...change.asset }
  })

  it('opens raw data to responders while one is declared, once the operator has confirmed', () => {
    const decision = responding([emergency])
    assert.ok(decision.allow, JSON.stringify(decision.reasons))
    assert.equal(decision.validUntilMs, NOW_MS + 1)
    assert.equal(responding([emergency], { facts: { lease: { ageMs: 0, stalenessMaxMs: 1_000 } } }).validUntilMs, emergency.expiresAtMs)
    refuses(responding([emergency], { facts: { duties: { [key]: 'pending' } } }), 'emergency.not-confirmed', undefined, 'not confirmed')
    refuses(responding([emergency], { facts: { duties: {} } }), 'fact.missing', `duties/${key}`, 'not known')
    refuses(responding([emergency], { facts: { emergencies: undefined } as unknown as Partial<Facts> }), 'fact.missing', 'emergencies', 'not heard of')
    assert.equal(responding([emergency], { facts: { lease: { ageMs: 4, stalenessMaxMs: 7 } } }).validUntilMs, NOW_MS + 4)
  })

  it('opens for no other kind, declarer, place, time, requester or purpose', () => {
    const lines: readonly (readonly [readonly EmergencyFact[], Change, ReasonCode, string?])[] = [
      [[], {}, 'emergency.none'],
      [[{ ...emergency, kinds: ['storm'] }], {}, 'emergency.none'],
      [[{ ...emergency, declaredBy: BEN }], {}, 'emergency.none'],
      [[{ ...emergency, kinds: ['storm'] }, { ...emergency, declaredBy: BEN }], {}, 'emergency.none'],
      [[{ ...emergency, declaredAtMs: NOW_MS + 1 }], {}, 'emergency.none'],
      [[{ ...emergency, expiresAtMs: NOW_MS }], {}, 'emergency.expired'],
      [[{ ...emergency, area: [ELSEWHERE] }], {}, 'emergency.outside-area'],
      [[{ ...emergency, area: [] }], {}, 'emergency.outside-area'],
      [[emergency], { request: { requester: ADA } }, 'purpose.outside'],
      [[emergency], { request: { purpose: WASTE } }, 'detail.raw-asset']
    ]
    for (const [emergencies, change, code, subject] of lines) refuses(responding(emergencies, change), code, subject, JSON.stringify([emergencies, change]))
    const { area: _, ...nowhere } = REQUEST.asset ?? {}
    refuses(terms.evaluate({ ...REQUEST, requester: BEN, purpose: 'urn:hanse:purpose:1:emergency.response', asset: { ...nowhere, derivation: null } }, { ...FACTS, emergencies: [emergency], duties: { [key]: 'fulfilled' } }), 'fact.missing', 'emergencies', 'no area')
  })

  it('takes the kind, the declarer and the place from one declaration, not from several', () => {
    const flood = { ...emergency, kinds: ['flood'], declaredBy: BEN }
    const storm = { ...emergency, kinds: ['storm'], declaredBy: CLEO }
    assert.ok(!responding([flood, storm]).allow)
    assert.ok(responding([flood, storm, emergency]).allow)
  })

  it('lets responders pass on while one is declared for them, and nobody at any other time', () => {
    const passing = (requester: string, emergencies: readonly EmergencyFact[]): boolean => decide(terms, 'reshare', `${ODRL}distribute`, {
      request: { requester, purpose: 'urn:hanse:purpose:1:emergency.response', onwardRecipient: CLEO }, facts: { emergencies, duties: { [key]: 'fulfilled' } }
    }).allow
    assert.ok(passing(BEN, [emergency]))
    assert.ok(!passing(BEN, []))
    assert.ok(!passing(ADA, [emergency]))
    assert.ok(!passing(BEN, [{ ...emergency, declaredBy: BEN }]), 'an official that is not listed lifts nothing')
  })

  it('is limited by nothing that it does not say, so that saying more allows no more; and its check says so', () => {
    const constraint = [
      { leftOperand: 'odrl:event', operator: 'eq', rightOperand: `${OWN}emergency` },
      { leftOperand: `${OWN}emergencyKind`, operator: 'isAnyOf', rightOperand: 'flood' },
      { leftOperand: `${OWN}declaredBy`, operator: 'isAnyOf', rightOperand: CLEO },
      { leftOperand: 'odrl:recipient', operator: 'isAnyOf', rightOperand: BEN }
    ]
    const under = (count: number): Policy => valueOf(readPolicy({ profile: 'urn:hanse:terms:1', permission: { action: 'use', constraint: constraint.slice(0, count) } }))
    for (const count of [1, 2, 3]) {
      assert.deepEqual(check(under(count)).map(({ code }) => code), ['unlimited'])
      assert.ok(compile(under(count)).evaluate({ ...REQUEST, requester: ADA }, { ...FACTS, emergencies: [emergency] }).allow)
    }
    assert.deepEqual(check(under(4)), [])
    assert.ok(!compile(under(4)).evaluate({ ...REQUEST, requester: ADA }, { ...FACTS, emergencies: [emergency] }).allow)
    assert.ok(compile(under(4)).evaluate({ ...REQUEST, requester: BEN }, { ...FACTS, emergencies: [emergency] }).allow)
  })
})

describe('terms: logic and operators', () => {
  const yes = { leftOperand: 'odrl:count', operator: 'gteq', rightOperand: '1' }
  const no = { leftOperand: 'odrl:count', operator: 'lt', rightOperand: '1' }
  const unknown = { leftOperand: `${OWN}onwardRecipient`, operator: 'isAnyOf', rightOperand: CLEO }
  const allows = (constraint: unknown, request: Partial<TermsRequest> = {}, facts: Partial<Facts> = {}): boolean =>
    compile(valueOf(readPolicy({ permission: { action: 'use', constraint } }))).evaluate({ ...REQUEST, ...request }, { ...FACTS, ...facts }).allow
  /** Whether a prohibition under this constraint is known not to hold. */
  const isRuledOut = (constraint: unknown): boolean =>
    compile(valueOf(readPolicy({ permission: { action: 'use' }, prohibition: { action: 'use', constraint } }))).evaluate(REQUEST, FACTS).allow

  it('has three values', () => {
    const lines: readonly (readonly [string, unknown, 'yes' | 'no' | 'unknown'])[] = [
      ['and', [yes, yes], 'yes'], ['and', [yes, unknown], 'unknown'], ['and', [no, unknown], 'no'],
      ['or', [no, yes], 'yes'], ['or', [no, unknown], 'unknown'], ['or', [yes, unknown], 'yes'], ['or', [no, no], 'no'],
      ['xone', [yes, no], 'yes'], ['xone', [yes, yes], 'no'], ['xone', [yes, yes, yes], 'no'], ['xone', [no, no], 'no'], ['xone', [yes, unknown], 'unknown'],
      ['xone', [yes, yes, unknown], 'no'], ['andSequence', [yes, yes], 'unknown'], ['andSequence', [yes, no], 'no'], ['andSequence', [unknown, no], 'no']
    ]
    for (const [type, operands, value] of lines) {
      const constraint = { [type]: operands }
      assert.deepEqual([allows(constraint), isRuledOut(constraint)], [value === 'yes', value === 'no'], JSON.stringify(constraint))
    }
  })

  it('knows who is a member for isPartOf alone, and asks whether the membership is active', () => {
    const federation = `urn:hanse:federation:${FEDERATION}`
    const member = (operator: string): unknown => ({ leftOperand: 'odrl:recipient', operator, rightOperand: federation })
    for (const operator of ['isPartOf', 'isA']) assert.ok(allows(member(operator)))
    for (const operator of ['isAnyOf', 'isNoneOf', 'isAllOf', 'hasPart', 'eq', 'neq']) {
      assert.ok(!allows(member(operator)) && !isRuledOut(member(operator)), operator)
    }
    const open = { asset: { feedClass: 'public' as const } }
    assert.ok(allows(member('isPartOf'), open))
    assert.ok(!allows(member('isPartOf'), open, { membership: { ...FACTS.membership, status: 'inactive' } }))
  })

  it('says nothing of emergencies but what they give', () => {
    const event = (operator: string, value = `${OWN}emergency`): unknown => ({ leftOperand: 'odrl:event', operator, rightOperand: value })
    for (const constraint of [event('neq'), event('isNoneOf'), event('eq', `${OWN}normal`), { xone: [event('eq'), yes] }, { xone: [{ and: [event('eq'), yes] }, no] }]) {
      assert.ok(!allows(constraint) && compile(valueOf(readPolicy({ permission: { action: 'use', constraint } }))).unknownTerms.length > 0, JSON.stringify(constraint))
    }
    for (const constraint of [event('eq'), event('isAnyOf'), { leftOperand: `${OWN}emergencyKind`, operator: 'isAnyOf', rightOperand: 'flood' }]) assert.ok(!isRuledOut(constraint))
    assert.ok(allows({ or: [event('eq'), yes] }))
  })

  it('knows the calendar, and lengths that are fixed', () => {
    const time = (rightOperand: string): boolean => allows({ leftOperand: 'odrl:dateTime', operator: 'lt', rightOperand })
    for (const text of ['2096-02-29T00:00:00Z', '2400-02-29T23:59:59.999Z', '9999-12-31T00:00:00Z', '2030-04-30T00:00:00Z']) assert.ok(time(text), text)
    for (const text of ['2100-02-29T00:00:00Z', '2030-04-31T00:00:00Z', '2030-13-01T00:00:00Z', '2030-01-01T24:00:00Z', '2030-01-01T00:00:60Z', '2030-01-01T00:00:00.5Z', '2030-01-01T00:00:00']) {
      assert.ok(!time(text), text)
    }
    const delay = (rightOperand: string): boolean => compile(valueOf(readPolicy({
      permission: { action: 'use', duty: { action: `${OWN}delay`, constraint: { leftOperand: 'odrl:delayPeriod', operator: 'eq', rightOperand } } }
    }))).evaluate(REQUEST, FACTS).allow
    for (const text of ['P1D', 'PT24H', 'PT1440M', 'PT86400S', 'PT23H59M60S', 'P0DT24H']) assert.ok(delay(text), text)
    for (const text of ['P1W', 'P1M', 'P1DT', 'PT', 'P', '1D', 'P1D1W', 'PT24.0H', '-P1D']) assert.ok(!delay(text), text)
  })

  it('measures a duty by its own measures alone', () => {
    const fulfilled = (constraint: unknown): boolean =>
      compile(valueOf(readPolicy({ permission: { action: 'use', duty: { action: `${OWN}coarsen`, constraint } } }))).evaluate(REQUEST, FACTS).allow
    assert.ok(fulfilled({ leftOperand: `${OWN}h3Resolution`, operator: 'lteq', rightOperand: '7' }))
    assert.ok(!fulfilled(yes), 'a condition is no measure')
    assert.ok(!fulfilled([]), 'nor is nothing')
  })

  it('asks for all that is owed where no credit is named', () => {
    const policy = valueOf(readPolicy({ permission: { action: 'use', duty: { action: 'odrl:compensate' } } }))
    const ask = (owedMinor: number, vouchedMinor: number): boolean => compile(policy).evaluate(REQUEST, { ...FACTS, payment: { owedMinor, vouchedMinor } }).allow
    assert.deepEqual([ask(5, 5), ask(5, 6), ask(6, 5)], [true, true, false])
  })
})
