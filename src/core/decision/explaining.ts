/** Reports on every rule of a policy, in the words of the ODRL compliance report model. */
import { assert } from '../../base/index.ts'
import { OPERAND, type Label } from '../policy/index.ts'
import type { CompiledConstraint } from './constraints.ts'
import { reasonsOfDuty, reasonsOfPermission, reasonsOfProhibition } from './reasons.ts'
import type { CompiledDuty, CompiledRule, CompiledRules } from './rules.ts'
import { greatest, SATISFIED, UNSATISFIED, type Observed, type Situation, type Test, type Value } from './situation.ts'
import type { DutyState, Premise, Reason, RuleReport, Satisfaction } from './types.ts'

export type Explanation = { readonly rules: readonly RuleReport[], readonly duties: readonly DutyState[], readonly reasons: readonly Reason[] }

const STATES: Readonly<Record<Value, Satisfaction>> = { 0: 'Unsatisfied', 1: 'Unknown', 2: 'Satisfied' }

/** `before`: the preconditions that are not met. */
export function explain (compiled: CompiledRules, situations: readonly Situation[], before: readonly Reason[], isAllowed: boolean): Explanation {
  const { permissions, prohibitions, obligations } = compiled
  const rules: RuleReport[] = []
  const duties: DutyState[] = []
  const report = (rule: CompiledRule, type: RuleReport['type']): void => {
    const situation = tellingSituation(rule.test, situations)
    rules.push(ruleReport(rule, type, situation))
    for (const duty of rule.duties) reportDuty(duty, situation)
  }
  const reportDuty = (duty: CompiledDuty, situation: Situation): void => {
    const state = dutyState(duty, situation)
    duties.push(state)
    rules.push(dutyReport(duty, state, situation))
  }
  for (const rule of permissions) report(rule, 'PermissionReport')
  for (const rule of prohibitions) report(rule, 'ProhibitionReport')
  for (const duty of obligations) reportDuty(duty, tellingSituation(duty.test, situations))
  return { rules, duties, reasons: isAllowed ? [] : distinct([...before, ...reasonsOfRules(compiled, situations)]) }
}

function reasonsOfRules ({ permissions, prohibitions, obligations }: CompiledRules, situations: readonly Situation[]): readonly Reason[] {
  const against = [
    ...prohibitions.filter(({ test }) => greatest(test, situations) !== UNSATISFIED)
      .flatMap(rule => reasonsOfProhibition(rule, tellingSituation(rule.test, situations))),
    ...obligations.flatMap(duty => reasonsOfDuty(duty, tellingSituation(duty.test, situations)))
  ]
  if (permissions.some(({ test }) => greatest(test, situations) === SATISFIED)) return against
  if (permissions.length === 0) return [...against, { code: 'action.not-permitted' }]
  const own = permissions.filter(rule => rule.clause !== 13 || !isForOthers(rule, tellingSituation(rule.test, situations)))
  return [...against, ...(own.length > 0 ? own : permissions).flatMap(rule => reasonsOfPermission(rule, tellingSituation(rule.test, situations)))]
}

/** That somebody else may do it in an emergency is no reason for anybody. */
function isForOthers ({ constraints }: CompiledRule, situation: Situation): boolean {
  return constraints.some(({ constraint, test }) =>
    constraint.type === 'atomic' && constraint.leftOperand === OPERAND.recipient && test(situation) === UNSATISFIED)
}

/** The situation that decided: the first in which the rule says most. */
function tellingSituation (test: Test, situations: readonly Situation[]): Situation {
  const value = situations.length > 1 ? greatest(test, situations) : undefined
  const telling = value === undefined ? situations[0] : situations.find(situation => test(situation) === value)
  assert(telling !== undefined, 'a policy is asked in one situation at least')
  return telling
}

function ruleReport (rule: CompiledRule, type: RuleReport['type'], situation: Situation): RuleReport {
  const value = rule.test(situation)
  const action = rule.actionTest(situation)
  const isActive = type === 'ProhibitionReport' ? value !== UNSATISFIED : value === SATISFIED
  const premises: Premise[] = [{ type: 'ActionReport', satisfactionState: STATES[action], rightOperand: [rule.rule.action], found: situation.request.action }]
  addForeign(rule, premises)
  for (const constraint of rule.constraints) addPremises(constraint, situation, premises)
  return {
    rule: rule.key,
    clause: rule.clause,
    labels: rule.labels,
    type,
    attemptState: action === UNSATISFIED ? 'NotAttempted' : 'Attempted',
    activationState: isActive ? 'Active' : 'Inactive',
    premises
  }
}

function dutyState ({ key, rule, clause, phase, stateOf }: CompiledDuty, situation: Situation): DutyState {
  return { rule: key, action: rule.action, clause, phase: phase ?? 'unknown', state: stateOf(situation) }
}

function dutyReport (duty: CompiledDuty, { state }: DutyState, situation: Situation): RuleReport {
  const premises: Premise[] = []
  addForeign(duty, premises)
  // What is done later is told by a fact of its own; its constraints only say how.
  if (duty.phase === 'before') for (const constraint of duty.constraints) addPremises(constraint, situation, premises)
  return {
    rule: duty.key,
    clause: duty.clause,
    labels: duty.labels,
    type: 'DutyReport',
    attemptState: 'Attempted',
    activationState: 'Active',
    performanceState: state === 'fulfilled' ? 'Performed' : state === 'unknown' ? 'Unknown' : 'Unperformed',
    deonticState: state === 'fulfilled' ? 'Fulfilled' : state === 'violated' ? 'Violated' : 'NonSet',
    premises
  }
}

function addForeign ({ rule }: CompiledRule | CompiledDuty, premises: Premise[]): void {
  for (const { name, json } of rule.foreign) {
    premises.push({ type: 'ConstraintReport', satisfactionState: 'Unknown', leftOperand: name, rightOperand: [json] })
  }
}

/** The parts of a logical constraint follow it. */
function addPremises (compiled: CompiledConstraint, situation: Situation, premises: Premise[]): void {
  const { constraint, operands, observer, term } = compiled
  const satisfactionState = STATES[compiled.test(situation)]
  if (constraint.type !== 'atomic') {
    premises.push({ type: 'ConstraintReport', satisfactionState, operator: constraint.type })
    for (const each of operands) addPremises(each, situation, premises)
    return
  }
  premises.push({
    type: 'ConstraintReport',
    satisfactionState,
    clause: term?.clause ?? 0,
    labels: term?.labels ?? NO_LABELS,
    leftOperand: constraint.leftOperand,
    operator: constraint.operator,
    rightOperand: constraint.rightOperand,
    found: foundText(observer?.observe(situation))
  })
}

const NO_LABELS: readonly Label[] = []

function foundText (observed: Observed): string | null {
  if (observed === undefined) return null
  if (typeof observed === 'string') return observed
  return typeof observed === 'number' ? String(observed) : observed.join(' ')
}

function distinct (reasons: readonly Reason[]): readonly Reason[] {
  const seen = new Set<string>()
  return reasons.filter(({ code, subject, rule }) => {
    const key = `${code} ${rule ?? ''} ${subject ?? ''}`
    return !seen.has(key) && seen.add(key)
  })
}
