/**
 * A file of terms: the clauses as a form (`terms`) or as a policy of the Dataspace Protocol (`policy`), and what the dataset says
 * beside them. The node reads it and says where it is wrong.
 */
export type TermsFile = {
  readonly template?: string | undefined
  readonly terms?: unknown
  readonly policy?: unknown
  readonly dataset?: unknown
  readonly visibility?: unknown
  /** Rows that are told in groups alone, in SQL: `{countedBy: COLUMN | null}`. */
  readonly questions?: unknown
}

type Label = 'enforced' | 'attested' | 'contractual'
export type TermsSentence = {
  /** 0: no clause of ours. */
  readonly clause: number
  readonly sentence: string
  /**
   * What the sentence is made of, for whoever says it in another language: times and spans in milliseconds, areas in square metres,
   * money in its smallest unit.
   */
  readonly code: string
  readonly values: Readonly<Record<string, string | number | boolean | null | readonly string[]>>
  /** What happens if the other side does not want to keep its word, for each part of the clause. */
  readonly labels: readonly Label[]
}
export type TermsFinding = { readonly code: string, readonly position: string, readonly reason: string, readonly remedy: string }

/** The terms of a dataset as it is published. */
export type DatasetTerms = {
  readonly policyCid: string | null
  /** As the Dataspace Protocol writes it. */
  readonly policy: unknown
  readonly sentences: readonly TermsSentence[]
  readonly findings: readonly TermsFinding[]
  readonly visibility: 'members' | 'named'
  readonly replicas: 'members' | 'recipients' | 'nobody'
  readonly legalNotice: string | null
}

export type TermsReader = {
  readonly did: string
  readonly name: string
  readonly may: 'now' | 'after-agreement' | 'never'
  readonly sees: string
  readonly reasons: readonly { readonly code: string, readonly sentence: string }[]
}

/** What terms would mean, were they set now. */
export type TermsReview = {
  readonly policyCid: string
  readonly policy: unknown
  readonly access: 'public' | 'members' | 'restricted'
  readonly sentences: readonly TermsSentence[]
  readonly findings: readonly TermsFinding[]
  /** Not null: nobody could read the data as they are; `byEntity`: a column has to say whom or what rows are about. */
  readonly derived: { readonly byEntity: boolean } | null
  readonly anyone: boolean
  readonly readers: readonly TermsReader[]
}

export type TermsReason = {
  readonly code: string
  /** For a person, without its beginning and end. */
  readonly sentence: string
  readonly subject: string | null
  readonly rule: string | null
  readonly clause: number | null
  readonly source: readonly string[]
}

/** Why a member may do something with a dataset, or may not. */
export type TermsExplanation = {
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
  readonly reasons: readonly TermsReason[]
  /** In the words of the ODRL compliance report model. */
  readonly rules: readonly unknown[]
}

export const DOORS = ['advertise', 'negotiate', 'sync', 'read', 'stream', 'sql', 'derive', 'reshare'] as const
/** `member`: did or name; `outside`: somebody who is no member; left out: the people of this node. */
export type ExplainQuery = {
  readonly member?: string | undefined
  readonly outside?: boolean | undefined
  readonly door?: typeof DOORS[number] | undefined
  readonly purpose?: string | undefined
}

export const MEASURES = ['count', 'sum', 'mean', 'min', 'max', 'p50', 'p90'] as const
/** A dataset to be derived, as clauses 4 and 5 of its terms say; the rest is what only its publisher knows. */
export type DeriveRequest = {
  readonly datasetId: string
  readonly title: string
  readonly description: string
  readonly terms: TermsFile
  /** The column that says whom or what a row is about: needed for summaries. */
  readonly entityKey?: string | undefined
  /** Left out: the cells of all places. */
  readonly groupBy?: readonly string[] | undefined
  /** Left out: how many rows, and the mean of every number. `field` is null for `count`. */
  readonly measures?: readonly { readonly measure: typeof MEASURES[number], readonly field: string | null }[] | undefined
  /** How long after the end of a window late rows are waited for. */
  readonly closeAfterMs?: number | undefined
}

/** Where a derivation of the node stands. */
export type DerivationStatus = {
  readonly datasetId: string
  readonly source: string
  /** CID of the recipe. */
  readonly recipe: string
  readonly state: 'following' | 'waiting' | 'ended'
  readonly because: string | null
  readonly recordsDone: number
  readonly recordsBehind: number
  readonly dueMs: number | null
  /** Records of the source: used, and left out by why. */
  readonly tally: Readonly<Record<string, number>>
}
