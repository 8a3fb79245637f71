/**
 * Binds a policy to one consumer and one purpose, as an agreement does: by intersection, so that nothing gets wider.
 *
 * Of each permission, what its own constraints on recipient and purpose say about these two is decided here and replaced by the two
 * themselves. A permission that excludes one of them is dropped. That the consumer belongs to a federation is not known here;
 * the doors look at membership every time. What stands inside of other constraints stays.
 *
 * A prohibition that is lifted in emergencies is lifted for those who respond to them: where the permission for them is dropped, it
 * holds always.
 */
import type { Did } from '../identity/index.ts'
import { isLiftedInEmergency, normalPolicy, permissionClause, writePolicy } from './normal.ts'
import { readPolicy } from './reading.ts'
import type { Constraint, Iri, Policy, Rule } from './types.ts'
import { coversPurpose, FEDERATION_NS, isKnownPurpose, OPERAND, OPERATOR, operatorOf } from './vocabulary.ts'

/** undefined: no permission is left, or more is said than can be read again, so there is nothing to agree on. */
export function bind (policy: Policy, consumer: Did, purpose: Iri): Policy | undefined {
  const permissions = policy.permissions.flatMap(rule => boundRule(rule, consumer, purpose))
  if (permissions.length === 0) return undefined
  const isForResponders = (rule: Rule): boolean => permissionClause(rule) === EMERGENCY_CLAUSE
  const isNoResponder = policy.permissions.some(isForResponders) && !permissions.some(isForResponders)
  const prohibitions = isNoResponder ? policy.prohibitions.map(unlifted) : policy.prohibitions
  const bound = normalPolicy({ ...policy, permissions, prohibitions }).policy
  return readPolicy(writePolicy(bound)).ok ? bound : undefined
}

const EMERGENCY_CLAUSE = 13

function unlifted (rule: Rule): Rule {
  return { ...rule, constraints: rule.constraints.filter(constraint => !isLiftedInEmergency(constraint)) }
}

type Outcome = 'allows' | 'excludes' | 'stays'

function boundRule (rule: Rule, consumer: Did, purpose: Iri): readonly Rule[] {
  const outcomes = rule.constraints.map(constraint => outcomeOf(constraint, consumer, purpose))
  if (outcomes.includes('excludes')) return []
  const kept = rule.constraints.filter((_, at) => outcomes[at] === 'stays')
  return [{ ...rule, constraints: [...kept, exactly(rule, OPERAND.recipient, consumer), exactly(rule, OPERAND.purpose, purpose)] }]
}

function exactly ({ position }: Rule, leftOperand: Iri, value: string): Constraint {
  return { type: 'atomic', position, leftOperand, operator: OPERATOR.isAnyOf, rightOperand: [value], foreign: [] }
}

function outcomeOf (constraint: Constraint, consumer: Did, purpose: Iri): Outcome {
  if (constraint.type !== 'atomic' || constraint.foreign.length > 0) return 'stays'
  const { leftOperand, rightOperand } = constraint
  if (leftOperand === OPERAND.recipient) {
    const isMember = rightOperand.some(each => each.startsWith(FEDERATION_NS))
    return listed(constraint, isMember, rightOperand.includes(consumer))
  }
  if (leftOperand !== OPERAND.purpose || !rightOperand.every(isKnownPurpose) || !isKnownPurpose(purpose)) return 'stays'
  return listed(constraint, false, rightOperand.some(each => coversPurpose(each, purpose)))
}

/** A federation means its members to `isPartOf` and `isA` alone; under another operator it is unknown, and stays so. */
function listed ({ operator, rightOperand }: Constraint & { readonly type: 'atomic' }, isMember: boolean, isListed: boolean): Outcome {
  const name = operatorOf(operator)
  if (name === 'isPartOf' || name === 'isA') return isMember || isListed ? 'allows' : 'excludes'
  const isSingle = rightOperand.length === 1
  if (isMember) return 'stays'
  if (name === 'isAnyOf' || (name === 'eq' && isSingle)) return isListed ? 'allows' : 'excludes'
  if (name === 'isNoneOf' || (name === 'neq' && isSingle)) return isListed ? 'excludes' : 'allows'
  return 'stays'
}
