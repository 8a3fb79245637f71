/**
 * In which situations a policy is asked: one, or one for each declared emergency that the policy provides for.
 *
 * A declaration counts when now is in [declaredAtMs, expiresAtMs), the asset's area touches its cells, and some permission for
 * emergencies takes its kind, its declarer and the requester. What such a permission does not say it does not limit, as everywhere, so
 * that saying more never allows more; `check` finds fault with one that does not say all three. Only `event` itself can, added to a
 * permission: it makes it one for emergencies, and with that lifts what is lifted in them. Then `odrl:event` is `emergency`, else
 * `normal`: an emergency that is not this policy's changes nothing in it. Where that cannot be known the event is unknown.
 */
import { cellsTouch, EVENT, OPERAND, OPERANDS, type Iri } from '../policy/index.ts'
import { allOf, type CompiledConstraint } from './constraints.ts'
import type { CompiledRule, CompiledRules } from './rules.ts'
import { SATISFIED, UNKNOWN, UNSATISFIED, type Situation, type Test, type Value } from './situation.ts'
import type { EmergencyFact, Facts, TermsRequest } from './types.ts'

export type EmergencyRules = {
  /** Whether any rule asks for it. */
  readonly isAsked: boolean
  /** For each permission for emergencies: for whom, declared by whom and of what kinds it is. */
  readonly providers: readonly (readonly Test[])[]
}

const NAMED = [OPERAND.emergencyKind, OPERAND.declaredBy, OPERAND.recipient]

export function emergencyRulesOf ({ permissions, prohibitions }: CompiledRules): EmergencyRules {
  return {
    isAsked: [...permissions, ...prohibitions].some(({ constraints }) => constraints.some(asksEmergency)),
    providers: permissions.filter(({ clause }) => clause === 13).map(({ constraints }) => constraints.filter(isNaming).map(({ test }) => test))
  }
}

function asksEmergency ({ constraint, operands }: CompiledConstraint): boolean {
  return constraint.type === 'atomic' ? OPERANDS.get(constraint.leftOperand)?.from === 'emergencies' : operands.some(asksEmergency)
}

function isNaming ({ constraint }: CompiledConstraint): boolean {
  return constraint.type === 'atomic' && NAMED.some(operand => operand === constraint.leftOperand)
}

/** What a permission for emergencies does not limit: kinds, declarers or recipients. */
export function unlimitedIn ({ constraints }: CompiledRule): readonly Iri[] {
  return NAMED.filter(operand => !constraints.some(({ constraint }) => constraint.type === 'atomic' && constraint.leftOperand === operand))
}

/** Without any emergency. */
function normalSituation (request: TermsRequest, facts: Facts): Situation {
  return { request, facts, event: EVENT.normal, emergencyKinds: [], declaredBy: [] }
}

export function situationsOf (request: TermsRequest, facts: Facts, rules: EmergencyRules): readonly Situation[] {
  if (!rules.isAsked) return [normalSituation(request, facts)]
  const isUnknown: Situation = { request, facts, event: undefined, emergencyKinds: undefined, declaredBy: undefined }
  if (facts.emergencies === undefined) return [isUnknown]
  const found: Situation[] = []
  let someUnknown = false
  for (const emergency of facts.emergencies) {
    const situation = { request, facts, event: EVENT.emergency, emergencyKinds: emergency.kinds, declaredBy: emergency.declaredBy }
    const counts = countsHere(emergency, situation, rules)
    if (counts === SATISFIED) found.push(situation)
    if (counts === UNKNOWN) someUnknown = true
  }
  if (someUnknown) found.push(isUnknown)
  return found.length > 0 ? found : [normalSituation(request, facts)]
}

function countsHere (emergency: EmergencyFact, situation: Situation, rules: EmergencyRules): Value {
  const when = isNow(emergency, situation.request.timeMs)
  const where = touches(emergency, situation.request.asset?.area)
  if (when === UNSATISFIED || where === UNSATISFIED) return UNSATISFIED
  let provided: Value = UNSATISFIED
  for (const provider of rules.providers) {
    const value = allOf(provider, situation)
    if (value > provided) provided = value
  }
  const least = Math.min(when, where, provided)
  if (least === UNSATISFIED) return UNSATISFIED
  return least === UNKNOWN ? UNKNOWN : SATISFIED
}

export function isNow ({ declaredAtMs, expiresAtMs }: EmergencyFact, timeMs: number): Value {
  if (!Number.isSafeInteger(timeMs)) return UNKNOWN
  return declaredAtMs <= timeMs && timeMs < expiresAtMs ? SATISFIED : UNSATISFIED
}

export function touches ({ area }: EmergencyFact, asset: readonly string[] | undefined): Value {
  if (asset === undefined) return UNKNOWN
  let isStrange = false
  for (const one of asset) {
    for (const other of area) {
      const isTouching = cellsTouch(one, other)
      if (isTouching === true) return SATISFIED
      if (isTouching === undefined) isStrange = true
    }
  }
  return isStrange ? UNKNOWN : UNSATISFIED
}
