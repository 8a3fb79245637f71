import { CID_SIZE_BYTES, concat, HASH_SIZE_BYTES, leafHash, readUint, u32, u64 } from '../../base/index.ts'
import { SEGMENT_RECORDS_MAX } from './limits.ts'

export const LEAF_DATA_SIZE_BYTES: number = CID_SIZE_BYTES + HASH_SIZE_BYTES + 8 + 4

/** What the tree of a feed says of one segment: its bytes, its records, and where these stand in the feed. */
export type Leaf = {
  /** sha256 of the segment as stored. */
  readonly digest: Uint8Array
  readonly recordsRoot: Uint8Array
  /** Index of its first record in the feed. */
  readonly first: number
  readonly count: number
}

/** CIDv1, raw, sha2-256, 32 bytes: a segment has no other form. */
const CID_PREFIX = new Uint8Array([0x01, 0x55, 0x12, 0x20])

/** `segment CID (36) || recordsRoot (32) || firstRecordIndex u64 || recordCount u32` */
export function leafDataOf ({ digest, recordsRoot, first, count }: Leaf): Uint8Array {
  return concat([CID_PREFIX, digest, recordsRoot, u64(first), u32(count)])
}

/** The leaf of exactly 80 bytes; undefined for any other, an empty or an overfull segment. */
export function leafOfData (data: Uint8Array): Leaf | undefined {
  if (data.length !== LEAF_DATA_SIZE_BYTES || CID_PREFIX.some((byte, at) => data[at] !== byte)) return undefined
  const first = readUint(data, CID_SIZE_BYTES + HASH_SIZE_BYTES, 8)
  const count = readUint(data, CID_SIZE_BYTES + HASH_SIZE_BYTES + 8, 4)
  if (first === undefined || count === undefined || count < 1 || count > SEGMENT_RECORDS_MAX) return undefined
  if (!Number.isSafeInteger(first + count)) return undefined
  return {
    digest: data.slice(CID_PREFIX.length, CID_SIZE_BYTES),
    recordsRoot: data.slice(CID_SIZE_BYTES, CID_SIZE_BYTES + HASH_SIZE_BYTES),
    first,
    count
  }
}

/** `sha256(0x00 || leafData)`: what the Merkle mountain range of a feed is built over. */
export function leafHashOf (leafData: Uint8Array): Uint8Array {
  return leafHash(leafData)
}
