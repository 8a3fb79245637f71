import type { StandingAgreement } from '../doors/index.ts'
import type { Clauses } from './clauses.ts'

/** An agreement with what it demands afterwards. */
export type Bound = { readonly agreement: StandingAgreement, readonly clauses: Clauses }

/** When an agreement is over, as far as it is known now. */
export function endOf ({ agreement: { revokedAtMs }, clauses: { untilMs } }: Bound): number {
  return Math.min(revokedAtMs ?? Infinity, untilMs ?? Infinity)
}

/**
 * When what came at `atMs` must be gone, by all agreements about the dataset between the same two: the latest counts, since
 * what one of them still lets be kept was given under that one too. Infinity: never, as far as is known now.
 */
export function deadlineMs (bounds: readonly Bound[], atMs: number): number {
  // What came later is not of this agreement.
  const concerned = bounds.filter(each => atMs <= endOf(each))
  const asked = concerned.length > 0 ? concerned : bounds
  if (asked.length === 0) return Infinity
  return Math.max(...asked.map(each => {
    const { keep } = each.clauses
    if (keep === undefined) return Infinity
    return keep.from === 'receipt' ? atMs + keep.keepMs : endOf(each) + keep.keepMs
  }))
}
