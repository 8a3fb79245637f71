/** Finds the clauses of a form in a policy, and what of the policy no form can say. */
import {
  ACTION, constraintJson, durationOf, DUTY, EVENT, FEDERATION_NS, integerOf, isNeverAction, OPERAND, OPERATOR, permissionClause, pointerPart, ruleJson,
  TERMS_PROFILE, timeOf,
  type Constraint, type Iri, type Operator, type Policy, type Rule
} from '../policy/index.ts'
import { EMERGENCY_PURPOSE, policyOfForm } from './composing.ts'
import { NEVER, readForm, type Fee, type TermsForm } from './form.ts'

/** Clauses found so far; those not found are absent. */
export type FoundClauses = { -readonly [K in keyof TermsForm]?: TermsForm[K] }

/** What no clause says, as it is written: a whole rule, a constraint of one, or a member of the policy. */
export type Leftover = { readonly position: string, readonly written: Readonly<Record<string, unknown>> }

export type Extracted = { readonly clauses: FoundClauses, readonly leftovers: readonly Leftover[] }

/** The form whose policy this is; undefined where no form says exactly this. */
export function formOfPolicy (policy: Policy): TermsForm | undefined {
  const { clauses, leftovers } = clausesOf(policy)
  if (leftovers.length > 0 || clauses.passOn === undefined || policy.permissions.length === 0) return undefined
  const form = readForm({ ...UNSET, ...clauses })
  if (!form.ok) return undefined
  const again = policyOfForm(form.value)
  return again.ok && again.value.policyCid.equals(policy.policyCid) ? form.value : undefined
}

/** A form in which no clause is set. */
export const UNSET: TermsForm = {
  audience: { type: 'anyone' }, purposes: [], fromMs: null, untilMs: null, summarise: null, redactFields: [], h3ResolutionMax: null, timeStepMs: null,
  delayMs: null, requestsPerDayMax: null, requestsMax: null, recordsPerDayMax: null, passOn: { type: 'no' }, keep: null, fee: null, reportEveryMs: null,
  creditTexts: [], informOnPublication: false, never: [], storedIn: [], securityLevelMin: null, emergency: null
}

export function clausesOf (policy: Policy): Extracted {
  const isOurs = policy.profile.includes(TERMS_PROFILE)
  const all = [...policy.permissions, ...policy.prohibitions, ...policy.obligations]
  const clauses: FoundClauses = {}
  const main = policy.permissions.find(rule => permissionClause(rule) !== 13 && rule.action === ACTION.use && rule.foreign.length === 0)
  const rest = all.filter(rule => rule !== main)
  const constraints = main === undefined ? [] : permissionClauses(main, clauses)
  const rules = [...main?.duties ?? [], ...rest].filter(rule => !isRuleClause(rule, clauses))
  // Without a word against it, `use` covers passing on.
  if (main !== undefined && isOurs && !all.some(({ action }) => action === ACTION.distribute)) clauses.passOn = { type: 'free' }
  return {
    clauses,
    leftovers: [
      ...policy.foreign.map(({ name, json }) => ({ position: `/${pointerPart(name)}`, written: { [name]: JSON.parse(json) as unknown } })),
      ...policy.profile.filter(iri => iri !== TERMS_PROFILE).map(iri => ({ position: '/profile', written: { profile: iri } })),
      ...constraints.map(constraint => ({ position: constraint.position, written: constraintJson(constraint) })),
      ...rules.map(rule => ({ position: rule.position, written: ruleJson(rule) }))
    ]
  }
}

/** Each constraint of the permission is a clause of its own; one that is none only narrows it. */
function permissionClauses (rule: Rule, clauses: FoundClauses): readonly Constraint[] {
  clauses.audience = { type: 'anyone' }
  return rule.constraints.filter(constraint => !isConstraintClause(constraint, clauses))
}

function isConstraintClause (constraint: Constraint, clauses: FoundClauses): boolean {
  const { audience } = clauses
  const given = new GivenConstraints([constraint])
  const isOpen = audience?.type === 'anyone'
  const federation = given.one(OPERAND.recipient, 'isPartOf')
  const members = given.list(OPERAND.recipient, 'isAnyOf')
  const classes = given.list(OPERAND.recipientClass, 'isAnyOf')
  if (isOpen && federation?.startsWith(FEDERATION_NS) === true) clauses.audience = { type: 'members', federation: federation.slice(FEDERATION_NS.length) }
  else if (isOpen && members !== undefined) clauses.audience = { type: 'named', members }
  else if (isOpen && classes !== undefined) clauses.audience = { type: 'classes', classes }
  if (clauses.audience !== audience) return true
  return isNew(clauses, 'purposes', given.list(OPERAND.purpose, 'isAnyOf')) ||
    isNew(clauses, 'fromMs', given.read(OPERAND.dateTime, 'gteq', timeOf)) ||
    isNew(clauses, 'untilMs', given.read(OPERAND.dateTime, 'lteq', timeOf)) ||
    isNew(clauses, 'requestsMax', given.read(OPERAND.count, 'lteq', integerOf)) ||
    isNew(clauses, 'requestsPerDayMax', given.read(OPERAND.requestsPerDay, 'lteq', integerOf)) ||
    isNew(clauses, 'recordsPerDayMax', given.read(OPERAND.recordsPerDay, 'lteq', integerOf)) ||
    isNew(clauses, 'storedIn', given.list(OPERAND.storedIn, 'isPartOf')) ||
    isNew(clauses, 'securityLevelMin', given.read(OPERAND.securityLevel, 'gteq', integerOf))
}

/** A rule is a clause as a whole or not at all: half a duty is another duty. */
function isRuleClause (rule: Rule, clauses: FoundClauses): boolean {
  if (rule.foreign.length > 0) return false
  const given = new GivenConstraints(rule.constraints)
  const found = clausesOfRule(rule, given, clauses)
  if (found === undefined || !given.isAllTaken) return false
  const more = REPEATED.get(rule.action)
  if (Object.keys(found).some(name => Object.hasOwn(clauses, name) && name !== more)) return false
  Object.assign(clauses, found)
  return true
}

/** Of which rules there may be several, or which change what another said: passing on may be lifted in an emergency. */
const REPEATED: ReadonlyMap<Iri, keyof TermsForm> = new Map<Iri, keyof TermsForm>([
  [DUTY.attribute, 'creditTexts'], [ACTION.distribute, 'emergency'],
  [ACTION.reidentify, 'never'], [ACTION.linkPersons, 'never'], [ACTION.contactPersons, 'never'], [ACTION.trainModels, 'never']
])

function clausesOfRule (rule: Rule, given: GivenConstraints, clauses: FoundClauses): FoundClauses | undefined {
  const { action } = rule
  if (isNeverAction(action)) return { never: NEVER.filter(name => ACTION[name] === action || clauses.never?.includes(name) === true) }
  switch (action) {
    case ACTION.use: return emergencyOf(rule, given)
    case ACTION.distribute: return passingOnOf(given, clauses)
    case DUTY.summarise: {
      const minGroupSize = given.read(OPERAND.minGroupSize, 'gteq', integerOf)
      const cells = ifFound('h3ResolutionMax', given.read(OPERAND.h3Resolution, 'lteq', integerOf))
      const steps = ifFound('timeStepMs', given.read(OPERAND.timeStep, 'gteq', durationOf))
      return minGroupSize === undefined ? undefined : { summarise: { minGroupSize }, ...cells, ...steps }
    }
    case DUTY.coarsen: return ifFound('h3ResolutionMax', given.read(OPERAND.h3Resolution, 'lteq', integerOf))
    case DUTY.roundTime: return ifFound('timeStepMs', given.read(OPERAND.timeStep, 'gteq', durationOf))
    case DUTY.redact: return ifFound('redactFields', given.list(OPERAND.fields, 'isAllOf'))
    case DUTY.delay: return ifFound('delayMs', given.read(OPERAND.delayPeriod, 'gteq', durationOf))
    case DUTY.compensate: return ifFound('fee', feeOf(given))
    case DUTY.delete: return ifFound('keep', keepOf(given))
    case DUTY.reportUse: return ifFound('reportEveryMs', given.read(OPERAND.elapsedTime, 'lteq', durationOf))
    case DUTY.attribute: {
      const text = given.one(OPERAND.text, 'eq')
      return text === undefined ? undefined : { creditTexts: [...clauses.creditTexts ?? [], text] }
    }
    case DUTY.inform: return given.one(OPERAND.event, 'eq') === EVENT.publication ? { informOnPublication: true } : undefined
    // "Under the same terms" is a part of the sentence about those who are named.
    case DUTY.nextPolicy: return given.one(OPERAND.strictness, 'eq') === 'same-or-stricter' && 'members' in (clauses.passOn ?? {}) ? {} : undefined
    default: return undefined
  }
}

function passingOnOf (given: GivenConstraints, { emergency }: FoundClauses): FoundClauses | undefined {
  const members = given.list(OPERAND.onwardRecipient, 'isNoneOf')
  const minGroupSize = given.read(OPERAND.minGroupSize, 'lt', integerOf)
  const lifted = given.one(OPERAND.event, 'neq')
  if (lifted !== undefined && (lifted !== EVENT.emergency || emergency === undefined || emergency === null)) return undefined
  const more = lifted === undefined || emergency === undefined || emergency === null ? {} : { emergency: { ...emergency, mayPassOn: true } }
  if (members === undefined) return { passOn: minGroupSize === undefined ? { type: 'no' } : { type: 'results', minGroupSize }, ...more }
  return { passOn: minGroupSize === undefined ? { type: 'named', members } : { type: 'named-or-results', members, minGroupSize }, ...more }
}

function feeOf (given: GivenConstraints): Fee | undefined {
  const amountMinor = given.read(OPERAND.payAmountMinor, 'eq', integerOf)
  const creditMinor = given.read(OPERAND.creditMinor, 'lteq', integerOf)
  const currency = given.one(OPERAND.currency, 'eq')
  const [, countText, unit] = /^([1-9][0-9]*)-(records|requests)$/.exec(given.one(OPERAND.per, 'eq') ?? '') ?? []
  const count = integerOf(countText ?? '')
  if (amountMinor === undefined || creditMinor === undefined || currency === undefined || count === undefined) return undefined
  return { amountMinor, currency, count, unit: unit === 'records' ? 'records' : 'requests', creditMinor }
}

function keepOf (given: GivenConstraints): TermsForm['keep'] | undefined {
  const keepMs = given.read(OPERAND.elapsedTime, 'lteq', durationOf)
  const event = given.one(OPERAND.event, 'eq')
  if (keepMs === undefined || given.one(OPERAND.receipt, 'eq') !== 'required' || (event !== undefined && event !== EVENT.agreementEnd)) return undefined
  return { keepMs, from: event === undefined ? 'receipt' : 'agreement-end' }
}

function emergencyOf (rule: Rule, given: GivenConstraints): FoundClauses | undefined {
  const [duty] = rule.duties
  if (duty === undefined || rule.duties.length > 1 || duty.action !== DUTY.breakGlass || duty.foreign.length > 0) return undefined
  const release = new GivenConstraints(duty.constraints)
  const isSealed = release.one(OPERAND.keyRelease, 'eq') === 'sealed'
  const kinds = given.list(OPERAND.emergencyKind, 'isAnyOf')
  const officials = given.list(OPERAND.declaredBy, 'isAnyOf')
  const responders = given.list(OPERAND.recipient, 'isAnyOf')
  const isForResponse = given.one(OPERAND.purpose, 'isAnyOf') === EMERGENCY_PURPOSE
  if (given.one(OPERAND.event, 'eq') !== EVENT.emergency || !isForResponse || !release.isAllTaken) return undefined
  if (kinds === undefined || officials === undefined || responders === undefined || (!isSealed && duty.constraints.length > 0)) return undefined
  return { emergency: { kinds, officials, responders, mode: isSealed ? 'sealed' : 'online', mayPassOn: false } }
}

function ifFound<K extends keyof TermsForm> (name: K, value: TermsForm[K] | undefined): FoundClauses | undefined {
  return value === undefined ? undefined : { [name]: value }
}

function isNew<K extends keyof TermsForm> (clauses: FoundClauses, name: K, value: TermsForm[K] | undefined): boolean {
  if (value === undefined || Object.hasOwn(clauses, name)) return false
  clauses[name] = value
  return true
}

/** The constraints of a rule, taken one by one: what nobody took is not a clause. */
class GivenConstraints {
  readonly #values = new Map<string, readonly string[]>()
  #left: number

  constructor (constraints: readonly Constraint[]) {
    this.#left = constraints.length
    for (const constraint of constraints) {
      if (constraint.type === 'atomic' && constraint.foreign.length === 0) {
        this.#values.set(`${constraint.leftOperand} ${constraint.operator}`, constraint.rightOperand)
      }
    }
  }

  get isAllTaken (): boolean {
    return this.#left === 0
  }

  list (operand: Iri, operator: Operator): readonly string[] | undefined {
    const key = `${operand} ${OPERATOR[operator]}`
    const values = this.#values.get(key)
    if (this.#values.delete(key)) this.#left--
    return values
  }

  one (operand: Iri, operator: Operator): string | undefined {
    const values = this.list(operand, operator)
    return values?.length === 1 ? values[0] : undefined
  }

  read (operand: Iri, operator: Operator, read: (text: string) => number | undefined): number | undefined {
    const text = this.one(operand, operator)
    return text === undefined ? undefined : read(text)
  }
}
