import type { Negotiation } from '../../core/agreement/index.ts'
import { agreementOf, type LedgerState } from '../../core/ledger/index.ts'
import { formOfPolicy, type Policy } from '../../core/terms/index.ts'
import { policySentences } from '../catalogue/index.ts'
import type { AgreementView, NegotiationView, SentenceView } from '../contract/index.ts'
import type { Policies, StandingAgreement } from '../doors/index.ts'
import { purposeOf, targetOf } from './offers.ts'

export type Views = {
  readonly own: string
  readonly nameOf: (did: string) => string
  readonly policies: Policies
  readonly state: LedgerState
}

export function negotiationView (views: Views, id: string, negotiation: Negotiation): NegotiationView {
  const { role, peer, state, visits, isAsked, requested, offered, agreement, changedMs, ended } = negotiation
  const current = agreement?.policy ?? (state === 'OFFERED' || state === 'ACCEPTED' ? offered : requested)?.policy
  const form = current === undefined || !isAsked ? undefined : formOfPolicy(current)
  return {
    id, role, other: { did: peer, name: views.nameOf(peer) }, dataset: agreement?.target ?? requested?.target ?? offered?.target ?? '',
    purpose: current === undefined ? null : purposeOf(current) ?? null, state, states: visits, isAsked, terms: form === undefined ? null : { terms: form },
    sentences: current === undefined ? [] : sentences(views, current), agreementId: agreement?.id ?? null, changedMs,
    ended: ended === null ? null : { by: ended.by, code: ended.code, reasons: ended.reason }
  }
}

export function agreementView (views: Views, standing: StandingAgreement): AgreementView {
  const { id, provider, consumer, datasetId, purpose, policy, inForceFromMs, revokedAtMs, commit } = standing
  const role = provider === views.own ? 'provider' : 'consumer'
  const other = role === 'provider' ? consumer : provider
  const ready = views.policies.of(policy)
  return {
    id, role, other: { did: other, name: views.nameOf(other) }, dataset: targetOf({ publisher: provider, datasetId }), purpose, inForceFromMs, revokedAtMs,
    sentences: ready.ok ? sentences(views, ready.value.policy) : [], isCountersigned: commit !== null,
    ledger: commit === null ? 'none' : agreementOf(views.state, commit) === undefined ? 'waiting' : 'final'
  }
}

function sentences ({ nameOf }: Views, policy: Policy): readonly SentenceView[] {
  return policySentences(policy, nameOf)
}
