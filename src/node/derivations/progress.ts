import { assert, bytes, cid, decodeCanonical, encodeCanonical, list, literal, nullable, struct, uint, type CID, type Parsed } from '../../base/index.ts'
import { decodeRecipe, DERIVED_MEDIA_TYPE, encodeRecipe, type Recipe } from '../../core/derivation/index.ts'
import { BODY_BYTES_MAX, datasetIdSchema, type FeedRecord, type SegmentSource } from '../../core/feed/index.ts'
import { didSchema } from '../../core/identity/index.ts'

/** Also what one step may give at most, beyond the state of the derivation. */
const ROW_BYTES_MAX = 268_435_456
const RECIPE_BYTES_MAX = 262_144
const KEY_BYTES_MAX = 512
const PENDING_MAX = 1_000_000

const planSchema = struct({
  v: literal(1),
  recipe: bytes(1, RECIPE_BYTES_MAX),
  source: struct({ publisher: didSchema, datasetId: datasetIdSchema, feed: cid(), first: uint() })
})

/** How a derivation is made: by which recipe, from the records of which feed from which number on. */
export type Plan = { readonly recipe: Recipe, readonly source: Parsed<typeof planSchema>['source'] }

export function encodePlan ({ recipe, source }: Plan): Uint8Array {
  return encodeCanonical({ v: 1, recipe: encodeRecipe(recipe), source })
}

export function decodePlan (row: Uint8Array): Plan | undefined {
  const decoded = decodeCanonical(row, planSchema, ROW_BYTES_MAX)
  const recipe = decoded.ok ? decodeRecipe(decoded.value.recipe) : undefined
  return decoded.ok && recipe?.ok === true ? { recipe: recipe.value, source: decoded.value.source } : undefined
}

const progressSchema = struct({
  v: literal(1),
  feed: cid(),
  state: bytes(1, ROW_BYTES_MAX),
  at: uint(),
  pending: list(struct({ key: bytes(1, KEY_BYTES_MAX), timeMs: uint(), body: bytes(1, BODY_BYTES_MAX) }), PENDING_MAX),
  source: nullable(struct({ feed: cid(), from: uint(), to: uint() }))
})

/**
 * Where a derivation stands, written before its records are appended: its state after them, the records, and the number that
 * the first of them has in its feed. How many records the feed has tells after a crash which of them are still to be appended.
 */
export type Progress = {
  readonly feed: CID
  readonly state: Uint8Array
  readonly at: number
  readonly pending: readonly FeedRecord[]
  readonly source: SegmentSource | null
}

export function encodeProgress ({ feed, state, at, pending, source }: Progress): Uint8Array {
  assert(pending.every(({ mediaType, operation }) => mediaType === DERIVED_MEDIA_TYPE && operation === 'put'), 'derivations put lines')
  return encodeCanonical({ v: 1, feed, state, at, pending: pending.map(({ key, timeMs, body }) => ({ key, timeMs, body })), source })
}

export function decodeProgress (row: Uint8Array): Progress | undefined {
  const decoded = decodeCanonical(row, progressSchema, ROW_BYTES_MAX)
  if (!decoded.ok) return undefined
  const { v: _v, pending, ...rest } = decoded.value
  return { ...rest, pending: pending.map(each => ({ ...each, operation: 'put', mediaType: DERIVED_MEDIA_TYPE })) }
}
