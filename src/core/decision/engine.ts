/** Compiles a policy once, and decides by it: the rules are in the door's comment. */
import { ACTIONS, type Iri, type Policy } from '../policy/index.ts'
import { emergencyRulesOf, situationsOf } from './emergencies.ts'
import { explain } from './explaining.ts'
import { preconditionsOf, standingOf, validUntil, type Standing } from './preconditions.ts'
import { compileRules, observedBy, unknownTermsIn, type CompiledRule, type CompiledRules } from './rules.ts'
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
  const concerned = new Map([...ACTIONS].map(action => [action, rulesAbout(rules, action)]))
  const evaluate = (request: TermsRequest, facts: Facts, report: ReportWish = 'when-refused'): Decision => {
    const standing = standingOf(request)
    const before = preconditionsOf(standing, request, facts)
    const situations = situationsOf(request, facts, emergencies)
    const allow = before.length === 0 && isAllowed(concerned.get(request.action) ?? rules, situations)
    const explained = !allow || report === 'always' ? explain(rules, situations, before, allow) : NOTHING_EXPLAINED
    return {
      allow,
      door: request.door,
      policyCid: policy.policyCid,
      agreementId: facts.agreement?.id ?? null,
      evaluatedAtMs: request.timeMs,
      validUntilMs: validUntil(standing, request, facts, flipsMs, emergencies.isAsked),
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

const NOTHING_EXPLAINED = { rules: [], duties: [], reasons: [] }

/** Without the rules that an action does not concern; most of a policy is about other actions. */
function rulesAbout ({ permissions, prohibitions, obligations }: CompiledRules, action: Iri): CompiledRules {
  const isConcerned = ({ covered, unknownTerm }: CompiledRule): boolean => unknownTerm !== undefined || covered.has(action)
  return { permissions: permissions.filter(isConcerned), prohibitions: prohibitions.filter(isConcerned), obligations }
}

function isAllowed ({ permissions, prohibitions, obligations }: CompiledRules, situations: readonly Situation[]): boolean {
  for (const { test } of prohibitions) if (greatest(test, situations) !== UNSATISFIED) return false
  for (const { test } of obligations) if (greatest(test, situations) !== SATISFIED) return false
  for (const { test } of permissions) if (greatest(test, situations) === SATISFIED) return true
  return false
}
