import type { ApplicationView, EmergencyView, Failure, NegotiationView, ProposalView } from '../../sdk/index.ts'

/** Something that waits for a person. */
export type Item =
  | { readonly kind: 'request' | 'offer', readonly id: string, readonly sinceMs: number, readonly negotiation: NegotiationView }
  | { readonly kind: 'application', readonly id: string, readonly sinceMs: number, readonly application: ApplicationView }
  | { readonly kind: 'proposal', readonly id: string, readonly sinceMs: null, readonly proposal: ProposalView }
  | { readonly kind: 'alarm', readonly id: string, readonly sinceMs: null, readonly alarm: string }
  | { readonly kind: 'emergency', readonly id: string, readonly sinceMs: number, readonly emergency: EmergencyView }

export type Waiting = {
  readonly own: string
  readonly negotiations: readonly NegotiationView[]
  readonly applications: readonly ApplicationView[]
  readonly proposals: readonly ProposalView[]
  readonly emergencies: readonly EmergencyView[]
  readonly alarms: readonly string[]
}

/** What waits, what hurts first: alarms, emergencies, then by how long it has waited. A vote waits until one's own was counted. */
export function itemsOf ({ own, negotiations, applications, proposals, emergencies, alarms }: Waiting): readonly Item[] {
  const asked = negotiations.filter(({ isAsked }) => isAsked).toSorted((a, b) => a.changedMs - b.changedMs)
  const open = proposals.filter(({ state, yes, no }) => state === 'open' && !yes.includes(own) && !no.includes(own))
  // Who applied and is voted on already is in the proposal.
  const reviewed = emergencies.filter(({ review }) => review !== null && review.reviewedMs === null)
  const voted = proposals.filter(({ kind, state }) => kind === 'join' && state === 'open').map(({ fields }) => fields['member'])
  return [
    // Others word some of them: the same may come twice, and a list of two alike is none.
    // What was used under an emergency is an item of its own, with the button that it needs.
    ...[...new Set(alarms)].filter(alarm => !reviewed.some(({ incident }) => alarm.includes(`under emergency "${incident}"`))).map(alarm => ({ kind: 'alarm', id: `alarm ${alarm}`, sinceMs: null, alarm } as const)),
    ...reviewed.map(emergency => ({ kind: 'emergency', id: emergency.id, sinceMs: emergency.declaredAtMs, emergency } as const)),
    ...asked.map(negotiation => ({ kind: negotiation.role === 'provider' ? 'request' : 'offer', id: negotiation.id, sinceMs: negotiation.changedMs, negotiation } as const)),
    ...open.map(proposal => ({ kind: 'proposal', id: proposal.id, sinceMs: null, proposal } as const)),
    ...applications.filter(({ did }) => !voted.includes(did)).map(application => ({ kind: 'application', id: application.id, sinceMs: application.receivedMs, application } as const))
  ]
}

/** When something was decided last, as far as the node tells. */
export function lastDecidedMs (negotiations: readonly NegotiationView[]): number | null {
  return negotiations.reduce<number | null>((latest, { isAsked, changedMs }) => isAsked ? latest : Math.max(latest ?? 0, changedMs), null)
}

/** A node without a federation has neither ledger nor agreements: that is no fault. */
export function isFault (failure: Failure): boolean {
  return failure.code !== 'not-ready'
}
