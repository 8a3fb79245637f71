/** Compiles a policy once, and decides by it: the rules are in the door's comment. */
import type { Policy } from '../policy/index.ts'
import { emergencyRulesOf, situationsOf } from './emergencies.ts'
import { explain } from './explaining.ts'
import { flipsIn, preconditionsOf, standingOf, type Standing } from './preconditions.ts'
import { compileRules, observedBy, unknownTermsIn, type CompiledRules } from './rules.ts'
import { greatest, SATISFIED, UNSATISFIED, type Situation } from './situation.ts'
import type { CompiledPolicy, Decision, FactKey, Facts, ReportWish, TermsRequest } from './types.ts'

export function compile (policy: Policy): CompiledPolicy {
  const rules = compileRules(policy)
  const emergencies = emergencyRulesOf(rules)
  const flipsMs = [...new Set([...rules.permissions, ...rules.prohibitions].flatMap(({ constraints }) => constraints.flatMap(each => each.flipsMs)))].toSorted((a, b) => a - b)
  const observed = observedBy(rules)
  const dependsOn: Readonly<Record<Standing, readonly FactKey[]>> = {
    anyone: observed, member: among(observed, 'membership'), party: among(observed, 'membership', 'agreement', 'lease')
  }
  const evaluate = (request: TermsRequest, facts: Facts, report: ReportWish = 'when-refused'): Decision => {
    const standing = standingOf(request)
    const before = preconditionsOf(standing, request, facts)
    const situations = situationsOf(request, facts, emergencies)
    const allow = before.length === 0 && isAllowed(rules, situations)
    const explained = !allow || report === 'always' ? explain(rules, situations, before, allow) : NOTHING_EXPLAINED
    return {
      allow,
      door: request.door,
      policyCid: policy.policyCid,
      agreementId: facts.agreement?.id ?? null,
      evaluatedAtMs: request.timeMs,
      validUntilMs: earliestAfter(request.timeMs, [flipsMs, flipsIn(standing, request, facts, emergencies.isAsked)]),
      dependsOn: dependsOn[standing],
      rules: explained.rules,
      duties: explained.duties,
      reasons: explained.reasons
    }
  }
  return { policyCid: policy.policyCid, unknownTerms: [...new Set(unknownTermsIn(rules))], evaluate }
}

function among (observed: readonly FactKey[], ...more: readonly FactKey[]): readonly FactKey[] {
  return [...new Set([...more, ...observed])]
}

/** The first moment at which anything can change of itself. */
function earliestAfter (timeMs: number, lists: readonly (readonly number[])[]): number | null {
  let earliest: number | null = null
  for (const list of lists) {
    for (const flipMs of list) if (flipMs > timeMs && (earliest === null || flipMs < earliest)) earliest = flipMs
  }
  return earliest
}

const NOTHING_EXPLAINED = { rules: [], duties: [], reasons: [] }

function isAllowed ({ permissions, prohibitions, obligations }: CompiledRules, situations: readonly Situation[]): boolean {
  for (const { test } of prohibitions) if (greatest(test, situations) !== UNSATISFIED) return false
  for (const { test } of obligations) if (greatest(test, situations) !== SATISFIED) return false
  for (const { test } of permissions) if (greatest(test, situations) === SATISFIED) return true
  return false
}
