import type { Did } from '../identity/index.ts'
import type { Iri } from '../policy/index.ts'

/** Clause 1. `federation` is the CID of the charter as text. */
export type Audience =
  | { readonly type: 'anyone' }
  | { readonly type: 'members', readonly federation: string }
  | { readonly type: 'named', readonly members: readonly Did[] }
  | { readonly type: 'classes', readonly classes: readonly string[] }

/** Clause 7. `free` goes with data for anyone alone. */
export type PassingOn =
  | { readonly type: 'no' }
  | { readonly type: 'named', readonly members: readonly Did[] }
  | { readonly type: 'results', readonly minGroupSize: number }
  | { readonly type: 'named-or-results', readonly members: readonly Did[], readonly minGroupSize: number }
  | { readonly type: 'free' }

/** Clause 9: `amountMinor` for every `count` of `unit`. Integers of the smallest unit of the currency (ISO 4217). */
export type Fee = {
  readonly amountMinor: number
  readonly currency: string
  readonly count: number
  readonly unit: 'records' | 'requests'
  readonly creditMinor: number
}

export type NeverAction = 'reidentify' | 'linkPersons' | 'contactPersons' | 'trainModels'

/** Clause 13. `sealed`: responders hold a wrapped key beforehand. */
export type EmergencyClause = {
  readonly kinds: readonly string[]
  readonly officials: readonly Did[]
  readonly responders: readonly Did[]
  readonly mode: 'online' | 'sealed'
  readonly mayPassOn: boolean
}

/**
 * The clauses of an offer, 1 to 13, as a person sets them. null or an empty list: the clause is not set.
 * Clause 14, visibility and the legal notice belong to the dataset and are never part of an offer: `DatasetForm`.
 */
export type TermsForm = {
  readonly audience: Audience
  readonly purposes: readonly Iri[]
  readonly fromMs: number | null
  /** The last moment that it holds. */
  readonly untilMs: number | null
  readonly summarise: { readonly minGroupSize: number } | null
  readonly redactFields: readonly string[]
  readonly h3ResolutionMax: number | null
  readonly timeStepMs: number | null
  readonly delayMs: number | null
  readonly requestsPerDayMax: number | null
  readonly requestsMax: number | null
  readonly recordsPerDayMax: number | null
  readonly passOn: PassingOn
  readonly keep: { readonly keepMs: number, readonly from: 'receipt' | 'agreement-end' } | null
  readonly fee: Fee | null
  readonly reportEveryMs: number | null
  readonly creditTexts: readonly string[]
  readonly informOnPublication: boolean
  readonly never: readonly NeverAction[]
  readonly storedIn: readonly string[]
  readonly securityLevelMin: number | null
  readonly emergency: EmergencyClause | null
}

/** Clause 14: who may keep copies that they cannot read. */
export type Replicas = 'members' | 'recipients' | 'nobody'

/** What a dataset says of itself, beside its offer. */
export type DatasetForm = {
  readonly replicas: Replicas
  readonly licence: string | null
  readonly legalNotice: string | null
}

/** What is wrong in a form, and in which field: a JSON pointer. */
export type FormFailure = {
  readonly code: 'malformed' | 'contradiction' | 'limit'
  readonly position: string
  readonly reason: string
  readonly remedy: string
}
