/** What a program asks about the terms of a dataset, and what it is told. */
import type { Result } from '../../base/index.ts'
import type { DatasetForm, TermsForm } from '../../core/terms/index.ts'
import type { Failure } from './failure.ts'

/** What a publisher sets on a dataset: clauses 1 to 13 as a form, what it says of itself beside them, and who may see that it exists. */
export type TermsOrder = {
  readonly form: TermsForm
  readonly dataset: DatasetForm
  /** By did; an empty list: nobody but the publisher. */
  readonly viewers: 'members' | readonly string[]
  /**
   * Rows are published under terms that let nobody read them, to be asked in SQL for groups alone (clause 4): counted by this column,
   * which nobody may ask for; null: each row is about another. Left out: rows that nobody could read are not published.
   */
  readonly questions?: { readonly countedBy: string | null } | undefined
}

export type Label = 'enforced' | 'attested' | 'contractual'
export type SentenceView = {
  /** 0: no clause of ours. */
  readonly clause: number
  readonly sentence: string
  /** What the sentence is made of, for whoever says it in another language: see `core/terms`. */
  readonly code: string
  readonly values: Readonly<Record<string, string | number | boolean | null | readonly string[]>>
  /** What happens if the other side does not want to keep its word, for each part of the clause. */
  readonly labels: readonly Label[]
}
/** What speaks against a policy: where in it (a JSON pointer), and what to do. */
export type FindingView = { readonly code: string, readonly position: string, readonly reason: string, readonly remedy: string }

export type TermsView = {
  /** Null where the policy cannot be read; nothing is allowed by it then. */
  readonly policyCid: string | null
  /** As the Dataspace Protocol writes it. */
  readonly policy: unknown
  readonly sentences: readonly SentenceView[]
  readonly findings: readonly FindingView[]
  readonly visibility: 'members' | 'named'
  readonly replicas: 'members' | 'recipients' | 'nobody'
  readonly legalNotice: string | null
}

/** What one member could do with it, were these the terms now. */
export type ReaderView = {
  readonly did: string
  readonly name: string
  readonly may: 'now' | 'after-agreement' | 'never'
  /** What it would see, in words. */
  readonly sees: string
  /** Why never. */
  readonly reasons: readonly { readonly code: string, readonly sentence: string }[]
}

export type TermsReview = {
  readonly policyCid: string
  readonly policy: unknown
  /** The class of the feed that follows. */
  readonly access: 'public' | 'members' | 'restricted'
  readonly sentences: readonly SentenceView[]
  /** Anything here: it is not published. */
  readonly findings: readonly FindingView[]
  /**
   * Where nobody could ever read the data as they are: they are published visible to nobody, and a dataset is derived from
   * them under these terms. `byEntity`: its groups are counted by whom or what rows are about, so a column has to be named.
   */
  readonly derived: { readonly byEntity: boolean } | null
  readonly anyone: boolean
  readonly readers: readonly ReaderView[]
}

export type ReasonView = {
  readonly code: string
  /** What the code says, for a person: without its beginning and end. */
  readonly sentence: string
  readonly subject: string | null
  readonly rule: string | null
  readonly clause: number | null
  /** Datasets through which it was found, the nearest first. */
  readonly source: readonly string[]
}

/** Why a member may do something with a dataset, or may not. */
export type Explanation = {
  readonly dataset: string
  readonly member: { readonly did: string, readonly name: string } | null
  readonly door: string
  readonly purpose: string | null
  readonly allow: boolean
  readonly policyCid: string | null
  readonly agreementId: string | null
  readonly evaluatedAtMs: number
  readonly validUntilMs: number | null
  readonly dependsOn: readonly string[]
  readonly reasons: readonly ReasonView[]
  /** In the words of the ODRL compliance report model. */
  readonly rules: readonly unknown[]
}

export type ExplainRequest = {
  /** A member, by did or name; null: somebody outside. Left out: the people of this node. */
  readonly member?: string | null | undefined
  readonly door?: 'advertise' | 'negotiate' | 'sync' | 'read' | 'stream' | 'sql' | 'derive' | 'reshare' | undefined
  readonly purpose?: string | undefined
}

export type TermsFailure = Failure<'not-ready' | 'not-found' | 'ambiguous' | 'invalid'>

export interface NodeTerms {
  /**
   * Reads what a file of terms says: `{terms, dataset?, visibility?}` with a form, or `{policy, …}` with a policy in any spelling;
   * members by did or name. Refuses with the position of what is wrong.
   */
  readTerms (json: unknown): Result<TermsOrder, Failure<'invalid' | 'not-ready'>>
  /** A file of terms to begin with, by the name of a template. */
  templateOf (name: string): Result<unknown, Failure<'not-found' | 'not-ready'>>
  /** What these terms would mean now, for every member; of this dataset, where one is named. Nothing is changed. */
  reviewTerms (order: TermsOrder, reference?: string): Result<TermsReview, TermsFailure>
  explain (reference: string, request: ExplainRequest): Result<Explanation, TermsFailure>
}
