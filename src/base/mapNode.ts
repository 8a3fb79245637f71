/**
 * Nodes of the Merkle map. They never change once made, so maps share them; a hash is computed when first asked for.
 *
 * A branch names the first bit in which the key hashes below it differ: bit 0 is the most significant of byte 0.
 */
import { equalBytes } from './bytes.ts'
import { digestInto, HASH_SIZE_BYTES, sha256, sha256Into, sha256Text } from './hash.ts'

export type Leaf = {
  readonly kind: 'leaf'
  readonly keyHash: Uint8Array
  readonly key: Uint8Array
  readonly value: Uint8Array
  readonly count: 1
  readonly sizeBytes: number
  /** One character a byte. */
  hash: string | undefined
}

export type Branch = {
  readonly kind: 'branch'
  readonly bit: number
  readonly left: Node
  readonly right: Node
  /** Leaves below, and their size in a chunk of a snapshot. */
  readonly count: number
  readonly sizeBytes: number
  hash: string | undefined
}

export type Node = Leaf | Branch

/** Beyond every bit of a key hash. */
export const NO_BIT = HASH_SIZE_BYTES * 8

/** Sizes of key and value that stand before each entry of a chunk. */
export const ENTRY_SIZES_BYTES = 6

const leafInput = new Uint8Array(1 + 2 * HASH_SIZE_BYTES)
const branchInput = new Uint8Array(2 + 2 * HASH_SIZE_BYTES).fill(1, 0, 1)

export function leafOf (key: Uint8Array, value: Uint8Array, keyHash: Uint8Array = sha256(key)): Leaf {
  return { kind: 'leaf', keyHash, key, value, count: 1, sizeBytes: ENTRY_SIZES_BYTES + key.length + value.length, hash: undefined }
}

function branchOf (bit: number, left: Node, right: Node): Branch {
  return {
    kind: 'branch', bit, left, right, count: left.count + right.count, sizeBytes: left.sizeBytes + right.sizeBytes, hash: undefined
  }
}

export function isSet (keyHash: Uint8Array, bit: number): boolean {
  return ((keyHash[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0
}

/** The first bit in which two key hashes differ; `NO_BIT` for equal ones. */
export function firstDifference (a: Uint8Array, b: Uint8Array): number {
  for (let at = 0; at < HASH_SIZE_BYTES; at++) {
    const difference = (a[at] ?? 0) ^ (b[at] ?? 0)
    if (difference !== 0) return at * 8 + Math.clz32(difference) - 24
  }
  return NO_BIT
}

/** Where the search for a key hash ends, whether or not that leaf is the one. */
export function searchEnd (from: Node, keyHash: Uint8Array): Leaf {
  let node = from
  while (node.kind === 'branch') node = isSet(keyHash, node.bit) ? node.right : node.left
  return node
}

/** `bit` is the first in which the leaf differs from where its search ends. */
export function withLeaf (node: Node, leaf: Leaf, bit: number): Node {
  if (node.kind === 'branch' && node.bit < bit) {
    return isSet(leaf.keyHash, node.bit)
      ? branchOf(node.bit, node.left, withLeaf(node.right, leaf, bit))
      : branchOf(node.bit, withLeaf(node.left, leaf, bit), node.right)
  }
  if (bit === NO_BIT) return leaf
  return isSet(leaf.keyHash, bit) ? branchOf(bit, node, leaf) : branchOf(bit, leaf, node)
}

/** Without a leaf that is there. */
export function withoutLeaf (node: Node, keyHash: Uint8Array): Node | undefined {
  if (node.kind === 'leaf') return undefined
  if (isSet(keyHash, node.bit)) {
    const right = withoutLeaf(node.right, keyHash)
    return right === undefined ? node.left : branchOf(node.bit, node.left, right)
  }
  const left = withoutLeaf(node.left, keyHash)
  return left === undefined ? node.right : branchOf(node.bit, left, node.right)
}

/** What becomes of one key: its new leaf, or none. `bit` is the first in which it differs from where its search ends. */
export type Edit = { readonly keyHash: Uint8Array, readonly leaf: Leaf | undefined, readonly bit: number }

/** One pass for many edits, given in the order of key hashes, each key once: what several touch is made anew only once. */
export function withEdits (node: Node | undefined, edits: readonly Edit[], from = 0, to: number = edits.length): Node | undefined {
  if (from === to) return node
  if (node === undefined) return treeOf(leavesAmong(edits, from, to))
  let first = NO_BIT
  for (let i = from; i < to; i++) first = Math.min(first, edits[i]?.bit ?? NO_BIT)
  if (node.kind === 'leaf' && first === NO_BIT) {
    const leaf = edits[from]?.leaf
    return leaf !== undefined && equalBytes(leaf.value, node.value) ? node : leaf
  }
  if (node.kind === 'branch' && first >= node.bit) {
    const middle = turnOf(edits, node.bit, from, to)
    const left = withEdits(node.left, edits, from, middle)
    const right = withEdits(node.right, edits, middle, to)
    return left === node.left && right === node.right ? node : joined(node.bit, left, right)
  }
  const middle = turnOf(edits, first, from, to)
  const isRight = isSet(searchEnd(node, EMPTY).keyHash, first)
  return isRight
    ? joined(first, treeOf(leavesAmong(edits, from, middle)), withEdits(node, edits, middle, to))
    : joined(first, withEdits(node, edits, from, middle), treeOf(leavesAmong(edits, middle, to)))
}

const EMPTY = new Uint8Array(0)

/** Where the edits, which agree in all bits before this one, begin to have it set. */
function turnOf (edits: readonly Edit[], bit: number, from: number, to: number): number {
  let at = from
  while (at < to && !isSet(edits[at]?.keyHash ?? EMPTY, bit)) at++
  return at
}

function leavesAmong (edits: readonly Edit[], from: number, to: number): Leaf[] {
  const leaves: Leaf[] = []
  for (let i = from; i < to; i++) {
    const leaf = edits[i]?.leaf
    if (leaf !== undefined) leaves.push(leaf)
  }
  return leaves
}

function joined (bit: number, left: Node | undefined, right: Node | undefined): Node | undefined {
  if (left === undefined || right === undefined) return left ?? right
  return branchOf(bit, left, right)
}

/** The tree over leaves in order: each new leaf closes the branches that start after the bit in which it differs. */
export function treeOf (leaves: readonly Leaf[]): Node | undefined {
  const spine: { readonly node: Node, readonly bit: number }[] = []
  let [tail]: readonly (Node | undefined)[] = leaves
  let before = leaves[0]
  for (const leaf of leaves.slice(1)) {
    const bit = firstDifference(before?.keyHash ?? EMPTY, leaf.keyHash)
    for (let above = spine.at(-1); above !== undefined && above.bit > bit; above = spine.at(-1)) {
      tail = joined(above.bit, above.node, tail)
      spine.pop()
    }
    if (tail !== undefined) spine.push({ node: tail, bit })
    tail = leaf
    before = leaf
  }
  for (let above = spine.pop(); above !== undefined; above = spine.pop()) tail = joined(above.bit, above.node, tail)
  return tail
}

export function leafHashFrom (keyHash: Uint8Array, valueHash: Uint8Array): Uint8Array {
  leafInput.set(keyHash, 1)
  leafInput.set(valueHash, 1 + HASH_SIZE_BYTES)
  return sha256(leafInput)
}

export function branchHashFrom (bit: number, left: Uint8Array, right: Uint8Array): Uint8Array {
  branchInput[1] = bit
  branchInput.set(left, 2)
  branchInput.set(right, 2 + HASH_SIZE_BYTES)
  return sha256(branchInput)
}

export function hashOf (node: Node): Uint8Array {
  const hash = new Uint8Array(HASH_SIZE_BYTES)
  digestInto(hash, 0, hashTextOf(node))
  return hash
}

function hashTextOf (node: Node): string {
  if (node.hash !== undefined) return node.hash
  if (node.kind === 'branch') {
    const [left, right] = [hashTextOf(node.left), hashTextOf(node.right)]
    branchInput[1] = node.bit
    digestInto(branchInput, 2, left)
    digestInto(branchInput, 2 + HASH_SIZE_BYTES, right)
    node.hash = sha256Text(branchInput)
    return node.hash
  }
  leafInput.set(node.keyHash, 1)
  sha256Into(leafInput, 1 + HASH_SIZE_BYTES, node.value)
  node.hash = sha256Text(leafInput)
  return node.hash
}

/** Leaves in the order of their key hashes. */
export function * leavesOf (node: Node): Generator<Leaf> {
  const waiting: Node[] = [node]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (next.kind === 'leaf') yield next
    else waiting.push(next.right, next.left)
  }
}

/** Pairs of leaves that differ between two trees. What the trees share is not looked into. */
export function * differenceOf (a: Node | undefined, b: Node | undefined): Generator<readonly [Leaf | undefined, Leaf | undefined]> {
  if (a === b) return
  if (b === undefined || a === undefined) {
    for (const leaf of a === undefined ? [] : leavesOf(a)) yield [leaf, undefined]
    for (const leaf of b === undefined ? [] : leavesOf(b)) yield [undefined, leaf]
    return
  }
  const [bitA, bitB] = [bitOf(a), bitOf(b)]
  if (a.kind === 'branch' && bitA <= bitB) {
    const [left, right] = b.kind === 'branch' && bitA === bitB ? [b.left, b.right] : sides(b, bitA)
    yield * differenceOf(a.left, left)
    yield * differenceOf(a.right, right)
  } else if (b.kind === 'branch') {
    const [left, right] = sides(a, bitB)
    yield * differenceOf(left, b.left)
    yield * differenceOf(right, b.right)
  } else if (a.kind === 'leaf') {
    if (!equalBytes(a.keyHash, b.keyHash)) yield * [[a, undefined], [undefined, b]] as const
    else if (!equalBytes(a.value, b.value)) yield [a, b]
  }
}

function bitOf (node: Node): number {
  return node.kind === 'branch' ? node.bit : NO_BIT
}

/** A subtree that branches only after `bit`, on the side where that bit puts it. */
function sides (node: Node, bit: number): readonly [Node | undefined, Node | undefined] {
  let first = node
  while (first.kind === 'branch') first = first.left
  return isSet(first.keyHash, bit) ? [undefined, node] : [node, undefined]
}
