/**
 * The one Merkle tree of the project, for records, segments and the ledger: RFC 9162 section 2.1.
 *
 * `leaf = sha256(0x00 || data)`, `node = sha256(0x01 || left || right)`; the left subtree of n leaves holds the largest
 * power of two below n. Bagging the peaks of a Merkle mountain range from right to left gives the same root, so an
 * append-only log needs to keep only its peaks, and proofs are those of Certificate Transparency.
 */
import { concat, equalBytes } from './bytes.ts'
import { HASH_SIZE_BYTES, sha256, sha256Into } from './hash.ts'
import { assert } from './result.ts'

const LEAF_PREFIX = new Uint8Array([0])
const nodeInput = new Uint8Array(1 + 2 * HASH_SIZE_BYTES).fill(1, 0, 1)

export const EMPTY_ROOT: Uint8Array = sha256(new Uint8Array(0))

export function leafHash (...data: readonly Uint8Array[]): Uint8Array {
  return sha256(LEAF_PREFIX, ...data)
}

function nodeHash (left: Uint8Array, right: Uint8Array): Uint8Array {
  nodeInput.set(left, 1)
  nodeInput.set(right, 1 + HASH_SIZE_BYTES)
  return sha256(nodeInput)
}

/** The largest power of two below n, for n > 1. */
function split (n: number): number {
  let k = 1
  while (k * 2 < n) k *= 2
  return k
}

/** Root over leaf hashes. */
export function merkleRoot (leaves: readonly Uint8Array[]): Uint8Array {
  return reduceToRoot(concat(leaves))
}

/**
 * Root over leaf hashes that stand one after the other in `hashes`, which is used up: each level overwrites the one
 * below. A last node without a sibling moves up as it is, which is the same tree as splitting from the top.
 */
export function reduceToRoot (hashes: Uint8Array): Uint8Array {
  assert(hashes.length % HASH_SIZE_BYTES === 0, 'a row of hashes')
  let count = hashes.length / HASH_SIZE_BYTES
  if (count === 0) return EMPTY_ROOT
  for (; count > 1; count = Math.ceil(count / 2)) {
    for (let i = 0; i + 1 < count; i += 2) {
      nodeInput.set(hashes.subarray(i * HASH_SIZE_BYTES, (i + 2) * HASH_SIZE_BYTES), 1)
      sha256Into(hashes, i / 2 * HASH_SIZE_BYTES, nodeInput)
    }
    const last = (count - 1) * HASH_SIZE_BYTES
    if (count % 2 === 1) hashes.copyWithin(last / 2, last, last + HASH_SIZE_BYTES)
  }
  return hashes.slice(0, HASH_SIZE_BYTES)
}

/**
 * An append-only log of leaf hashes that answers for every length it ever had. All complete subtrees are kept,
 * two hashes a leaf, so roots and proofs cost O(log n).
 */
export class MerkleLog {
  /** levels[k] holds the roots of complete subtrees of 2^k leaves, one after the other. */
  readonly #levels: Uint8Array[] = [new Uint8Array(HASH_SIZE_BYTES * 4)]
  #length = 0

  get length (): number {
    return this.#length
  }

  append (leaf: Uint8Array): void {
    assert(leaf.length === HASH_SIZE_BYTES, 'a leaf is a hash of 32 bytes')
    let node = leaf
    let index = this.#length
    let level = 0
    this.#put(level, index, node)
    while (index % 2 === 1) {
      node = nodeHash(this.#get(level, index - 1), node)
      index = (index - 1) / 2
      this.#put(++level, index, node)
    }
    this.#length++
  }

  /** Forgets what lies beyond `length`. */
  truncate (length: number): void {
    assert(length <= this.#length, 'a log is not truncated to more than it holds')
    this.#length = length
  }

  leaf (index: number): Uint8Array {
    assert(index < this.#length, 'no such leaf')
    return this.#get(0, index)
  }

  root (length: number = this.#length): Uint8Array {
    assert(length <= this.#length, 'no root beyond the log')
    return length === 0 ? EMPTY_ROOT : this.#subtree(0, length)
  }

  /** Roots of the complete subtrees of the first `length` leaves, left to right: enough to go on appending. */
  peaks (length: number = this.#length): readonly Uint8Array[] {
    assert(length <= this.#length, 'no peaks beyond the log')
    const peaks: Uint8Array[] = []
    for (let from = 0; from < length;) {
      const size = 2 ** Math.floor(Math.log2(length - from))
      peaks.push(this.#subtree(from, from + size))
      from += size
    }
    return peaks
  }

  /** Siblings from the leaf up to the root of `length` leaves: RFC 9162 section 2.1.3.1. */
  inclusion (index: number, length: number = this.#length): readonly Uint8Array[] {
    assert(index < length && length <= this.#length, 'a proof needs a leaf within the length')
    const path: Uint8Array[] = []
    let [from, to] = [0, length]
    while (to - from > 1) {
      const middle = from + split(to - from)
      if (index < middle) {
        path.push(this.#subtree(middle, to))
        to = middle
      } else {
        path.push(this.#subtree(from, middle))
        from = middle
      }
    }
    return path.reverse()
  }

  /** Roots of the subtrees that exactly fill [0, from) and [to, length), left to right. */
  cover (from: number, to: number, length: number = this.#length): Cover {
    assert(from <= to && to <= length && length <= this.#length, 'a cover lies within the log')
    const [left, right]: [Uint8Array[], Uint8Array[]] = [[], []]
    walkCover(0, length, from, to, (a, b) => { (b <= from ? left : right).push(this.#subtree(a, b)) })
    return { left, right }
  }

  /** The root over leaves [from, to), which must form a subtree of an RFC 9162 tree. */
  #subtree (from: number, to: number): Uint8Array {
    const size = to - from
    if (Number.isInteger(Math.log2(size)) && from % size === 0) return this.#get(Math.log2(size), from / size)
    const middle = from + split(size)
    return nodeHash(this.#subtree(from, middle), this.#subtree(middle, to))
  }

  #put (level: number, index: number, node: Uint8Array): void {
    let row = this.#levels[level] ?? new Uint8Array(HASH_SIZE_BYTES * 4)
    if (row.length < (index + 1) * HASH_SIZE_BYTES) {
      const larger = new Uint8Array(row.length * 2)
      larger.set(row)
      row = larger
    }
    this.#levels[level] = row
    row.set(node, index * HASH_SIZE_BYTES)
  }

  #get (level: number, index: number): Uint8Array {
    const row = this.#levels[level]
    assert(row !== undefined, 'a level that was never filled')
    return row.slice(index * HASH_SIZE_BYTES, (index + 1) * HASH_SIZE_BYTES)
  }
}

export type Cover = { readonly left: readonly Uint8Array[], readonly right: readonly Uint8Array[] }

/** Visits, left to right, the largest subtrees of [from, to) that do not touch [a, b). An empty [a, b) is a cut at a. */
function walkCover (from: number, to: number, a: number, b: number, visit: (from: number, to: number) => void): void {
  if (from >= to || (from >= a && to <= b)) return
  if (to <= a || from >= b) return visit(from, to)
  const middle = from + split(to - from)
  walkCover(from, middle, a, b, visit)
  walkCover(middle, to, a, b, visit)
}

/**
 * The root of `length` leaves from the leaf hashes of [from, from + leaves.length) and their cover; undefined where
 * the cover has not exactly the hashes that the positions demand.
 */
export function rootOfCover (cover: Cover, leaves: readonly Uint8Array[], from: number, length: number): Uint8Array | undefined {
  const to = from + leaves.length
  if (to > length) return undefined
  if (length === 0) return cover.left.length === 0 && cover.right.length === 0 ? EMPTY_ROOT : undefined
  const given = [...cover.left, ...cover.right]
  let [leftCount, rightCount, next] = [0, 0, 0]
  walkCover(0, length, from, to, (_, end) => { if (end <= from) leftCount++; else rightCount++ })
  if (leftCount !== cover.left.length || rightCount !== cover.right.length) return undefined
  const build = (a: number, b: number): Uint8Array => {
    const outside = b <= from || a >= to
    if (outside) return given[next++] ?? EMPTY_ROOT
    if (b - a === 1) return leaves[a - from] ?? EMPTY_ROOT
    const middle = a + split(b - a)
    const left = build(a, middle)
    return nodeHash(left, build(middle, b))
  }
  return build(0, length)
}

/** The root of the left part alone: what the hashes of `cover.left` bag to. */
export function rootOfLeft (left: readonly Uint8Array[], length: number): Uint8Array | undefined {
  let count = 0
  for (let rest = length; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2
  if (count !== left.length) return undefined
  return bagPeaks(left)
}

/** Bags the peaks of a mountain range, left to right, into its root. */
export function bagPeaks (peaks: readonly Uint8Array[]): Uint8Array {
  let root: Uint8Array | undefined
  for (const peak of peaks.toReversed()) root = root === undefined ? peak : nodeHash(peak, root)
  return root ?? EMPTY_ROOT
}

/** The root that an inclusion path leads to: RFC 9162 section 2.1.3.2. Its length follows from index and length alone. */
export function rootOfInclusion (
  leaf: Uint8Array, index: number, length: number, path: readonly Uint8Array[]
): Uint8Array | undefined {
  if (index >= length) return undefined
  let node = leaf
  let [at, last, used] = [index, length - 1, 0]
  while (last > 0) {
    if (at % 2 === 1 || at !== last) {
      const sibling = path[used++]
      if (sibling?.length !== HASH_SIZE_BYTES) return undefined
      node = at % 2 === 1 ? nodeHash(sibling, node) : nodeHash(node, sibling)
    }
    at = Math.floor(at / 2)
    last = Math.floor(last / 2)
  }
  return used === path.length ? node : undefined
}

export function verifyInclusion (
  root: Uint8Array, leaf: Uint8Array, index: number, length: number, path: readonly Uint8Array[]
): boolean {
  const found = rootOfInclusion(leaf, index, length, path)
  return found !== undefined && equalBytes(found, root)
}

/** Peaks alone: enough to append and to give the root, without history. */
export class Peaks {
  #peaks: Uint8Array[]
  #length: number

  constructor (length = 0, peaks: readonly Uint8Array[] = []) {
    this.#peaks = [...peaks]
    this.#length = length
  }

  get length (): number {
    return this.#length
  }

  append (leaf: Uint8Array): void {
    let node = leaf
    for (let rest = this.#length; rest % 2 === 1; rest = Math.floor(rest / 2)) {
      const left = this.#peaks.pop()
      assert(left !== undefined, 'as many peaks as one bits in the length')
      node = nodeHash(left, node)
    }
    this.#peaks.push(node)
    this.#length++
  }

  root (): Uint8Array {
    return bagPeaks(this.#peaks)
  }

  /** Peaks from left to right, as one byte string. */
  toBytes (): Uint8Array {
    return concat(this.#peaks)
  }
}
