/** What a program does about agreements: asks for one, answers those who ask, lists and ends them. */
import type { Result } from '../../base/index.ts'
import type { TermsForm } from '../../core/terms/index.ts'
import type { Failure } from './failure.ts'
import type { SentenceView } from './terms.ts'

export type NegotiationView = {
  /** How it is called here; names it in `answer`. */
  readonly id: string
  readonly role: 'provider' | 'consumer'
  readonly other: { readonly did: string, readonly name: string }
  /** `<publisher did>/<datasetId>`. */
  readonly dataset: string
  readonly purpose: string | null
  /** As the Dataspace Protocol calls it; null: the other side has not answered yet. */
  readonly state: string | null
  /** All states that it has been in, in order. */
  readonly states: readonly string[]
  /** A person here is to decide. */
  readonly isAsked: boolean
  /** What is to be decided as a file of terms, to answer with less; null where nobody is asked, or no form says exactly this. */
  readonly terms: { readonly terms: TermsForm } | null
  readonly sentences: readonly SentenceView[]
  readonly agreementId: string | null
  readonly changedMs: number
  /** How it ended where it did not come to an agreement. */
  readonly ended: { readonly by: 'us' | 'peer', readonly code: string | null, readonly reasons: readonly string[] } | null
}

export type AgreementView = {
  readonly id: string
  readonly role: 'provider' | 'consumer'
  readonly other: { readonly did: string, readonly name: string }
  readonly dataset: string
  readonly purpose: string | null
  readonly sentences: readonly SentenceView[]
  readonly inForceFromMs: number
  readonly revokedAtMs: number | null
  /** False: the other side is no node of the federation, and signed nothing. */
  readonly isCountersigned: boolean
  /** Where the commitment to it stands. */
  readonly ledger: 'none' | 'waiting' | 'final'
}

/** What a person decides: as it was asked, with other terms instead, or not at all. */
export type NegotiationAnswer =
  /** `changedMs` as the view had it that was looked at: what came since is not approved. */
  | { readonly do: 'approve', readonly changedMs: number }
  | { readonly do: 'limit', readonly terms: TermsForm }
  | { readonly do: 'deny', readonly reason: string }

export type EndCode = 'ended' | 'retired' | 'breach' | 'unconfirmed' | 'compromised' | 'order'

export type AgreementFailure = Failure<'not-ready' | 'not-found' | 'ambiguous' | 'invalid' | 'busy' | 'unreachable' | 'refused'>

export interface NodeAgreements {
  /**
   * Asks the publisher of a dataset for an agreement for one purpose; resolves when it is decided, or after `withinMs` with how it
   * stands. Where an agreement for this purpose is in force, that is the answer. `untilMs`: for no longer than that.
   */
  requestAgreement (reference: string, purpose: string, withinMs: number, untilMs?: number): Promise<Result<NegotiationView, AgreementFailure>>
  negotiations (): readonly NegotiationView[]
  answerNegotiation (id: string, answer: NegotiationAnswer): Promise<Result<NegotiationView, AgreementFailure>>
  agreements (): readonly AgreementView[]
  /** Ends an agreement, at once, as either side of it. */
  endAgreement (id: string, code: EndCode): Promise<Result<AgreementView, AgreementFailure>>
}
