import { concat, encodeCanonical, sha256, utf8 } from '../../base/index.ts'
import type { RowFormat } from '../../core/rows/index.ts'
import type { OwnKey } from './segment.ts'

/** Which records of a feed a dataset is, and how these are rows. */
export type Coverage = {
  readonly format: RowFormat
  /** Numbers [first, end); null where it has no end. */
  readonly first: number
  readonly end: number | null
}

export type Scope = Coverage & { readonly isSealed: boolean }

/** Layout of rows of the index: under another number all are made anew. */
const LAYOUT = 1

/** What must be equal for rows of before to hold: how places are read, and of a sealed feed the key that digests are under. */
export function formatDigest ({ format, isSealed }: Scope, ownKey: OwnKey): Uint8Array {
  const { delimiter, columns, isFeature } = format
  const said = encodeCanonical({ layout: LAYOUT, delimiter, columns: columns.map(({ name, type }) => [name, type]), isFeature: isFeature === true })
  return sha256(concat([said, isSealed ? ownKey(utf8('scope')) : new Uint8Array(0)]))
}
