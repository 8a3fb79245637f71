import type { CID } from '../../base/index.ts'
import type { Claims, EntryTerms, Source } from '../../core/catalogue/index.ts'
import type { Did } from '../../core/identity/index.ts'
import type { Decision, DerivationBounds, Door } from '../../core/terms/index.ts'
import type { Signal } from '../feeds/index.ts'

/** A dataset as everybody names it. */
export type AssetName = { readonly publisher: Did, readonly datasetId: string }

export type Question = {
  readonly door: Door
  /** Null: somebody outside the federation. */
  readonly requester: Did | null
  readonly asset: AssetName
  /** A full IRI. Where one agreement holds, its own; where several hold and none is named, it is missing. */
  readonly purpose?: string | undefined
  /** Asked under this agreement and no other, as a token says. */
  readonly agreementId?: string | undefined
  /** How many records would leave. */
  readonly records?: number | undefined
  /** `ciphertext`: what cannot be read without a grant, for copies by clause 14. Plaintext where nothing is said. */
  readonly form?: 'plaintext' | 'ciphertext' | undefined
  /** Reports of all rules also where the answer is yes. */
  readonly wantsReport?: boolean | undefined
  /** It is counted already, and goes on. */
  readonly isContinued?: boolean | undefined
  /** A query's own area, H3 cells in hexadecimal; else that of the dataset. */
  readonly area?: readonly string[] | undefined
  /** What leaves is reckoned at the door: the bounds of the result, which count together with those of the data. */
  readonly made?: DerivationBounds | undefined
}

/** A decision of the engine, or of what comes before it, where there is no policy to ask. */
export type DoorDecision = Omit<Decision, 'policyCid'> & {
  readonly policyCid: CID | null
  /** The requester may not know that there is such a dataset: it is told that there is none. */
  readonly isHidden: boolean
}

/** What a dataset is and who may know of it, by its publisher's description. */
export type AssetFacts = {
  readonly access: 'public' | 'members' | 'restricted'
  readonly terms: EntryTerms | null
  readonly sources: readonly Source[]
  readonly derivation: DerivationBounds | null
  /** H3 cells; undefined while nobody computed them. */
  readonly area?: readonly string[] | undefined
  /** Who may see that it exists; of a dataset of others this node knows only itself. */
  readonly viewers: 'members' | ReadonlySet<Did>
}

/** A dataset that names a file, and whether that file is encrypted. */
export type FileUse = { readonly asset: AssetName, readonly isSealed: boolean }

/** The descriptions that this node holds. */
export interface Assets {
  describe (asset: AssetName): AssetFacts | undefined
  /** Every dataset whose record names this file. */
  usesOf (root: CID): readonly FileUse[]
  readonly changed: Signal<AssetName>
  /** What a member attests, in its profile, of where and how it keeps what it is given. */
  claimsOf (member: Did): Claims | undefined
}
