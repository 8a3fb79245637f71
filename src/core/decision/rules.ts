/** Compiles the rules of a policy: permissions, prohibitions, obligations, and the duties of permissions. */
import {
  ACTIONS, covers, DUTIES, DUTY, dutyClause, EVENT, OPERAND, OPERANDS, OPERATOR, permissionClause, PROFILES, prohibitionClause, TERMS_PROFILE,
  type Constraint, type Iri, type Label, type Phase, type Policy, type Rule
} from '../policy/index.ts'
import { allOf, compileConstraint, type CompiledConstraint, type Sense } from './constraints.ts'
import { OBSERVERS, SATISFIED, UNKNOWN, UNSATISFIED, type Situation, type Test, type Value } from './situation.ts'
import type { DutyFact, FactKey } from './types.ts'

type Compiled = {
  /** In normal form: `permission/0`, `permission/0/duty/1`. */
  readonly key: string
  readonly rule: Rule
  readonly clause: number
  readonly labels: readonly Label[]
  readonly constraints: readonly CompiledConstraint[]
  /** What makes the whole rule unknown. */
  readonly unknownTerm: string | undefined
}

export type CompiledDuty = Compiled & {
  readonly phase: Phase | undefined
  readonly stateOf: (situation: Situation) => DutyFact | 'unknown'
  /** Whether it stands in the way: satisfied where it does not. */
  readonly test: Test
}

export type CompiledRule = Compiled & {
  /** The actions that the rule is about, if it is known at all. */
  readonly covered: ReadonlySet<Iri>
  /** Whether it is about the one asked for. */
  readonly actionTest: Test
  readonly duties: readonly CompiledDuty[]
  readonly test: Test
}

export type CompiledRules = {
  readonly permissions: readonly CompiledRule[]
  readonly prohibitions: readonly CompiledRule[]
  readonly obligations: readonly CompiledDuty[]
}

export function compileRules (policy: Policy): CompiledRules {
  const strange = policy.foreign[0]?.name ?? policy.profile.find(iri => !PROFILES.has(iri))
  const isOurs = policy.profile.includes(TERMS_PROFILE)
  return {
    permissions: policy.permissions.map((rule, at) => compileRule(rule, `permission/${at}`, permissionClause(rule), senseIn('permission'), strange, isOurs)),
    prohibitions: policy.prohibitions.map((rule, at) => compileRule(rule, `prohibition/${at}`, prohibitionClause(rule), senseIn('prohibition'), strange, isOurs)),
    obligations: policy.obligations.map((rule, at) => compileDuty(rule, `obligation/${at}`, strange))
  }
}

function compileRule (rule: Rule, key: string, clause: number, sense: Sense, strange: string | undefined, isOurs: boolean): CompiledRule {
  const unknownTerm = strange ?? rule.foreign[0]?.name ?? (ACTIONS.has(rule.action) ? undefined : rule.action)
  const constraints = rule.constraints.map(each => compileConstraint(each, sense))
  const duties = rule.duties.map((duty, at) => compileDuty(duty, `${key}/duty/${at}`, strange))
  const covered = new Set([...ACTIONS].filter(action => covers(rule.action, action, isOurs)))
  const actionTest: Test = ({ request: { action } }) => covered.has(action) ? SATISFIED : UNSATISFIED
  const tests = [actionTest, ...constraints.map(({ test }) => test), ...duties.map(({ test }) => test)]
  return {
    key, rule, clause, labels: labelsOf(clause), constraints, unknownTerm, duties, covered,
    actionTest: unknownTerm === undefined ? actionTest : () => UNKNOWN,
    test: unknownTerm === undefined ? situation => allOf(tests, situation) : () => UNKNOWN
  }
}

/**
 * Parameters say how a duty is done; elsewhere there is nothing to compare them with. An emergency only ever gives: permissions may be
 * for emergencies, of some kinds and declarers, and prohibitions may be lifted in them. Whatever else is said of emergencies
 * would let fewer people in when one is declared, or more when one is not heard of.
 */
function senseIn (kind: 'permission' | 'prohibition'): Sense {
  return ({ leftOperand, operator, rightOperand }, isInXone) => {
    const from = OPERANDS.get(leftOperand)?.from
    if (from !== 'emergencies') return from !== 'parameter'
    const isEmergency = leftOperand === OPERAND.event && rightOperand.length === 1 && rightOperand[0] === EVENT.emergency
    if (isInXone) return false
    if (kind === 'prohibition') return isEmergency && (operator === OPERATOR.neq || operator === OPERATOR.isNoneOf)
    return leftOperand !== OPERAND.event || (isEmergency && (operator === OPERATOR.eq || operator === OPERATOR.isAnyOf))
  }
}

/** Of a rule as a whole; its constraints have labels of their own. */
function labelsOf (clause: number): readonly Label[] {
  if (clause === 7) return ['attested']
  return clause === 11 ? ['contractual'] : ['enforced']
}

function compileDuty (rule: Rule, key: string, strange: string | undefined): CompiledDuty {
  const term = DUTIES.get(rule.action)
  const phase = term?.phase
  const constraints = rule.constraints.map(each =>
    compileConstraint(each, ({ leftOperand }) => phase === 'before' ? term?.measures.includes(leftOperand) === true : OPERANDS.has(leftOperand)))
  const needsMeasure = phase === 'before' && rule.constraints.length === 0 && rule.action !== DUTY.compensate && rule.action !== DUTY.breakGlass
  const unknownTerm = strange ?? rule.foreign[0]?.name ?? (term === undefined || needsMeasure ? rule.action : unknownTermsOf(constraints)[0])
  const common = {
    key, rule, clause: dutyClause(rule), labels: term?.labels ?? [], constraints, unknownTerm, phase
  }
  if (unknownTerm !== undefined) return { ...common, stateOf: () => 'unknown', test: () => UNKNOWN }
  if (phase !== 'before' || rule.action === DUTY.breakGlass) {
    const stateOf = ({ facts: { duties } }: Situation): DutyFact | 'unknown' => duties?.[key] ?? 'unknown'
    return { ...common, stateOf, test: situation => valueOf(stateOf(situation), phase === 'before') }
  }
  const test = measuring(rule, constraints)
  return { ...common, stateOf: situation => stateOf(test(situation)), test }
}

/** What is due later may be pending; what comes before access must be done. */
function valueOf (state: DutyFact | 'unknown', isBefore: boolean): Value {
  switch (state) {
    case 'fulfilled': return SATISFIED
    case 'pending': return isBefore ? UNSATISFIED : SATISFIED
    case 'violated': return UNSATISFIED
    case 'unknown': return UNKNOWN
  }
}

function stateOf (value: Value): DutyFact | 'unknown' {
  if (value === UNKNOWN) return 'unknown'
  return value === SATISFIED ? 'fulfilled' : 'pending'
}

/** Before access a duty is measured by what the asset is and what was paid, never by a promise. */
function measuring (rule: Rule, constraints: readonly CompiledConstraint[]): Test {
  const measured = constraints.filter(({ observer, operands }) => observer !== undefined || operands.length > 0)
  const tests = measured.map(({ test }) => test)
  const hasCredit = constraints.some(({ constraint }) => constraint.type === 'atomic' && constraint.leftOperand === OPERAND.creditMinor)
  if (rule.action === DUTY.compensate && !hasCredit) tests.push(withoutCredit)
  return situation => allOf(tests, situation)
}

/** Without a word on credit, all that is owed has to be covered. */
function withoutCredit (situation: Situation): Value {
  const uncovered = OBSERVERS.get(OPERAND.creditMinor)?.observe(situation)
  if (typeof uncovered !== 'number') return UNKNOWN
  return uncovered === 0 ? SATISFIED : UNSATISFIED
}

function unknownTermsOf (constraints: readonly CompiledConstraint[]): readonly string[] {
  return constraints.flatMap(({ unknownTerm, operands }) => [...(unknownTerm === undefined ? [] : [unknownTerm]), ...unknownTermsOf(operands)])
}

export function unknownTermsIn ({ permissions, prohibitions, obligations }: CompiledRules): readonly string[] {
  const own = ({ unknownTerm, constraints }: Compiled): readonly string[] =>
    [...(unknownTerm === undefined ? [] : [unknownTerm]), ...unknownTermsOf(constraints)]
  return [...[...permissions, ...prohibitions].flatMap(rule => [...own(rule), ...rule.duties.flatMap(own)]), ...obligations.flatMap(own)]
}

/** The facts that any rule looks at. */
export function observedBy ({ permissions, prohibitions, obligations }: CompiledRules): readonly FactKey[] {
  const rules = [...permissions, ...prohibitions]
  const duties = [...obligations, ...rules.flatMap(rule => rule.duties)]
  const waitsForFact = duties.some(({ phase, rule }) => phase !== 'before' || rule.action === DUTY.breakGlass)
  const pays = duties.some(({ rule }) => rule.action === DUTY.compensate)
  const operands = [...rules, ...duties].flatMap(({ constraints }) => constraints.flatMap(({ constraint }) => operandsIn(constraint)))
  const seen = operands.flatMap((operand): readonly FactKey[] => {
    if (operand === OPERAND.recipient) return ['membership']
    const from = OPERANDS.get(operand)?.from
    return from === undefined || from === 'request' || from === 'asset' || from === 'parameter' ? [] : [from]
  })
  return [...new Set([...seen, ...(waitsForFact ? ['duties' as const] : []), ...(pays ? ['payment' as const] : [])])]
}

function operandsIn (constraint: Constraint): readonly Iri[] {
  return constraint.type === 'atomic' ? [constraint.leftOperand] : constraint.operands.flatMap(operandsIn)
}
