import { strict as assert } from 'node:assert'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { check, compile, readPolicy, sentencesOf, writePolicy, type PolicyFailure } from '../../src/core/terms/index.ts'
import { decodeCanonical, encodeCanonical, ok, type Value } from '../../src/base/index.ts'
import { caseOf, drawFrom, ODRL, readCase, type Draw, type PolicyJson } from './terms.cases.ts'
import { valueOf } from './identity.fixture.ts'
import { SEED } from '../support/chance.ts'

const asked = process.env['HANSE_CASES']
const CASES = Number(asked ?? 2_000)
const TIMEOUT_MS = asked === undefined ? 60_000 : 0

type Vector = { readonly name: string, readonly policy: unknown, readonly policyCid?: string, readonly code?: string, readonly position?: string, readonly findings?: readonly (readonly [string, string])[] }
const vectors = JSON.parse(readFileSync(new URL('../vectors/terms.json', import.meta.url), 'utf8')) as readonly Vector[]

const failureOf = (json: unknown): PolicyFailure => {
  const read = readPolicy(json)
  assert.ok(!read.ok, `was read: ${JSON.stringify(json)?.slice(0, 300)}`)
  return read.failure
}
const use = (...constraint: readonly unknown[]): PolicyJson => ({ permission: [{ action: 'use', constraint }] })
const count = (rightOperand: unknown): PolicyJson => ({ leftOperand: 'odrl:count', operator: 'lteq', rightOperand })

describe('terms: reading policies', function () {
  this.timeout(TIMEOUT_MS)
  before(() => console.log(`    seed ${SEED}`))

  for (const { name, policy, policyCid, code, position, findings } of vectors) {
    it(`keeps the vector: ${name}`, () => {
      const read = readPolicy(policy)
      if (!read.ok) {
        assert.deepEqual([read.failure.code, read.failure.position], [code, position], read.failure.reason)
        return
      }
      assert.equal(read.value.policyCid.toString(), policyCid)
      assert.deepEqual(check(read.value).map(finding => [finding.code, finding.position]), findings ?? [])
    })
  }

  it('reads every spelling of a policy as the same, and its own', () => {
    for (let at = 0; at < CASES; at++) {
      const { json, seed } = caseOf((SEED + at) >>> 0)
      const policy = readCase(json)
      const draw = drawFrom(seed)
      for (const other of [respelled(json, draw), respelled(writePolicy(policy), draw), writePolicy(policy), JSON.parse(JSON.stringify(writePolicy(policy)))]) {
        assert.equal(readCase(other as PolicyJson).policyCid.toString(), policy.policyCid.toString(), `seed ${seed}: ${JSON.stringify(json)} ${JSON.stringify(other)}`)
      }
    }
  })

  it('tells policies apart that differ in anything but spelling', () => {
    const cids = new Map<string, string>()
    for (let at = 0; at < CASES; at++) {
      const { json, seed } = caseOf((SEED + at) >>> 0)
      const policy = readCase(json)
      const text = JSON.stringify(sortedJson(writePolicy(policy)))
      const cid = policy.policyCid.toString()
      assert.equal(cids.get(cid) ?? text, text, `seed ${seed}`)
      cids.set(cid, text)
    }
    assert.ok(cids.size > CASES * 0.9)
  })

  it('answers with a policy or a refusal whatever it is given', () => {
    const random = drawFrom(SEED)
    for (let at = 0; at < CASES; at++) {
      const damaged = damagedJson(caseOf((SEED + at) >>> 0).json, random)
      survives(damaged)
      survives(throughCbor(damaged))
    }
    fc.assert(fc.property(fc.anything({ withDate: true, withMap: true, withNullPrototype: true, withTypedArray: true, maxDepth: 5 }), survives), { numRuns: CASES })
    fc.assert(fc.property(fc.jsonValue({ maxDepth: 6 }), json => {
      for (const each of [{ permission: json }, { permission: { action: 'use', constraint: json } }, { prohibition: { action: 'use', x: json } }]) survives(each)
    }), { numRuns: CASES })
  })

  it('refuses what has no meaning, with its place', () => {
    const wrong: readonly (readonly [unknown, string, PolicyFailure['code']])[] = [
      [null, '', 'malformed'], ['use', '', 'malformed'], [[], '', 'malformed'],
      [{}, '', 'no-rule'], [{ obligation: { action: 'odrl:delete' } }, '', 'no-rule'], [{ permission: [], prohibition: [] }, '', 'no-rule'],
      [{ permission: ['use'] }, '/permission/0', 'malformed'],
      [{ permission: {} }, '/permission', 'malformed'],
      [{ permission: [{ action: { 'rdf:value': 'odrl:use' } }] }, '/permission/0/action', 'malformed'],
      [{ permission: [{ action: '' }] }, '/permission/0/action', 'malformed'],
      [{ permission: [{ action: 'use', duty: [{ action: 3 }] }] }, '/permission/0/duty/0/action', 'malformed'],
      [use({ leftOperand: 'odrl:count', operator: 'lteq' }), '/permission/0/constraint/0', 'malformed'],
      [use(count(30)), '/permission/0/constraint/0/rightOperand', 'malformed'],
      [use(count(true)), '/permission/0/constraint/0/rightOperand', 'malformed'],
      [use(count(['30', 40])), '/permission/0/constraint/0/rightOperand/1', 'malformed'],
      [use(count([])), '/permission/0/constraint/0/rightOperand', 'malformed'],
      [use(count(null)), '/permission/0/constraint/0/rightOperand', 'malformed'],
      [use({ or: [] }), '/permission/0/constraint/0/or', 'malformed'],
      [use({ or: [count('1')], and: [count('1')] }), '/permission/0/constraint/0', 'malformed'],
      [use({ or: [count('1')], leftOperand: 'odrl:count' }), '/permission/0/constraint/0', 'malformed'],
      [use({ or: [{ and: [{ 'a/b': 1 }] }] }), '/permission/0/constraint/0/or/0/and/0', 'malformed']
    ]
    for (const [json, position, code] of wrong) {
      const failure = failureOf(json)
      assert.deepEqual([failure.position, failure.code], [position, code], JSON.stringify(json))
      assert.ok(failure.reason.length > 10)
    }
  })

  it('finds what contradicts itself, and nothing that does not', () => {
    const say = (leftOperand: string, operator: string, rightOperand: unknown): unknown => ({ leftOperand, operator, rightOperand })
    const number = (operator: string, value: string): unknown => say('odrl:count', operator, value)
    const who = (operator: string, ...values: readonly string[]): unknown => say('odrl:recipient', operator, values)
    const place = (operator: string, ...values: readonly string[]): unknown => say('urn:hanse:terms:1:storedIn', operator, values)
    const what = (operator: string, ...names: readonly string[]): unknown => say('odrl:purpose', operator, names.map(name => `urn:hanse:purpose:1:${name}`))
    const when = (operator: string, value: string): unknown => say('odrl:dateTime', operator, value)
    const dead: readonly (readonly unknown[])[] = [
      [number('gt', '5'), number('lt', '6')], [number('gteq', '6'), number('lteq', '5')], [number('eq', '6'), number('eq', '5')], [number('lt', '1')],
      [who('isAnyOf', 'a'), who('isNoneOf', 'a')], [who('isAnyOf', 'a', 'b'), who('isPartOf', 'c')], [who('isAllOf', 'a', 'b')], [who('eq', 'a'), who('neq', 'a')],
      [place('isPartOf', 'DE'), place('isPartOf', 'NL')], [place('isPartOf', 'DE'), place('isAllOf', 'DE', 'NL')], [place('isAllOf', 'DE'), place('isNoneOf', 'DE')],
      [place('isPartOf', 'DE'), place('isAnyOf', 'NL')], [what('isAnyOf', 'waste'), what('isAnyOf', 'mobility')], [what('isAnyOf', 'waste.collection'), what('isNoneOf', 'waste')],
      [when('gteq', '2026-01-01T00:00:00Z'), when('lteq', '2026-01-01T00:00:00Z')]
    ]
    const alive: readonly (readonly unknown[])[] = [
      [number('gt', '5'), number('lt', '7')], [number('gteq', '5'), number('lteq', '5')], [number('lt', '2')], [who('isAnyOf', 'a', 'b'), who('isNoneOf', 'a')],
      [who('isAllOf', 'a')], [place('isPartOf', 'DE', 'NL'), place('isAllOf', 'NL')], [place('isAnyOf', 'DE', 'NL'), place('isNoneOf', 'DE')],
      [what('isAnyOf', 'waste'), what('isAnyOf', 'waste.collection')], [what('isAnyOf', 'waste'), what('isNoneOf', 'waste.collection')],
      [when('gteq', '2026-01-01T00:00:00Z'), when('lteq', '2026-01-01T00:00:01Z')], [{ or: [number('gt', '5'), number('lt', '1')] }]
    ]
    const codes = (constraints: readonly unknown[]): readonly string[] => check(valueOf(readPolicy(use(...constraints)))).map(({ code }) => code)
    for (const constraints of dead) assert.deepEqual(codes(constraints), ['contradiction'], JSON.stringify(constraints))
    for (const constraints of alive) assert.deepEqual(codes(constraints), [], JSON.stringify(constraints))
  })

  it('names each limit, and reads what is just within it', () => {
    const nested = (depth: number): PolicyJson => depth === 1 ? count('1') : { or: [nested(depth - 1)] }
    const deep = (depth: number): unknown => depth === 0 ? 1 : [deep(depth - 1)]
    const many = <T>(size: number, item: (at: number) => T): T[] => Array.from({ length: size }, (_, at) => item(at))
    const limits: readonly (readonly [string, unknown, unknown])[] = [
      ['rulesMax', { permission: many(32, () => ({ action: 'use' })) }, { permission: many(33, () => ({ action: 'use' })) }],
      ['rulesMax', { permission: { action: 'use', duty: many(31, () => ({ action: 'odrl:review' })) } }, { permission: { action: 'use', duty: many(32, () => ({ action: 'odrl:review' })) } }],
      ['constraintsPerRuleMax', use(...many(64, () => count('1'))), use(...many(65, () => count('1')))],
      ['constraintsPerRuleMax', use({ and: many(63, () => count('1')) }), use({ and: many(64, () => count('1')) })],
      ['nestingMax', use(nested(4)), use(nested(5))],
      ['listValuesMax', use(count(many(256, String))), use(count(many(257, String)))],
      ['textBytesMax', use(count('ä'.repeat(256))), use(count('ä'.repeat(257)))],
      ['policyBytesMax', use(...many(30, at => count(`${at}`.repeat(250)))), use(...many(60, at => count([`${at}`.repeat(250), `a${at}`.repeat(160)])))],
      ['foreignDepthMax', { ...use(), x: deep(15) }, { ...use(), x: deep(16) }],
      ['foreignMembersMax', { ...use(), ...Object.fromEntries(many(64, at => [`x${at}`, 1])) }, { ...use(), ...Object.fromEntries(many(65, at => [`x${at}`, 1])) }]
    ]
    for (const [name, within, beyond] of limits) {
      const read = readPolicy(within)
      assert.ok(read.ok, `${name}: ${JSON.stringify(read)}`)
      const failure = failureOf(beyond)
      assert.equal(failure.code, 'limit')
      assert.ok(failure.reason.includes(name), failure.reason)
    }
  })

  it('is not led by names that objects have of themselves', () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      const json = JSON.parse(`{"permission":{"action":"use","${name}":{"x":1}}}`) as unknown
      const policy = valueOf(readPolicy(json))
      assert.deepEqual(check(policy).map(({ position }) => position), [`/permission/${name}`])
      assert.ok(valueOf(readPolicy(writePolicy(policy))).policyCid.equals(policy.policyCid))
      assert.deepEqual(check(valueOf(readPolicy(use({ leftOperand: name, operator: 'eq', rightOperand: name })))).map(({ code }) => code), ['term.unknown'])
      assert.deepEqual(check(valueOf(readPolicy({ permission: { action: name } }))).map(({ code }) => code), ['term.unknown'])
    }
  })
})

function survives (json: unknown): void {
  const read = readPolicy(json)
  if (!read.ok) {
    assert.ok(read.failure.reason.length > 0)
    return
  }
  const { request, facts } = caseOf(1)
  const decision = compile(read.value).evaluate(request, facts)
  assert.ok(decision.allow || decision.reasons.length > 0)
  check(read.value)
  sentencesOf(read.value)
  assert.ok(valueOf(readPolicy(writePolicy(read.value))).policyCid.equals(read.value.policyCid))
}

/** What arrives where somebody sends DAG-CBOR in place of JSON; JSON with numbers that have no encoding stays. */
function throughCbor (json: unknown): unknown {
  if (JSON.stringify(json).includes('.5')) return json
  const decoded = decodeCanonical<unknown>(encodeCanonical(json as Value), value => ok(value), 1_000_000)
  return decoded.ok ? decoded.value : json
}

/** What a JSON-LD peer may make of it: other spellings of terms, lists in another order, lists of one as the one. */
function respelled (json: unknown, draw: Draw): unknown {
  if (Array.isArray(json)) {
    const items = json.map((each: unknown) => respelled(each, draw)).toSorted(() => draw.chance(0.5) ? 1 : -1)
    return items.length === 1 && draw.chance(0.5) ? items[0] : items
  }
  if (typeof json !== 'object' || json === null) return json
  const entries = Object.entries(json).toSorted(() => draw.chance(0.5) ? 1 : -1)
  return Object.fromEntries(entries.map(([name, value]): [string, unknown] => {
    if (name === 'leftOperand' || name === 'operator' || name === 'action') return [name, termRespelled(value, draw)]
    if (name === 'rightOperand') return [name, valuesRespelled(value, draw)]
    const isOurs = ['permission', 'prohibition', 'obligation', 'constraint', 'duty', 'and', 'or', 'xone', 'andSequence', 'profile'].includes(name)
    return [name, isOurs ? respelled(value, draw) : value]
  }))
}

function termRespelled (term: unknown, draw: Draw): unknown {
  const text = typeof term === 'object' && term !== null && '@id' in term ? String(term['@id']) : String(term)
  const name = text.startsWith('odrl:') ? text.slice(5) : text.startsWith(ODRL) ? text.slice(ODRL.length) : text
  if (name.includes(':') || ['play', 'pray', 'spatial', 'like'].includes(name)) return term
  return draw.pick<unknown>([`odrl:${name}`, ODRL + name, { '@id': ODRL + name }])
}

function valuesRespelled (value: unknown, draw: Draw): unknown {
  const items = (Array.isArray(value) ? value : [value]) as unknown[]
  const again = items.map(each => typeof each === 'string' ? draw.pick<unknown>([each, { '@value': each }, { '@value': each, '@type': 'http://www.w3.org/2001/XMLSchema#integer' }]) : each)
  // What is not read as a value is kept as it is, in its order.
  if (items.some(each => typeof each === 'object' && each !== null && '@language' in each)) return value
  const shuffled = again.toSorted(() => draw.chance(0.5) ? 1 : -1)
  return shuffled.length === 1 && draw.chance(0.5) ? shuffled[0] : shuffled
}

const STRANGE: readonly unknown[] = [null, 0, 1.5, true, '', 'x', [], {}, { '@id': 'x' }, { '@value': 3 }, ['a', ['b']], 'odrl:use', 'urn:hanse:terms:1:summarise', '\ud800', -0]

/** One place of it replaced, removed, renamed or doubled. */
function damagedJson (json: unknown, draw: Draw): unknown {
  if (typeof json !== 'object' || json === null || draw.chance(0.08)) return draw.pick(STRANGE)
  if (Array.isArray(json)) {
    const at = draw.below(json.length + 1)
    return at === json.length ? [...json as unknown[], draw.pick(STRANGE)] : json.map((each: unknown, index) => index === at ? damagedJson(each, draw) : each)
  }
  const entries = Object.entries(json as object) as [string, unknown][]
  if (entries.length === 0) return draw.pick(STRANGE)
  const [name, value] = draw.pick(entries)
  const rest = Object.fromEntries(entries.filter(([other]) => other !== name))
  if (draw.chance(0.08)) return rest
  if (draw.chance(0.08)) return { ...rest, [`${name}x`]: value }
  return { ...rest, [name]: damagedJson(value, draw) }
}

function sortedJson (json: unknown): unknown {
  if (Array.isArray(json)) return json.map(sortedJson)
  if (typeof json !== 'object' || json === null) return json
  return Object.fromEntries(Object.entries(json).map(([name, value]): [string, unknown] => [name, sortedJson(value)]).toSorted(([a], [b]) => a < b ? -1 : 1))
}
