/** Writes the policy of a form: the fragments of section 3.1 of the note on terms, clause by clause. */
import { assert, fail, ok, type Result } from '../../base/index.ts'
import {
  ACTION, durationText, DUTY, EVENT, FEDERATION_NS, OPERAND, PURPOSE_NS, readPolicy, TERMS_PROFILE, timeText, writePolicy, type Iri, type Operator, type Policy
} from '../policy/index.ts'
import { readForm, type Audience, type EmergencyClause, type Fee, type FormFailure, type PassingOn, type TermsForm } from './form.ts'

type Json = Readonly<Record<string, unknown>>

export const EMERGENCY_PURPOSE: Iri = `${PURPOSE_NS}emergency.response`

export function policyOfForm (form: TermsForm): Result<Policy, FormFailure> {
  const checked = readForm(form)
  if (!checked.ok) return checked
  const read = readPolicy(policyJson(checked.value))
  if (!read.ok) {
    return fail({ code: 'limit', position: '', reason: `These terms make too large a policy. ${read.failure.reason}`, remedy: 'Name fewer members, purposes or fields.' })
  }
  // Read again from its own text, so that places in it are places in what is shown.
  const again = readPolicy(writePolicy(read.value))
  assert(again.ok && again.value.policyCid.equals(read.value.policyCid), 'what we write reads back as the same')
  return ok(again.value)
}

function policyJson (form: TermsForm): Json {
  return {
    profile: TERMS_PROFILE,
    permission: [
      rule(ACTION.use, constraintsOf(form), dutiesOf(form)),
      ...(form.emergency === null ? [] : [emergencyPermission(form.emergency)])
    ],
    prohibition: [
      ...(form.passOn.type === 'free' ? [] : [rule(ACTION.distribute, [...passingOnConstraints(form.passOn), ...liftedInEmergency(form.emergency)])]),
      ...form.never.map(name => rule(ACTION[name], []))
    ],
    obligation: obligationsOf(form)
  }
}

function constraintsOf (form: TermsForm): readonly Json[] {
  return [
    ...audienceConstraints(form.audience),
    ...words(OPERAND.purpose, 'isAnyOf', form.purposes),
    ...word(OPERAND.dateTime, 'gteq', form.fromMs, timeText),
    ...word(OPERAND.dateTime, 'lteq', form.untilMs, timeText),
    ...word(OPERAND.count, 'lteq', form.requestsMax, String),
    ...word(OPERAND.requestsPerDay, 'lteq', form.requestsPerDayMax, String),
    ...word(OPERAND.recordsPerDay, 'lteq', form.recordsPerDayMax, String),
    ...words(OPERAND.storedIn, 'isPartOf', form.storedIn),
    ...word(OPERAND.securityLevel, 'gteq', form.securityLevelMin, String)
  ]
}

export function audienceConstraints (audience: Audience): readonly Json[] {
  switch (audience.type) {
    case 'anyone': return []
    case 'members': return [constraint(OPERAND.recipient, 'isPartOf', FEDERATION_NS + audience.federation)]
    case 'named': return words(OPERAND.recipient, 'isAnyOf', audience.members)
    case 'classes': return words(OPERAND.recipientClass, 'isAnyOf', audience.classes)
  }
}

/** Cells and steps of a summary are part of it; without a summary each is a duty of its own. */
function dutiesOf (form: TermsForm): readonly Json[] {
  const cells = word(OPERAND.h3Resolution, 'lteq', form.h3ResolutionMax, String)
  const steps = word(OPERAND.timeStep, 'gteq', form.timeStepMs, inHours)
  const detail = form.summarise === null
    ? [...unlessEmpty(DUTY.coarsen, cells), ...unlessEmpty(DUTY.roundTime, steps)]
    : [rule(DUTY.summarise, [constraint(OPERAND.minGroupSize, 'gteq', String(form.summarise.minGroupSize)), ...cells, ...steps])]
  return [
    ...detail,
    ...unlessEmpty(DUTY.redact, words(OPERAND.fields, 'isAllOf', form.redactFields)),
    ...unlessEmpty(DUTY.delay, word(OPERAND.delayPeriod, 'gteq', form.delayMs, inHours)),
    ...(form.fee === null ? [] : [rule(DUTY.compensate, feeConstraints(form.fee))])
  ]
}

function feeConstraints ({ amountMinor, currency, count, unit, creditMinor }: Fee): readonly Json[] {
  return [
    constraint(OPERAND.payAmountMinor, 'eq', String(amountMinor)),
    constraint(OPERAND.currency, 'eq', currency),
    constraint(OPERAND.per, 'eq', `${count}-${unit}`),
    constraint(OPERAND.creditMinor, 'lteq', String(creditMinor))
  ]
}

function passingOnConstraints (passOn: PassingOn): readonly Json[] {
  const members = 'members' in passOn ? passOn.members : []
  return [
    ...words(OPERAND.onwardRecipient, 'isNoneOf', members),
    ...word(OPERAND.minGroupSize, 'lt', 'minGroupSize' in passOn ? passOn.minGroupSize : null, String)
  ]
}

function liftedInEmergency (emergency: EmergencyClause | null): readonly Json[] {
  return emergency?.mayPassOn === true ? [constraint(OPERAND.event, 'neq', EVENT.emergency)] : []
}

function emergencyPermission ({ kinds, officials, responders, mode }: EmergencyClause): Json {
  return rule(ACTION.use, [
    constraint(OPERAND.event, 'eq', EVENT.emergency),
    ...words(OPERAND.emergencyKind, 'isAnyOf', kinds),
    ...words(OPERAND.declaredBy, 'isAnyOf', officials),
    ...words(OPERAND.recipient, 'isAnyOf', responders),
    ...words(OPERAND.purpose, 'isAnyOf', [EMERGENCY_PURPOSE])
  ], [rule(DUTY.breakGlass, mode === 'sealed' ? [constraint(OPERAND.keyRelease, 'eq', 'sealed')] : [])])
}

function obligationsOf ({ passOn, keep, reportEveryMs, creditTexts, informOnPublication }: TermsForm): readonly Json[] {
  return [
    ...('members' in passOn ? [rule(DUTY.nextPolicy, [constraint(OPERAND.strictness, 'eq', 'same-or-stricter')])] : []),
    ...(keep === null ? [] : [rule(DUTY.delete, [
      constraint(OPERAND.elapsedTime, 'lteq', inDays(keep.keepMs)),
      constraint(OPERAND.receipt, 'eq', 'required'),
      ...(keep.from === 'agreement-end' ? [constraint(OPERAND.event, 'eq', EVENT.agreementEnd)] : [])
    ])]),
    ...unlessEmpty(DUTY.reportUse, word(OPERAND.elapsedTime, 'lteq', reportEveryMs, inDays)),
    ...creditTexts.map(text => rule(DUTY.attribute, [constraint(OPERAND.text, 'eq', text)])),
    ...(informOnPublication ? [rule(DUTY.inform, [constraint(OPERAND.event, 'eq', EVENT.publication)])] : [])
  ]
}

function inHours (durationMs: number): string {
  return durationText(durationMs, false)
}

function inDays (durationMs: number): string {
  return durationText(durationMs, true)
}

export function rule (action: Iri, constraints: readonly Json[], duties: readonly Json[] = []): Json {
  return { action, ...(constraints.length === 0 ? {} : { constraint: constraints }), ...(duties.length === 0 ? {} : { duty: duties }) }
}

function unlessEmpty (action: Iri, constraints: readonly Json[]): readonly Json[] {
  return constraints.length === 0 ? [] : [rule(action, constraints)]
}

function constraint (leftOperand: Iri, operator: Operator, rightOperand: string | readonly string[]): Json {
  return { leftOperand, operator, rightOperand }
}

function words (leftOperand: Iri, operator: Operator, list: readonly string[]): readonly Json[] {
  return list.length === 0 ? [] : [constraint(leftOperand, operator, list)]
}

function word (leftOperand: Iri, operator: Operator, value: number | null, write: (value: number) => string): readonly Json[] {
  return value === null ? [] : [constraint(leftOperand, operator, write(value))]
}
