import type { Result } from '../../base/index.ts'
import type { Failure } from './failure.ts'
import type { SentenceView } from './terms.ts'

type Member = { readonly did: string, readonly name: string }

// --- Erasure -------------------------------------------------------------------------------------------------------

/** Ranges include both ends; records are numbered as in the dataset. */
export type EraseScope =
  | { readonly type: 'dataset' }
  | { readonly type: 'epochs' | 'segments' | 'records', readonly ranges: readonly (readonly [from: number, to: number])[] }

export type EraseBasis = 'request' | 'consent' | 'purpose' | 'unlawful' | 'order' | 'retention' | 'mistake'

export type ErasureView = {
  /** CID of the notice. */
  readonly notice: string
  readonly publisher: Member
  readonly datasetId: string
  readonly feed: string
  readonly scope: { readonly type: 'epochs' | 'segments' | 'records', readonly ranges: readonly (readonly [from: number, to: number])[] }
  readonly basis: EraseBasis
  readonly timeMs: number
  readonly deadlineMs: number
  /** `begun`: some of it may still be on this disk. `gone`: nothing is, but what has to be said was not said yet. `waiting`: nothing of the feed is here. */
  readonly here: 'waiting' | 'begun' | 'gone' | 'done'
  /** Of an own notice: who held something of it, and who has confirmed. */
  readonly holders: readonly { readonly member: Member, readonly confirmedMs: number | null }[]
}

export type EraseFailure = Failure<'not-ready' | 'not-found' | 'ambiguous' | 'invalid' | 'busy'>

// --- Receipts and use ----------------------------------------------------------------------------------------------

/** Where an entry stands, and what proves it. */
export type UseProofView = {
  readonly feed: string
  readonly record: number
  /** UTC day whose root holds it, as days since 1970; null while that day is not over. */
  readonly period: number | null
  readonly isOnLedger: boolean
}

export type UseEntry = UseProofView & {
  readonly timeMs: number
  /** `served`, `refused`: at a door of this node; without an agreement, a sealed copy. `granted`: the key to it. The rest is the word of a receipt. */
  readonly what: 'served' | 'refused' | 'granted' | 'received' | 'deleted' | 'summarised' | 'reported-use' | 'published'
  /** Who had it, or says so; null: somebody outside the federation. */
  readonly member: Member | null
  readonly door: string | null
  readonly purpose: string | null
  readonly agreementId: string | null
  readonly policyCid: string | null
  readonly records: number | null
  readonly bytes: number | null
  /** Of a receipt: segments of the dataset's feed, both ends. */
  readonly segments: readonly [first: number, last: number] | null
  /** Codes, of a refusal. */
  readonly reasons: readonly string[]
  /** What they say, for a person. */
  readonly because: string | null
  /** Of a deletion: the notice that it answers. */
  readonly notice: string | null
}

export type UsedAgreement = {
  readonly id: string
  readonly provider: Member
  readonly consumer: Member
  readonly purpose: string | null
  readonly inForceFromMs: number
  readonly revokedAtMs: number | null
  readonly policyCid: string | null
  /** What holds of it, in sentences. */
  readonly sentences: readonly SentenceView[]
  readonly duties: readonly { readonly rule: string, readonly state: 'pending' | 'fulfilled' | 'violated' }[]
  /** Whether the ledger has its commitment; null where none was made. */
  readonly isOnLedger: boolean | null
}

/** Who had a dataset, when, under what terms, with what was served and confirmed. */
export type UseReport = {
  readonly dataset: string
  readonly agreements: readonly UsedAgreement[]
  /** Newest first. */
  readonly entries: readonly UseEntry[]
  readonly erasures: readonly ErasureView[]
}

export type UseFailure = Failure<'not-ready' | 'not-found' | 'ambiguous' | 'incomplete'>

// --- Emergencies ---------------------------------------------------------------------------------------------------

export type EmergencyRequest = {
  readonly incident: string
  readonly kinds: readonly string[]
  /** H3 cells of resolution 5 to 9, or a box that is cut into them. */
  readonly area: readonly string[] | { readonly west: number, readonly south: number, readonly east: number, readonly north: number }
  readonly lifetimeMs: number
  /** Id of the declaration that this one continues. */
  readonly supersedes?: string | undefined
}

export type EmergencyView = {
  /** CID of the declaration. */
  readonly id: string
  readonly incident: string
  readonly declarer: Member
  readonly kinds: readonly string[]
  readonly area: readonly string[]
  readonly declaredAtMs: number
  readonly expiresAtMs: number
  readonly endedMs: number | null
  readonly isActive: boolean
  /** What was used under it, as this node saw it, and until when somebody must look at that; null where nothing was. */
  readonly review: {
    readonly dueMs: number, readonly reviewedMs: number | null,
    readonly uses: readonly { readonly member: Member, readonly dataset: string, readonly firstMs: number, readonly requests: number, readonly records: number }[]
  } | null
}

export type EmergencyFailure = Failure<'not-ready' | 'not-found' | 'ambiguous' | 'invalid' | 'refused'>

/** What has to be done afterwards, and what is done in an emergency. */
export interface NodeDuties {
  /**
   * Has all or parts of an own dataset erased by everybody who holds it. Resolves when it is gone from this disk; who still owes a
   * receipt is in the view. A dataset that is erased whole is withdrawn too.
   */
  erase (reference: string, scope: EraseScope, basis: EraseBasis): Promise<Result<readonly ErasureView[], EraseFailure>>
  /** Own notices and others', newest first. */
  erasures (): readonly ErasureView[]
  /** Receipts that this node wrote and got, newest first. */
  receipts (query: { readonly limit: number, readonly dataset?: string | undefined }): readonly UseEntry[]
  uses (reference: string): Promise<Result<UseReport, UseFailure>>
  /** The proof of one entry: the record, as any other is proved, and its place under the root of its day, as canonical bytes. */
  proveUse (feed: string, record: number): Promise<Result<Uint8Array, UseFailure>>
  declareEmergency (request: EmergencyRequest): Promise<Result<EmergencyView, EmergencyFailure>>
  endEmergency (reference: string): Promise<Result<null, EmergencyFailure>>
  /** Opens a dataset for an incident, as one who responds to it. */
  confirmEmergency (reference: string, dataset: string): Promise<Result<null, EmergencyFailure>>
  reviewEmergency (reference: string): Promise<Result<null, EmergencyFailure>>
  emergencies (): readonly EmergencyView[]
}
