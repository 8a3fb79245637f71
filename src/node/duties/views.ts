import type { ErasureNotice } from '../../core/grants/index.ts'
import type { Did } from '../../core/identity/index.ts'
import type { AccessRecord } from '../access/index.ts'
import { policySentences } from '../catalogue/index.ts'
import type { EmergencyView, ErasureView, UsedAgreement, UseEntry, UseProofView } from '../contract/index.ts'
import { sentenceOfText, type Policies, type StandingAgreement } from '../doors/index.ts'
import type { KnownEmergency, Review } from '../emergency/index.ts'
import type { ErasureProgress } from '../erasure/index.ts'
import type { Heard, Periods } from '../receipts/index.ts'
import type { Granted } from './grants.ts'

export type Names = (did: Did) => string
type Member = { readonly did: string, readonly name: string }

function memberOf (names: Names, did: Did): Member {
  return { did, name: names(did) }
}

export function erasureView (
  { notice, progress }: { readonly notice: ErasureNotice, readonly progress: ErasureProgress | undefined },
  about: { readonly publisher: Did, readonly datasetId: string, readonly own: Did, readonly receipts: readonly Heard[], readonly names: Names }
): ErasureView {
  const { names, publisher, own } = about
  const id = notice.statement.id
  const confirmed = new Map<Did, number>()
  for (const { receipt, by } of about.receipts) {
    if (receipt.act === 'deleted' && receipt.notice?.equals(id) === true && !confirmed.has(by)) confirmed.set(by, receipt.timeMs)
  }
  const holders = publisher === own ? new Set([...progress?.holders ?? [], ...confirmed.keys()]) : new Set<Did>()
  const [type, ranges] = 'epochs' in notice.scope ? ['epochs', notice.scope.epochs] as const
    : 'segments' in notice.scope ? ['segments', notice.scope.segments] as const : ['records', notice.scope.records] as const
  return {
    notice: id.toString(), publisher: memberOf(names, publisher), datasetId: about.datasetId, feed: notice.feed.toString(), scope: { type, ranges },
    basis: notice.basis, timeMs: notice.timeMs, deadlineMs: notice.deadlineMs,
    here: progress === undefined ? 'waiting' : progress.state === 'told' ? 'done' : progress.state,
    holders: [...holders].map(did => ({ member: memberOf(names, did), confirmedMs: confirmed.get(did) ?? null }))
  }
}

export function proofView (periods: Periods, feed: Heard['feed'], record: number): UseProofView {
  const period = periods.periodOf(feed, record)
  return { feed: feed.toString(), record, period: period?.period ?? null, isOnLedger: period !== undefined && periods.isOnLedger(period) }
}

export function accessEntry (access: AccessRecord, proof: UseProofView, names: Names): UseEntry {
  const { outcome, timeMs, agreementId, requester, door, purpose, policyCid, records, bytes, reasons } = access
  return {
    ...proof, timeMs, what: outcome === 'allowed' ? 'served' : 'refused', member: requester === null ? null : memberOf(names, requester), door, purpose,
    agreementId, policyCid: policyCid?.toString() ?? null, records, bytes, segments: null, reasons,
    because: reasons.length === 0 ? null : reasons.map(sentenceOfText).join('; '), notice: null
  }
}

export function grantEntry ({ grant }: Granted, proof: UseProofView, names: Names): UseEntry {
  return {
    ...proof, timeMs: grant.timeMs, what: 'granted', member: memberOf(names, grant.consumer), door: null, purpose: null, agreementId: grant.agreementId, policyCid: null,
    records: null, bytes: null, segments: null, reasons: [], because: null, notice: null
  }
}

export function receiptEntry ({ receipt, by }: Heard, proof: UseProofView, names: Names): UseEntry {
  const nothing = { door: null, purpose: null, policyCid: null, records: null, bytes: null, segments: null, reasons: [], because: null, notice: null }
  const common = { ...nothing, ...proof, timeMs: receipt.timeMs, what: receipt.act, member: memberOf(names, by), agreementId: receipt.agreementId }
  switch (receipt.act) {
    case 'deleted': return { ...common, segments: [receipt.segments.first, receipt.segments.last], notice: receipt.notice?.toString() ?? null }
    case 'received': case 'summarised': return { ...common, segments: [receipt.segments.first, receipt.segments.last] }
    case 'reported-use': return { ...common, purpose: receipt.purpose, records: receipt.records }
    case 'published': return common
  }
}

export function agreementView (agreement: StandingAgreement, policies: Policies, isOnLedger: boolean | null, names: Names): UsedAgreement {
  const { id, provider, consumer, purpose, policy, inForceFromMs, revokedAtMs, duties } = agreement
  const ready = policies.of(policy)
  return {
    id, provider: memberOf(names, provider), consumer: memberOf(names, consumer), purpose, inForceFromMs, revokedAtMs, duties, isOnLedger,
    policyCid: ready.ok ? ready.value.policy.policyCid.toString() : null, sentences: ready.ok ? policySentences(ready.value.policy, names) : []
  }
}

export function emergencyView ({ emergency, declarer, endedMs }: KnownEmergency, isActive: boolean, review: (Review & { readonly dueMs: number }) | undefined, names: Names): EmergencyView {
  return {
    id: emergency.statement.id.toString(), incident: emergency.id, declarer: memberOf(names, declarer), kinds: emergency.kinds, area: emergency.area,
    declaredAtMs: emergency.declaredAtMs, expiresAtMs: emergency.expiresAtMs, endedMs, isActive,
    review: review === undefined ? null : {
      dueMs: review.dueMs, reviewedMs: review.reviewedMs,
      uses: review.uses.map(({ requester, publisher, datasetId, firstMs, requests, records }) => ({ member: memberOf(names, requester), dataset: `${publisher}/${datasetId}`, firstMs, requests, records }))
    }
  }
}
