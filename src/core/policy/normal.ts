/** The normal form: full IRIs, sorted, as canonical DAG-CBOR whose CID is the identity of a policy; and back to JSON. */
import { cidOf, compareBytes, encodeCanonical, type Value } from '../../base/index.ts'
import type { Constraint, ForeignMembers, Policy, Rule } from './types.ts'
import { ACTION, DUTIES, EVENT, isNeverAction, OPERAND, OPERANDS, OPERATOR, operatorOf, writtenIri } from './vocabulary.ts'

type Sortable<T> = { readonly item: T, readonly clause: number, readonly value: Value, readonly bytes: Uint8Array }
type Parts = Omit<Policy, 'policyCid'>

/** Clause 0 is what no clause of ours says. */
const NO_CLAUSE = 0

export function normalPolicy (parts: Parts): { readonly policy: Policy, readonly sizeBytes: number } {
  const permissions = sorted(parts.permissions.map(rule => sortableRule(rule, permissionClause(rule))))
  const prohibitions = sorted(parts.prohibitions.map(rule => sortableRule(rule, prohibitionClause(rule))))
  const obligations = sorted(parts.obligations.map(rule => sortableRule(rule, dutyClause(rule))))
  const profile = words(parts.profile)
  const bytes = encodeCanonical({
    ...foreignValue(parts.foreign),
    ...listed('profile', profile),
    ...listed('permission', permissions.map(({ value }) => value)),
    ...listed('prohibition', prohibitions.map(({ value }) => value)),
    ...listed('obligation', obligations.map(({ value }) => value))
  })
  return {
    policy: {
      policyCid: cidOf('dagCbor', bytes),
      profile,
      permissions: permissions.map(({ item }) => item),
      prohibitions: prohibitions.map(({ item }) => item),
      obligations: obligations.map(({ item }) => item),
      foreign: byName(parts.foreign)
    },
    sizeBytes: bytes.length
  }
}

/** The second permission, for emergencies, is clause 13; any other is the first clause's, who may use it. */
export function permissionClause (rule: Rule): number {
  return rule.constraints.some(isEmergencyOnly) ? 13 : 1
}

/** Holds in emergencies alone. */
function isEmergencyOnly (constraint: Constraint): boolean {
  return constraint.type === 'atomic' && constraint.leftOperand === OPERAND.event &&
    (constraint.operator === OPERATOR.eq || constraint.operator === OPERATOR.isAnyOf) &&
    constraint.rightOperand.length === 1 && constraint.rightOperand[0] === EVENT.emergency
}

/** Holds always but in emergencies. */
export function isLiftedInEmergency (constraint: Constraint): boolean {
  return constraint.type === 'atomic' && constraint.leftOperand === OPERAND.event && constraint.operator === OPERATOR.neq &&
    constraint.foreign.length === 0 && constraint.rightOperand.length === 1 && constraint.rightOperand[0] === EVENT.emergency
}

export function prohibitionClause (rule: Rule): number {
  if (rule.action === ACTION.distribute) return 7
  return isNeverAction(rule.action) ? 11 : NO_CLAUSE
}

export function dutyClause (rule: Rule): number {
  return DUTIES.get(rule.action)?.clause ?? NO_CLAUSE
}

function constraintClause (constraint: Constraint): number {
  return constraint.type === 'atomic'
    ? OPERANDS.get(constraint.leftOperand)?.clause ?? NO_CLAUSE
    : Math.min(...constraint.operands.map(constraintClause))
}

function sortableRule (rule: Rule, clause: number): Sortable<Rule> {
  const constraints = sorted(rule.constraints.map(sortableConstraint))
  const duties = sorted(rule.duties.map(duty => sortableRule(duty, dutyClause(duty))))
  return sortable({
    position: rule.position,
    action: rule.action,
    constraints: constraints.map(({ item }) => item),
    duties: duties.map(({ item }) => item),
    foreign: byName(rule.foreign)
  }, clause, {
    ...foreignValue(rule.foreign),
    action: rule.action,
    ...listed('constraint', constraints.map(({ value }) => value)),
    ...listed('duty', duties.map(({ value }) => value))
  })
}

function sortableConstraint (constraint: Constraint): Sortable<Constraint> {
  const { position } = constraint
  const foreign = byName(constraint.foreign)
  const clause = constraintClause(constraint)
  if (constraint.type !== 'atomic') {
    const operands = sorted(constraint.operands.map(sortableConstraint))
    return sortable({ type: constraint.type, position, operands: operands.map(({ item }) => item), foreign }, clause,
      { ...foreignValue(foreign), [constraint.type]: operands.map(({ value }) => value) })
  }
  const { leftOperand, operator } = constraint
  const rightOperand = words(constraint.rightOperand)
  return sortable({ type: 'atomic', position, leftOperand, operator, rightOperand, foreign }, clause,
    { ...foreignValue(foreign), leftOperand, operator, ...listed('rightOperand', rightOperand) })
}

function sortable<T> (item: T, clause: number, value: Value): Sortable<T> {
  return { item, clause, value, bytes: encodeCanonical(value) }
}

function sorted<T> (items: readonly Sortable<T>[]): readonly Sortable<T>[] {
  return items.toSorted((a, b) => a.clause - b.clause || compareBytes(a.bytes, b.bytes))
}

/** A list of words is a set. */
function words (list: readonly string[]): readonly string[] {
  return [...new Set(list)].toSorted()
}

function byName (foreign: ForeignMembers): ForeignMembers {
  return foreign.toSorted((a, b) => a.name < b.name ? -1 : 1)
}

/** Beside the known members: they never share a name, except a right operand that we do not know, which is then not known. */
function foreignValue (foreign: ForeignMembers): { readonly [name: string]: Value } {
  return Object.fromEntries(foreign.map(({ name, json }) => [name, json]))
}

function listed (name: string, values: readonly Value[]): { readonly [name: string]: Value } {
  return values.length === 0 ? {} : { [name]: values }
}

/** The members of a policy as the Dataspace Protocol spells them, without `@id`, `@type` and `target`. */
export function writePolicy (policy: Policy): Readonly<Record<string, unknown>> {
  return {
    ...foreignJson(policy.foreign),
    ...(policy.profile.length === 0 ? {} : { profile: policy.profile.length === 1 ? policy.profile[0] : policy.profile }),
    ...writtenList('permission', policy.permissions, ruleJson),
    ...writtenList('prohibition', policy.prohibitions, ruleJson),
    ...writtenList('obligation', policy.obligations, ruleJson)
  }
}

export function ruleJson (rule: Rule): Readonly<Record<string, unknown>> {
  return {
    ...foreignJson(rule.foreign),
    action: writtenIri(rule.action),
    ...writtenList('constraint', rule.constraints, constraintJson),
    ...writtenList('duty', rule.duties, ruleJson)
  }
}

export function constraintJson (constraint: Constraint): Readonly<Record<string, unknown>> {
  const foreign = foreignJson(constraint.foreign)
  if (constraint.type !== 'atomic') return { ...foreign, ...writtenList(constraint.type, constraint.operands, constraintJson) }
  const { rightOperand } = constraint
  const operator = operatorOf(constraint.operator)
  const isList = rightOperand.length > 1 || operator === 'isAnyOf' || operator === 'isNoneOf' || operator === 'isAllOf' || operator === 'hasPart'
  return {
    leftOperand: writtenIri(constraint.leftOperand),
    operator: writtenIri(constraint.operator),
    ...(rightOperand.length === 0 ? {} : { rightOperand: isList ? rightOperand : rightOperand[0] }),
    ...foreign
  }
}

function writtenList<T> (name: string, items: readonly T[], write: (item: T) => unknown): Readonly<Record<string, unknown>> {
  return items.length === 0 ? {} : { [name]: items.map(write) }
}

function foreignJson (foreign: ForeignMembers): Readonly<Record<string, unknown>> {
  return Object.fromEntries(foreign.map(({ name, json }): [string, unknown] => [name, JSON.parse(json)]))
}
