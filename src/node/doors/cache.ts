import type { FactKey } from '../../core/terms/index.ts'
import type { DoorDecision, Question } from './question.ts'

/** How long an answer holds at most, whatever it rests on. */
export const DECISION_REUSE_MS_MAX = 60_000
const DECISIONS_KEPT_MAX = 16_384
/** What a request itself changes, or what may end without a word: asked anew each time. */
const FLEETING: readonly FactKey[] = ['counters', 'payment', 'emergencies']

/** Answers for as long as they hold: until their time, or until anything changes that any of them rests on. */
export class DecisionCache {
  readonly #kept = new Map<string, { readonly decision: DoorDecision, readonly untilMs: number }>()

  get (question: Question, nowMs: number): DoorDecision | undefined {
    const kept = this.#kept.get(nameOf(question))
    return kept !== undefined && nowMs < kept.untilMs && nowMs >= kept.decision.evaluatedAtMs ? kept.decision : undefined
  }

  put (question: Question, decision: DoorDecision, nowMs: number): void {
    if (decision.dependsOn.some(key => FLEETING.includes(key))) return
    if (this.#kept.size >= DECISIONS_KEPT_MAX) this.#kept.clear()
    this.#kept.set(nameOf(question), { decision, untilMs: Math.min(decision.validUntilMs ?? Infinity, nowMs + DECISION_REUSE_MS_MAX) })
  }

  clear (): void {
    this.#kept.clear()
  }
}

export function isFleeting ({ dependsOn }: DoorDecision): boolean {
  return dependsOn.some(key => FLEETING.includes(key))
}

function nameOf ({ door, requester, asset, purpose, agreementId, records, form, area, isContinued, wantsReport, made }: Question): string {
  return JSON.stringify([door, requester, asset.publisher, asset.datasetId, purpose, agreementId, records, form, area, isContinued, wantsReport, made])
}
