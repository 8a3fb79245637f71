import type { Tally, Wishes } from '../../core/derivation/index.ts'
import type { Failure } from './failure.ts'
import type { TermsOrder } from './terms.ts'

/** A dataset with less detail, made as clauses 4 and 5 of its own terms say, with what only its publisher knows. */
export type DerivationOrder = Wishes & {
  /** Of the new dataset: unique within the publisher. */
  readonly datasetId: string
  readonly title: string
  readonly description: string
  readonly terms: TermsOrder
}

export type DeriveFailure = Failure<
  'not-ready' | 'not-found' | 'ambiguous' | 'invalid' | 'refused' | 'too-large' | 'frozen' | 'recovering' | 'disk-full' | 'busy'
>

/** Where a derivation of this node stands. */
export type DerivationStatus = {
  readonly datasetId: string
  /** `<publisher did>/<datasetId>` */
  readonly source: string
  /** CID of the recipe, and the recipe itself: canonical bytes. */
  readonly recipe: string
  readonly recipeBytes: Uint8Array
  /** `waiting`: for something that may come; `ended`: it takes no more. */
  readonly state: 'following' | 'waiting' | 'ended'
  readonly because: string | null
  /** Records of the source that it has gone through, and those that it has not. */
  readonly recordsDone: number
  readonly recordsBehind: number
  /** When time alone gives its next records; null where it does not. */
  readonly dueMs: number | null
  /** Of those it has gone through: used, and left out by why. */
  readonly tally: Readonly<Tally>
}
