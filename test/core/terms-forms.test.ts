import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import {
  bind, check, compile, ENGLISH, feedClassOf, formOfPolicy, isAtMost, isFormAtMost, isReleased, isWithinSource, joinDecisions, meetOfForms, policyOfForm,
  policyOfReplicas, policyOfVisibility, readForm, readPolicy, sentencesOf, TEMPLATE_DEFAULT, TEMPLATE_WORDS, TEMPLATES, writePolicy,
  type Facts, type Policy, type TermsForm, type TermsRequest
} from '../../src/core/terms/index.ts'
import { schemaNamed, SCHEMAS_ARE_PRESENT, WITHOUT_SCHEMAS } from './agreement.fixture.ts'
import { ADA, BEN, caseOf, CLEO, FEDERATION, NOW_MS, ODRL } from './terms.cases.ts'
import { arbitraryForm, mixed } from './terms.forms.ts'
import { valueOf } from './identity.fixture.ts'

const asked = process.env['HANSE_CASES']
const RUNS = { numRuns: Number(asked ?? 1_000) }
const TIMEOUT_MS = asked === undefined ? 120_000 : 0
const WASTE = 'urn:hanse:purpose:1:waste.collection'

const policyOf = (form: TermsForm): Policy => valueOf(policyOfForm(form))
const begun = (id: string): TermsForm => {
  const template = TEMPLATES.find(each => each.id === id)
  assert.ok(template, id)
  const { terms } = template.begin({ federation: FEDERATION, publisherName: 'Bellevue', timeMs: NOW_MS })
  return {
    ...terms,
    ...(terms.audience.type === 'named' ? { audience: { type: 'named', members: [ADA, BEN] } as const, purposes: [WASTE] } : {}),
    ...(terms.emergency === null ? {} : { emergency: { ...terms.emergency, officials: [CLEO], responders: [BEN] } })
  }
}

describe('terms: forms', function () {
  this.timeout(TIMEOUT_MS)

  it('are what their policy says, and their policy what they say', () => {
    fc.assert(fc.property(arbitraryForm, form => {
      const policy = policyOf(form)
      assert.deepEqual(formOfPolicy(policy), form)
      assert.deepEqual(check(policy).filter(({ reason }) => !reason.startsWith('The period')), [])
      assert.deepEqual(compile(policy).unknownTerms, [])
      const again = valueOf(readPolicy(writePolicy(policy)))
      assert.ok(again.policyCid.equals(policy.policyCid))
    }), RUNS)
  })

  it('have no form for a policy that says anything else too', () => {
    fc.assert(fc.property(arbitraryForm, fc.nat(), (form, seed) => {
      const json = writePolicy(policyOf(form))
      const { json: other } = caseOf(seed)
      const constraint = { leftOperand: 'odrl:dateTime', operator: 'neq', rightOperand: '2024-01-01T00:00:00Z' }
      const rules = json['permission'] as readonly Record<string, unknown>[]
      const [first, ...rest] = rules
      const more = [
        { ...json, prohibition: [...(json['prohibition'] ?? []) as unknown[], { action: 'odrl:read', constraint }] },
        { ...json, permission: [{ ...first, constraint: [...(first?.['constraint'] ?? []) as unknown[], constraint] }, ...rest] },
        { ...json, obligation: [...(json['obligation'] ?? []) as unknown[], { action: 'odrl:review' }] },
        { ...json, profile: [] },
        { ...json, note: 'x' },
        other
      ]
      for (const each of more) {
        const read = readPolicy(each)
        if (!read.ok) continue
        const found = formOfPolicy(read.value)
        if (found !== undefined) assert.ok(policyOf(found).policyCid.equals(read.value.policyCid), JSON.stringify(each))
        if (each !== other) assert.equal(found, undefined, JSON.stringify(each))
        assert.notEqual(sentencesOf(read.value).length, 0)
      }
    }), RUNS)
  })

  it('are refused with the field and the reason', () => {
    const good = begun('neighbours')
    const wrong: readonly (readonly [object, string, string])[] = [
      [{ fromMs: 10, untilMs: 10 }, '/untilMs', 'contradiction'],
      [{ audience: { type: 'named', members: [] } }, '/audience/members', 'malformed'],
      [{ audience: { type: 'named', members: [ADA, 'Ben'] } }, '/audience/members/1', 'malformed'],
      [{ audience: { type: 'members', federation: 'ours' } }, '/audience/federation', 'malformed'],
      [{ audience: { type: 'all' } }, '/audience/type', 'malformed'],
      [{ purposes: ['urn:hanse:purpose:1:x.dance'] }, '/purposes/0', 'malformed'],
      [{ summarise: { minGroupSize: 4 } }, '/summarise/minGroupSize', 'malformed'],
      [{ h3ResolutionMax: 16 }, '/h3ResolutionMax', 'malformed'],
      [{ delayMs: 1_500 }, '/delayMs', 'malformed'],
      [{ passOn: { type: 'free' } }, '/passOn', 'contradiction'],
      [{ fee: { amountMinor: 25, currency: 'euro', count: 1_000, unit: 'records', creditMinor: 0 } }, '/fee/currency', 'malformed'],
      [{ fee: { amountMinor: 0.25, currency: 'EUR', count: 1_000, unit: 'records', creditMinor: 0 } }, '/fee/amountMinor', 'malformed'],
      [{ never: ['sell'] }, '/never/0', 'malformed'],
      [{ emergency: { kinds: ['flood'], officials: [], responders: [ADA], mode: 'online', mayPassOn: false } }, '/emergency/officials', 'malformed'],
      [{ more: 1 }, '/more', 'malformed'],
      [{ creditTexts: Array.from({ length: 40 }, (_, at) => `City ${at}`) }, '', 'limit']
    ]
    assert.ok(readForm(good).ok)
    for (const [change, position, code] of wrong) {
      const read = policyOfForm({ ...good, ...change } as TermsForm)
      assert.ok(!read.ok, JSON.stringify(change))
      assert.deepEqual([read.failure.position, read.failure.code], [position, code], JSON.stringify(change))
      assert.ok(read.failure.reason.length > 10 && read.failure.remedy.length > 5)
    }
    assert.deepEqual(valueOf(readForm({ ...good, audience: { type: 'named', members: [BEN, ADA, BEN] } })).audience, { type: 'named', members: [ADA, BEN] })
  })

  it('begin with templates, the default one for named neighbours', () => {
    assert.equal(TEMPLATE_DEFAULT, 'neighbours')
    assert.deepEqual(TEMPLATES.map(({ id }) => [id, feedClassOf(begun(id))]), [
      ['open', 'public'], ['members', 'members'], ['neighbours', 'restricted'], ['aggregates', 'members'], ['delayed', 'members'], ['paid', 'restricted'],
      ['emergency', 'restricted']
    ])
    for (const { id } of TEMPLATES) {
      assert.ok(TEMPLATE_WORDS[id])
      assert.deepEqual(check(policyOf(begun(id))), [], id)
    }
  })

  it('have the class of feed that needs no agreement only where nothing in them needs one', () => {
    const members: TermsForm = { ...begun('members'), creditTexts: [] }
    const open = begun('open')
    const needing: readonly Partial<TermsForm>[] = [
      { purposes: [WASTE] }, { fromMs: 1 }, { untilMs: 1 }, { requestsMax: 1 }, { requestsPerDayMax: 1 }, { recordsPerDayMax: 1 },
      { keep: { keepMs: 1_000, from: 'receipt' } }, { fee: begun('paid').fee }, { reportEveryMs: 1_000 }, { informOnPublication: true }, { storedIn: ['DE'] },
      { securityLevelMin: 0 }, { emergency: begun('emergency').emergency }
    ]
    for (const more of needing) for (const form of [members, open]) assert.equal(feedClassOf({ ...form, ...more }), 'restricted', JSON.stringify(more))
    const free: readonly Partial<TermsForm>[] = [
      { summarise: { minGroupSize: 10 } }, { redactFields: ['plate'] }, { delayMs: 1_000 }, { passOn: { type: 'no' } }, { creditTexts: ['x'] }, { never: ['reidentify'] }
    ]
    for (const more of free) assert.equal(feedClassOf({ ...members, ...more }), 'members', JSON.stringify(more))
  })
})

describe('terms: sentences', () => {
  const say = (form: TermsForm): readonly string[] => sentencesOf(policyOf(form), { wording: ENGLISH, nameOf: did => did.slice('did:key:z'.length) })
    .map(({ clause, sentence, labels }) => `${clause} ${sentence} [${labels.join(', ')}]`)

  it('say each clause that is set, with its labels', () => {
    const full: TermsForm = {
      ...begun('emergency'), fromMs: 1_796_083_200_000, untilMs: 1_827_619_199_000, summarise: { minGroupSize: 10 }, h3ResolutionMax: 7, timeStepMs: 3_600_000,
      redactFields: ['driverName', 'plate'], delayMs: 86_400_000, requestsPerDayMax: 1_000, requestsMax: 100_000, recordsPerDayMax: 1,
      passOn: { type: 'named-or-results', members: [CLEO], minGroupSize: 10 }, keep: { keepMs: 30 * 86_400_000, from: 'receipt' },
      fee: begun('paid').fee, creditTexts: ['City of Riverton'], informOnPublication: true, never: ['contactPersons', 'linkPersons', 'reidentify', 'trainModels'],
      storedIn: ['DE', 'NL'], securityLevelMin: 2
    }
    assert.deepEqual(say(full), [
      '1 Ada and Ben may use it. [enforced]',
      '2 Only for waste collection. [enforced, attested]',
      '3 From 1 Dec 2026 to 30 Nov 2027. Either side may end it at any time. [enforced, attested]',
      '4 Only counts, sums and means; per hexagon of about 5 km²; in steps of 1 hour; groups under 10 left out; without driverName and plate. [enforced]',
      '5 Not before 24 hours after measurement. [enforced]',
      '6 At most 1,000 requests a day, 100,000 requests in all and 1 record a day. [enforced]',
      '7 May be passed on only to Cleo, under the same terms; results with at least 10 per group may be published. [attested]',
      '8 Delete within 30 days of receipt, and confirm. [attested, enforced]',
      '9 €0.25 per 1,000 records; credit up to €5.00. [enforced]',
      '10 Send a summary of use every 24 hours. [enforced, attested]',
      '10 Credit: "City of Riverton". [contractual]',
      '10 Send us what you publish. [contractual]',
      '11 No contact with persons, no linking of persons, no re-identification and no model training. [contractual]',
      '12 Kept in DE or NL, at security level 2 or better. [attested]',
      '13 In an emergency (fire or flood) declared by Cleo, Ben may use all of it and pass it on; logged and reviewed. [enforced]'
    ])
  })

  it('show what is no clause as it is written, and say where this node would refuse', () => {
    const json = { ...writePolicy(policyOf(begun('members'))), obligation: [{ action: 'odrl:play' }, { action: 'odrl:review' }] }
    const lines = sentencesOf(valueOf(readPolicy(json))).filter(({ clause }) => clause === 0)
    assert.deepEqual(lines, [
      { clause: 0, code: 'unknown-part', values: { json: '{"action":"odrl:play"}' }, sentence: 'This node would refuse all use because it does not know: {"action":"odrl:play"}', labels: [] },
      { clause: 0, code: 'other-part', values: { json: '{"action":"odrl:review"}' }, sentence: 'Also, in the words of the policy: {"action":"odrl:review"}', labels: [] }
    ])
  })
})

describe('terms: which are stricter', function () {
  this.timeout(TIMEOUT_MS)
  const pair = fc.tuple(arbitraryForm, arbitraryForm, fc.array(fc.boolean(), { minLength: 24, maxLength: 24 }))
    .map(([a, other, chosen]): [TermsForm, TermsForm] => [a, mixed(a, other, chosen)])
    .filter(([, b]) => policyOfForm(b).ok)

  it('finds a meet that is no wider than either side, and terms no wider than themselves', () => {
    let met = 0
    fc.assert(fc.property(pair, ([a, b]) => {
      assert.equal(isAtMost(policyOf(a), policyOf(a)), 'satisfied')
      const meet = meetOfForms(a, b)
      if (!meet.ok) return
      met++
      assert.equal(isFormAtMost(meet.value, a), 'satisfied', JSON.stringify([meet.value, a]))
      assert.equal(isFormAtMost(meet.value, b), 'satisfied', JSON.stringify([meet.value, b]))
    }), RUNS)
    assert.ok(met > RUNS.numRuns / 5, `${met} met`)
  })

  it('lets through under stricter terms only what the wider let through', () => {
    let compared = 0
    fc.assert(fc.property(pair, fc.nat({ max: 2 ** 31 }), ([a, b], seed) => {
      const meet = meetOfForms(a, b)
      const stricter = meet.ok ? meet.value : a
      const verdict = isAtMost(policyOf(stricter), policyOf(b))
      if (verdict !== 'satisfied') return
      const [narrow, wide] = [compile(policyOf(stricter)), compile(policyOf(b))]
      for (let at = 0; at < 20; at++) {
        const { request, facts } = likely(seed + at)
        if (!narrow.evaluate(request, facts).allow) continue
        compared++
        const other = wide.evaluate(request, facts)
        assert.ok(other.allow, JSON.stringify({ stricter, b, request, reasons: other.reasons }))
      }
    }), RUNS)
    assert.ok(compared > RUNS.numRuns / 20, `${compared} compared`)
  })

  it('tells by each clause alone which of two is wider', () => {
    const form = begun('emergency')
    const narrower: readonly Partial<TermsForm>[] = [
      { audience: { type: 'named', members: [ADA] } }, { fromMs: NOW_MS }, { untilMs: NOW_MS + 1_000_000 }, { summarise: { minGroupSize: 10 } }, { redactFields: ['plate'] },
      { h3ResolutionMax: 7 }, { timeStepMs: 1_000 }, { delayMs: 1_000 }, { requestsMax: 5 }, { requestsPerDayMax: 5 }, { recordsPerDayMax: 5 },
      { keep: { keepMs: 1_000, from: 'agreement-end' } }, { keep: { keepMs: 30 * 86_400_000, from: 'receipt' } }, { fee: begun('paid').fee }, { reportEveryMs: 1_000 },
      { creditTexts: ['x'] }, { informOnPublication: true }, { never: ['linkPersons', 'reidentify'] }, { storedIn: ['DE'] }, { securityLevelMin: 1 }, { emergency: null }
    ]
    for (const change of narrower) {
      const other = { ...form, ...change }
      assert.deepEqual([isAtMost(policyOf(other), policyOf(form)), isAtMost(policyOf(form), policyOf(other))], ['satisfied', 'unsatisfied'], JSON.stringify(change))
    }
    const fee = begun('paid').fee
    assert.ok(fee !== null && form.emergency !== null)
    const both: readonly (readonly [Partial<TermsForm>, Partial<TermsForm>])[] = [
      [{ fromMs: 20 }, { fromMs: 10 }], [{ untilMs: NOW_MS + 10 }, { untilMs: NOW_MS + 20 }], [{ summarise: { minGroupSize: 20 } }, { summarise: { minGroupSize: 10 } }],
      [{ redactFields: ['a', 'b'] }, { redactFields: ['a'] }], [{ h3ResolutionMax: 5 }, { h3ResolutionMax: 7 }], [{ timeStepMs: 2_000 }, { timeStepMs: 1_000 }],
      [{ delayMs: 2_000 }, { delayMs: 1_000 }], [{ requestsMax: 5 }, { requestsMax: 6 }], [{ requestsPerDayMax: 5 }, { requestsPerDayMax: 6 }],
      [{ recordsPerDayMax: 5 }, { recordsPerDayMax: 6 }], [{ reportEveryMs: 1_000 }, { reportEveryMs: 2_000 }], [{ securityLevelMin: 2 }, { securityLevelMin: 1 }],
      [{ storedIn: ['DE'] }, { storedIn: ['DE', 'NL'] }], [{ never: ['linkPersons', 'trainModels'] }, { never: ['trainModels'] }], [{ creditTexts: ['x', 'y'] }, { creditTexts: ['x'] }],
      [{ keep: { keepMs: 1_000, from: 'receipt' } }, { keep: { keepMs: 2_000, from: 'receipt' } }], [{ keep: { keepMs: 1_000, from: 'receipt' } }, { keep: { keepMs: 1_000, from: 'agreement-end' } }],
      [{ fee: { ...fee, amountMinor: 26 } }, { fee }], [{ fee: { ...fee, creditMinor: 0 } }, { fee }],
      [{ emergency: { ...form.emergency, kinds: ['fire'] } }, {}], [{ emergency: { ...form.emergency, mode: 'online' } }, { emergency: { ...form.emergency, mode: 'sealed' } }],
      [{ emergency: { ...form.emergency, mayPassOn: false } }, {}], [{}, { emergency: { ...form.emergency, officials: [ADA, CLEO] } }], [{}, { emergency: { ...form.emergency, responders: [ADA, BEN] } }]
    ]
    for (const [narrow, wider] of both) {
      const [a, b] = [policyOf({ ...form, ...narrow }), policyOf({ ...form, ...wider })]
      assert.deepEqual([isAtMost(a, b), isAtMost(b, a)], ['satisfied', 'unsatisfied'], JSON.stringify([narrow, wider]))
    }
    const wide: TermsForm = { ...begun('neighbours'), purposes: ['urn:hanse:purpose:1:waste'], passOn: { type: 'named-or-results', members: [CLEO], minGroupSize: 10 } }
    assert.equal(isAtMost(policyOf({ ...wide, purposes: [WASTE] }), policyOf(wide)), 'satisfied')
    assert.equal(isAtMost(policyOf({ ...wide, passOn: { type: 'results', minGroupSize: 12 } }), policyOf(wide)), 'satisfied')
    assert.equal(isAtMost(policyOf({ ...wide, passOn: { type: 'results', minGroupSize: 9 } }), policyOf(wide)), 'unsatisfied')
    assert.equal(isAtMost(policyOf({ ...wide, purposes: ['urn:hanse:purpose:1:research'] }), policyOf(wide)), 'unsatisfied')
    assert.equal(isAtMost(policyOf({ ...wide, audience: { type: 'classes', classes: ['utility'] } }), policyOf(wide)), 'unknown')
    assert.equal(isAtMost(valueOf(readPolicy({ permission: { action: 'use' } })), policyOf(wide)), 'unknown')
  })
})

describe('terms: joined data', () => {
  const source: TermsForm = { ...begun('neighbours'), passOn: { type: 'named-or-results', members: [CLEO], minGroupSize: 10 } }
  const terms = { policy: policyOf(source), compiled: compile(policyOf(source)) }

  it('is for those to whom its sources may be passed on, and no wider in any clause', () => {
    const offer: TermsForm = { ...source, audience: { type: 'named', members: [CLEO] } }
    assert.equal(isWithinSource(policyOf(offer), terms.policy), 'satisfied')
    assert.equal(isWithinSource(policyOf({ ...offer, audience: { type: 'named', members: [BEN, CLEO] } }), terms.policy), 'unsatisfied')
    assert.equal(isWithinSource(policyOf({ ...offer, audience: { type: 'members', federation: FEDERATION } }), terms.policy), 'unsatisfied')
    assert.equal(isWithinSource(policyOf({ ...offer, keep: null }), terms.policy), 'unsatisfied')
    assert.equal(isWithinSource(policyOf({ ...offer, reportEveryMs: null, fee: begun('paid').fee }), terms.policy), 'satisfied')
    assert.equal(isWithinSource(policyOf({ ...offer, passOn: { type: 'no' } }), policyOf({ ...source, passOn: { type: 'no' } })), 'unsatisfied')
  })

  it('leaves a source out only where results may be published and groups are as large', () => {
    assert.ok(isReleased(terms, { operations: ['summarise'], minGroupSize: 10 }))
    assert.ok(!isReleased(terms, { operations: ['summarise'], minGroupSize: 9 }))
    assert.ok(!isReleased(terms, { operations: ['coarsen'], minGroupSize: 10 }))
    assert.ok(!isReleased(terms, null))
    for (const passOn of [{ type: 'no' } as const, { type: 'named', members: [CLEO] } as const]) {
      const policy = policyOf({ ...source, passOn })
      assert.ok(!isReleased({ policy, compiled: compile(policy) }, { operations: ['summarise'], minGroupSize: 1_000 }))
    }
  })

  it('is allowed where all allow it, with the earliest end and every reason with its source', () => {
    fc.assert(fc.property(fc.array(fc.tuple(arbitraryForm, fc.nat({ max: 2 ** 31 })), { minLength: 1, maxLength: 4 }), forms => {
      const [own, ...sources] = forms.map(([form, seed]) => {
        const { request, facts } = likely(seed)
        return compile(policyOf(form)).evaluate(request, facts)
      })
      assert.ok(own)
      const joined = joinDecisions(own, sources.map((decision, at) => ({ decision, path: [`source-${at}`] })))
      assert.equal(joined.allow, [own, ...sources].every(({ allow }) => allow))
      assert.equal(joined.reasons.length === 0, joined.allow)
      assert.ok([own, ...sources].every(({ validUntilMs }) => validUntilMs === null || (joined.validUntilMs ?? Infinity) <= validUntilMs))
      for (const [at, { reasons }] of sources.entries()) {
        assert.equal(joined.reasons.filter(({ source: path }) => path?.[0] === `source-${at}`).length, reasons.length)
      }
    }), { numRuns: 300 })
  })
})

describe('terms: bound to a consumer and a purpose', function () {
  this.timeout(TIMEOUT_MS)

  it('holds exactly these two, and allows nothing that was not allowed before', () => {
    let bound = 0
    fc.assert(fc.property(arbitraryForm, fc.constantFrom(ADA, BEN, CLEO), fc.constantFrom(WASTE, 'urn:hanse:purpose:1:emergency.response'), fc.nat({ max: 2 ** 31 }), (form, consumer, purpose, seed) => {
      const policy = policyOf(form)
      const agreed = bind(policy, consumer, purpose)
      if (agreed === undefined) return
      bound++
      const [before, after] = [compile(policy), compile(agreed)]
      assert.ok(bind(agreed, consumer, purpose)?.policyCid.equals(agreed.policyCid))
      for (let at = 0; at < 10; at++) {
        const { request, facts } = likely(seed + at)
        if (!after.evaluate(request, facts).allow) continue
        assert.deepEqual([request.requester, request.purpose], [consumer, purpose])
        assert.ok(before.evaluate(request, facts).allow, JSON.stringify({ form, request }))
      }
    }), RUNS)
    assert.ok(bound > RUNS.numRuns / 5, `${bound} bound`)
  })

  it('takes from what others write who is meant, and leaves alone what it does not know', () => {
    const bound = (constraint: unknown, consumer = ADA): readonly number[] | undefined =>
      bind(valueOf(readPolicy({ permission: { action: 'use', constraint } })), consumer, WASTE)?.permissions.map(({ constraints }) => constraints.length)
    const who = (operator: string, rightOperand: unknown): unknown => ({ leftOperand: 'odrl:recipient', operator, rightOperand })
    const what = (operator: string, rightOperand: unknown): unknown => ({ leftOperand: 'odrl:purpose', operator, rightOperand })
    const lines: readonly (readonly [unknown, readonly number[] | undefined])[] = [
      [[], [2]], [who('eq', ADA), [2]], [who('eq', BEN), undefined], [who('neq', ADA), undefined], [who('neq', BEN), [2]], [who('isNoneOf', [ADA, BEN]), undefined],
      [who('isNoneOf', [BEN, CLEO]), [2]], [who('isPartOf', [BEN]), undefined], [who('isPartOf', `urn:hanse:federation:${FEDERATION}`), [2]], [who('isA', ADA), [2]],
      [who('isAnyOf', `urn:hanse:federation:${FEDERATION}`), [3]], [who('lt', ADA), [3]], [{ or: [who('eq', ADA), who('eq', BEN)] }, [3]],
      [what('isAnyOf', 'urn:hanse:purpose:1:waste'), [2]], [what('isNoneOf', 'urn:hanse:purpose:1:waste'), undefined], [what('eq', 'urn:hanse:purpose:1:mobility'), undefined],
      [what('isAnyOf', 'urn:hanse:purpose:1:x.dance'), [3]], [[who('eq', ADA), what('eq', WASTE), who('neq', BEN)], [2]]
    ]
    for (const [constraint, expected] of lines) assert.deepEqual(bound(constraint), expected, JSON.stringify(constraint))
  })

  it('is never more than could be read again by whoever gets it', () => {
    const many = (length: number): Policy => valueOf(readPolicy({
      permission: { action: 'use', constraint: Array.from({ length }, (_, at) => ({ leftOperand: 'odrl:count', operator: 'lteq', rightOperand: String(at + 1) })) }
    }))
    assert.equal(readPolicy(writePolicy(bind(many(62), ADA, WASTE) ?? assert.fail())).ok, true)
    assert.equal(bind(many(63), ADA, WASTE), undefined)
  })

  it('leaves nothing to agree on where the consumer or the purpose is not meant, and the emergency alone to responders', () => {
    const policy = policyOf(begun('emergency'))
    assert.equal(bind(policy, CLEO, WASTE), undefined)
    assert.equal(bind(policy, ADA, 'urn:hanse:purpose:1:emergency.response'), undefined)
    const responder = bind(policy, BEN, 'urn:hanse:purpose:1:emergency.response')
    assert.equal(responder?.permissions.length, 1)
    assert.deepEqual(sentencesOf(responder).map(({ clause }) => clause).filter(clause => clause < 7), [])
    const neighbour = bind(policy, ADA, WASTE)
    assert.deepEqual(neighbour && formOfPolicy(neighbour), { ...begun('emergency'), audience: { type: 'named', members: [ADA] }, purposes: [WASTE], emergency: null }, 'passing on is lifted for responders alone')
    assert.deepEqual(formOfPolicy(bind(policyOf(begun('neighbours')), ADA, WASTE) ?? policy)?.audience, { type: 'named', members: [ADA] })
  })
})

describe('terms: policies of a dataset', () => {
  const ask = (policy: Policy, request: Partial<TermsRequest>, facts: Facts = { membership: { status: 'active', federation: FEDERATION } }): boolean =>
    compile(policy).evaluate({ door: 'sync', action: `${ODRL}reproduce`, timeMs: NOW_MS, requester: ADA, form: 'ciphertext', ...request }, facts).allow

  it('say who may keep what it cannot read, and who may see that it exists', () => {
    const named = { type: 'named', members: [BEN] } as const
    assert.ok(ask(policyOfReplicas('members', named, FEDERATION), {}))
    assert.ok(!ask(policyOfReplicas('members', named, FEDERATION), {}, { membership: { status: 'inactive', federation: FEDERATION } }))
    assert.ok(!ask(policyOfReplicas('recipients', named, FEDERATION), {}))
    assert.ok(ask(policyOfReplicas('recipients', named, FEDERATION), { requester: BEN }))
    assert.ok(!ask(policyOfReplicas('nobody', named, FEDERATION), { requester: BEN }))
    const seen = policyOfVisibility(named)
    assert.ok(ask(seen, { door: 'advertise', action: 'urn:hanse:terms:1:discover', requester: BEN }))
    assert.ok(!ask(seen, { door: 'advertise', action: 'urn:hanse:terms:1:discover' }))
    assert.ok(!ask(seen, { requester: BEN }), 'seeing is not having')
  })
})

describe('terms: the published schema', () => {
  it('takes every policy that a form makes', function () {
    if (!SCHEMAS_ARE_PRESENT) {
      console.log(`      ${WITHOUT_SCHEMAS}`)
      this.skip()
    }
    const complaint = schemaNamed()('negotiation/contract')
    fc.assert(fc.property(arbitraryForm, form => {
      const offer = { '@id': 'urn:hanse:offer:x', '@type': 'Offer', 'target': 'urn:hanse:dataset:x', ...writePolicy(policyOf(form)) }
      assert.equal(complaint(offer), '', JSON.stringify(offer))
    }), { numRuns: 300 })
  })
})

/** A request and facts that often get through. */
function likely (seed: number): { readonly request: TermsRequest, readonly facts: Facts } {
  const { request, facts } = caseOf(seed)
  const duties = Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`obligation/${at}`, 'pending' as const]))
  return {
    request: {
      ...request,
      requester: request.requester ?? ADA,
      purpose: seed % 3 === 0 ? 'urn:hanse:purpose:1:emergency.response' : WASTE,
      asset: {
        feedClass: 'members', area: ['8928308280fffff'],
        derivation: { minGroupSize: 1_000, h3Resolution: 0, timeStepMs: 10_000_000_000, delayMs: 10_000_000_000, redactedFields: ['driverName', 'odd "name"', 'plate'], ...request.asset?.derivation }
      }
    },
    facts: {
      ...facts, membership: { status: 'active', federation: FEDERATION, classes: ['utility', 'municipality', 'company'] },
      claims: { storedIn: ['DE'], securityLevel: 5, ...facts.claims }, counters: { requests: 0, requestsToday: 0, recordsToday: 0 },
      payment: { owedMinor: 0, vouchedMinor: 0 }, duties: { ...duties, 'permission/1/duty/0': 'fulfilled', 'permission/0/duty/0': 'fulfilled' }
    }
  }
}
