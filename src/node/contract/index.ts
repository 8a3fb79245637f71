/**
 * Says what a program does with a running node: types of `HanseNode`. The API, the command line and tests see nothing else of it.
 */
import type { Result } from '../../base/index.ts'
import type { NodeAgreements } from './agreements.ts'
import type { Asker } from './asker.ts'
import type { DerivationOrder, DerivationStatus, DeriveFailure } from './derivation.ts'
import type { NodeDuties } from './duties.ts'
import type { Failure } from './failure.ts'
import type { NodeLedger } from './ledger.ts'
import type { NodeProtocol } from './protocol.ts'
import type { NodeHistory, NodeQueries } from './query.ts'
import type { Listener, Listening, NumberedRecord, RecordInput } from './records.ts'
import type { NodeSql } from './sql.ts'
import type { NodeTerms, TermsOrder, TermsView } from './terms.ts'

export type { AgreementFailure, AgreementView, EndCode, NegotiationAnswer, NegotiationView, NodeAgreements } from './agreements.ts'
export type { Carried, Carry, DspAnswer, DspRequest, NodeProtocol, OpenedByToken, Push, SignedRequest, Web } from './protocol.ts'
export { RightLost, type Asker } from './asker.ts'
export type { DerivationOrder, DerivationStatus, DeriveFailure } from './derivation.ts'
export type {
  EmergencyFailure, EmergencyRequest, EmergencyView, EraseBasis, EraseFailure, EraseScope, ErasureView, NodeDuties, UsedAgreement, UseEntry, UseFailure,
  UseProofView, UseReport
} from './duties.ts'
export type { Failure, NotReady } from './failure.ts'
export type {
  NodeSql, SqlAnswer, SqlColumn, SqlFailure, SqlFailureCode, SqlProofReport, SqlRequest, SqlValue
} from './sql.ts'
export type {
  AnchorView, ApplicationView, AuditEntry, BlockView, LedgerCheck, LedgerMember, LedgerStatus, NodeLedger, OperationView, ProposalKind,
  ProposalRequest, ProposalView, SubmitFailure, Submitted, TransactionView
} from './ledger.ts'
export type { ListenEnd, Listener, Listening, NumberedRecord, RecordInput } from './records.ts'
export {
  QUERY_LIMIT_MAX, VERSIONS_TOLD_MAX, type DatasetHistory, type HolderView, type NodeHistory, type NodeQueries, type QueriedRecord, type QueryFailure, type QueryPage,
  type RecipeView, type RecordQuery, type SourceView, type VersionView
} from './query.ts'
export type {
  ExplainRequest, Explanation, FindingView, NodeTerms, ReaderView, ReasonView, SentenceView, TermsFailure, TermsOrder, TermsReview, TermsView
} from './terms.ts'

/** Where an item stands: only here, also with another member, ordered or final on the ledger. */
export type ItemState = 'local' | 'replicated' | 'ordered' | 'final'

// --- Describing ----------------------------------------------------------------------------------------------------

export type Column = {
  readonly name: string
  readonly type: 'text' | 'integer' | 'number' | 'boolean' | 'time' | 'latitude' | 'longitude' | 'geometry'
  readonly unit: string | null
}

/** Degrees, WGS 84. */
export type Box = { readonly west: number, readonly south: number, readonly east: number, readonly north: number }

/** Degrees, WGS 84. */
export type Place = { readonly latitude: number, readonly longitude: number }

/** What a publisher says of a dataset, in the terms of DCAT. */
export type DatasetDescription = {
  /** Unique within the publisher: lower case letters, digits and hyphens, at most 64. */
  readonly datasetId: string
  readonly title: string
  readonly description: string
  readonly theme: string
  readonly keywords: readonly string[]
  readonly licence: string
  readonly spatial: Box | null
  readonly temporal: { readonly fromMs: number, readonly toMs: number } | null
  readonly schema: readonly Column[]
  readonly access: 'public' | 'members' | 'restricted'
  /** True where the data come from a simulation, so that nobody takes them for measurements. */
  readonly simulated: boolean
  /** Short name of the Smart Data Model that its records follow, such as `WasteContainer`; left out or null: none. */
  readonly model?: string | null
}

export type Dataset = DatasetDescription & {
  readonly model: string | null
  /** `<publisher did>/<datasetId>`: names the dataset everywhere. */
  readonly id: string
  readonly publisher: { readonly did: string, readonly name: string }
  readonly version: number
  readonly issuedMs: number
  readonly modifiedMs: number
  readonly distribution: {
    readonly feed: string
    readonly form: 'table' | 'file' | 'stream'
    readonly mediaType: string
    readonly fileName: string
    readonly firstRecord: number
    readonly records: number | null
    readonly sizeBytes: number | null
    /** Hex of the SHA-256 over the whole content; null for a stream, and for restricted data: a guess could be tested by it. */
    readonly sha256: string | null
  }
  /** Ids of the datasets that it was made of, as its publisher says. */
  readonly sources: readonly string[]
  /** Null: whoever is of its audience may use it without asking. */
  readonly terms: TermsView | null
  /** What this node holds of it. */
  readonly held: {
    readonly phase: 'complete' | 'fetching' | 'waiting' | 'not-wanted' | 'frozen'
    readonly segmentsHave: number
    readonly segmentsKnown: number
    readonly records: number
    readonly bytes: number
    readonly sources: number
    /** Why it waits, in a sentence; null where it does not. */
    readonly because: string | null
    readonly state: ItemState
    /** Nodes of other members that say they hold all of it. */
    readonly replicas: number
  }
}

// --- Status --------------------------------------------------------------------------------------------------------

/** `newcomers`: who applied, as far as this node knows it, each with the four words that inviter and applicant both see. */
export type FoundingStatus = {
  readonly name: string, readonly have: number, readonly want: number, readonly convener: string,
  readonly newcomers: readonly { readonly name: string, readonly words: readonly string[] }[]
}

export type NodeStatus = {
  readonly member: { readonly did: string, readonly name: string }
  readonly state: 'alone' | 'founding' | 'ready' | 'stopping'
  readonly federation: { readonly id: string, readonly name: string, readonly members: number } | null
  readonly founding: FoundingStatus | null
  readonly peerId: string
  readonly addresses: readonly string[]
  readonly neighbours: { readonly reachable: number, readonly known: number }
  /** That are described here: its own, and those of others that it may know of. */
  readonly datasets: { readonly own: number, readonly others: number }
  readonly feeds: { readonly own: number, readonly replicated: number, readonly frozen: number, readonly recovering: number }
  readonly records: number
  readonly storedBytes: number
  readonly segmentsMissing: number
  readonly startedMs: number
  readonly certificateNotAfterMs: number | null
  /** Broken invariants and other reasons for not being ready, in sentences. */
  readonly alarms: readonly string[]
}

export type PeerStatus = {
  readonly member: { readonly did: string, readonly name: string }
  readonly peerId: string
  readonly reachable: boolean
  readonly sinceMs: number | null
  readonly addresses: readonly string[]
  readonly feedsOffered: number
  readonly receivedBytes: number
  readonly sentBytes: number
}

// --- Data ----------------------------------------------------------------------------------------------------------

export type Content =
  /** Records whose bodies, joined, are the file: one by one, or many at once, since waiting for every single one costs more than to store it. */
  | { readonly form: 'table', readonly mediaType: string, readonly fileName: string, readonly records: AsyncIterable<RecordInput | readonly RecordInput[]> }
  | { readonly form: 'file', readonly mediaType: string, readonly fileName: string, readonly bytes: AsyncIterable<Uint8Array> }
  /** Opens a stream: records follow by `append`. */
  | { readonly form: 'stream', readonly mediaType: string }

export type NotFound = Failure<'not-found'>
export type PublishFailure = Failure<'not-ready' | 'not-found' | 'invalid' | 'too-large' | 'frozen' | 'recovering' | 'disk-full' | 'busy'>

/** `warnings`: sentences for whoever decides whether to keep it. */
export type Derived = { readonly dataset: Dataset, readonly warnings: readonly string[] }

export type VerifyReport = {
  readonly dataset: string
  readonly verified: boolean
  readonly segments: number
  readonly records: number
  readonly bytes: number
  /** What was checked, in order, each with its outcome. */
  readonly checks: readonly { readonly name: string, readonly ok: boolean, readonly detail: string }[]
  readonly publisher: string
  readonly headSignedMs: number
}

export type Progress = {
  readonly phase: 'looking' | 'fetching' | 'verifying' | 'storing' | 'stalled' | 'done'
  readonly done: number
  /** Null while unknown. */
  readonly total: number | null
  readonly unit: 'bytes' | 'records' | 'segments'
}
export type OnProgress = (progress: Progress) => void

export type BundleReport = {
  readonly federation: string
  readonly federationName: string
  readonly feeds: number
  readonly segments: number
  readonly records: number
  readonly bytes: number
  readonly files: number
  /** New to this node; 0 for `inspect`. */
  readonly added: number
  readonly datasets: readonly string[]
  /** The same, with the names of their publishers as the charter has them. */
  readonly names: readonly string[]
}
export type BundleFailure = Failure<'malformed' | 'tampered' | 'other-federation' | 'cut-short' | 'too-large' | 'not-found' | 'refused' | 'not-ready'>

export type Ticket = { readonly ticket: string, readonly expiresMs: number, readonly federationName: string, readonly want: number }
export type FoundingFailure = Failure<'not-ready' | 'invalid' | 'expired' | 'unreachable' | 'refused' | 'already-member'>

/** What a program does with a running node. Expected refusals are values; only broken devices throw. */
export interface HanseNode extends NodeLedger, NodeTerms, NodeAgreements, NodeDuties, NodeProtocol, NodeQueries, NodeSql, NodeHistory {
  status (): NodeStatus
  peers (): readonly PeerStatus[]
  members (): readonly { readonly did: string, readonly name: string, readonly revoked: boolean, readonly place: Place | null }[]
  /** What this member says of itself. */
  profile (): { readonly name: string, readonly place: Place | null }
  /** Kept now, and told to all members as soon as there is a federation. */
  setPlace (place: Place): Promise<void>

  /**
   * Opens the founding of a federation with this member as the convener; with `want` 1 it is founded at once. Where the federation
   * exists, makes a ticket for new members, whatever its name and `want` are given as.
   */
  invite (options: { readonly federationName: string, readonly want: number, readonly validMs: number }): Promise<Result<Ticket, FoundingFailure>>
  /**
   * Applies to the inviter of the ticket and goes on asking until the charter is sealed, or the members have voted; resolves once
   * applied. `want` is 0 where there is nothing to count.
   */
  join (ticket: string): Promise<Result<FoundingStatus, FoundingFailure>>

  /** The catalogue: own datasets and those of all members, of which the asker may know, best match first. */
  datasets (query: {
    readonly text?: string, readonly publisher?: string, readonly theme?: string, readonly box?: Box, readonly limit: number, readonly after?: string
  }, asker?: Asker): readonly Dataset[]
  /** By id, by `<member name>/<datasetId>`, or by a datasetId that only one publisher uses. What the asker may not know of is not found. */
  dataset (reference: string, asker?: Asker): Result<Dataset, Failure<'not-found' | 'ambiguous'>>

  /** Under `terms`, whose form says who may have it; without them, those that it has stay, and a new dataset has none. */
  publish (description: DatasetDescription, content: Content, onProgress?: OnProgress, terms?: TermsOrder): Promise<Result<Dataset, PublishFailure>>
  /** Appends to an own stream. Resolves when the records are durable and the head is signed. `flush` does not linger. */
  append (datasetId: string, records: readonly RecordInput[], options: { readonly flush: boolean }): Promise<Result<{ readonly first: number, readonly count: number }, PublishFailure>>
  /** Publishes a dataset with less detail, made from the one that `reference` names, and keeps it up to date from then on. */
  derive (reference: string, order: DerivationOrder): Promise<Result<Derived, DeriveFailure>>
  /** The derivations that this node keeps, and how far each has come. */
  derivations (): readonly DerivationStatus[]
  /** Other terms for an own dataset: a new version of its description. Running agreements keep theirs. */
  setTerms (datasetId: string, order: TermsOrder): Promise<Result<Dataset, PublishFailure>>
  /** Withdraws an own dataset from the catalogue. */
  withdraw (datasetId: string): Promise<Result<null, PublishFailure>>

  /** Waits until all of the dataset is held, telling progress; fails when nobody has it before `signal` aborts. */
  fetch (reference: string, signal: AbortSignal, onProgress?: OnProgress): Promise<Result<Dataset, Failure<'not-found' | 'ambiguous' | 'unreachable' | 'frozen' | 'refused'>>>
  /** Records from number `from` of the dataset on, in order, checked; `limit` at most. Ends with `RightLost` where the terms end it. */
  read (reference: string, options: { readonly from: number, readonly limit: number }, asker?: Asker): Result<AsyncIterable<NumberedRecord>, Failure<'not-found' | 'ambiguous' | 'refused'>>
  /** The last `last` records and then every new one, until `signal` aborts. A reader that lags by more than the buffer is ended. */
  follow (reference: string, options: { readonly last: number, readonly signal: AbortSignal }, asker?: Asker): Result<AsyncIterable<NumberedRecord>, Failure<'not-found' | 'ambiguous' | 'refused'>>
  /**
   * Tells the listener of records from number `from` on, or of the last `last`, and then of every new one: read once for all who
   * listen, each by its own right. One that is behind for long is ended, and begins anew where it was.
   */
  listen (
    reference: string, where: { readonly from: number } | { readonly last: number }, listener: Listener, asker?: Asker
  ): Result<Listening, Failure<'not-found' | 'ambiguous' | 'refused'>>
  /** The content as published: joined bodies of a table, or bytes [from, to) of a file. */
  content (reference: string, range?: { readonly from: number, readonly to: number }, asker?: Asker): Promise<Result<{
    readonly sizeBytes: number, readonly mediaType: string, readonly fileName: string, readonly bytes: AsyncIterable<Uint8Array>
  }, Failure<'not-found' | 'ambiguous' | 'incomplete' | 'range' | 'refused'>>>

  /** Reads and checks everything from the records up to the charter. */
  verify (reference: string, onProgress?: OnProgress): Promise<Result<VerifyReport, Failure<'not-found' | 'ambiguous' | 'incomplete'>>>
  /** The proof of one record, self-contained with certificates and charter: canonical bytes. */
  proof (reference: string, number: number, asker?: Asker): Promise<Result<Uint8Array, Failure<'not-found' | 'ambiguous' | 'incomplete' | 'refused'>>>

  /**
   * A CAR file with all that is needed to verify the datasets from the charter alone: of what every member may have, or of what
   * the member `recipient` may, by its did or name.
   */
  makeBundle (references: readonly string[], recipient?: string): Promise<Result<AsyncIterable<Uint8Array>, BundleFailure | Failure<'ambiguous' | 'incomplete'>>>
  openBundle (source: AsyncIterable<Uint8Array>, onProgress?: OnProgress): Promise<Result<BundleReport, BundleFailure>>

  /** Revokes a certificate or a whole member by a statement that enough members signed. */
  revoke (envelope: Uint8Array): Promise<Result<null, Failure<'invalid' | 'not-ready'>>>

  /** Reads everything once, marks what is damaged and fetches it again; resolves with what was found. */
  scrub (onProgress?: OnProgress): Promise<{ readonly segments: number, readonly damaged: number, readonly refetched: number, readonly lost: number }>

  /** Events for live views: state changes of datasets, peers, founding. */
  events (signal: AbortSignal): AsyncIterable<NodeEvent>
  metrics (): ReadonlyMap<string, number>
  /** Resolves when the node can go on no longer, with the reason: the process must then end. */
  readonly failed: Promise<string>
  /** Before a stop: what is being published ends without having been, nothing more is, and whoever does it is told. Resolves when none is under way. */
  endPublishing (): Promise<void>
  stop (): Promise<void>
}

export type NodeEvent =
  | { readonly type: 'peer', readonly did: string, readonly name: string, readonly reachable: boolean }
  | { readonly type: 'dataset', readonly id: string, readonly change: 'new' | 'changed' | 'complete' | 'frozen' }
  | { readonly type: 'progress', readonly feed: string, readonly segmentsHave: number, readonly segmentsWanted: number }
  | { readonly type: 'founding', readonly have: number, readonly want: number }
  | { readonly type: 'ready', readonly federation: string }
  | { readonly type: 'alarm', readonly sentence: string }
