/**
 * The one authenticated map of the project: what a ledger's state is, of which single entries can be proved.
 *
 * A path-compressed binary radix tree over `sha256(key)`. Its shape, and so its root, depends only on the entries:
 *
 * ```
 * leaf   = sha256(0x00 || keyHash || sha256(value))
 * branch = sha256(0x01 || u8 bit || left || right)      empty map = 32 zero bytes
 * ```
 *
 * Maps never change: `set` and `delete` give a new one that shares what stayed, and hashes are computed once, when a
 * root is asked for. A proof leads from a leaf over (bit, sibling) to the root. That a key is absent is shown by the
 * leaf where the search for it ends: bits grow strictly, every turn is the key's and the leaf's, and the leaf is another.
 */
import { compareBytes, equalBytes } from './bytes.ts'
import { decodeCanonical, encodeCanonical, type CodecFailure } from './codec.ts'
import { HASH_SIZE_BYTES, sha256 } from './hash.ts'
import {
  branchHashFrom, differenceOf, firstDifference, hashOf, isSet, leafHashFrom, leafOf, leavesOf, NO_BIT, searchEnd, withEdits, withLeaf,
  withoutLeaf, type Edit, type Leaf, type Node
} from './mapNode.ts'
import { assert, fail, ok, type Result } from './result.ts'
import { bytes, tuple } from './schema.ts'

/** Keys and values of a state are small, so that a chunk of a snapshot holds at least one. */
export const MAP_KEY_BYTES_MAX = 1024
export const MAP_VALUE_BYTES_MAX: number = 128 * 1024

export const EMPTY_MAP_ROOT: Uint8Array = new Uint8Array(HASH_SIZE_BYTES)

export type MapEntry = readonly [key: Uint8Array, value: Uint8Array]
export type MapChange = { readonly key: Uint8Array, readonly before: Uint8Array | undefined, readonly after: Uint8Array | undefined }

export type MapProof = {
  /** For an absent key: the leaf where its search ends. Null for a key that is there, and in an empty map. */
  readonly other: { readonly keyHash: Uint8Array, readonly valueHash: Uint8Array } | null
  /** From the root down. */
  readonly path: readonly MapStep[]
}
const EMPTY = new Uint8Array(0)

type MapStep = { readonly bit: number, readonly sibling: Uint8Array }

export class MerkleMap {
  static readonly EMPTY: MerkleMap = new MerkleMap(undefined)

  static of (entries: Iterable<MapEntry>): MerkleMap {
    return MerkleMap.EMPTY.with(entries)
  }

  /** The tree, for the other files of this room. */
  readonly node: Node | undefined

  private constructor (node: Node | undefined) {
    this.node = node
  }

  get size (): number {
    return this.node?.count ?? 0
  }

  get root (): Uint8Array {
    return this.node === undefined ? EMPTY_MAP_ROOT : hashOf(this.node)
  }

  get (key: Uint8Array): Uint8Array | undefined {
    if (this.node === undefined) return undefined
    const keyHash = sha256(key)
    const end = searchEnd(this.node, keyHash)
    return equalBytes(end.keyHash, keyHash) ? end.value : undefined
  }

  has (key: Uint8Array): boolean {
    return this.get(key) !== undefined
  }

  /** Neither key nor value may be changed by the caller afterwards. */
  set (key: Uint8Array, value: Uint8Array): MerkleMap {
    const leaf = newLeaf(key, value, sha256(key))
    if (this.node === undefined) return new MerkleMap(leaf)
    const end = searchEnd(this.node, leaf.keyHash)
    const bit = firstDifference(end.keyHash, leaf.keyHash)
    return bit === NO_BIT && equalBytes(end.value, value) ? this : new MerkleMap(withLeaf(this.node, leaf, bit))
  }

  /** With many changes at once, undefined for a key to delete, a later one before an earlier: costs less than one by one. */
  with (changes: Iterable<readonly [key: Uint8Array, value: Uint8Array | undefined]>): MerkleMap {
    const edits: Edit[] = []
    for (const [key, value] of changes) {
      const keyHash = sha256(key)
      const bit = this.node === undefined ? NO_BIT : firstDifference(searchEnd(this.node, keyHash).keyHash, keyHash)
      edits.push({ keyHash, bit, leaf: value === undefined ? undefined : newLeaf(key, value, keyHash) })
    }
    const sorted = edits.toSorted((a, b) => compareBytes(a.keyHash, b.keyHash))
    const last = sorted.filter(({ keyHash }, at) => !equalBytes(keyHash, sorted[at + 1]?.keyHash ?? EMPTY))
    const node = withEdits(this.node, last)
    return node === this.node ? this : new MerkleMap(node)
  }

  delete (key: Uint8Array): MerkleMap {
    if (this.node === undefined) return this
    const keyHash = sha256(key)
    return equalBytes(searchEnd(this.node, keyHash).keyHash, keyHash) ? new MerkleMap(withoutLeaf(this.node, keyHash)) : this
  }

  /** In the order of key hashes. */
  * entries (): Generator<MapEntry> {
    for (const { key, value } of this.node === undefined ? [] : leavesOf(this.node)) yield [key, value]
  }

  /** What leads from this map to `later`; costs what changed, not what there is. */
  * difference (later: MerkleMap): Generator<MapChange> {
    for (const [before, after] of differenceOf(this.node, later.node)) {
      const key = before?.key ?? after?.key
      if (key !== undefined) yield { key, before: before?.value, after: after?.value }
    }
  }

  /** Shows that the key is there with its value, or is not there. */
  prove (key: Uint8Array): MapProof {
    const keyHash = sha256(key)
    const path: MapStep[] = []
    let node = this.node
    while (node?.kind === 'branch') {
      const [next, other]: readonly [Node, Node] = isSet(keyHash, node.bit) ? [node.right, node.left] : [node.left, node.right]
      path.push({ bit: node.bit, sibling: hashOf(other) })
      node = next
    }
    if (node === undefined || equalBytes(node.keyHash, keyHash)) return { other: null, path }
    return { other: { keyHash: node.keyHash, valueHash: sha256(node.value) }, path }
  }
}

function newLeaf (key: Uint8Array, value: Uint8Array, keyHash: Uint8Array): Leaf {
  assert(key.length <= MAP_KEY_BYTES_MAX && value.length <= MAP_VALUE_BYTES_MAX, 'entries of a map are small')
  return leafOf(key, value, keyHash)
}

/** Whether under this root the key has this value; undefined: whether it is absent. */
export function verifyMapProof (root: Uint8Array, key: Uint8Array, value: Uint8Array | undefined, { other, path }: MapProof): boolean {
  const keyHash = sha256(key)
  if (value !== undefined) {
    return other === null && equalBytes(root, rootAbove(leafHashFrom(keyHash, sha256(value)), keyHash, path) ?? EMPTY_MAP_ROOT)
  }
  if (other === null) return path.length === 0 && equalBytes(root, EMPTY_MAP_ROOT)
  if (equalBytes(other.keyHash, keyHash) || path.some(({ bit }) => isSet(keyHash, bit) !== isSet(other.keyHash, bit))) return false
  return equalBytes(root, rootAbove(leafHashFrom(other.keyHash, other.valueHash), other.keyHash, path) ?? EMPTY_MAP_ROOT)
}

/** Undefined where the path is none that a tree can have. */
function rootAbove (leaf: Uint8Array, keyHash: Uint8Array, path: readonly MapStep[]): Uint8Array | undefined {
  let hash = leaf
  let below = NO_BIT
  for (const { bit, sibling } of path.toReversed()) {
    if (bit >= below) return undefined
    hash = isSet(keyHash, bit) ? branchHashFrom(bit, sibling, hash) : branchHashFrom(bit, hash, sibling)
    below = bit
  }
  return hash
}

const proofSchema = tuple(bytes(0, 2 * HASH_SIZE_BYTES), bytes(0, NO_BIT), bytes(0, NO_BIT * HASH_SIZE_BYTES))
export const MAP_PROOF_BYTES_MAX: number = 2 * HASH_SIZE_BYTES + NO_BIT * (1 + HASH_SIZE_BYTES) + 16

export function encodeMapProof ({ other, path }: MapProof): Uint8Array {
  const siblings = new Uint8Array(path.length * HASH_SIZE_BYTES)
  for (const [index, { sibling }] of path.entries()) siblings.set(sibling, index * HASH_SIZE_BYTES)
  const leaf = new Uint8Array(other === null ? 0 : 2 * HASH_SIZE_BYTES)
  if (other !== null) {
    leaf.set(other.keyHash)
    leaf.set(other.valueHash, HASH_SIZE_BYTES)
  }
  return encodeCanonical([leaf, Uint8Array.from(path, ({ bit }) => bit), siblings])
}

export function decodeMapProof (encoded: Uint8Array): Result<MapProof, CodecFailure> {
  const decoded = decodeCanonical(encoded, proofSchema, MAP_PROOF_BYTES_MAX)
  if (!decoded.ok) return decoded
  const [leaf, bits, siblings] = decoded.value
  if (leaf.length % (2 * HASH_SIZE_BYTES) !== 0) return fail({ code: 'schema', path: '[0]', expected: 'two hashes or nothing' })
  if (siblings.length !== bits.length * HASH_SIZE_BYTES) return fail({ code: 'schema', path: '[2]', expected: 'a hash for each bit' })
  const path = Array.from(bits, (bit, at) => ({ bit, sibling: siblings.slice(at * HASH_SIZE_BYTES, (at + 1) * HASH_SIZE_BYTES) }))
  const other = leaf.length === 0 ? null : { keyHash: leaf.slice(0, HASH_SIZE_BYTES), valueHash: leaf.slice(HASH_SIZE_BYTES) }
  return ok({ other, path })
}
