import type { Result } from '../../base/index.ts'
import type { Filter, Place, PlaceBox, Scalar } from '../../core/rows/index.ts'
import type { Asker } from './asker.ts'
import type { Failure } from './failure.ts'
import type { NumberedRecord } from './records.ts'

/**
 * What is asked of the rows of a dataset. All that is named must hold.
 *
 * Without `latest` records come in the order of their numbers. With it, of each key the record with the highest number and nothing of
 * keys that were deleted, in the order of the bytes of the keys (of sealed data: of their digests); what else is asked, is asked of these.
 */
export type RecordQuery = {
  readonly key?: Uint8Array | undefined
  readonly latest?: boolean | undefined
  /** Records from this number of the dataset on, where nothing is asked of the latest. */
  readonly from?: number | undefined
  /** Times of records from `fromMs` on and below `toMs`. */
  readonly fromMs?: number | undefined
  readonly toMs?: number | undefined
  /** What touches it: of lines and areas, the box around them. West above east crosses the antimeridian. */
  readonly box?: PlaceBox | undefined
  readonly where?: readonly Filter[] | undefined
  /** At most `QUERY_LIMIT_MAX`. */
  readonly limit: number
  /** `next` of the page before: of the same question of the same version of the dataset. */
  readonly after?: string | undefined
}

/** A put, with what it says. Where no column of JSON is described, `values` are empty and the body says it. */
export type QueriedRecord = NumberedRecord & { readonly values: ReadonlyMap<string, Scalar>, readonly place: Place | null }

/**
 * A page may have fewer rows than asked for, or none, and still be followed by more: a call looks at a limited number of rows.
 * `next` is null where nothing follows. `incomplete` says why rows may be missing, where they may: data that are not here.
 */
export type QueryPage = { readonly rows: readonly QueriedRecord[], readonly next: string | null, readonly incomplete: string | null }

/** `cursor`: `after` is of another question, or of another version. */
export type QueryFailure = Failure<'not-found' | 'ambiguous' | 'refused' | 'invalid' | 'cursor'>

export const QUERY_LIMIT_MAX = 1_000

export interface NodeQueries {
  /** One page of rows that meet all that is asked, of a dataset whose rows can be read. */
  query (reference: string, query: RecordQuery, asker?: Asker): Promise<Result<QueryPage, QueryFailure>>
}
