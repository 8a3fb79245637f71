import type { Result } from '../../base/index.ts'
import type { Change } from '../../core/catalogue/index.ts'
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

/** Versions of one dataset that are told of at most; earlier ones stay in the feed of the catalogue. */
export const VERSIONS_TOLD_MAX = 50

/** What a publisher said of a dataset at one time. */
export type VersionView = {
  readonly version: number
  readonly modifiedMs: number
  readonly title: string
  readonly records: number | null
  /** Null: it is the first, or what was said before is not known here. */
  readonly changes: readonly Change[] | null
}

/** How a derived dataset was made: bounds that hold for every record of it. */
export type RecipeView = {
  /** CID of the recipe. */
  readonly recipe: string
  readonly operations: readonly ('redact' | 'coarsen' | 'roundTime' | 'summarise' | 'delay')[]
  /** The least group behind any record; 1: rows as they are. */
  readonly minGroupSize: number
  /** The finest cell of a place; 15: as measured. */
  readonly h3Resolution: number
  /** 0: as measured. */
  readonly timeStepMs: number
  readonly delayMs: number
  readonly redactedFields: readonly string[]
}

/** A member whose node is reachable and says how much of a dataset it holds; what is sealed may be ciphertext to it. */
export type HolderView = { readonly member: { readonly did: string, readonly name: string }, readonly segments: number }

/** A dataset that another was made of. `title` is null where the asker cannot know of it. */
export type SourceView = { readonly id: string, readonly publisher: { readonly did: string, readonly name: string }, readonly title: string | null }

export type DatasetHistory = {
  /** Newest first, at most `VERSIONS_TOLD_MAX`. */
  readonly versions: readonly VersionView[]
  /** There were earlier ones, or some between, that are not told here. */
  readonly isPart: boolean
  /** What it was made of, as its publisher says. */
  readonly sources: readonly SourceView[]
  /** Null: it was not derived. */
  readonly recipe: RecipeView | null
  /** Most first. To people of this node alone: who keeps copies is not everybody's affair. */
  readonly holders: readonly HolderView[]
  /** What is known to exist of its feed. */
  readonly segments: number
}

export type NodeHistory = {
  /** What was said of a dataset over time, what it was made of, and who holds it; as far as the asker may know of it. */
  history (reference: string, asker?: Asker): Promise<Result<DatasetHistory, Failure<'not-found' | 'ambiguous'>>>
}
