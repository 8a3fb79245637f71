/** 30 days: however quiet it is, no key lasts longer. */
export const EPOCH_LIFETIME_MS_MAX = 2_592_000_000

/** What happened since the epoch began. */
export type EpochFacts = {
  readonly nowMs: number
  readonly sinceMs: number
  /** At most `EPOCH_LIFETIME_MS_MAX`; a day, where terms want to erase day by day. */
  readonly lifetimeMs: number
  /** An agreement under which this was read has ended. */
  readonly hasRevocation: boolean
  /** A node of somebody who may read this was lost: its certificate is revoked. */
  readonly hasLostNode: boolean
}

/**
 * Why the next segment begins a new epoch; undefined while the key stays. A clock that went back makes no epoch end: what was
 * not revoked may be read anyway.
 */
export function epochDue ({ nowMs, sinceMs, lifetimeMs, hasRevocation, hasLostNode }: EpochFacts): 'revocation' | 'lost-node' | 'age' | undefined {
  if (hasRevocation) return 'revocation'
  if (hasLostNode) return 'lost-node'
  return nowMs - sinceMs >= Math.min(lifetimeMs, EPOCH_LIFETIME_MS_MAX) ? 'age' : undefined
}
