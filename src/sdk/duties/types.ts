import type { TermsSentence } from '../terms/index.ts'

export const ERASE_BASES = ['request', 'consent', 'purpose', 'unlawful', 'order', 'retention', 'mistake'] as const
export const EMERGENCY_KINDS = [
  'flood', 'fire', 'storm', 'earthquake', 'chemical', 'power-outage', 'water-outage', 'mass-casualty', 'infrastructure', 'other'
] as const

type Member = { readonly did: string, readonly name: string }

// --- Erasure -------------------------------------------------------------------------------------------------------

/** Ranges include both ends; records are numbered as in the dataset. */
export type EraseScope =
  | { readonly type: 'dataset' }
  | { readonly type: 'epochs' | 'segments' | 'records', readonly ranges: readonly (readonly [from: number, to: number])[] }

export type EraseBasis = typeof ERASE_BASES[number]

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
  readonly sentences: readonly TermsSentence[]
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
