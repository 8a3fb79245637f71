import type { Did } from '../../core/identity/index.ts'
import { proposalsOf, type LedgerState } from '../../core/ledger/index.ts'

/** How the members decide, by the ledger. */
export type Decisions = {
  /** The newest proposal to admit this member: its id, and whether votes are still taken. */
  readonly proposalOf: (did: Did) => JoinProposal | undefined
  /** This member's signed word where the ledger stands; null where it cannot be given now. */
  readonly checkpoint: () => Uint8Array | null
}

export type JoinProposal = { readonly id: Uint8Array, readonly state: 'open' | 'rejected' }

export function joinProposalOf (state: LedgerState, did: Did): JoinProposal | undefined {
  const newest = proposalsOf(state).findLast(({ payload }) => payload.kind === 'join' && payload.member === did)
  if (newest === undefined || newest.state === 'passed') return undefined
  return { id: newest.id, state: newest.state === 'open' ? 'open' : 'rejected' }
}
