import { cid, decodeCanonical, digestOf, encodeCanonical, list, nullable, struct, text, uint, type CID, type Parsed } from '../../base/index.ts'
import { datasetIdSchema } from '../../core/feed/index.ts'
import { didSchema } from '../../core/identity/index.ts'
import type { Store } from '../../host/index.ts'
import { reviewKey, rowsOf } from '../rows/index.ts'

/** 30 days after the emergency is over. */
const REVIEW_WITHIN_MS = 2_592_000_000
/** Uses that are kept apart; what is beyond it is in the access records. */
const USES_MAX = 1_024
const ROW_BYTES_MAX = 1 << 20

const schema = struct({
  emergency: cid(), incident: text(64), declarer: didSchema, endMs: uint(), reviewedMs: nullable(uint()),
  uses: list(struct({ publisher: didSchema, datasetId: datasetIdSchema, requester: didSchema, firstMs: uint(), requests: uint(), records: uint() }), USES_MAX)
})

/** An emergency under which data were used, and whether somebody has looked at that since. */
export type Review = Parsed<typeof schema>
export type EmergencyUse = Review['uses'][number]

export class Reviews {
  readonly #store: Store
  readonly #byId = new Map<string, Review>()

  private constructor (store: Store) {
    this.#store = store
  }

  static async load (store: Store): Promise<Reviews> {
    const reviews = new Reviews(store)
    for await (const { read } of store.entries(rowsOf('review'))) {
      const decoded = read.state === 'found' ? decodeCanonical(read.value, schema, ROW_BYTES_MAX) : undefined
      if (decoded?.ok === true) reviews.#byId.set(decoded.value.emergency.toString(), decoded.value)
    }
    return reviews
  }

  all (): readonly Review[] {
    return [...this.#byId.values()]
  }

  get (emergency: CID): Review | undefined {
    return this.#byId.get(emergency.toString())
  }

  /** Notes a use; true where it is the first of this member and dataset. */
  async used (about: Pick<Review, 'emergency' | 'incident' | 'declarer' | 'endMs'>, use: EmergencyUse): Promise<boolean> {
    const before = this.get(about.emergency)
    const uses = before?.uses ?? []
    const isSame = (each: EmergencyUse): boolean => each.publisher === use.publisher && each.datasetId === use.datasetId && each.requester === use.requester
    const known = uses.find(isSame)
    const added = known === undefined ? use : { ...known, requests: known.requests + use.requests, records: known.records + use.records }
    await this.#keep({ ...about, reviewedMs: null, uses: [...uses.filter(each => !isSame(each)), added].slice(-USES_MAX) })
    return known === undefined
  }

  async ended (emergency: CID, endMs: number): Promise<void> {
    const review = this.get(emergency)
    if (review !== undefined && endMs < review.endMs) await this.#keep({ ...review, endMs })
  }

  async reviewed (emergency: CID, atMs: number): Promise<boolean> {
    const review = this.get(emergency)
    if (review === undefined) return false
    await this.#keep({ ...review, reviewedMs: atMs })
    return true
  }

  async #keep (review: Review): Promise<void> {
    this.#byId.set(review.emergency.toString(), review)
    await this.#store.commit([{ type: 'put', key: reviewKey(digestOf(review.emergency)), value: encodeCanonical(review) }])
  }
}

export function reviewDueMs ({ endMs }: Review): number {
  return endMs + REVIEW_WITHIN_MS
}

export function isOverdue (review: Review, nowMs: number): boolean {
  return review.reviewedMs === null && reviewDueMs(review) <= nowMs
}

