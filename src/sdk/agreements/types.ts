import type { TermsFile, TermsSentence } from '../terms/index.ts'

export const END_CODES = ['ended', 'retired', 'breach', 'unconfirmed', 'compromised', 'order'] as const
export type EndCode = typeof END_CODES[number]

type Other = { readonly did: string, readonly name: string }

export type NegotiationView = {
  readonly id: string
  readonly role: 'provider' | 'consumer'
  readonly other: Other
  readonly dataset: string
  readonly purpose: string | null
  /** As the Dataspace Protocol calls it; null: the other side has not answered yet. */
  readonly state: string | null
  /** All states that it has been in, in order. */
  readonly states: readonly string[]
  readonly isAsked: boolean
  /** What is to be decided as a file of terms, to answer with less; null where nobody is asked, or no form says exactly this. */
  readonly terms: TermsFile | null
  readonly sentences: readonly TermsSentence[]
  readonly agreementId: string | null
  readonly changedMs: number
  readonly ended: { readonly by: 'us' | 'peer', readonly code: string | null, readonly reasons: readonly string[] } | null
}

export type AgreementView = {
  readonly id: string
  readonly role: 'provider' | 'consumer'
  readonly other: Other
  readonly dataset: string
  readonly purpose: string | null
  readonly sentences: readonly TermsSentence[]
  readonly inForceFromMs: number
  readonly revokedAtMs: number | null
  readonly isCountersigned: boolean
  readonly ledger: 'none' | 'waiting' | 'final'
}

/** `untilMs`: for no longer than that; left out: for as long as the terms allow. */
export type AgreementRequest = { readonly dataset: string, readonly purpose: string, readonly untilMs?: number }

export type NegotiationAnswer =
  /** `changedMs` of the negotiation as it was looked at: what came since is not approved. */
  | { readonly do: 'approve', readonly changedMs: number }
  /** Other terms instead, as a file of terms holds them. */
  | { readonly do: 'limit', readonly terms: TermsFile }
  | { readonly do: 'deny', readonly reason: string }
