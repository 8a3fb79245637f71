import { strict as assert } from 'node:assert'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import {
  compareBytes, cutMap, decodeMapProof, EMPTY_MAP_ROOT, encodeMapProof, hex, MAP_CHUNK_BYTES_MAX, MerkleMap, openMapChunk,
  openMapManifest, sha256, u16, u32, utf8, verifyMapProof, type MapEntry, type MapProof
} from '../../src/base/index.ts'
import { FRAMES_TIMEOUT_MS, framesOf } from '../support/fuzz.ts'
import { naiveMapRoot, naiveRootAbove } from './map.fixture.ts'
import { mutated, randomBytes } from './mutate.fixture.ts'
import { randomFrom } from '../support/chance.ts'

type Vectors = {
  readonly roots: readonly { readonly size: number, readonly root: string }[]
  readonly proofs: readonly { readonly size: number, readonly key: number, readonly proof: string }[]
  readonly manifest: { readonly size: number, readonly chunkBytesMax: number, readonly sha256: string, readonly chunks: readonly string[] }
}
const vectors = JSON.parse(readFileSync('test/vectors/map.json', 'utf8')) as Vectors

/** Key i is its two bytes, its value i mod 50 bytes of i. */
const entryOf = (i: number): MapEntry => [u16(i), new Uint8Array(i % 50).fill(i % 256)]
const entriesOf = (size: number): MapEntry[] => Array.from({ length: size }, (_, i) => entryOf(i))

/** Few keys, so that they are written again, deleted and asked for while they are there. */
const smallKey = fc.integer({ min: 0, max: 40 }).map(u16)
const change = fc.tuple(smallKey, fc.option(fc.uint8Array({ maxLength: 5 }), { nil: undefined }))
const changes = fc.array(change, { maxLength: 120 })

type Pairs = ReadonlyMap<string, MapEntry>
function applied (map: MerkleMap, pairs: Pairs, wanted: readonly (readonly [Uint8Array, Uint8Array | undefined])[]): [MerkleMap, Pairs] {
  const after = new Map(pairs)
  let next = map
  for (const [key, value] of wanted) {
    next = value === undefined ? next.delete(key) : next.set(key, value)
    if (value === undefined) after.delete(hex(key))
    else after.set(hex(key), [key, value])
  }
  return [next, after]
}

const texts = (entries: Iterable<MapEntry>): string[] => [...entries].map(([key, value]) => `${hex(key)} ${hex(value)}`)

describe('map', () => {
  it('gives the frozen roots, which a second implementation gives as well', () => {
    for (const { size, root } of vectors.roots) {
      assert.equal(hex(MerkleMap.of(entriesOf(size)).root), root, `of ${size}`)
      assert.equal(hex(naiveMapRoot(entriesOf(size))), root, `of ${size}`)
    }
  })

  it('gives the frozen proofs, for keys that are there and keys that are not', () => {
    for (const { size, key, proof } of vectors.proofs) {
      const map = MerkleMap.of(entriesOf(size))
      assert.equal(hex(encodeMapProof(map.prove(u16(key)))), proof)
      assert.ok(verifyMapProof(map.root, u16(key), key < size ? entryOf(key)[1] : undefined, map.prove(u16(key))))
    }
  })

  it('holds what a plain map holds, whatever was set and deleted, and has the root of what is left', () => {
    fc.assert(fc.property(changes, wanted => {
      const [map, pairs] = applied(MerkleMap.EMPTY, new Map(), wanted)
      assert.equal(map.size, pairs.size)
      for (let i = 0; i <= 41; i++) assert.deepEqual(map.get(u16(i)), pairs.get(hex(u16(i)))?.[1])
      assert.equal(hex(map.root), hex(naiveMapRoot([...pairs.values()])))
      const inOrder = [...pairs.values()].toSorted(([a], [b]) => compareBytes(sha256(a), sha256(b)))
      assert.deepEqual(texts(map.entries()), texts(inOrder))
    }))
  })

  it('gives the same from many changes at once as from one after the other', () => {
    fc.assert(fc.property(changes, changes, (first, second) => {
      const [map, pairs] = applied(MerkleMap.EMPTY, new Map(), first)
      const [, after] = applied(map, pairs, second)
      const together = map.with(second)
      assert.deepEqual(texts(together.entries()).toSorted(), texts(after.values()).toSorted())
      assert.equal(hex(together.root), hex(naiveMapRoot([...after.values()])))
      assert.equal(together.size, after.size)
    }))
  })

  it('leaves earlier maps as they were', () => {
    fc.assert(fc.property(changes, changes, (first, second) => {
      const [map] = applied(MerkleMap.EMPTY, new Map(), first)
      const before = texts(map.entries())
      applied(map, new Map(), second)
      map.with(second)
      assert.deepEqual(texts(map.entries()), before)
      assert.equal(hex(map.root), hex(naiveMapRoot([...map.entries()])))
    }))
  })

  it('names what changed between two maps, related or not', () => {
    fc.assert(fc.property(changes, changes, fc.boolean(), (first, second, related) => {
      const [before, pairs] = applied(MerkleMap.EMPTY, new Map(), first)
      const [after, later] = related ? applied(before, pairs, second) : applied(MerkleMap.EMPTY, new Map(), second)
      const found = new Map([...before.difference(after)].map(({ key, before: was, after: is }) => [hex(key), [was, is]]))
      assert.equal(found.size, [...before.difference(after)].length, 'each key once')
      for (let i = 0; i <= 40; i++) {
        const [was, is] = [pairs.get(hex(u16(i)))?.[1], later.get(hex(u16(i)))?.[1]]
        const isChanged = was === undefined || is === undefined ? was !== is : hex(was) !== hex(is)
        assert.deepEqual(found.get(hex(u16(i))), isChanged ? [was, is] : undefined)
      }
    }))
  })

  it('does not look into what two maps share', () => {
    const before = MerkleMap.of(entriesOf(5000))
    const after = before.set(u16(77), utf8('other')).delete(u16(78)).set(u16(6000), utf8('new'))
    assert.deepEqual([...before.difference(after)].map(({ key }) => hex(key)).toSorted(), [u16(77), u16(78), u16(6000)].map(hex))
    const one = before.set(u16(77), utf8('other'))
    const [node, other] = [before.node, one.node]
    assert.ok(node?.kind === 'branch' && other?.kind === 'branch')
    const shared = node.left === other.left ? node.left : node.right
    const kind = shared.kind
    Object.defineProperty(shared, 'kind', { get: () => assert.fail('looked into what is shared'), configurable: true })
    assert.equal([...before.difference(one)].length, 1)
    Object.defineProperty(shared, 'kind', { value: kind })
    assert.equal(before.set(u16(77), entryOf(77)[1]), before)
    assert.equal(before.delete(u16(6000)), before)
    assert.equal(before.with([[u16(77), entryOf(77)[1]], [u16(6000), undefined]]), before)
  })

  it('proves that a key is there or not, and nothing else', () => {
    fc.assert(fc.property(changes, fc.uint8Array({ maxLength: 5 }), (wanted, wrong) => {
      const [map, pairs] = applied(MerkleMap.EMPTY, new Map(), wanted)
      for (let i = 0; i <= 41; i++) {
        const value = pairs.get(hex(u16(i)))?.[1]
        const proof = map.prove(u16(i))
        assert.ok(verifyMapProof(map.root, u16(i), value, proof))
        assert.ok(!verifyMapProof(map.root, u16(i), value === undefined ? wrong : undefined, proof))
        assert.ok(!verifyMapProof(map.root, u16(i), utf8('never set'), proof))
        assert.ok(!verifyMapProof(sha256(map.root), u16(i), value, proof))
        const decoded = decodeMapProof(encodeMapProof(proof))
        assert.deepEqual(decoded.ok && decoded.value, proof)
      }
    }), { numRuns: 30 })
  })

  it('does not believe that a key is absent by a proof made for another', () => {
    const map = MerkleMap.of(entriesOf(300))
    const absent = Array.from({ length: 300 }, (_, i) => map.prove(u16(1000 + i)))
    for (const proof of absent) {
      for (let i = 0; i < 300; i++) assert.ok(!verifyMapProof(map.root, u16(i), undefined, proof))
    }
  })

  it('refuses steps that no tree has: bits that do not grow, turns that are not the leaf\'s', () => {
    const map = MerkleMap.of(entriesOf(300))
    const proof = map.prove(u16(7))
    const value = entryOf(7)[1]
    const [first, second, ...rest] = proof.path
    assert.ok(first !== undefined && second !== undefined)
    const forms: readonly MapProof['path'][] = [
      [second, first, ...rest], [first, first, second, ...rest], [second, ...rest], [first, second], [{ ...first, bit: first.bit + 9 }, second, ...rest]
    ]
    for (const path of forms) assert.ok(!verifyMapProof(map.root, u16(7), value, { other: null, path }))
    for (const bits of [[3, 5], [5, 3], [4, 4]]) {
      const path = bits.map(bit => ({ bit, sibling: sha256(u16(bit)) }))
      assert.equal(verifyMapProof(naiveRootAbove(u16(7), value, path), u16(7), value, { other: null, path }), bits[0] === 3)
    }
  })

  it('refuses every mutated proof', () => {
    const seed = 20_261_125
    const random = randomFrom(seed)
    const map = MerkleMap.of(entriesOf(2000))
    const frames = framesOf()
    for (let frame = 0; frame < frames; frame++) {
      const key = Math.floor(random() * 4000)
      const good = encodeMapProof(map.prove(u16(key)))
      const decoded = decodeMapProof(mutated(good, random))
      const value = key < 2000 ? entryOf(key)[1] : undefined
      assert.ok(!decoded.ok || !verifyMapProof(map.root, u16(key), value, decoded.value), `seed ${seed}, frame ${frame}`)
    }
  }).timeout(FRAMES_TIMEOUT_MS)

  it('cuts the frozen manifest', () => {
    const { size, chunkBytesMax, sha256: hash, chunks } = vectors.manifest
    const cut = cutMap(MerkleMap.of(entriesOf(size)), chunkBytesMax)
    assert.equal(hex(sha256(cut.manifest)), hash)
    assert.deepEqual(cut.chunks.map(chunk => hex(sha256(chunk.encode()))), chunks)
  })

  it('cuts a map into chunks that give it again, each checked alone', () => {
    const seed = 7
    const random = randomFrom(seed)
    for (const size of [0, 1, 2, 40, 3000]) {
      const map = MerkleMap.of(Array.from({ length: size }, (_, i) => [u32(i), randomBytes(random, Math.floor(random() * 600))]))
      const { manifest, chunks } = cutMap(map)
      const hashes = openMapManifest(manifest, map.root)
      assert.ok(hashes.ok)
      assert.deepEqual(hashes.value.map(hex), chunks.map(({ hash }) => hex(hash)))
      if (size === 3000) assert.ok(chunks.length > 2)
      let again = MerkleMap.EMPTY
      for (const { hash, entries, encode } of chunks.toReversed()) {
        const bytes = encode()
        assert.ok(bytes.length <= MAP_CHUNK_BYTES_MAX)
        const opened = openMapChunk(bytes, hash)
        assert.ok(opened.ok)
        assert.equal(opened.value.length, entries)
        for (const [key, value] of opened.value) again = again.set(key, value)
      }
      assert.equal(hex(again.root), hex(map.root))
    }
  })

  it('refuses every mutated manifest and chunk', () => {
    const seed = 11
    const random = randomFrom(seed)
    const map = MerkleMap.of(entriesOf(400))
    const { manifest, chunks } = cutMap(map, 1000)
    const frames = framesOf()
    for (let frame = 0; frame < frames; frame++) {
      assert.ok(!openMapManifest(mutated(manifest, random), map.root).ok, `seed ${seed}, frame ${frame}`)
      const chunk = chunks[Math.floor(random() * chunks.length)]
      assert.ok(chunk !== undefined)
      assert.ok(!openMapChunk(mutated(chunk.encode(), random), chunk.hash).ok, `seed ${seed}, frame ${frame}`)
    }
    assert.ok(!openMapManifest(new Uint8Array(0), map.root).ok)
    assert.deepEqual(openMapManifest(new Uint8Array(0), EMPTY_MAP_ROOT), { ok: true, value: [] })
  }).timeout(FRAMES_TIMEOUT_MS)
})
