/**
 * What has to be so before any rule is looked at: who asks belongs here, and has an agreement where one is needed.
 *
 * What is for anyone needs nothing. What is for members needs an active membership, and so do the doors at which no data leaves
 * (advertise, negotiate) and ciphertext, which nobody reads without a grant. All else needs an agreement too, in force, not
 * revoked, with a fresh lease.
 */
import type { Facts, Reason, TermsRequest } from './types.ts'

export type Standing = 'anyone' | 'member' | 'party'

export function standingOf ({ asset, door, form }: TermsRequest): Standing {
  if (asset?.feedClass === 'public') return 'anyone'
  return asset?.feedClass === 'members' || door === 'advertise' || door === 'negotiate' || form === 'ciphertext' ? 'member' : 'party'
}

const MET: readonly Reason[] = []

/** Every one that is not known to be met, in this order. */
export function preconditionsOf (standing: Standing, { timeMs }: TermsRequest, facts: Facts): readonly Reason[] {
  if (standing === 'anyone') return MET
  const status = facts.membership?.status
  const isActive = status === 'active'
  if (standing === 'member' && isActive) return MET
  const membership: readonly Reason[] = isActive ? MET : [status === 'inactive' ? { code: 'membership.inactive' } : missing('membership.status')]
  if (standing === 'member') return membership
  const agreement = agreementFailure(timeMs, facts)
  const lease = leaseFailure(facts)
  if (isActive && agreement === undefined && lease === undefined) return MET
  return [...membership, ...(agreement === undefined ? [] : [agreement]), ...(lease === undefined ? [] : [lease])]
}

function agreementFailure (timeMs: number, { agreement }: Facts): Reason | undefined {
  if (agreement === undefined) return missing('agreement')
  if (agreement === null) return { code: 'agreement.none' }
  const { inForceFromMs, revokedAtMs } = agreement
  if (revokedAtMs !== undefined && revokedAtMs !== null && !(timeMs < revokedAtMs)) return { code: 'agreement.revoked' }
  if (inForceFromMs === undefined) return missing('agreement.inForceFromMs')
  if (!(timeMs >= inForceFromMs)) return { code: 'agreement.none' }
  return revokedAtMs === undefined ? missing('agreement.revokedAtMs') : undefined
}

function leaseFailure ({ lease }: Facts): Reason | undefined {
  if (lease?.ageMs === undefined) return missing('lease.ageMs')
  if (lease.stalenessMaxMs === undefined) return missing('lease.stalenessMaxMs')
  return lease.ageMs <= lease.stalenessMaxMs ? undefined : { code: 'lease.stale' }
}

function missing (subject: string): Reason {
  return { code: 'fact.missing', subject }
}

/** The first moment after now at which the policy (`flipsMs`) or the facts of their own accord say something else. */
export function validUntil (standing: Standing, { timeMs }: TermsRequest, facts: Facts, flipsMs: readonly number[], asksEmergency: boolean): number | null {
  let untilMs = Number.POSITIVE_INFINITY
  const consider = (momentMs: number): void => { if (momentMs > timeMs && momentMs < untilMs) untilMs = momentMs }
  for (const flipMs of flipsMs) consider(flipMs)
  if (asksEmergency && facts.emergencies !== undefined) {
    for (const { declaredAtMs, expiresAtMs } of facts.emergencies) {
      consider(declaredAtMs)
      consider(expiresAtMs)
    }
  }
  if (standing === 'party') {
    const { agreement, lease } = facts
    if (agreement?.inForceFromMs !== undefined) consider(agreement.inForceFromMs)
    if (agreement?.revokedAtMs !== undefined && agreement.revokedAtMs !== null) consider(agreement.revokedAtMs)
    if (lease?.ageMs !== undefined && lease.stalenessMaxMs !== undefined) consider(timeMs + lease.stalenessMaxMs - lease.ageMs + 1)
  }
  return untilMs === Number.POSITIVE_INFINITY ? null : untilMs
}
