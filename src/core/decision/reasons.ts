/** Says why: for each part of a rule that stands in the way, one reason of the closed list. */
import { ACTION, DUTY, isKnownPurpose, ODRL_NS, OPERAND, OPERANDS, timeOf, type Iri } from '../policy/index.ts'
import type { CompiledConstraint } from './constraints.ts'
import { isNow, touches } from './emergencies.ts'
import type { CompiledDuty, CompiledRule } from './rules.ts'
import { SATISFIED, UNKNOWN, UNSATISFIED, type Situation } from './situation.ts'
import type { EmergencyFact, Reason, ReasonCode } from './types.ts'

const UNSATISFIED_CODES: ReadonlyMap<Iri, ReasonCode> = new Map<Iri, ReasonCode>([
  [OPERAND.recipient, 'recipient.not-listed'], [OPERAND.recipientClass, 'recipient.class'], [OPERAND.purpose, 'purpose.outside'],
  [OPERAND.minGroupSize, 'detail.too-fine'], [OPERAND.h3Resolution, 'detail.too-fine'], [OPERAND.timeStep, 'detail.too-fine'], [OPERAND.fields, 'detail.too-fine'],
  [OPERAND.delayPeriod, 'delay.too-fresh'],
  [OPERAND.count, 'count.exhausted'], [OPERAND.requestsPerDay, 'count.exhausted'], [OPERAND.recordsPerDay, 'records.exhausted'],
  [OPERAND.onwardRecipient, 'passing-on.recipient'], [OPERAND.creditMinor, 'fee.credit-exhausted'],
  [OPERAND.storedIn, 'place.not-attested'], [OPERAND.securityLevel, 'security.not-attested']
])

/** A reason before it is known which rule it belongs to. */
type Cause = { readonly code: ReasonCode, readonly subject?: string, readonly clause?: number }

export function reasonsOfPermission (rule: CompiledRule, situation: Situation): readonly Reason[] {
  if (rule.unknownTerm !== undefined) return reasonsFrom(rule.key, rule.clause, [termUnknown(rule.unknownTerm)])
  const causes: readonly Cause[] = rule.actionTest(situation) === UNSATISFIED
    ? [{ code: 'action.not-permitted' }]
    : rule.constraints.flatMap(each => causesOf(each, rule, situation))
  const all = [...reasonsFrom(rule.key, rule.clause, causes), ...rule.duties.flatMap(duty => reasonsOfDuty(duty, situation))]
  // One of `xone` too many holds: every part is satisfied, and nothing of it can be named.
  return all.length > 0 ? all : reasonsFrom(rule.key, rule.clause, [{ code: 'action.not-permitted' }])
}

export function reasonsOfProhibition (rule: CompiledRule, situation: Situation): readonly Reason[] {
  if (rule.unknownTerm !== undefined) return reasonsFrom(rule.key, rule.clause, [termUnknown(rule.unknownTerm)])
  const unknown = rule.test(situation) === UNKNOWN
    ? rule.constraints.filter(({ test }) => test(situation) === UNKNOWN).flatMap(each => unknownCauses(each, rule, situation))
    : []
  return reasonsFrom(rule.key, rule.clause, unknown.length > 0 ? unknown : [{ code: prohibitionCode(rule) }])
}

function prohibitionCode ({ rule, constraints }: CompiledRule): ReasonCode {
  if (rule.action !== ACTION.distribute) return 'action.prohibited'
  const namesRecipients = constraints.some(({ constraint }) => constraint.type === 'atomic' && constraint.leftOperand === OPERAND.onwardRecipient)
  return namesRecipients ? 'passing-on.recipient' : 'passing-on.prohibited'
}

export function reasonsOfDuty (duty: CompiledDuty, situation: Situation): readonly Reason[] {
  return duty.test(situation) === SATISFIED ? [] : reasonsFrom(duty.key, duty.clause, dutyCauses(duty, situation))
}

function dutyCauses (duty: CompiledDuty, situation: Situation): readonly Cause[] {
  const { unknownTerm, rule, phase, constraints, key, clause } = duty
  if (unknownTerm !== undefined) return [termUnknown(unknownTerm)]
  if (phase === 'before' && rule.action !== DUTY.breakGlass) {
    const causes = constraints.flatMap(each => causesOf(each, duty, situation))
    return causes.length > 0 ? causes : [creditCause(situation)]
  }
  if (duty.stateOf(situation) === 'unknown') return [{ code: 'fact.missing', subject: `duties/${key}` }]
  if (phase === 'before') return [{ code: 'emergency.not-confirmed' }]
  return [{ code: clause === 8 ? 'retention.receipt-overdue' : clause === 7 ? 'passing-on.prohibited' : 'report.overdue' }]
}

type Holder = { readonly constraints: readonly CompiledConstraint[] }

/** What of a constraint is not satisfied. */
function causesOf (compiled: CompiledConstraint, holder: Holder, situation: Situation): readonly Cause[] {
  const value = compiled.test(situation)
  if (value === SATISFIED || isParameter(compiled)) return []
  const { constraint, operands } = compiled
  if (value === UNKNOWN) return unknownCauses(compiled, holder, situation)
  return constraint.type === 'atomic'
    ? [unsatisfiedCause(constraint.leftOperand, compiled, holder, situation)]
    : operands.flatMap(each => causesOf(each, holder, situation))
}

/** Says how a duty is done and is compared with nothing. */
function isParameter ({ unknownTerm, observer, operands }: CompiledConstraint): boolean {
  return unknownTerm === undefined && observer === undefined && operands.length === 0
}

function unknownCauses (compiled: CompiledConstraint, holder: Holder, situation: Situation): readonly Cause[] {
  const { constraint, operands, unknownTerm } = compiled
  if (unknownTerm !== undefined) return [termUnknown(unknownTerm)]
  if (constraint.type === 'atomic') return [unknownCause(constraint.leftOperand, compiled, holder, situation)]
  const within = operands.filter(({ test }) => test(situation) === UNKNOWN).flatMap(each => unknownCauses(each, holder, situation))
  return within.length > 0 ? within : [termUnknown(ODRL_NS + constraint.type)]
}

function unsatisfiedCause (operand: Iri, compiled: CompiledConstraint, holder: Holder, situation: Situation): Cause {
  const { request: { asset }, facts } = situation
  const clause = clauseOf(operand)
  const code = UNSATISFIED_CODES.get(operand)
  switch (operand) {
    case OPERAND.dateTime: return { code: periodCode(compiled, situation), clause }
    case OPERAND.creditMinor: return { ...creditCause(situation), clause }
    case OPERAND.recipient: return { code: facts.membership?.status === 'inactive' ? 'membership.inactive' : 'recipient.not-listed', clause }
    case OPERAND.event: case OPERAND.emergencyKind: case OPERAND.declaredBy: return { code: emergencyCode(holder, situation), clause }
    default: return { code: code === 'detail.too-fine' && asset?.derivation === null ? 'detail.raw-asset' : code ?? 'action.not-permitted', clause }
  }
}

function unknownCause (operand: Iri, { observer }: CompiledConstraint, holder: Holder, situation: Situation): Cause {
  const { request: { door, purpose, requester } } = situation
  const clause = clauseOf(operand)
  if (operand === OPERAND.purpose) {
    return purpose !== undefined && !isKnownPurpose(purpose) ? { ...termUnknown(purpose), clause } : { code: 'purpose.missing', clause }
  }
  if ((operand === OPERAND.count || operand === OPERAND.requestsPerDay) && door === 'sync') return { code: 'count.query-only', clause }
  if (operand === OPERAND.recipient && requester !== undefined) return { code: 'fact.missing', subject: 'membership', clause }
  const seen = observer?.observe(situation)
  const isEmpty = typeof seen === 'object' && seen.length === 0
  const code = UNSATISFIED_CODES.get(operand)
  if (isEmpty) return { code: code ?? emergencyCode(holder, situation), clause }
  return { code: 'fact.missing', subject: observer?.fact ?? operand, clause }
}

function periodCode ({ constraint }: CompiledConstraint, { request: { timeMs } }: Situation): ReasonCode {
  const [text] = constraint.type === 'atomic' ? constraint.rightOperand : []
  const boundMs = text === undefined ? undefined : timeOf(text)
  return boundMs !== undefined && timeMs < boundMs ? 'period.before' : 'period.after'
}

function creditCause ({ facts: { payment } }: Situation): Cause {
  if (payment?.owedMinor === undefined || payment.vouchedMinor === undefined) return { code: 'fact.missing', subject: 'payment' }
  return { code: payment.vouchedMinor === 0 ? 'fee.no-voucher' : 'fee.credit-exhausted' }
}

/** Of the emergencies that the rule lists: over, elsewhere, or none. */
function emergencyCode ({ constraints }: Holder, situation: Situation): ReasonCode {
  const { facts: { emergencies = [] }, request: { timeMs, asset } } = situation
  const listed = emergencies.filter(emergency => isListed(emergency, constraints, situation))
  const current = listed.filter(emergency => isNow(emergency, timeMs) === SATISFIED)
  if (current.some(emergency => touches(emergency, asset?.area) !== SATISFIED)) return 'emergency.outside-area'
  return current.length === 0 && listed.some(({ expiresAtMs }) => timeMs >= expiresAtMs) ? 'emergency.expired' : 'emergency.none'
}

function isListed (emergency: EmergencyFact, constraints: readonly CompiledConstraint[], situation: Situation): boolean {
  const under: Situation = { ...situation, emergencyKinds: emergency.kinds, declaredBy: emergency.declaredBy }
  return constraints.every(({ constraint, test }) => constraint.type !== 'atomic' ||
    (constraint.leftOperand !== OPERAND.emergencyKind && constraint.leftOperand !== OPERAND.declaredBy) || test(under) === SATISFIED)
}

function clauseOf (operand: Iri): number {
  return OPERANDS.get(operand)?.clause ?? 0
}

function termUnknown (subject: string): Cause {
  return { code: 'term.unknown', subject }
}

function reasonsFrom (rule: string, clause: number, causes: readonly Cause[]): readonly Reason[] {
  return causes.map(cause => ({ clause, ...cause, rule }))
}
