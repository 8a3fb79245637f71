/**
 * A second evaluator, to hold the engine against: it walks the JSON of a policy as it was received, straight down the
 * pseudo-code of section 5 of the note on terms, and shares nothing with the engine but the types of its inputs.
 */
import type { Asset, EmergencyFact, Facts, TermsRequest } from '../../src/core/terms/index.ts'

type Json = Record<string, unknown>
type Truth = 'satisfied' | 'unsatisfied' | 'unknown'
type Context = { readonly q: TermsRequest, readonly f: Facts, readonly ours: boolean, readonly emergency: EmergencyFact | 'none' | 'unknown' }
/** What is known of a duty, by the rule as it stands in the JSON. */
export type DutyStates = (rule: unknown) => 'pending' | 'fulfilled' | 'violated' | undefined

const ODRL = 'http://www.w3.org/ns/odrl/2/'
const OWN = 'urn:hanse:terms:1:'

const PURPOSES = `waste waste.collection waste.route-planning waste.contract-control
  mobility mobility.traffic-management mobility.transit-operation mobility.parking mobility.cycling-planning mobility.road-safety mobility.road-works
  freight freight.routing freight.capacity-matching freight.permit-control emergency emergency.response emergency.warning emergency.exercise
  environment environment.air environment.noise environment.water environment.flood-monitoring environment.nature
  energy energy.grid-operation energy.efficiency planning planning.land-use planning.infrastructure
  service service.operation service.billing service.quality research research.public research.commercial
  statistics statistics.official statistics.open-publication commerce commerce.product commerce.advertising audit audit.internal audit.public`
  .split(/\s+/).map(name => `urn:hanse:purpose:1:${name}`)

/** Bare words that we write ourselves; others stay what they are, unknown. */
const BARE = `use read reproduce stream derive distribute recipient purpose dateTime delayPeriod count elapsedTime event compensate attribute nextPolicy
  delete inform review eq neq lt lteq gt gteq isAnyOf isNoneOf isAllOf hasPart isPartOf isA term-lteq`.split(/\s+/)

export function naiveAllows (policy: Json, q: TermsRequest, f: Facts, dutyStates: DutyStates): boolean {
  if (!preconditionsHold(q, f)) return false
  const profiles = arrayOf(policy['profile']).map(iriOf)
  const ours = profiles.includes('urn:hanse:terms:1')
  const known = ['@context', '@id', '@type', 'profile', 'permission', 'prohibition', 'obligation', 'target', 'assigner', 'assignee', 'timestamp']
  const isStrange = Object.keys(policy).some(name => !known.includes(name) && !name.startsWith('urn:hanse:')) ||
    profiles.some(iri => !['urn:hanse:terms:1', ODRL, `${ODRL}core`].includes(iri))
  const contexts = contextsOf(policy, q, f, ours)

  for (const rule of arrayOf(policy['prohibition'])) {
    for (const context of contexts) {
      if (isStrange || ruleTruth(rule, context, ['action', 'constraint'], dutyStates) !== 'unsatisfied') return false
    }
  }
  for (const rule of arrayOf(policy['obligation'])) {
    for (const context of contexts) {
      if (isStrange || dutyTruth(rule, context, dutyStates) !== 'satisfied') return false
    }
  }
  for (const rule of arrayOf(policy['permission'])) {
    for (const context of contexts) {
      if (!isStrange && ruleTruth(rule, context, ['action', 'constraint', 'duty'], dutyStates) === 'satisfied') return true
    }
  }
  return false
}

function preconditionsHold (q: TermsRequest, f: Facts): boolean {
  if (q.asset?.feedClass === 'public') return true
  if (f.membership?.status !== 'active') return false
  if (q.asset?.feedClass === 'members' || q.form === 'ciphertext' || q.door === 'advertise' || q.door === 'negotiate') return true
  const { agreement, lease } = f
  if (agreement?.inForceFromMs === undefined || agreement.revokedAtMs === undefined) return false
  if (agreement.inForceFromMs > q.timeMs) return false
  if (agreement.revokedAtMs !== null && agreement.revokedAtMs <= q.timeMs) return false
  return lease?.ageMs !== undefined && lease.stalenessMaxMs !== undefined && lease.ageMs <= lease.stalenessMaxMs
}

// --- rules ---

function ruleTruth (rule: unknown, context: Context, members: readonly string[], dutyStates: DutyStates): Truth {
  const json = rule as Json
  if (Object.keys(json).some(name => !['@id', '@type', ...members].includes(name))) return 'unknown'
  const action = iriOf(json['action'])
  const parts = ['read', 'reproduce', 'stream', 'derive', 'distribute'].map(name => ODRL + name)
  const alone = ['discover', 'reidentify', 'linkPersons', 'contactPersons', 'trainModels'].map(name => OWN + name)
  if (![`${ODRL}use`, ...parts, ...alone].includes(action)) return 'unknown'
  const covered = action === `${ODRL}use` ? [action, ...parts.filter(part => context.ours || part !== `${ODRL}distribute`)] : [action]
  return and([
    truth(covered.includes(context.q.action)),
    ...arrayOf(json['constraint']).map(each => constraintTruth(each, context, operand => !isParameter(operand), members.includes('duty') ? 'permission' : 'prohibition')),
    ...arrayOf(json['duty']).map(each => dutyTruth(each, context, dutyStates))
  ])
}

function isParameter (operand: string): boolean {
  return [`${OWN}strictness`, `${ODRL}elapsedTime`, `${OWN}receipt`, `${OWN}payAmountMinor`, `${OWN}currency`, `${OWN}per`, `${OWN}text`, `${OWN}keyRelease`].includes(operand)
}

/** What may be measured by each duty that comes before access. */
const MEASURES: Record<string, string[]> = {
  [`${OWN}summarise`]: [`${OWN}minGroupSize`, `${OWN}h3Resolution`, `${OWN}timeStep`],
  [`${OWN}redact`]: [`${OWN}fields`],
  [`${OWN}coarsen`]: [`${OWN}h3Resolution`],
  [`${OWN}roundTime`]: [`${OWN}timeStep`],
  [`${OWN}delay`]: [`${ODRL}delayPeriod`],
  [`${ODRL}compensate`]: [`${OWN}payAmountMinor`, `${OWN}currency`, `${OWN}per`, `${OWN}creditMinor`],
  [`${OWN}breakGlass`]: [`${OWN}keyRelease`]
}
const LATER = [`${OWN}reportUse`, `${ODRL}attribute`, `${ODRL}nextPolicy`, `${ODRL}delete`, `${ODRL}inform`, `${ODRL}review`]

function dutyTruth (rule: unknown, context: Context, dutyStates: DutyStates): Truth {
  const json = rule as Json
  if (Object.keys(json).some(name => !['@id', '@type', 'action', 'constraint'].includes(name))) return 'unknown'
  const action = iriOf(json['action'])
  const constraints = arrayOf(json['constraint'])
  const measures = MEASURES[action]
  if (measures === undefined && !LATER.includes(action)) return 'unknown'
  if (constraints.some(each => !isUnderstood(each, operand => measures === undefined ? OPERANDS[operand] !== undefined : measures.includes(operand)))) return 'unknown'
  if (measures === undefined || action === `${OWN}breakGlass`) {
    switch (dutyStates(rule)) {
      case 'fulfilled': return 'satisfied'
      case 'pending': return measures === undefined ? 'satisfied' : 'unsatisfied'
      case 'violated': return 'unsatisfied'
      case undefined: return 'unknown'
    }
  }
  if (action === `${ODRL}compensate`) {
    const measured = constraints.filter(each => !('leftOperand' in (each as Json)) || !isParameter(iriOf((each as Json)['leftOperand'])))
    const truths = measured.map(each => constraintTruth(each, context, operand => measures.includes(operand)))
    const saysCredit = measured.some(each => iriOf((each as Json)['leftOperand']) === `${OWN}creditMinor`)
    const { owedMinor, vouchedMinor } = context.f.payment ?? {}
    const covered: Truth = owedMinor === undefined || vouchedMinor === undefined ? 'unknown' : truth(owedMinor <= vouchedMinor)
    return and(saysCredit ? truths : [...truths, covered])
  }
  if (constraints.length === 0) return 'unknown'
  return and(constraints.map(each => constraintTruth(each, context, operand => measures.includes(operand))))
}

/** Whether a constraint means something at all, in whatever situation. */
function isUnderstood (constraint: unknown, allowed: (operand: string) => boolean): boolean {
  const json = constraint as Json
  const logic = ['and', 'or', 'xone', 'andSequence'].find(name => name in json)
  const members = logic === undefined ? ['leftOperand', 'operator', 'rightOperand'] : [logic]
  if (Object.keys(json).some(name => !['@id', '@type', ...members].includes(name))) return false
  if (logic !== undefined) return arrayOf(json[logic]).every(each => isUnderstood(each, allowed))
  return relation(json, allowed) !== undefined
}

/** `holder`: where the constraint stands, as far as it matters to what may be said of emergencies. */
function constraintTruth (constraint: unknown, context: Context, allowed: (operand: string) => boolean, holder: 'permission' | 'prohibition' | 'xone' | 'duty' = 'duty'): Truth {
  const json = constraint as Json
  const logic = ['and', 'or', 'xone', 'andSequence'].find(name => name in json)
  const members = logic === undefined ? ['leftOperand', 'operator', 'rightOperand'] : [logic]
  if (Object.keys(json).some(name => !['@id', '@type', ...members].includes(name))) return 'unknown'
  if (logic === undefined) {
    const compare = relation(json, allowed)
    return compare === undefined || !isSaidOfEmergencies(json, holder) ? 'unknown' : compare(context)
  }
  const truths = arrayOf(json[logic]).map(each => constraintTruth(each, context, allowed, logic === 'xone' ? 'xone' : holder))
  if (logic === 'and') return and(truths)
  if (logic === 'or') return not(and(truths.map(not)))
  if (logic === 'andSequence') return truths.includes('unsatisfied') ? 'unsatisfied' : 'unknown'
  const satisfied = truths.filter(each => each === 'satisfied').length
  if (satisfied >= 2) return 'unsatisfied'
  if (truths.includes('unknown')) return 'unknown'
  return truth(satisfied === 1)
}

/** Permissions may be for emergencies, prohibitions may be but for them. */
function isSaidOfEmergencies (json: Json, holder: string): boolean {
  const operand = iriOf(json['leftOperand'])
  if (![`${ODRL}event`, `${OWN}emergencyKind`, `${OWN}declaredBy`].includes(operand)) return true
  if (holder === 'duty') return true
  if (holder === 'xone') return false
  const operator = iriOf(json['operator']).slice(ODRL.length)
  const said = `${operand} ${operator} ${[...new Set(valuesOf(json['rightOperand']) ?? [])].join()}`
  const emergency = `${OWN}emergency`
  if (holder === 'prohibition') return [`${ODRL}event neq ${emergency}`, `${ODRL}event isNoneOf ${emergency}`].includes(said)
  return operand !== `${ODRL}event` || [`${ODRL}event eq ${emergency}`, `${ODRL}event isAnyOf ${emergency}`].includes(said)
}

// --- values ---

type Seen = { readonly kind: 'number' | 'time' | 'duration' | 'one' | 'many' | 'purpose', readonly see: (context: Context) => number | string[] | undefined }

function ofAsset<T> (raw: T, field: keyof NonNullable<Asset['derivation']>): (context: Context) => T | undefined {
  return ({ q }) => {
    if (q.asset === undefined || q.asset.derivation === undefined) return undefined
    if (q.asset.derivation === null) return raw
    return q.asset.derivation[field] as T | undefined
  }
}

const single = (value: string | undefined): string[] | undefined => value === undefined ? undefined : [value]
const plus = (a: number | undefined, b: number | undefined): number | undefined => a === undefined || b === undefined ? undefined : a + b
const never = (): undefined => undefined

const OPERANDS: Record<string, Seen> = {
  [`${ODRL}recipient`]: { kind: 'one', see: ({ q }) => single(q.requester) },
  [`${OWN}recipientClass`]: { kind: 'many', see: ({ f }) => f.membership?.classes?.slice() },
  [`${ODRL}purpose`]: { kind: 'purpose', see: ({ q }) => single(q.purpose) },
  [`${ODRL}dateTime`]: { kind: 'time', see: ({ q }) => q.timeMs },
  [`${OWN}minGroupSize`]: { kind: 'number', see: ofAsset(1, 'minGroupSize') },
  [`${OWN}h3Resolution`]: { kind: 'number', see: ofAsset(15, 'h3Resolution') },
  [`${OWN}timeStep`]: { kind: 'duration', see: ofAsset(0, 'timeStepMs') },
  [`${OWN}fields`]: { kind: 'many', see: ofAsset<string[]>([], 'redactedFields') },
  [`${ODRL}delayPeriod`]: { kind: 'duration', see: ofAsset(0, 'delayMs') },
  [`${ODRL}count`]: { kind: 'number', see: ({ f }) => plus(f.counters?.requests, 1) },
  [`${OWN}requestsPerDay`]: { kind: 'number', see: ({ f }) => plus(f.counters?.requestsToday, 1) },
  [`${OWN}recordsPerDay`]: { kind: 'number', see: ({ f, q }) => plus(f.counters?.recordsToday, q.records) },
  [`${OWN}onwardRecipient`]: { kind: 'one', see: ({ q }) => single(q.onwardRecipient) },
  [`${OWN}creditMinor`]: {
    kind: 'number',
    see: ({ f: { payment } }) => payment?.owedMinor === undefined || payment.vouchedMinor === undefined
      ? undefined
      : payment.owedMinor > payment.vouchedMinor ? payment.owedMinor - payment.vouchedMinor : 0
  },
  [`${OWN}storedIn`]: { kind: 'many', see: ({ f }) => f.claims?.storedIn?.slice() },
  [`${OWN}securityLevel`]: { kind: 'number', see: ({ f }) => f.claims?.securityLevel },
  [`${ODRL}event`]: {
    kind: 'one', see: ({ emergency }) => emergency === 'unknown' ? undefined : [emergency === 'none' ? `${OWN}normal` : `${OWN}emergency`]
  },
  [`${OWN}emergencyKind`]: { kind: 'many', see: ({ emergency }) => emergency === 'unknown' ? undefined : emergency === 'none' ? [] : [...emergency.kinds] },
  [`${OWN}declaredBy`]: { kind: 'one', see: ({ emergency }) => emergency === 'unknown' ? undefined : emergency === 'none' ? [] : [emergency.declaredBy] },
  [`${OWN}strictness`]: { kind: 'one', see: never },
  [`${ODRL}elapsedTime`]: { kind: 'duration', see: never },
  [`${OWN}receipt`]: { kind: 'one', see: never },
  [`${OWN}payAmountMinor`]: { kind: 'number', see: never },
  [`${OWN}currency`]: { kind: 'one', see: never },
  [`${OWN}per`]: { kind: 'one', see: never },
  [`${OWN}text`]: { kind: 'one', see: never },
  [`${OWN}keyRelease`]: { kind: 'one', see: never }
}

/** How a constraint compares; undefined where it means nothing. */
function relation (json: Json, allowed: (operand: string) => boolean): ((context: Context) => Truth) | undefined {
  const operand = iriOf(json['leftOperand'])
  const operator = iriOf(json['operator']).replace('term-lteq', 'lteq')
  const right = valuesOf(json['rightOperand'])
  const seen = OPERANDS[operand]
  if (seen === undefined || right === undefined || !allowed(operand) || !operator.startsWith(ODRL)) return undefined
  const name = operator.slice(ODRL.length)
  if (['number', 'time', 'duration'].includes(seen.kind)) {
    const [text = ''] = right
    const bound = new Set(right).size !== 1 ? undefined : seen.kind === 'number' ? wholeOf(text) : seen.kind === 'time' ? momentOf(text) : lengthOf(text)
    if (bound === undefined || !['eq', 'neq', 'lt', 'lteq', 'gt', 'gteq'].includes(name)) return undefined
    return context => {
      const left = seen.see(context)
      if (typeof left !== 'number') return 'unknown'
      const sign = Math.sign(left - bound)
      return truth({ eq: [0], neq: [-1, 1], lt: [-1], lteq: [-1, 0], gt: [1], gteq: [0, 1] }[name]?.includes(sign) === true)
    }
  }
  const isSingle = name === 'eq' || name === 'neq'
  if (isSingle && (seen.kind === 'many' || new Set(right).size !== 1)) return undefined
  if (!isSingle && !['isAnyOf', 'isNoneOf', 'isAllOf', 'hasPart', 'isPartOf', 'isA'].includes(name)) return undefined
  if (seen.kind === 'purpose' && right.some(isStrangePurpose)) return undefined
  if (operand === `${ODRL}recipient` && right.some(each => each.startsWith('urn:hanse:federation:'))) {
    return name === 'isPartOf' || name === 'isA' ? context => membershipTruth(right, context) : undefined
  }
  return context => {
    const left = seen.see(context)
    if (!Array.isArray(left)) return 'unknown'
    if (seen.kind === 'purpose' && left.some(isStrangePurpose)) return 'unknown'
    return setTruth(name, left, right, seen.kind === 'purpose')
  }
}

function setTruth (name: string, left: readonly string[], right: readonly string[], isPurpose: boolean): Truth {
  const same = (l: string, r: string): boolean => l === r || (isPurpose && PURPOSES.includes(r) && l.startsWith(`${r}.`))
  if (left.length === 0 && ['isNoneOf', 'neq', 'isPartOf', 'isA'].includes(name)) return 'unknown'
  const meets = left.some(l => right.some(r => same(l, r)))
  switch (name) {
    case 'isAnyOf': case 'eq': return truth(meets)
    case 'isNoneOf': case 'neq': return truth(!meets)
    case 'isAllOf': case 'hasPart': return truth(right.every(r => left.some(l => same(l, r))))
    default: return truth(left.every(l => right.some(r => same(l, r))))
  }
}

function membershipTruth (right: readonly string[], { q, f }: Context): Truth {
  if (q.requester === undefined) return 'unknown'
  if (right.includes(q.requester)) return 'satisfied'
  const isIn: Truth = f.membership?.federation === undefined ? 'unknown' : truth(right.includes(`urn:hanse:federation:${f.membership.federation}`))
  const isActive: Truth = f.membership?.status === undefined ? 'unknown' : truth(f.membership.status === 'active')
  return and([isIn, isActive])
}

function isStrangePurpose (purpose: string): boolean {
  return purpose.startsWith('urn:hanse:purpose:1:') && !PURPOSES.includes(purpose)
}

// --- emergencies ---

function contextsOf (policy: Json, q: TermsRequest, f: Facts, ours: boolean): readonly Context[] {
  const rules = [...arrayOf(policy['permission']), ...arrayOf(policy['prohibition'])]
  if (!JSON.stringify(rules).match(/event|emergencyKind|declaredBy/)) return [{ q, f, ours, emergency: 'none' }]
  if (f.emergencies === undefined) return [{ q, f, ours, emergency: 'unknown' }]
  const contexts: Context[] = []
  for (const emergency of f.emergencies) {
    const context: Context = { q, f, ours, emergency }
    const provided = arrayOf(policy['permission']).filter(isForEmergencies).map(rule => {
      const named = arrayOf((rule as Json)['constraint']).filter(each => namesEmergency(each))
      return and(named.map(each => constraintTruth(each, context, () => true, 'permission')))
    })
    const counts = and([
      truth(emergency.declaredAtMs <= q.timeMs && q.timeMs < emergency.expiresAtMs), touching(q.asset?.area, emergency.area), not(and(provided.map(not)))
    ])
    if (counts === 'satisfied') contexts.push(context)
    if (counts === 'unknown') contexts.push({ q, f, ours, emergency: 'unknown' })
  }
  return contexts.length > 0 ? contexts : [{ q, f, ours, emergency: 'none' }]
}

function isForEmergencies (rule: unknown): boolean {
  return arrayOf((rule as Json)['constraint']).some(each => {
    const json = each as Json
    if (!('leftOperand' in json) || iriOf(json['leftOperand']) !== `${ODRL}event`) return false
    const right = new Set(valuesOf(json['rightOperand']) ?? [])
    return [`${ODRL}eq`, `${ODRL}isAnyOf`].includes(iriOf(json['operator'])) && right.size === 1 && right.has(`${OWN}emergency`)
  })
}

function namesEmergency (constraint: unknown): boolean {
  const json = constraint as Json
  return 'leftOperand' in json && [`${OWN}emergencyKind`, `${OWN}declaredBy`, `${ODRL}recipient`].includes(iriOf(json['leftOperand']))
}

function touching (asset: readonly string[] | undefined, area: readonly string[]): Truth {
  if (asset === undefined) return 'unknown'
  const pairs = asset.flatMap(one => area.map(other => [one, other] as const))
  if (pairs.some(([one, other]) => sharesCell(one, other))) return 'satisfied'
  return pairs.flat().some(cell => !/^8[0-9a-f]{14}$/.test(cell)) ? 'unknown' : 'unsatisfied'
}

/** By bits: the base cell, and three for each resolution that both have. */
function sharesCell (one: string, other: string): boolean {
  if (![one, other].every(cell => /^8[0-9a-f]{14}$/.test(cell))) return false
  const bits = [one, other].map(cell => BigInt(`0x${cell}`).toString(2).padStart(64, '0'))
  const resolution = Math.min(...bits.map(each => Number.parseInt(each.slice(8, 12), 2)))
  const [a = '', b = ''] = bits.map(each => each.slice(12, 19 + 3 * resolution))
  return a === b
}

// --- spelling ---

function arrayOf (value: unknown): readonly unknown[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value]
}

function iriOf (value: unknown): string {
  const text = typeof value === 'object' && value !== null && '@id' in value ? String(value['@id']) : String(value)
  const full = text.startsWith('odrl:') ? ODRL + text.slice(5) : BARE.includes(text) ? ODRL + text : text
  return full === `${ODRL}term-lteq` ? `${ODRL}lteq` : full
}

/** undefined: a form of value that nobody knows. */
function valuesOf (value: unknown): readonly string[] | undefined {
  const values = arrayOf(value).map(each => {
    if (typeof each === 'string') return each
    const json = each as Json
    const names = Object.keys(json).toSorted().join()
    if (names === '@value' || names === '@type,@value') return json['@value'] as string
    return names === '@id' ? json['@id'] as string : undefined
  })
  return values.every(each => each !== undefined) ? values : undefined
}

function wholeOf (text: string): number | undefined {
  return String(Number.parseInt(text, 10)) === text ? Number.parseInt(text, 10) : undefined
}

function momentOf (text: string): number | undefined {
  const time = new Date(text).getTime()
  if (Number.isNaN(time)) return undefined
  const iso = new Date(time).toISOString()
  return iso === text || iso.replace('.000Z', 'Z') === text ? time : undefined
}

function lengthOf (text: string): number | undefined {
  if (/^P\d+W$/.test(text)) return Number(text.slice(1, -1)) * 7 * 86_400_000
  const [, days, rest, hours, minutes, seconds] = /^P(\d+D)?(T(\d+H)?(\d+M)?(\d+S)?)?$/.exec(text) ?? ['']
  if (text === 'P' || text === '' || rest === 'T' || text.endsWith('T') || !text.startsWith('P') || !/\d/.test(text)) return undefined
  if (days === undefined && rest === undefined) return undefined
  return [[days, 86_400], [hours, 3_600], [minutes, 60], [seconds, 1]].reduce((sum, [part, unit]) => sum + Number.parseInt(String(part ?? 0), 10) * Number(unit) * 1_000, 0)
}

// --- Kleene's logic ---

function truth (value: boolean): Truth {
  return value ? 'satisfied' : 'unsatisfied'
}

function not (value: Truth): Truth {
  return value === 'unknown' ? value : truth(value === 'unsatisfied')
}

function and (values: readonly Truth[]): Truth {
  if (values.includes('unsatisfied')) return 'unsatisfied'
  return values.includes('unknown') ? 'unknown' : 'satisfied'
}
