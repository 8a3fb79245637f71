import type { DoorDecision } from './question.ts'

/** The strictest of an answer and those for what the data were made of, each reason and report with the way to its source. */
export function joined (
  own: DoorDecision, sources: readonly { readonly decision: DoorDecision, readonly path: readonly string[] }[]
): DoorDecision {
  if (sources.length === 0) return own
  const all = [own, ...sources.map(({ decision }) => decision)]
  const times = all.flatMap(({ validUntilMs }) => validUntilMs ?? [])
  return {
    ...own,
    allow: all.every(({ allow }) => allow),
    validUntilMs: times.length === 0 ? null : Math.min(...times),
    dependsOn: [...new Set(all.flatMap(({ dependsOn }) => dependsOn))],
    rules: [...own.rules, ...sources.flatMap(({ decision, path }) => decision.rules.map(rule => ({ ...rule, source: path })))],
    duties: own.duties,
    reasons: [...own.reasons, ...sources.flatMap(({ decision, path }) => decision.reasons.map(reason => ({ ...reason, source: path })))]
  }
}
