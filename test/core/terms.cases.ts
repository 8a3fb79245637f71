/** Random policies, requests and facts with holes, each from a seed of its own: nested, in all spellings, some of it unknown. */
import { ok as isOk, strict as assert } from 'node:assert'
import {
  readPolicy, type Asset, type Decision, type Door, type DutyFact, type EmergencyFact, type Facts, type Policy, type Rule, type TermsRequest
} from '../../src/core/terms/index.ts'
import { randomFrom } from '../support/chance.ts'

export const ODRL = 'http://www.w3.org/ns/odrl/2/'
export const OWN = 'urn:hanse:terms:1:'
export const FEDERATION = 'bafyreieq3w6qx5qzuwrjueubhvoncxfkgkkfsh72d5wihxdx3jv5h7cnze'
export const [ADA, BEN, CLEO] = ['did:key:zAda', 'did:key:zBen', 'did:key:zCleo'] as const
export const NOW_MS = 1_764_590_400_000

export type PolicyJson = Record<string, unknown>
export type Case = { readonly seed: number, readonly json: PolicyJson, readonly request: TermsRequest, readonly facts: Facts, readonly dutyStates: ReadonlyMap<string, DutyFact> }

export type Draw = {
  readonly chance: (probability: number) => boolean
  readonly below: (bound: number) => number
  readonly pick: <T>(list: readonly T[]) => T
  readonly some: <T>(list: readonly T[]) => T[]
}

export function drawFrom (seed: number): Draw {
  const random = randomFrom(seed)
  const below = (bound: number): number => Math.floor(random() * bound)
  const pick = <T>(list: readonly T[]): T => {
    const found = list[below(list.length)]
    assert(found !== undefined)
    return found
  }
  const chance = (probability: number): boolean => random() < probability
  const some = <T>(list: readonly T[]): T[] => {
    const chosen = list.filter(() => chance(0.5))
    return chosen.length > 0 ? chosen : [pick(list)]
  }
  return { chance, below, pick, some }
}

const PURPOSES = ['waste', 'waste.collection', 'emergency.response', 'mobility', 'mobility.parking'].map(name => `urn:hanse:purpose:1:${name}`)
const STRANGE_PURPOSES = ['urn:hanse:purpose:1:x.dance', 'https://example.org/purpose/research']
const CLASSES = ['municipality', 'utility', 'company']
const PLACES = ['DE', 'NL', 'US']
const FIELDS = ['plate', 'driverName', 'phone']
const KINDS = ['flood', 'fire', 'storm']
/** The first is inside of the second; the third is elsewhere. */
const CELLS = ['8928308280fffff', '872830828ffffff', '871ea6d44ffffff']
const MOMENTS = ['2025-12-01T11:59:59Z', '2025-12-01T12:00:00Z', '2025-12-01T12:00:00.001Z', '2024-01-01T00:00:00Z', '2027-01-01T00:00:00Z', '2024-02-29T00:00:00Z']
const MOMENTS_WRONG = ['2025-02-29T00:00:00Z', '2025-12-01', '2025-12-01T12:00:00+01:00', 'soon']
const DURATIONS = ['PT1H', 'PT15M', 'PT24H', 'P1D', 'P1W', 'PT0S', 'P1DT1H']
const DURATIONS_WRONG = ['P1M', 'P1Y', 'PT', 'P', 'one hour']
const NUMBERS = ['0', '1', '5', '7', '10', '100']
const NUMBERS_WRONG = ['07', '1.5', 'ten', '-0', '1e3']
const SCALARS = ['eq', 'neq', 'lt', 'lteq', 'gt', 'gteq', 'term-lteq']
const SETS = ['isAnyOf', 'isNoneOf', 'isAllOf', 'hasPart', 'isPartOf', 'isA']

type Pool = { readonly operators: readonly string[], readonly values: readonly string[], readonly wrong: readonly string[], readonly isOne?: true }
const numbers: Pool = { operators: SCALARS, values: NUMBERS, wrong: NUMBERS_WRONG, isOne: true }
const durations: Pool = { operators: SCALARS, values: DURATIONS, wrong: DURATIONS_WRONG, isOne: true }
const words = (values: readonly string[]): Pool => ({ operators: [...SETS, 'isAnyOf', 'isPartOf'], values, wrong: ['nothing of the kind'] })
const oneWord = (values: readonly string[]): Pool => ({ operators: [...SETS, 'isAnyOf', 'isAnyOf', 'eq', 'neq'], values, wrong: ['nothing of the kind'] })

const SEEN: Readonly<Record<string, Pool>> = {
  'odrl:recipient': oneWord([ADA, ADA, BEN]),
  [`${OWN}recipientClass`]: words(CLASSES),
  'odrl:purpose': { ...oneWord(PURPOSES), wrong: STRANGE_PURPOSES },
  'odrl:dateTime': { operators: SCALARS, values: MOMENTS, wrong: MOMENTS_WRONG, isOne: true },
  [`${OWN}minGroupSize`]: numbers,
  [`${OWN}h3Resolution`]: numbers,
  [`${OWN}timeStep`]: durations,
  [`${OWN}fields`]: words(FIELDS),
  'odrl:delayPeriod': durations,
  'odrl:count': numbers,
  [`${OWN}requestsPerDay`]: numbers,
  [`${OWN}recordsPerDay`]: numbers,
  [`${OWN}onwardRecipient`]: oneWord([BEN, CLEO]),
  [`${OWN}creditMinor`]: numbers,
  [`${OWN}storedIn`]: words(PLACES),
  [`${OWN}securityLevel`]: numbers,
  'odrl:event': { operators: ['eq', 'eq', 'isAnyOf', 'neq', 'neq', 'isNoneOf', 'isPartOf'], values: [`${OWN}emergency`], wrong: [`${OWN}normal`] },
  [`${OWN}emergencyKind`]: words(KINDS),
  [`${OWN}declaredBy`]: oneWord([BEN, CLEO])
}
const PARAMETERS: Readonly<Record<string, Pool>> = {
  'odrl:elapsedTime': durations, [`${OWN}receipt`]: oneWord(['required']), [`${OWN}text`]: oneWord(['City']), [`${OWN}strictness`]: oneWord(['same-or-stricter'])
}
const ALL: Readonly<Record<string, Pool>> = { ...SEEN, ...PARAMETERS }
const MEASURES: Readonly<Record<string, readonly string[]>> = {
  [`${OWN}summarise`]: [`${OWN}minGroupSize`, `${OWN}h3Resolution`, `${OWN}timeStep`],
  [`${OWN}redact`]: [`${OWN}fields`],
  [`${OWN}coarsen`]: [`${OWN}h3Resolution`],
  [`${OWN}roundTime`]: [`${OWN}timeStep`],
  [`${OWN}delay`]: ['odrl:delayPeriod'],
  'odrl:compensate': [`${OWN}creditMinor`],
  [`${OWN}breakGlass`]: []
}
const LATER = [`${OWN}reportUse`, 'odrl:attribute', 'odrl:nextPolicy', 'odrl:delete', 'odrl:inform', 'odrl:review']
const ACTIONS = ['use', 'use', 'use', 'odrl:read', 'odrl:reproduce', 'odrl:stream', 'odrl:derive', 'odrl:distribute', `${OWN}discover`, `${OWN}reidentify`, 'odrl:play']
const DOORS: readonly Door[] = ['advertise', 'negotiate', 'sync', 'read', 'stream', 'sql', 'derive', 'reshare']

export function caseOf (seed: number): Case {
  const draw = drawFrom(seed)
  const json = policyJson(draw)
  const dutyStates = new Map<string, DutyFact>()
  for (let id = 0; id < 40; id++) if (draw.chance(0.85)) dutyStates.set(`r${id}`, draw.pick(['pending', 'pending', 'fulfilled', 'fulfilled', 'violated'] as const))
  return { seed, json, request: requestOf(draw), facts: factsOf(draw), dutyStates }
}

/** What a case is with nothing of a kind unknown in it: so that more of them get through. */
function policyJson (draw: Draw): PolicyJson {
  let id = 0
  const next = (): string => `r${id++}`
  const isWild = draw.chance(0.35)
  const permissions = Array.from({ length: draw.chance(0.1) ? 0 : 1 + draw.below(2) }, () => permission(draw, next, isWild))
  if (draw.chance(0.2)) permissions.push(emergencyPermission(draw, next))
  const prohibitions = Array.from({ length: draw.chance(0.5) || permissions.length === 0 ? 1 + draw.below(2) : 0 }, () => rule(draw, next, draw.pick(isWild ? ACTIONS : ACTIONS.slice(3, 10)), 2, isWild))
  const obligations = Array.from({ length: draw.chance(0.4) ? 1 + draw.below(2) : 0 }, () => duty(draw, next, isWild))
  return {
    ...listed(draw, 'profile', draw.chance(0.85) ? ['urn:hanse:terms:1'] : draw.some([`${ODRL}core`, ...(isWild ? ['https://example.org/profile'] : [])])),
    ...listed(draw, 'permission', permissions),
    ...listed(draw, 'prohibition', prohibitions),
    ...listed(draw, 'obligation', obligations),
    ...(isWild && draw.chance(0.05) ? { inheritFrom: 'urn:x' } : {}),
    ...(draw.chance(0.1) ? { '@type': 'Offer', '@id': 'urn:hanse:offer:x', 'urn:hanse:terms:1:providerSignature': 'x' } : {})
  }
}

function permission (draw: Draw, next: () => string, isWild: boolean): PolicyJson {
  const base = rule(draw, next, draw.pick(isWild ? ACTIONS : ACTIONS.slice(0, 7)), 3, isWild)
  const duties = Array.from({ length: draw.chance(0.3) ? 1 + draw.below(2) : 0 }, () => duty(draw, next, isWild))
  return { ...base, ...listed(draw, 'duty', duties) }
}

function emergencyPermission (draw: Draw, next: () => string): PolicyJson {
  return {
    '@id': next(),
    action: 'use',
    constraint: [
      { leftOperand: 'odrl:event', operator: 'eq', rightOperand: `${OWN}emergency` },
      ...[
        { leftOperand: `${OWN}emergencyKind`, operator: 'isAnyOf', rightOperand: draw.some(KINDS) },
        { leftOperand: `${OWN}declaredBy`, operator: 'isAnyOf', rightOperand: draw.some([BEN, CLEO]) },
        { leftOperand: 'odrl:recipient', operator: 'isAnyOf', rightOperand: draw.some([ADA, BEN]) }
      ].filter(() => draw.chance(0.95)),
      ...(draw.chance(0.2) ? [constraint(draw, SEEN, 1, false)] : [])
    ],
    ...(draw.chance(0.5) ? { duty: { '@id': next(), action: `${OWN}breakGlass` } } : {})
  }
}

function rule (draw: Draw, next: () => string, action: string, constraintsMax: number, isWild: boolean): PolicyJson {
  const constraints = Array.from({ length: draw.below(constraintsMax + 1) }, () => constraint(draw, isWild ? ALL : SEEN, 0, isWild))
  return { '@id': next(), action: spelled(draw, action), ...listed(draw, 'constraint', constraints), ...strange(draw, isWild) }
}

function duty (draw: Draw, next: () => string, isWild: boolean): PolicyJson {
  const action = draw.pick(isWild ? [...Object.keys(MEASURES), ...LATER, 'odrl:pray'] : [...Object.keys(MEASURES), ...LATER])
  const measures = MEASURES[action]
  const pool = isWild && draw.chance(0.15) ? ALL : Object.fromEntries((measures ?? Object.keys(PARAMETERS)).map(name => [name, ALL[name]]))
  const size = measures?.length === 0 ? 0 : draw.below(3)
  const constraints = Array.from({ length: size }, () => constraint(draw, pool as Record<string, Pool>, 1, isWild))
  const paid = action === 'odrl:compensate' && draw.chance(0.6) ? [{ leftOperand: `${OWN}currency`, operator: 'eq', rightOperand: 'EUR' }] : []
  return { '@id': next(), action: spelled(draw, action), ...listed(draw, 'constraint', [...constraints, ...paid]), ...strange(draw, isWild) }
}

function constraint (draw: Draw, pool: Readonly<Record<string, Pool>>, depth: number, isWild: boolean): PolicyJson {
  if (depth < 3 && draw.chance(0.15)) {
    const type = draw.pick(['and', 'or', 'xone', 'andSequence'])
    const operands = Array.from({ length: 1 + draw.below(3) }, () => constraint(draw, pool, depth + 1, isWild))
    return { ...listed(draw, type, operands), ...strange(draw, isWild) }
  }
  const leftOperand = isWild && draw.chance(0.04) ? 'odrl:spatial' : draw.pick(Object.keys(pool))
  const { operators, values, wrong, isOne } = pool[leftOperand] ?? oneWord(['x'])
  const operator = isWild && draw.chance(0.06) ? draw.pick([...SCALARS, ...SETS, 'odrl:like']) : draw.pick(operators)
  const right = isOne === true || operator === 'eq' || operator === 'neq' ? [draw.pick(values)] : draw.some([...new Set(values)])
  if (isWild && draw.chance(0.06)) right.push(draw.pick(wrong))
  if (leftOperand === 'odrl:recipient' && operator.startsWith('is') && draw.chance(operator === 'isPartOf' || operator === 'isA' ? 0.6 : 0.05)) {
    right.push(`urn:hanse:federation:${draw.pick([FEDERATION, FEDERATION, 'bafyother'])}`)
  }
  const written = right.map((value): unknown => draw.chance(0.9) ? value : draw.pick([{ '@value': value }, { '@value': value, '@type': 'xsd:string' }, { '@id': value }]))
  if (isWild && draw.chance(0.02)) written.push({ '@language': 'en', '@value': 'x' })
  return {
    leftOperand: spelled(draw, leftOperand), operator: spelled(draw, operator), rightOperand: written.length === 1 && draw.chance(0.5) ? written[0] : written,
    ...strange(draw, isWild)
  }
}

/** One of the spellings that are read. */
function spelled (draw: Draw, term: string): unknown {
  const bare = term.startsWith('odrl:') ? term.slice(5) : term
  if (bare.includes(':') || ['play', 'pray', 'spatial', 'like'].includes(bare)) return draw.chance(0.9) ? term : { '@id': term }
  return draw.pick<unknown>([bare, `odrl:${bare}`, ODRL + bare, { '@id': `odrl:${bare}` }])
}

function strange (draw: Draw, isWild: boolean): PolicyJson {
  return isWild && draw.chance(0.03) ? { [draw.pick(['unit', 'refinement', 'note'])]: draw.pick([3, 'x', { a: [1, null] }]) } : {}
}

function listed (draw: Draw, name: string, items: readonly unknown[]): PolicyJson {
  if (items.length === 0) return draw.chance(0.1) && name !== 'and' ? { [name]: [] } : {}
  return { [name]: items.length === 1 && draw.chance(0.5) ? items[0] : items }
}

function requestOf (draw: Draw): TermsRequest {
  const asset: Asset = {
    ...maybe(draw, 'feedClass', () => draw.pick(['public', 'members', 'restricted', 'restricted'] as const)),
    ...maybe(draw, 'derivation', () => draw.chance(0.3) ? null : {
      ...maybe(draw, 'minGroupSize', () => draw.pick([1, 5, 10, 12])),
      ...maybe(draw, 'h3Resolution', () => draw.pick([5, 7, 9, 15])),
      ...maybe(draw, 'timeStepMs', () => draw.pick([0, 900_000, 3_600_000, 86_400_000])),
      ...maybe(draw, 'delayMs', () => draw.pick([0, 3_600_000, 86_400_000, 604_800_000])),
      ...maybe(draw, 'redactedFields', () => draw.chance(0.2) ? [] : draw.some(FIELDS))
    }),
    ...maybe(draw, 'area', () => draw.chance(0.05) ? ['nowhere'] : [draw.pick(CELLS)])
  }
  return {
    door: draw.pick(DOORS),
    action: ODRL + draw.pick(['use', 'read', 'read', 'read', 'reproduce', 'stream', 'derive', 'distribute']),
    timeMs: NOW_MS + draw.pick([0, 1, -1, 86_400_000]),
    ...maybe(draw, 'requester', () => draw.pick([ADA, ADA, ADA, BEN])),
    ...maybe(draw, 'purpose', () => draw.chance(0.06) ? draw.pick(STRANGE_PURPOSES) : draw.pick(PURPOSES)),
    ...maybe(draw, 'asset', () => asset),
    ...maybe(draw, 'form', () => draw.pick(['plaintext', 'plaintext', 'ciphertext'] as const)),
    ...maybe(draw, 'records', () => draw.pick([0, 1, 50])),
    ...maybe(draw, 'onwardRecipient', () => draw.pick([BEN, CLEO]))
  }
}

function factsOf (draw: Draw): Facts {
  return {
    ...maybe(draw, 'membership', () => ({
      ...maybe(draw, 'status', () => draw.chance(0.93) ? 'active' as const : 'inactive' as const),
      ...maybe(draw, 'classes', () => draw.chance(0.1) ? [] : draw.some(CLASSES)),
      ...maybe(draw, 'federation', () => draw.chance(0.9) ? FEDERATION : 'bafyother')
    })),
    ...maybe(draw, 'agreement', () => draw.chance(0.06) ? null : {
      id: 'urn:uuid:1',
      ...maybe(draw, 'inForceFromMs', () => NOW_MS - draw.pick([0, 10, 10, -1])),
      ...maybe(draw, 'revokedAtMs', () => draw.pick([null, null, null, NOW_MS, NOW_MS + 5]))
    }),
    ...maybe(draw, 'claims', () => ({
      ...maybe(draw, 'storedIn', () => draw.chance(0.1) ? [] : draw.some(PLACES)),
      ...maybe(draw, 'securityLevel', () => draw.pick([0, 1, 5, 10]))
    })),
    ...maybe(draw, 'counters', () => ({
      ...maybe(draw, 'requests', () => draw.pick([0, 4, 9, 99])),
      ...maybe(draw, 'requestsToday', () => draw.pick([0, 4, 9, 99])),
      ...maybe(draw, 'recordsToday', () => draw.pick([0, 9, 50]))
    })),
    ...maybe(draw, 'payment', () => ({
      ...maybe(draw, 'owedMinor', () => draw.pick([0, 10, 100])),
      ...maybe(draw, 'vouchedMinor', () => draw.pick([0, 10, 100]))
    })),
    ...maybe(draw, 'emergencies', () => Array.from({ length: draw.below(3) }, () => emergencyOf(draw))),
    ...maybe(draw, 'lease', () => ({ ...maybe(draw, 'ageMs', () => draw.pick([0, 5, 10])), ...maybe(draw, 'stalenessMaxMs', () => draw.pick([5, 10, 10])) }))
  }
}

function emergencyOf (draw: Draw): EmergencyFact {
  return {
    id: 'e',
    kinds: draw.some(KINDS),
    area: draw.some(CELLS),
    declaredBy: draw.pick([BEN, CLEO]),
    declaredAtMs: NOW_MS - draw.pick([0, 1, 10, -5]),
    expiresAtMs: NOW_MS + draw.pick([10, 1, 100_000_000, 0])
  }
}

function maybe<K extends string, V> (draw: Draw, name: K, value: () => V): { [N in K]?: V } {
  return draw.chance(0.93) ? { [name]: value() } as { [N in K]?: V } : {}
}

export function readCase (json: PolicyJson): Policy {
  const read = readPolicy(json)
  isOk(read.ok, JSON.stringify(read))
  return read.value
}

/** Facts of duties are by rule in normal form; those of a case go by the `@id` that each rule of it has. */
export function withDuties (facts: Facts, policy: Policy, json: PolicyJson, states: ReadonlyMap<string, DutyFact>): Facts {
  const duties: Record<string, DutyFact> = {}
  const put = (key: string, { position }: Rule): void => {
    const state = states.get(idAt(json, position))
    if (state !== undefined) duties[key] = state
  }
  for (const [at, each] of policy.obligations.entries()) put(`obligation/${at}`, each)
  for (const [at, each] of policy.permissions.entries()) for (const [index, duty_] of each.duties.entries()) put(`permission/${at}/duty/${index}`, duty_)
  return { ...facts, duties }
}

function idAt (json: unknown, position: string): string {
  const found = position.split('/').slice(1).reduce<unknown>((value, name) => (value as Record<string, unknown>)[name], json)
  return String((found as Record<string, unknown>)['@id'])
}

export function told (testCase: Case, decision: Decision): string {
  return `seed ${testCase.seed}: ${JSON.stringify({ allow: decision.allow, reasons: decision.reasons, json: testCase.json, request: testCase.request, facts: testCase.facts, duties: [...testCase.dutyStates] })}`
}
