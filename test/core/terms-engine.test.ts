import { strict as assert } from 'node:assert'
import { check, compile, type Decision, type Facts, type Finding } from '../../src/core/terms/index.ts'
import { caseOf, drawFrom, readCase, told, withDuties, type Case, type Draw, type PolicyJson } from './terms.cases.ts'
import { naiveAllows } from './terms.naive.ts'
import { SEED } from '../support/chance.ts'

const asked = process.env['HANSE_CASES']
/** `HANSE_CASES` plays as many of everything; `HANSE_SEED` plays the same again. */
const CASES = Number(asked ?? 20_000)
const FEWER = Number(asked ?? 3_000)
/** It takes ten seconds where nothing else runs, and two minutes where forty programs want two processors. */
const TIMEOUT_MS = asked === undefined ? 300_000 : 0

function decide ({ json, request, facts, dutyStates }: Case, report: 'when-refused' | 'always' = 'when-refused'): Decision {
  const policy = readCase(json)
  return compile(policy).evaluate(request, withDuties(facts, policy, json, dutyStates), report)
}

function * cases (from: number, count = FEWER): Generator<Case> {
  for (let at = 0; at < count; at++) yield caseOf((from + at) >>> 0)
}

describe('terms: the engine', () => {
  before(() => console.log(`    seed ${SEED}`))

  it('decides as an evaluator that was written independently', function () {
    this.timeout(TIMEOUT_MS)
    let allowed = 0
    for (const each of cases(SEED, CASES)) {
      const decision = decide(each)
      const naive = naiveAllows(each.json, each.request, each.facts, rule => each.dutyStates.get(String((rule as PolicyJson)['@id'])))
      assert.equal(decision.allow, naive, told(each, decision))
      if (decision.allow) allowed++
    }
    console.log(`    ${CASES} cases, ${allowed} allowed`)
    assert.ok(allowed > CASES / 50, 'enough cases get through for the comparison to mean something')
  })

  it('lets nothing more through for another prohibition, obligation or constraint, and nothing less for another permission', function () {
    this.timeout(TIMEOUT_MS)
    for (const each of cases(SEED + 1)) {
      const { json, facts, dutyStates } = each
      const other = caseOf(each.seed ^ 0x5555_5555).json
      const before = decide(each)
      const narrower = narrowed(json, other, drawFrom(each.seed))
      if (!before.allow) {
        for (const [how, changed] of narrower) assert.ok(!decide({ ...each, json: changed }).allow, `${how} allowed more: ${told({ ...each, json: changed }, before)}`)
      } else {
        const wider = { ...json, permission: [...listOf(json['permission']), ...listOf(other['permission'])] }
        const after = decide({ ...each, json: wider, facts, dutyStates })
        assert.ok(after.allow, `another permission refused: ${told({ ...each, json: wider }, after)}`)
      }
    }
  })

  it('never turns no into yes where a fact is missing', function () {
    this.timeout(TIMEOUT_MS)
    for (const each of cases(SEED + 2)) {
      if (decide(each).allow) continue
      const draw = drawFrom(each.seed)
      const [request, facts] = draw.chance(0.5) ? [holed(each.request, draw, ['door', 'action', 'timeMs']), each.facts] : [each.request, holed(each.facts, draw, [])]
      const dutyStates = draw.chance(0.3) ? new Map([...each.dutyStates].filter(() => draw.chance(0.7))) : each.dutyStates
      const after = decide({ ...each, request, facts, dutyStates })
      assert.ok(!after.allow, `less known allowed more: ${told({ ...each, request, facts, dutyStates }, after)}`)
    }
  })

  it('answers the same at any time before the one that it names', function () {
    this.timeout(TIMEOUT_MS)
    for (const each of cases(SEED + 3)) {
      const first = decide(each)
      const draw = drawFrom(each.seed)
      const untilMs = first.validUntilMs ?? each.request.timeMs + 10_000_000_000
      assert.ok(untilMs > each.request.timeMs, told(each, first))
      for (const timeMs of [untilMs - 1, each.request.timeMs + draw.below(untilMs - each.request.timeMs), each.request.timeMs + 1]) {
        if (timeMs >= untilMs) continue
        const later = decide({ ...each, request: { ...each.request, timeMs } })
        assert.equal(later.allow, first.allow, `at ${timeMs} another answer: ${told(each, first)}`)
      }
    }
  })

  it('gives a reason for each no and none for a yes, and the same answer with a report as without', function () {
    this.timeout(TIMEOUT_MS)
    const codes = new Map<string, number>()
    for (const each of cases(SEED + 4)) {
      const decision = decide(each)
      assert.equal(decision.reasons.length === 0, decision.allow, told(each, decision))
      assert.equal(decision.rules.length === 0, decision.allow, told(each, decision))
      for (const { code, subject } of decision.reasons) {
        codes.set(code, (codes.get(code) ?? 0) + 1)
        if (code === 'term.unknown' || code === 'fact.missing') assert.ok(subject, told(each, decision))
      }
      const reported = decide(each, 'always')
      assert.deepEqual({ ...reported, rules: [], duties: [] }, { ...decision, rules: [], duties: [] }, told(each, decision))
      assert.ok(reported.rules.length >= 1)
      const active = (type: string): boolean => reported.rules.some(rule => rule.type === type && rule.activationState === 'Active')
      if (decision.allow) assert.ok(active('PermissionReport') && !active('ProhibitionReport'), told(each, reported))
    }
    assert.ok(codes.size >= 25, `only ${[...codes.keys()].toSorted().join(' ')}`)
  })

  it('depends on no fact that it does not name', function () {
    this.timeout(TIMEOUT_MS)
    for (const each of cases(SEED + 5)) {
      const decision = decide(each)
      const other = caseOf(each.seed ^ 0x3333_3333)
      const facts = { ...other.facts, ...Object.fromEntries(decision.dependsOn.map(name => [name, each.facts[name]])) } as Facts
      const dutyStates = decision.dependsOn.includes('duties') ? each.dutyStates : other.dutyStates
      const after = decide({ ...each, facts, dutyStates })
      assert.equal(after.allow, decision.allow, `${decision.dependsOn.join(' ')}: ${told(each, decision)}`)
    }
  })

  it('lets nobody through a policy that its check says can never let anybody through', function () {
    this.timeout(TIMEOUT_MS)
    let found = 0
    for (const each of cases(SEED + 6)) {
      const policy = readCase(each.json)
      const findings = check(policy)
      assert.equal(findings.some(({ code }) => code === 'term.unknown'), compile(policy).unknownTerms.some(term => !isMeasureless(findings, term)), told(each, decide(each)))
      const dead = new Set(findings.filter(({ code, position }) => code === 'contradiction' || (code === 'never-allowed' && position.startsWith('/permission'))).map(({ position }) => permissionOf(position)))
      const living = policy.permissions.filter(({ position }) => !dead.has(permissionOf(position)))
      if (living.length > 0 && policy.permissions.length > 0) continue
      found++
      assert.ok(!decide(each).allow || isInstant(findings), `${JSON.stringify(findings)} ${told(each, decide(each))}`)
    }
    assert.ok(found > FEWER / 100, `${found} found`)
  })
})

/** A period of a single instant is called a contradiction although it holds for that instant. */
function isInstant (findings: readonly Finding[]): boolean {
  return findings.some(({ reason }) => reason.startsWith('The period'))
}

function isMeasureless (findings: readonly Finding[], term: string): boolean {
  return findings.some(({ code, reason }) => code === 'never-allowed' && reason.includes(` ${term} `))
}

/** `/permission/1/constraint/0` is about `/permission/1`; a single one has no number. */
function permissionOf (position: string): string {
  return /^\/permission(\/\d+)?/.exec(position)?.[0] ?? position
}

function listOf (value: unknown): readonly unknown[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value]
}

function narrowed (json: PolicyJson, other: PolicyJson, draw: Draw): readonly (readonly [string, PolicyJson])[] {
  // But for the event: it makes a permission one for emergencies, which lifts what is lifted in them.
  const constraint = [...listOf(other['permission']), ...listOf(other['prohibition'])].flatMap(rule => listOf((rule as PolicyJson)['constraint']))
    .find(each => !JSON.stringify(each).includes('event'))
  const permissions = listOf(json['permission'])
  const at = draw.below(Math.max(1, permissions.length))
  const constrained = permissions.map((rule, index) => index === at && constraint !== undefined
    ? { ...(rule as PolicyJson), constraint: [...listOf((rule as PolicyJson)['constraint']), constraint] }
    : rule)
  return [
    ['another prohibition', { ...json, prohibition: [...listOf(json['prohibition']), ...listOf(other['prohibition'])] }],
    ['another obligation', { ...json, obligation: [...listOf(json['obligation']), ...listOf(other['obligation'])] }],
    ['another constraint', { ...json, permission: constrained }]
  ]
}

/** Without one of its fields, at whatever depth. */
function holed<T extends object> (value: T, draw: Draw, kept: readonly string[]): T {
  const names = Object.keys(value).filter(name => !kept.includes(name))
  if (names.length === 0) return value
  const name = draw.pick(names)
  const inner: unknown = Object.entries(value).find(([key]) => key === name)?.[1]
  const isOpen = typeof inner === 'object' && inner !== null && !Array.isArray(inner) && draw.chance(0.6)
  const rest = Object.fromEntries(Object.entries(value).filter(([key]) => key !== name))
  return { ...rest, ...(isOpen ? { [name]: holed(inner, draw, []) } : {}) } as T
}
