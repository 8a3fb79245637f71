/**
 * The closed lists of what a policy of ours can say: actions, duties with their phases, left operands, operators, purposes.
 * What is not in them is unknown, and an unknown term refuses.
 */
import type { Iri, Label } from './types.ts'

export const ODRL_NS = 'http://www.w3.org/ns/odrl/2/'
/** Policy members under it are ours and change no meaning: signatures, for example. */
export const HANSE_NS = 'urn:hanse:'
export const TERMS_NS = 'urn:hanse:terms:1:'
export const TERMS_PROFILE = 'urn:hanse:terms:1'
export const PURPOSE_NS = 'urn:hanse:purpose:1:'
export const FEDERATION_NS = 'urn:hanse:federation:'

const odrl = <const N extends string> (name: N): `${typeof ODRL_NS}${N}` => `${ODRL_NS}${name}`
const own = <const N extends string> (name: N): `${typeof TERMS_NS}${N}` => `${TERMS_NS}${name}`

/** Profiles under which a policy means here what it says: ours, and ODRL's own. Another one may change any meaning. */
export const PROFILES: ReadonlySet<Iri> = new Set([TERMS_PROFILE, ODRL_NS, odrl('core')])

/** Actions that a request may name, and a permission or a prohibition be about. */
export const ACTION = {
  use: odrl('use'), read: odrl('read'), reproduce: odrl('reproduce'), stream: odrl('stream'), derive: odrl('derive'), distribute: odrl('distribute'),
  discover: own('discover'),
  reidentify: own('reidentify'), linkPersons: own('linkPersons'), contactPersons: own('contactPersons'), trainModels: own('trainModels')
} as const

export const ACTIONS: ReadonlySet<Iri> = new Set(Object.values(ACTION))

const NEVER_ACTIONS: ReadonlySet<Iri> = new Set([ACTION.reidentify, ACTION.linkPersons, ACTION.contactPersons, ACTION.trainModels])
const PARTS_OF_USE: ReadonlySet<Iri> = new Set([ACTION.read, ACTION.reproduce, ACTION.stream, ACTION.derive])

/**
 * Whether a rule about one action is about another: `use` has parts, every other action stands alone. Without our profile
 * `use` does not cover passing on, which is what others mean by it.
 */
export function covers (rule: Iri, asked: Iri, isOurProfile: boolean): boolean {
  if (rule === asked) return true
  return rule === ACTION.use && (PARTS_OF_USE.has(asked) || (isOurProfile && asked === ACTION.distribute))
}

export type Phase = 'before' | 'ongoing' | 'after'

export const DUTY = {
  summarise: own('summarise'), redact: own('redact'), coarsen: own('coarsen'), roundTime: own('roundTime'), delay: own('delay'),
  compensate: odrl('compensate'), breakGlass: own('breakGlass'),
  reportUse: own('reportUse'), attribute: odrl('attribute'), nextPolicy: odrl('nextPolicy'),
  delete: odrl('delete'), inform: odrl('inform'), review: odrl('review')
} as const

export const OPERAND = {
  recipient: odrl('recipient'), recipientClass: own('recipientClass'), purpose: odrl('purpose'), dateTime: odrl('dateTime'),
  minGroupSize: own('minGroupSize'), h3Resolution: own('h3Resolution'), timeStep: own('timeStep'), fields: own('fields'), delayPeriod: odrl('delayPeriod'),
  count: odrl('count'), requestsPerDay: own('requestsPerDay'), recordsPerDay: own('recordsPerDay'),
  onwardRecipient: own('onwardRecipient'), strictness: own('strictness'), elapsedTime: odrl('elapsedTime'), receipt: own('receipt'),
  payAmountMinor: own('payAmountMinor'), currency: own('currency'), per: own('per'), creditMinor: own('creditMinor'), text: own('text'),
  storedIn: own('storedIn'), securityLevel: own('securityLevel'),
  event: odrl('event'), emergencyKind: own('emergencyKind'), declaredBy: own('declaredBy'), keyRelease: own('keyRelease')
} as const

/**
 * `measures`: what the constraints of a duty that comes before access may be about. Anything else in them would be a condition
 * and no measure, and makes the duty unknown.
 */
type DutyTerm = { readonly phase: Phase, readonly clause: number, readonly labels: readonly Label[], readonly measures: readonly Iri[] }

const before = (clause: number, ...measures: readonly Iri[]): DutyTerm => ({ phase: 'before', clause, labels: ['enforced'], measures })

/** The phase is fixed by the profile, wherever a policy puts the duty. */
export const DUTIES: ReadonlyMap<Iri, DutyTerm> = new Map<Iri, DutyTerm>([
  [DUTY.summarise, before(4, OPERAND.minGroupSize, OPERAND.h3Resolution, OPERAND.timeStep)],
  [DUTY.redact, before(4, OPERAND.fields)],
  [DUTY.coarsen, before(4, OPERAND.h3Resolution)],
  [DUTY.roundTime, before(4, OPERAND.timeStep)],
  [DUTY.delay, before(5, OPERAND.delayPeriod)],
  [DUTY.compensate, before(9, OPERAND.payAmountMinor, OPERAND.currency, OPERAND.per, OPERAND.creditMinor)],
  [DUTY.breakGlass, before(13, OPERAND.keyRelease)],
  [DUTY.reportUse, { phase: 'ongoing', clause: 10, labels: ['enforced', 'attested'], measures: [] }],
  [DUTY.attribute, { phase: 'ongoing', clause: 10, labels: ['contractual'], measures: [] }],
  [DUTY.nextPolicy, { phase: 'ongoing', clause: 7, labels: ['attested'], measures: [] }],
  [DUTY.delete, { phase: 'after', clause: 8, labels: ['attested', 'enforced'], measures: [] }],
  [DUTY.inform, { phase: 'after', clause: 10, labels: ['contractual'], measures: [] }],
  [DUTY.review, { phase: 'after', clause: 13, labels: ['attested'], measures: [] }]
])

/**
 * What the values of an operand are: integers, lengths of time, moments, one word, a set of words, or a purpose.
 * Words of the right side are never numbers: `"30"` is one.
 */
export type OperandKind = 'integer' | 'duration' | 'time' | 'word' | 'words' | 'purpose'

/**
 * `observed`: where a value comes from when a request is decided. `parameter`: it says how a duty is to be done, of which
 * a fact tells whether it was; in a permission or a prohibition it has no value.
 */
export type OperandTerm = {
  readonly kind: OperandKind
  readonly clause: number
  readonly labels: readonly Label[]
  readonly from: 'request' | 'asset' | 'membership' | 'claims' | 'counters' | 'payment' | 'emergencies' | 'parameter'
}

const term = (kind: OperandKind, clause: number, from: OperandTerm['from'], ...labels: readonly Label[]): OperandTerm => ({ kind, clause, labels, from })

export const OPERANDS: ReadonlyMap<Iri, OperandTerm> = new Map<Iri, OperandTerm>([
  [OPERAND.recipient, term('word', 1, 'request', 'enforced')],
  [OPERAND.recipientClass, term('words', 1, 'membership', 'enforced')],
  [OPERAND.purpose, term('purpose', 2, 'request', 'enforced', 'attested')],
  [OPERAND.dateTime, term('time', 3, 'request', 'enforced', 'attested')],
  [OPERAND.minGroupSize, term('integer', 4, 'asset', 'enforced')],
  [OPERAND.h3Resolution, term('integer', 4, 'asset', 'enforced')],
  [OPERAND.timeStep, term('duration', 4, 'asset', 'enforced')],
  [OPERAND.fields, term('words', 4, 'asset', 'enforced')],
  [OPERAND.delayPeriod, term('duration', 5, 'asset', 'enforced')],
  [OPERAND.count, term('integer', 6, 'counters', 'enforced')],
  [OPERAND.requestsPerDay, term('integer', 6, 'counters', 'enforced')],
  [OPERAND.recordsPerDay, term('integer', 6, 'counters', 'enforced')],
  [OPERAND.onwardRecipient, term('word', 7, 'request', 'attested')],
  [OPERAND.strictness, term('word', 7, 'parameter', 'attested')],
  [OPERAND.elapsedTime, term('duration', 8, 'parameter', 'attested')],
  [OPERAND.receipt, term('word', 8, 'parameter', 'attested', 'enforced')],
  [OPERAND.payAmountMinor, term('integer', 9, 'parameter', 'enforced')],
  [OPERAND.currency, term('word', 9, 'parameter', 'enforced')],
  [OPERAND.per, term('word', 9, 'parameter', 'enforced')],
  [OPERAND.creditMinor, term('integer', 9, 'payment', 'enforced')],
  [OPERAND.text, term('word', 10, 'parameter', 'contractual')],
  [OPERAND.storedIn, term('words', 12, 'claims', 'attested')],
  [OPERAND.securityLevel, term('integer', 12, 'claims', 'attested')],
  [OPERAND.event, term('word', 13, 'emergencies', 'enforced')],
  [OPERAND.emergencyKind, term('words', 13, 'emergencies', 'enforced')],
  [OPERAND.declaredBy, term('word', 13, 'emergencies', 'enforced')],
  [OPERAND.keyRelease, term('word', 13, 'parameter', 'attested')]
])

export const EVENT = {
  emergency: own('emergency'), normal: own('normal'), publication: own('publication'), agreementEnd: own('agreementEnd')
} as const

export const OPERATOR = {
  eq: odrl('eq'), neq: odrl('neq'), lt: odrl('lt'), lteq: odrl('lteq'), gt: odrl('gt'), gteq: odrl('gteq'),
  isAnyOf: odrl('isAnyOf'), isNoneOf: odrl('isNoneOf'), isAllOf: odrl('isAllOf'), hasPart: odrl('hasPart'), isPartOf: odrl('isPartOf'), isA: odrl('isA')
} as const

export type Operator = keyof typeof OPERATOR

const OPERATORS: ReadonlyMap<Iri, Operator> = new Map((Object.keys(OPERATOR) as Operator[]).map(name => [OPERATOR[name], name]))

export function operatorOf (iri: Iri): Operator | undefined {
  return OPERATORS.get(iri)
}

/** Bare words of ODRL that are read although a JSON-LD peer would take them for terms of its own. */
const BARE: ReadonlySet<string> = new Set(
  [...Object.values(ACTION), ...Object.values(DUTY), ...Object.values(OPERAND), ...Object.values(OPERATOR)]
    .flatMap(iri => iri.startsWith(ODRL_NS) ? [iri.slice(ODRL_NS.length)] : []))

const PREFIX = 'odrl:'
/** A misprint in the operators of the Dataspace Protocol's schema. */
const MISPRINT = `${ODRL_NS}term-lteq`

/** The full IRI of a term in any spelling we read. What we do not know stays as it is. */
export function fullIri (spelled: string): Iri {
  const iri = spelled.startsWith(PREFIX)
    ? ODRL_NS + spelled.slice(PREFIX.length)
    : BARE.has(spelled) || spelled === 'term-lteq' ? ODRL_NS + spelled : spelled
  return iri === MISPRINT ? OPERATOR.lteq : iri
}

/** How we write a term: `use` and the operators bare, the rest of ODRL with its prefix, all else in full. */
export function writtenIri (iri: Iri): string {
  if (!iri.startsWith(ODRL_NS)) return iri
  const name = iri.slice(ODRL_NS.length)
  return iri === ACTION.use || OPERATORS.has(iri) ? name : PREFIX + name
}

export const EMERGENCY_KINDS: readonly string[] = [
  'flood', 'fire', 'storm', 'earthquake', 'chemical', 'power-outage', 'water-outage', 'mass-casualty', 'infrastructure', 'other'
]

/** Domains of purposes, and the activities of each. */
const PURPOSES: Readonly<Record<string, readonly string[]>> = {
  waste: ['collection', 'route-planning', 'contract-control'],
  mobility: ['traffic-management', 'transit-operation', 'parking', 'cycling-planning', 'road-safety', 'road-works'],
  freight: ['routing', 'capacity-matching', 'permit-control'],
  emergency: ['response', 'warning', 'exercise'],
  environment: ['air', 'noise', 'water', 'flood-monitoring', 'nature'],
  energy: ['grid-operation', 'efficiency'],
  planning: ['land-use', 'infrastructure'],
  service: ['operation', 'billing', 'quality'],
  research: ['public', 'commercial'],
  statistics: ['official', 'open-publication'],
  commerce: ['product', 'advertising'],
  audit: ['internal', 'public']
}

const PURPOSE_IRIS: ReadonlySet<Iri> = new Set(Object.entries(PURPOSES).flatMap(([domain, activities]) =>
  [PURPOSE_NS + domain, ...activities.map(activity => `${PURPOSE_NS}${domain}.${activity}`)]))

/** Whether we know what a purpose means. One that is not of ours means itself and nothing else. */
export function isKnownPurpose (purpose: Iri): boolean {
  return PURPOSE_IRIS.has(purpose) || !purpose.startsWith(PURPOSE_NS)
}

/** A listed purpose covers itself and, if it is of ours, its descendants. */
export function coversPurpose (listed: Iri, purpose: Iri): boolean {
  return coverage(listed)(purpose)
}

/** The same for many questions about one listed purpose. */
export function coverage (listed: Iri): (purpose: Iri) => boolean {
  const above = `${listed}.`
  return listed.startsWith(PURPOSE_NS) ? purpose => purpose === listed || purpose.startsWith(above) : purpose => purpose === listed
}

export function isNeverAction (action: Iri): boolean {
  return NEVER_ACTIONS.has(action)
}
