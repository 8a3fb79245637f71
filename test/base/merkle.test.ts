import { strict as assert } from 'node:assert'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import {
  bagPeaks, bytesOfHex, concat, EMPTY_ROOT, hex, leafHash, MerkleLog, merkleRoot, Peaks, reduceToRoot, rootOfCover, rootOfInclusion,
  rootOfLeft, sha256, u16, verifyInclusion, type Cover
} from '../../src/base/index.ts'

type Vectors = {
  readonly certificateTransparency: { readonly leaves: readonly string[], readonly roots: readonly string[] }
  readonly roots: readonly string[]
  readonly inclusions: readonly string[]
  readonly covers: readonly string[]
}
const vectors = JSON.parse(readFileSync('test/vectors/merkle.json', 'utf8')) as Vectors

const leaves = Array.from({ length: 300 }, (_, at) => leafHash(u16(at)))

function logOf (hashes: readonly Uint8Array[]): MerkleLog {
  const log = new MerkleLog()
  for (const each of hashes) log.append(each)
  return log
}

/** RFC 9162 section 2.1.1, word by word. */
function naiveRoot (hashes: readonly Uint8Array[]): Uint8Array {
  const [only] = hashes
  if (only === undefined) return sha256(new Uint8Array(0))
  if (hashes.length === 1) return only
  let k = 1
  while (k * 2 < hashes.length) k *= 2
  return sha256(new Uint8Array([1]), naiveRoot(hashes.slice(0, k)), naiveRoot(hashes.slice(k)))
}

const counted = (hashes: readonly Uint8Array[]): Uint8Array => concat([new Uint8Array([hashes.length]), ...hashes])
const bent = (hash: Uint8Array): Uint8Array => hash.with(7, (hash[7] ?? 0) ^ 1)

describe('merkle', () => {
  it('gives the roots of the Certificate Transparency reference', () => {
    const data = vectors.certificateTransparency.leaves.map(each => bytesOfHex(each) ?? u16(0))
    const log = logOf(data.map(each => leafHash(each)))
    assert.deepEqual(data.map((_, at) => hex(log.root(at + 1))), vectors.certificateTransparency.roots)
    assert.equal(hex(log.root()), '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328')
  })

  it('gives the frozen roots, inclusions and covers', () => {
    const log = logOf(leaves)
    assert.deepEqual(vectors.roots.map((_, n) => hex(log.root(n))), vectors.roots)
    assert.deepEqual(vectors.inclusions.map((_, n) =>
      hex(sha256(...leaves.slice(0, n).map((_, index) => counted(log.inclusion(index, n)))))), vectors.inclusions)
    assert.deepEqual(vectors.covers.map((_, n) => {
      const parts: Uint8Array[] = []
      for (let a = 0; a <= n; a++) {
        for (let b = a; b <= n; b++) {
          const { left, right } = log.cover(a, b, n)
          parts.push(counted(left), counted(right))
        }
      }
      return hex(sha256(...parts))
    }), vectors.covers)
  })

  it('has one root for log, peaks, reduction and definition, up to 299 leaves', () => {
    const log = logOf(leaves)
    const peaks = new Peaks()
    for (let n = 0; n < 300; n++) {
      const root = naiveRoot(leaves.slice(0, n))
      assert.deepEqual(log.root(n), root)
      assert.deepEqual(peaks.root(), root)
      assert.equal(peaks.length, n)
      assert.deepEqual(bagPeaks(log.peaks(n)), root)
      assert.deepEqual(concat(log.peaks(n)), peaks.toBytes())
      assert.deepEqual(new Peaks(n, log.peaks(n)).root(), root)
      assert.deepEqual(merkleRoot(leaves.slice(0, n)), root)
      assert.deepEqual(reduceToRoot(concat(leaves.slice(0, n))), root)
      peaks.append(leaves[n] ?? EMPTY_ROOT)
    }
  })

  it('goes on from peaks as from the whole log', () => {
    fc.assert(fc.property(fc.nat(100), fc.nat(100), (n, more) => {
      const peaks = new Peaks(n, logOf(leaves.slice(0, n)).peaks())
      for (const each of leaves.slice(n, n + more)) peaks.append(each)
      assert.deepEqual(peaks.root(), merkleRoot(leaves.slice(0, n + more)))
    }))
  })

  it('forgets what it truncates and appends anew', () => {
    fc.assert(fc.property(fc.nat(80), fc.nat(80), fc.nat(80), (n, cut, more) => {
      const log = logOf(leaves.slice(0, n))
      const kept = Math.min(cut, n)
      log.truncate(kept)
      assert.equal(log.length, kept)
      const others = leaves.slice(150, 150 + more)
      for (const each of others) log.append(each)
      assert.deepEqual(log.root(), merkleRoot([...leaves.slice(0, kept), ...others]))
    }))
    assert.throws(() => { logOf([]).truncate(1) }, { code: 'assertion' })
    assert.throws(() => { logOf([]).append(u16(1)) }, { code: 'assertion' })
    assert.throws(() => { logOf([]).leaf(0) }, { code: 'assertion' })
  })

  it('proves every leaf of every length to 65, and no bent, longer or shorter path', () => {
    const log = logOf(leaves)
    for (let n = 1; n <= 65; n++) {
      const root = log.root(n)
      for (let index = 0; index < n; index++) {
        const leaf = log.leaf(index)
        const path = log.inclusion(index, n)
        assert.ok(verifyInclusion(root, leaf, index, n, path))
        assert.ok(!verifyInclusion(root, bent(leaf), index, n, path))
        assert.ok(!verifyInclusion(root, leaf, index, n, [...path, leaf]))
        assert.equal(rootOfInclusion(leaf, n, n, path), undefined)
        if (path.length === 0) continue
        assert.ok(!verifyInclusion(root, leaf, index, n, path.slice(1)))
        const at = index % path.length
        assert.ok(!verifyInclusion(root, leaf, index, n, path.with(at, bent(path[at] ?? leaf))))
        assert.ok(!verifyInclusion(root, leaf, index, n, path.with(at, new Uint8Array(31))))
        if (n > 2) assert.ok(!verifyInclusion(root, leaf, (index + 1) % n, n, path))
      }
    }
  })

  it('covers every range of every length to 17, and takes no other cover', () => {
    const log = logOf(leaves)
    for (let n = 0; n <= 17; n++) {
      for (let a = 0; a <= n; a++) {
        for (let b = a; b <= n; b++) {
          const cover = log.cover(a, b, n)
          const page = leaves.slice(a, b)
          const root = hex(log.root(n))
          const rootOf = (changed: Cover, hashes = page, from = a, length = n): string | undefined => {
            const found = rootOfCover(changed, hashes, from, length)
            return found === undefined ? undefined : hex(found)
          }
          assert.equal(rootOf(cover), root)
          if (a < n) assert.deepEqual(rootOfLeft(cover.left, a), log.root(a))
          assert.equal(rootOf({ ...cover, left: [...cover.left, EMPTY_ROOT] }), undefined)
          assert.equal(rootOf({ ...cover, right: [...cover.right, EMPTY_ROOT] }), undefined)
          if (cover.left.length > 0) {
            assert.equal(rootOf({ ...cover, left: cover.left.slice(1) }), undefined)
            assert.notEqual(rootOf({ ...cover, left: cover.left.map(bent) }), root)
          }
          if (cover.right.length > 0) {
            assert.equal(rootOf({ ...cover, right: cover.right.slice(1) }), undefined)
            assert.notEqual(rootOf({ ...cover, right: cover.right.map(bent) }), root)
          }
          if (page.length > 0) assert.notEqual(rootOf(cover, page.map(bent)), root)
          assert.equal(rootOf(cover, page, n - page.length + 1), undefined, 'beyond the end')
        }
      }
    }
  })

  it('bags no left part that has not one hash for each one bit of its length', () => {
    const log = logOf(leaves)
    for (let length = 0; length < 40; length++) {
      const peaks = log.peaks(length)
      assert.deepEqual(rootOfLeft(peaks, length), log.root(length))
      assert.equal(rootOfLeft([...peaks, EMPTY_ROOT], length), undefined)
      if (length > 0) assert.equal(rootOfLeft(peaks.slice(1), length), undefined)
    }
  })
})
