/** What a program asks in SQL over datasets, and what it is told. */
import type { Result } from '../../base/index.ts'
import type { SqlColumn, SqlValue } from '../../host/index.ts'
import type { Asker } from './asker.ts'
import type { Failure } from './failure.ts'
import type { SentenceView } from './terms.ts'

export type { SqlColumn, SqlValue } from '../../host/index.ts'

export type SqlRequest = {
  /** One SELECT. Tables are datasets: `"publisher/dataset"`, or a dataset id that only one publisher uses. */
  readonly text: string
  /** At most so many rows; a default where nothing is said. */
  readonly rowsMax?: number | undefined
  readonly signal?: AbortSignal | undefined
}

type SqlSource = {
  /** `<publisher did>/<datasetId>` */
  readonly dataset: string
  readonly publisher: { readonly did: string, readonly name: string }
  /** Records that were looked at. */
  readonly records: number
  readonly agreementId: string | null
  readonly policyCid: string | null
  /** The least number of entities behind each group, where only aggregates were let out; smaller groups are missing from the answer. */
  readonly minGroupSize: number | null
}

export type SqlAnswer = {
  readonly columns: readonly SqlColumn[]
  readonly rows: readonly (readonly SqlValue[])[]
  /** There were more rows than were asked for. */
  readonly isCut: boolean
  readonly sources: readonly SqlSource[]
  /** What whoever has the answer is held to: of all sources the strictest, clause by clause. */
  readonly conditions: readonly SentenceView[]
  /** Where it was reckoned at its publisher: what that member signed, with all that is needed to check it. Null: reckoned here. */
  readonly proof: Uint8Array | null
  readonly timeMs: number
}

/**
 * - `syntax`: no question in SQL; `not-allowed`: more than a question may say. `position` tells where in the text.
 * - `aggregates-only`: a dataset of which only groups may be told was asked for more.
 * - `differencing`: with what was answered before, the answer would tell of fewer than may be told of.
 * - `several-publishers`: a question is sent to one publisher, and not split.
 * - `limit`: too long, too much, too often; `unavailable`: this node has no engine.
 */
export type SqlFailureCode =
  | 'not-ready' | 'unavailable' | 'syntax' | 'not-allowed' | 'not-found' | 'ambiguous' | 'refused' | 'aggregates-only' | 'differencing' | 'several-publishers'
  | 'incomplete' | 'unreachable' | 'limit' | 'invalid'
export type SqlFailure = Failure<SqlFailureCode> & {
  /** Of the character in the question that it is about, from 0. */
  readonly position?: number | undefined
}

export type SqlProofReport = {
  /** That it is the right one, only the reader can know. */
  readonly federation: string
  readonly publisher: { readonly did: string, readonly name: string }
  readonly requester: string | null
  readonly question: string
  readonly purpose: string | null
  readonly timeMs: number
  readonly minGroupSize: number | null
  readonly sources: readonly { readonly datasetId: string, readonly feed: string, readonly length: number, readonly records: number }[]
  readonly csv: string
}

export interface NodeSql {
  /** Reckons an answer over what this node holds, or sends the question to the publisher where only that may reckon it. */
  sql (request: SqlRequest, asker?: Asker): Promise<Result<SqlAnswer, SqlFailure>>
  /** The names by which datasets can be asked for, with their columns, for whoever asks. */
  sqlTables (asker?: Asker): readonly { readonly name: string, readonly dataset: string, readonly columns: readonly SqlColumn[], readonly isHere: boolean }[]
  /** Checks what a publisher signed as its answer. */
  verifySqlProof (proof: Uint8Array): Result<SqlProofReport, Failure<'malformed' | 'invalid'>>
}
