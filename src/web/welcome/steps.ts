import type { NodeStatus } from '../../sdk/index.ts'

/** What a new node asks of its people, in this order; each may be left for later. */
export const STEPS = ['place', 'account', 'federation', 'data'] as const
export type Step = typeof STEPS[number]

/** The step that the address names; else the first, or for a node that belongs somewhere, or is about to, how that stands. */
export function stepOf (argument: string, status: NodeStatus | null): Step {
  const named = STEPS.find(step => step === argument)
  return named ?? (status !== null && (status.federation !== null || status.founding !== null) ? 'federation' : 'place')
}
