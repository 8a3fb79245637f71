import type { DatasetTerms } from '../terms/index.ts'

/** Degrees, WGS 84. */
export type Box = { readonly west: number, readonly south: number, readonly east: number, readonly north: number }

export type Column = {
  readonly name: string
  readonly type: 'text' | 'integer' | 'number' | 'boolean' | 'time' | 'latitude' | 'longitude' | 'geometry'
  readonly unit: string | null
}

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

type Form = 'table' | 'file' | 'stream'

export type Dataset = DatasetDescription & {
  readonly model: string | null
  /** `<publisher did>/<datasetId>`. */
  readonly id: string
  readonly publisher: { readonly did: string, readonly name: string }
  readonly version: number
  readonly issuedMs: number
  readonly modifiedMs: number
  readonly distribution: {
    readonly feed: string
    readonly form: Form
    readonly mediaType: string
    readonly fileName: string
    readonly firstRecord: number
    readonly records: number | null
    readonly sizeBytes: number | null
    /** Hex of the SHA-256 over the whole content; null for a stream. */
    readonly sha256: string | null
  }
  /** Ids of the datasets that it was made of, as its publisher says. */
  readonly sources: readonly string[]
  /** Null: whoever is of its audience may use it without asking. */
  readonly terms: DatasetTerms | null
  /** What the node that answers holds of it. */
  readonly held: {
    readonly phase: 'complete' | 'fetching' | 'waiting' | 'not-wanted' | 'frozen'
    readonly segmentsHave: number
    readonly segmentsKnown: number
    readonly records: number
    readonly bytes: number
    readonly sources: number
    readonly because: string | null
    readonly state: 'local' | 'replicated' | 'ordered' | 'final'
    readonly replicas: number
  }
}

/** `warnings`: sentences for whoever decides whether to keep it. */
export type Derived = { readonly dataset: Dataset, readonly warnings: readonly string[] }

/** One page of the catalogue; `next` is the cursor of the following one, null on the last. */
export type DatasetPage = { readonly datasets: readonly Dataset[], readonly next: string | null }

export type DatasetQuery = {
  readonly text?: string
  readonly publisher?: string
  readonly theme?: string
  readonly box?: Box
  readonly limit?: number
  readonly after?: string
}

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

/** Degrees, WGS 84. */
export type Place = { readonly latitude: number, readonly longitude: number }

/** `place`: where it says that it is. */
export type MemberStatus = { readonly did: string, readonly name: string, readonly revoked: boolean, readonly place: Place | null }

/** What this member says of itself. */
export type MemberProfile = { readonly name: string, readonly place: Place | null }

export type RecordInput = {
  readonly key: Uint8Array
  readonly timeMs: number
  readonly operation: 'put' | 'delete'
  readonly mediaType: string
  readonly body: Uint8Array
}

/** A record with its number in the feed. */
export type NumberedRecord = RecordInput & { readonly number: number }

/** What to publish. `sizeBytes` is for progress alone: null where it is not known. */
export type Content =
  /** Records whose bodies, joined, are the file. */
  | {
    readonly form: 'table', readonly mediaType: string, readonly fileName: string, readonly sizeBytes: number | null
    readonly records: AsyncIterable<RecordInput> | Iterable<RecordInput>
  }
  | {
    readonly form: 'file', readonly mediaType: string, readonly fileName: string, readonly sizeBytes: number | null
    readonly bytes: AsyncIterable<Uint8Array>
  }
  /** Opens a stream: records follow by `append`. */
  | { readonly form: 'stream', readonly mediaType: string }

export type Progress = {
  readonly phase: 'looking' | 'fetching' | 'verifying' | 'storing' | 'stalled' | 'done'
  readonly done: number
  /** Null while unknown. */
  readonly total: number | null
  readonly unit: 'bytes' | 'records' | 'segments'
}
export type OnProgress = (progress: Progress) => void

export type VerifyReport = {
  readonly dataset: string
  readonly verified: boolean
  readonly segments: number
  readonly records: number
  readonly bytes: number
  readonly checks: readonly { readonly name: string, readonly ok: boolean, readonly detail: string }[]
  readonly publisher: string
  readonly headSignedMs: number
}

export type BundleReport = {
  readonly federation: string
  readonly federationName: string
  readonly feeds: number
  readonly segments: number
  readonly records: number
  readonly bytes: number
  readonly files: number
  readonly added: number
  readonly datasets: readonly string[]
  /** The same, with the names of their publishers as the charter has them. */
  readonly names: readonly string[]
}

export type ScrubReport = { readonly segments: number, readonly damaged: number, readonly refetched: number, readonly lost: number }

export type Ticket = { readonly ticket: string, readonly expiresMs: number, readonly federationName: string, readonly want: number }

export type InviteOptions = { readonly federationName: string, readonly want: number, readonly validMs: number }

export type NodeEvent =
  | { readonly type: 'peer', readonly did: string, readonly name: string, readonly reachable: boolean }
  | { readonly type: 'dataset', readonly id: string, readonly change: 'new' | 'changed' | 'complete' | 'frozen' }
  | { readonly type: 'progress', readonly feed: string, readonly segmentsHave: number, readonly segmentsWanted: number }
  | { readonly type: 'founding', readonly have: number, readonly want: number }
  | { readonly type: 'ready', readonly federation: string }
  | { readonly type: 'alarm', readonly sentence: string }
  /** Events were missed: read anew what you show. */
  | { readonly type: 'resync' }

/** A failure as the API answers it: RFC 9457, with our code and what to do. */
export type Problem = {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  readonly hint: string
  /** Codes of all reasons, where terms refuse. */
  readonly reasons?: readonly string[] | undefined
  /** Of the character in a question that it is about, from 0. */
  readonly position?: number | undefined
}

export type Readiness = {
  readonly ready: boolean
  readonly reasons: readonly { readonly code: string, readonly reason: string }[]
}
