/**
 * Cuts a Merkle map into chunks for whoever fetches it whole from peers that nobody trusts.
 *
 * The manifest is the top of the tree in pre-order, `0x00 || hash` for a chunk and `0x01 || u8 bit` for a branch above
 * chunks; it gives the root again, so with a root that is final every chunk is checked on arrival, in any order. A chunk
 * is a subtree's entries in the order of key hashes, each `keySize u16 || valueSize u32 || key || value`.
 */
import { compareBytes, concat, equalBytes, readUint, u16, u32 } from './bytes.ts'
import { HASH_SIZE_BYTES, sha256 } from './hash.ts'
import { EMPTY_MAP_ROOT, MAP_KEY_BYTES_MAX, MAP_VALUE_BYTES_MAX, type MapEntry, type MerkleMap } from './map.ts'
import { branchHashFrom, ENTRY_SIZES_BYTES, hashOf, leafOf, leavesOf, treeOf, type Leaf, type Node } from './mapNode.ts'
import { assert, fail, ok, type Result } from './result.ts'

export const MAP_CHUNK_BYTES_MAX: number = 256 * 1024
const MAP_CHUNKS_MAX = 65_536
const MAP_MANIFEST_BYTES_MAX = MAP_CHUNKS_MAX * (3 + HASH_SIZE_BYTES)

export type MapChunk = { readonly hash: Uint8Array, readonly entries: number, readonly encode: () => Uint8Array }
export type MapCut = { readonly manifest: Uint8Array, readonly chunks: readonly MapChunk[] }

const CUT = new Uint8Array([0])
const BRANCH = 1

export function cutMap ({ node }: MerkleMap, chunkBytesMax: number = MAP_CHUNK_BYTES_MAX): MapCut {
  const chunks: MapChunk[] = []
  const parts: Uint8Array[] = []
  const waiting: Node[] = node === undefined ? [] : [node]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (next.kind === 'branch' && next.sizeBytes > chunkBytesMax) {
      parts.push(new Uint8Array([BRANCH, next.bit]))
      waiting.push(next.right, next.left)
    } else {
      const subtree = next
      chunks.push({ hash: hashOf(subtree), entries: subtree.count, encode: () => encodeChunk(subtree) })
      parts.push(CUT, hashOf(subtree))
    }
  }
  assert(chunks.length <= MAP_CHUNKS_MAX, 'a map of no more chunks than a manifest holds')
  return { manifest: concat(parts), chunks }
}

function encodeChunk (node: Node): Uint8Array {
  const parts: Uint8Array[] = []
  for (const { key, value } of leavesOf(node)) parts.push(u16(key.length), u32(value.length), key, value)
  return concat(parts)
}

/** Hashes of the chunks of a map with this root. */
export function openMapManifest (
  manifest: Uint8Array, root: Uint8Array
): Result<readonly Uint8Array[], { readonly code: 'too-large' | 'malformed' | 'root' }> {
  if (manifest.length > MAP_MANIFEST_BYTES_MAX) return fail({ code: 'too-large' })
  const chunks: Uint8Array[] = []
  const open: { readonly bit: number, left: Uint8Array | undefined }[] = []
  let whole: Uint8Array | undefined
  for (let at = 0; at < manifest.length;) {
    if (whole !== undefined) return fail({ code: 'malformed' })
    if (manifest[at] === BRANCH) {
      const bit = manifest[at + 1]
      if (bit === undefined || bit <= (open.at(-1)?.bit ?? -1)) return fail({ code: 'malformed' })
      open.push({ bit, left: undefined })
      at += 2
      continue
    }
    const hash = manifest.slice(at + 1, at + 1 + HASH_SIZE_BYTES)
    if (manifest[at] !== CUT[0] || hash.length !== HASH_SIZE_BYTES) return fail({ code: 'malformed' })
    at += 1 + HASH_SIZE_BYTES
    chunks.push(hash)
    whole = closed(open, hash)
  }
  if (open.length > 0) return fail({ code: 'malformed' })
  return equalBytes(whole ?? EMPTY_MAP_ROOT, root) ? ok(chunks) : fail({ code: 'root' })
}

/** Closes every branch of which `hash` is the last part; undefined while one waits for its right side. */
function closed (open: { readonly bit: number, left: Uint8Array | undefined }[], hash: Uint8Array): Uint8Array | undefined {
  let whole = hash
  for (let above = open.at(-1); above !== undefined; above = open.at(-1)) {
    if (above.left === undefined) {
      above.left = whole
      return undefined
    }
    whole = branchHashFrom(above.bit, above.left, whole)
    open.pop()
  }
  return whole
}

/** The entries of a chunk, if they are the subtree of this hash. */
export function openMapChunk (
  chunk: Uint8Array, hash: Uint8Array
): Result<readonly MapEntry[], { readonly code: 'too-large' | 'malformed' | 'hash' }> {
  if (chunk.length > MAP_CHUNK_BYTES_MAX) return fail({ code: 'too-large' })
  const leaves: Leaf[] = []
  for (let at = 0; at < chunk.length;) {
    const [keySize, valueSize] = [readUint(chunk, at, 2), readUint(chunk, at + 2, 4)]
    if (keySize === undefined || valueSize === undefined) return fail({ code: 'malformed' })
    if (keySize > MAP_KEY_BYTES_MAX || valueSize > MAP_VALUE_BYTES_MAX) return fail({ code: 'malformed' })
    const valueAt = at + ENTRY_SIZES_BYTES + keySize
    if (valueAt + valueSize > chunk.length) return fail({ code: 'malformed' })
    const key = chunk.slice(at + ENTRY_SIZES_BYTES, valueAt)
    const leaf = leafOf(key, chunk.slice(valueAt, valueAt + valueSize), sha256(key))
    const last = leaves.at(-1)
    if (last !== undefined && compareBytes(last.keyHash, leaf.keyHash) >= 0) return fail({ code: 'malformed' })
    leaves.push(leaf)
    at = valueAt + valueSize
  }
  const tree = treeOf(leaves)
  if (tree === undefined) return fail({ code: 'malformed' })
  return equalBytes(hashOf(tree), hash) ? ok(leaves.map(({ key, value }) => [key, value])) : fail({ code: 'hash' })
}
