/**
 * Says what is wrong with a policy before anybody signs or advertises it: terms that are not known here, permissions that can never
 * hold, groups too small to hide anybody. Sound: no request and no facts get through a permission that it says can never hold,
 * but for a period of a single instant.
 */
import {
  ACTIONS, contradictionsIn, covers, DUTIES, GROUP_SIZE_MIN, integerOf, OPERAND, OPERANDS, operatorOf, pointerPart, PROFILES, TERMS_PROFILE,
  writtenIri, type Iri, type Policy
} from '../policy/index.ts'
import type { CompiledConstraint } from './constraints.ts'
import { unlimitedIn } from './emergencies.ts'
import { compileRules, type CompiledDuty, type CompiledRule, type CompiledRules } from './rules.ts'
import type { Finding } from './types.ts'

/** Empty for a policy that may be signed and advertised. */
export function check (policy: Policy): readonly Finding[] {
  const rules = compileRules(policy)
  const all = [...rules.permissions, ...rules.prohibitions, ...rules.permissions.flatMap(({ duties }) => duties), ...rules.obligations]
  return [
    ...unknownOfPolicy(policy),
    ...all.flatMap(unknownOfRule),
    ...all.flatMap(({ constraints }) => constraints.flatMap(smallGroups)),
    ...rules.permissions.flatMap(contradictionsOf),
    ...rules.permissions.filter(({ clause }) => clause === 13).flatMap(unlimitedEmergency),
    ...neverAllowed(policy, rules)
  ]
}

const REMOVE = 'Ask the other side to leave it out, or decline.'

function unknownTerm (position: string, what: string): Finding {
  return { code: 'term.unknown', position, reason: `This node would refuse all use because it does not know ${what}.`, remedy: REMOVE }
}

function unknownOfPolicy ({ foreign, profile }: Policy): readonly Finding[] {
  return [
    ...foreign.map(({ name }) => unknownTerm(`/${pointerPart(name)}`, `the member ${name}, which may change the meaning of every rule`)),
    ...profile.filter(iri => !PROFILES.has(iri)).map(iri => unknownTerm('/profile', `the profile ${iri}, which may change the meaning of every rule`))
  ]
}

function unknownOfRule (compiled: CompiledRule | CompiledDuty): readonly Finding[] {
  const { rule, constraints } = compiled
  const isKnown = 'phase' in compiled ? DUTIES.has(rule.action) : ACTIONS.has(rule.action)
  return [
    ...rule.foreign.map(({ name }) => unknownTerm(`${rule.position}/${pointerPart(name)}`, `the member ${name} of this rule`)),
    ...(isKnown ? [] : [unknownTerm(`${rule.position}/action`, `the action ${writtenIri(rule.action)} in this place`)]),
    ...constraints.flatMap(unknownOfConstraint),
    ...('phase' in compiled && isKnown && constraints.length === 0 && compiled.unknownTerm === rule.action ? [withoutMeasure(compiled)] : [])
  ]
}

function withoutMeasure ({ rule }: CompiledDuty): Finding {
  return {
    code: 'never-allowed',
    position: rule.position,
    reason: `The duty ${writtenIri(rule.action)} says no measure, so that nothing can fulfil it.`,
    remedy: 'Add a constraint that says how much, for example the smallest group.'
  }
}

function unknownOfConstraint ({ constraint, unknownTerm: term, operands }: CompiledConstraint): readonly Finding[] {
  const { position } = constraint
  const inner = operands.flatMap(unknownOfConstraint)
  const foreign = constraint.foreign.map(({ name }) => unknownTerm(`${position}/${pointerPart(name)}`, `the member ${name} of this constraint`))
  if (constraint.type !== 'atomic' || term === undefined || foreign.length > 0) return [...foreign, ...inner]
  const { leftOperand, operator, rightOperand } = constraint
  if (!OPERANDS.has(leftOperand)) return [unknownTerm(`${position}/leftOperand`, writtenIri(leftOperand))]
  if (operatorOf(operator) === undefined) return [unknownTerm(`${position}/operator`, `the operator ${operator}`)]
  if (term !== leftOperand) return [unknownTerm(`${position}/rightOperand`, `the purpose ${term}`)]
  return [unknownTerm(position, `what it means here that ${writtenIri(leftOperand)} ${writtenIri(operator)} ${rightOperand.slice(0, 3).join(', ')}`)]
}

/** Sizes below the floor hide nobody; only where a size is what something is measured by. */
function smallGroups ({ constraint, operands }: CompiledConstraint): readonly Finding[] {
  if (constraint.type !== 'atomic') return operands.flatMap(smallGroups)
  const size = integerOf(constraint.rightOperand[0] ?? '')
  if (constraint.leftOperand !== OPERAND.minGroupSize || size === undefined || size >= GROUP_SIZE_MIN) return []
  return [{
    code: 'too-fine',
    position: `${constraint.position}/rightOperand`,
    reason: `Groups of ${size} hide nobody: the floor is ${GROUP_SIZE_MIN}.`,
    remedy: `Ask for ${GROUP_SIZE_MIN} or more; 10 is usual.`
  }]
}

/** Constraints of a permission and measures of its duties have to hold together. */
function contradictionsOf ({ constraints, duties }: CompiledRule): readonly Finding[] {
  const together = [...constraints, ...duties.filter(({ phase }) => phase === 'before').flatMap(duty => duty.constraints)]
  const known = together.filter(({ unknownTerm: term, observer }) => term === undefined && observer !== undefined).map(({ constraint }) => constraint)
  return contradictionsIn(known).map(({ position, reason }) => ({
    code: 'contradiction', position, reason, remedy: 'Change one of the constraints, or leave the permission out: as it is it can never hold.'
  }))
}

function unlimitedEmergency (permission: CompiledRule): readonly Finding[] {
  const missing = unlimitedIn(permission)
  if (missing.length === 0) return []
  return [{
    code: 'unlimited', position: permission.rule.position,
    reason: 'A permission for emergencies that does not list kinds, officials and responders opens to whoever declares one.',
    remedy: `Add the constraints that are missing: ${missing.map(writtenIri).join(', ')}.`
  }]
}

function neverAllowed (policy: Policy, rules: CompiledRules): readonly Finding[] {
  if (rules.permissions.length === 0) {
    return [{ code: 'never-allowed', position: '', reason: 'There is no permission, so that nobody may do anything.', remedy: 'Add a permission.' }]
  }
  const isOurs = policy.profile.includes(TERMS_PROFILE)
  const forbidden = rules.prohibitions.filter(({ constraints, unknownTerm: term }) => constraints.length === 0 && term === undefined)
  const isForbidden = (action: Iri): boolean => forbidden.some(each => covers(each.rule.action, action, isOurs))
  return rules.permissions
    .filter(({ covered }) => covered.size > 0 && [...covered].every(isForbidden))
    .map(({ rule }) => ({
      code: 'never-allowed', position: rule.position, reason: `What this permits is prohibited without condition: ${writtenIri(rule.action)}.`,
      remedy: 'Leave the prohibition out, or say when it holds.'
    }))
}
