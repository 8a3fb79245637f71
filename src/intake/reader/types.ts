import type { Result } from '../../base/index.ts'
import type { Box, Column, RecordInput } from '../../sdk/index.ts'

export type ReaderKind = 'gtfs' | 'gtfs-realtime' | 'gbfs' | 'wzdx' | 'cap' | 'mds' | 'ckan' | 'dcat'

export type ReadFailure = {
  /** `malformed`: no document of this kind. `unsupported`: one that this reader does not take. */
  readonly code: 'malformed' | 'too-large' | 'unsupported' | 'unreadable'
  readonly reason: string
  readonly hint: string
}

/** A document that a connector has got. Its body is taken once, by one of the two. */
export interface Document {
  /** As the reader asked for it; empty for the first. */
  readonly name: string
  readonly url: string | null
  readonly mediaType: string | null
  /** All of it, in memory. */
  bytes (sizeBytesMax: number): Promise<Result<Uint8Array, ReadFailure>>
  /** Where it lies on the disk, until the reading is over: for archives, which are read from their end. */
  file (): Promise<Result<string, ReadFailure>>
}

/** Another document that is needed. Names are unique within a session. */
export type Asked = {
  readonly name: string
  readonly url: string
  /** What is read of the others holds without it too: where it cannot be had, the session goes on with a warning. */
  readonly optional: boolean
}

export type ReadContext = {
  /** When the first document was asked for. */
  readonly nowMs: number
  /** 32 bytes that only this node knows and keeps for this source, for pseudonyms. */
  readonly secret: Uint8Array
}

export interface Reader {
  readonly kind: ReaderKind
  /** For the `Accept` header. */
  readonly accept: string
  begin (context: ReadContext): ReadSession
}

/** One reading of a source. A failure of `take` ends it, except where the document was optional. */
export interface ReadSession {
  /** Takes a document and says which others it leads to. All documents come one after the other. */
  take (document: Document): Promise<Result<readonly Asked[], ReadFailure>>
  /** What was read, once nothing is asked for any more. */
  finish (): Promise<Result<Reading, ReadFailure>>
  /** Lets go of what it holds open, always, and when the records of tables have been read. */
  close (): void
}

export type Reading = {
  readonly outputs: readonly Output[]
  /** Other sources, each to be pulled by itself as the kind of file that it is. */
  readonly found: readonly FoundSource[]
  /** Not to be asked again before. */
  readonly ttlMs: number | null
  /** When the source says that it changed last. */
  readonly updatedMs: number | null
  readonly warnings: readonly ReadWarning[]
  /** Parts that were not taken, for the dead letters. */
  readonly rejected: readonly Rejected[]
}

export type ReadWarning = { readonly code: string, readonly sentence: string }

export type Rejected = { readonly reason: string, readonly bytes: Uint8Array }

/** What a reader knows of a dataset. The operator's own words come first. */
export type OutputDescription = {
  /** Behind the dataset's id and a hyphen; null: the dataset itself. */
  readonly suffix: string | null
  readonly title: string
  readonly columns: readonly Column[]
  /** Short name of a Smart Data Model. */
  readonly model: string | null
  readonly spatial: Box | null
  readonly licence: string | null
  /**
   * Of what tells of persons by nature, the column that names whom: published restricted to aggregates, in which each of them counts
   * once, unless an operator published it before under other terms. Null: of anything else.
   */
  readonly personal: string | null
  /** Exercises and tests: nobody shall take them for what happened. */
  readonly simulated: boolean
}

export type Output = OutputDescription & (
  /** Newest state by key: appended to a stream, as far as something changed (`changesOf`). Opens no dataset while it has no records. */
  | {
    readonly form: 'records'
    /** All there is: a key that is missing has gone. */
    readonly complete: boolean
    readonly records: readonly RecordInput[]
  }
  /** A file by rows; a new version of the dataset where the hash is another one. */
  | {
    readonly form: 'table', readonly mediaType: string, readonly fileName: string, readonly sizeBytes: number
    /** Hex of the SHA-256 over the joined bodies. */
    readonly sha256: string
    readonly records: () => AsyncIterable<RecordInput>
  }
)

export type FoundSource = {
  readonly suffix: string
  readonly url: string
  readonly kind: 'csv' | 'geojson'
  readonly title: string
  readonly description: string
  readonly keywords: readonly string[]
  readonly licence: string
  readonly spatial: Box | null
}
