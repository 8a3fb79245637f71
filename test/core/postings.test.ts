import { strict as assert } from 'node:assert'
import { utf8 } from '../../src/base/index.ts'
import {
  BlockBuilder, bucketOf, decodeManifest, encodeManifest, mayTouch, pagesOf, PostingList, rangesOfBox, segmentsWithin, sizeClassOf, slotOf, termOfKey, termOfPlace, visitPage
} from '../../src/core/postings/index.ts'
import { meets, type PlaceBox } from '../../src/core/rows/index.ts'
import { SEED, randomFrom } from '../support/chance.ts'
const ALL_CLASSES = 2 ** 24 - 1

/** Boxes of all sizes, many at the edges of the map. */
function boxes (random: () => number): () => PlaceBox {
  const near = (...edges: readonly number[]): number => (edges[Math.floor(random() * edges.length)] ?? 0) + (random() - 0.5) * 10 ** -Math.floor(random() * 7)
  const clamped = (value: number, max: number): number => Math.max(-max, Math.min(max, value))
  return () => {
    const [lon, lat] = random() < 0.5 ? [clamped(near(-180, 180, 0), 180), clamped(near(-90, 90, 0), 90)] : [random() * 360 - 180, random() * 180 - 90]
    const size = random() < 0.4 ? 0 : 180 * 10 ** (-6 * random())
    const east = lon + size * random()
    return { west: lon, south: lat, east: east > 180 ? east - 360 : east, north: clamped(lat + size / 2 * random(), 90) }
  }
}

describe('terms of places', () => {
  it(`lie in the ranges of every box that the place touches, and pass its look (HANSE_SEED=${SEED})`, () => {
    const random = randomFrom(SEED)
    const box = boxes(random)
    let met = 0
    for (let round = 0; round < 3_000; round++) {
      const asked = box()
      const ranges = rangesOfBox(asked, ALL_CLASSES)
      const touches = mayTouch(asked)
      for (let each = 0; each < 20; each++) {
        const placed = each % 2 === 0 ? box() : beside(asked, random)
        const term = termOfPlace(placed)
        assert.ok(Number.isSafeInteger(term) && term >= 0 && term < 2 ** 49 && sizeClassOf(term) < 24)
        if (!meets(placed, asked)) continue
        met++
        const said = JSON.stringify({ asked, placed })
        assert.ok(touches(term), said)
        assert.ok(ranges.some(({ from, to }) => from <= term && term <= to), said)
      }
    }
    assert.ok(met > 3_000, `places were met: ${met}`)
  })

  it('are few beside a small box: the index reads hardly more than it gives', () => {
    const random = randomFrom(1)
    const asked = { west: 7, south: 50, east: 7.01, north: 50.01 }
    const [ranges, touches] = [rangesOfBox(asked, 1), mayTouch(asked)]
    let [inside, looked, passed] = [0, 0, 0]
    for (let round = 0; round < 200_000; round++) {
      const [lon, lat] = [6.9 + random() * 0.2, 49.9 + random() * 0.2]
      const placed = { west: lon, south: lat, east: lon, north: lat }
      const term = termOfPlace(placed)
      if (meets(placed, asked)) inside++
      if (ranges.some(({ from, to }) => from <= term && term <= to)) looked++
      if (touches(term)) passed++
    }
    assert.ok(passed < inside * 1.1, `${passed} pass for ${inside}`)
    assert.ok(looked < inside * 2.5, `${looked} lie in the ranges for ${inside}`)
    assert.ok(ranges.length <= 32)
  })

  it(`of points pass in no cell beside those that the box touches: of each that passes a segment is read (HANSE_SEED=${SEED})`, () => {
    const random = randomFrom(SEED)
    const [wide, high] = [360 / 2 ** 22, 180 / 2 ** 22]
    for (let round = 0; round < 2_000; round++) {
      const [west, south] = [random() * 350 - 175, random() * 170 - 85]
      const asked = { west, south, east: west + random() * 0.01, north: south + random() * 0.01 }
      const touches = mayTouch(asked)
      const isIn = (lon: number, lat: number): boolean => touches(termOfPlace({ west: lon, south: lat, east: lon, north: lat }))
      const [lon, lat] = [west + random() * (asked.east - west), south + random() * (asked.north - south)]
      const said = JSON.stringify(asked)
      assert.ok(isIn(lon, lat) && isIn(west, south) && isIn(asked.east, asked.north), said)
      for (const each of [west - 1.01 * wide, asked.east + 1.01 * wide]) assert.equal(isIn(each, lat), false, said)
      for (const each of [south - 1.01 * high, asked.north + 1.01 * high]) assert.equal(isIn(lon, each), false, said)
    }
  })

  it('stay within few ranges whatever the box, the whole globe in one a size', () => {
    const box = boxes(randomFrom(SEED))
    for (let round = 0; round < 2_000; round++) assert.ok(rangesOfBox(box(), 1).length <= 64)
    assert.equal(rangesOfBox({ west: -180, south: -90, east: 180, north: 90 }, 1).length, 1)
    assert.deepEqual(rangesOfBox({ west: 0, south: 0, east: 1, north: 1 }, 0), [])
  })
})

/** A small place within the box or just beside it. */
function beside ({ west, south, east, north }: PlaceBox, random: () => number): PlaceBox {
  const width = (east < west ? east + 360 : east) - west
  const turned = (degrees: number): number => degrees > 180 ? degrees - 360 : degrees < -180 ? degrees + 360 : degrees
  const lon = turned(west + width * (random() * 1.2 - 0.1))
  const lat = Math.max(-90, Math.min(90, south + (north - south) * (random() * 1.2 - 0.1)))
  return { west: lon, south: lat, east: random() < 0.5 ? lon : turned(lon + width * random() / 2), north: lat }
}

describe('pages of postings', () => {
  it(`give back every posting, in their order, and only pages that may hold a range are read (HANSE_SEED=${SEED})`, () => {
    const random = randomFrom(SEED)
    for (const terms of [2 ** 49, 1_000, 3]) {
      const list = new PostingList()
      const given = Array.from({ length: 5_000 }, (_, offset) => ({ term: Math.floor(random() * terms), offset, bucket: offset % 256 }))
      for (const { term, offset } of given) list.add(term, offset)
      const { firsts, pages } = list.pack(offset => offset % 256)
      const read = pages.map(page => {
        const found: { term: number, offset: number, bucket: number }[] = []
        assert.ok(visitPage(page, (term, offset, bucket) => { found.push({ term, offset, bucket }) }))
        return found
      })
      assert.deepEqual(read.flat(), given.toSorted((a, b) => a.term - b.term || a.offset - b.offset))
      for (let round = 0; round < 100; round++) {
        const from = round % 2 === 0 ? given[Math.floor(random() * given.length)]?.term ?? 0 : Math.floor(random() * terms)
        const to = from + (round % 3 === 0 ? 0 : Math.floor(random() * terms / 10))
        const wanted = pagesOf(firsts, [{ from, to }])
        const within = (list: readonly { readonly term: number }[]): boolean => list.some(({ term }) => term >= from && term <= to)
        read.forEach((page, at) => { if (within(page)) assert.ok(wanted.includes(at), `page ${at}`) })
        assert.ok(wanted.length <= read.filter(within).length + 1)
      }
    }
  })

  it('are refused where bytes are missing', () => {
    const list = new PostingList()
    for (let offset = 0; offset < 100; offset++) list.add(offset * 1_000_000_007, offset)
    const [page = new Uint8Array(0)] = list.pack(() => 0).pages
    assert.equal(visitPage(page.subarray(0, page.length - 1), () => {}), false)
  })
})

describe('blocks', () => {
  it('say of each segment when its records were, and survive being written', () => {
    const builder = new BlockBuilder(100, false)
    const times = [[5_000, 7_000], [], [1_000], [7_500, 7_999]]
    let number = 100
    for (const segment of times) {
      builder.beginSegment()
      for (const timeMs of segment) builder.add({ number: number++, timeMs, place: undefined, key: 1 })
    }
    const block = builder.finish([10, 14], number)
    const manifest = decodeManifest(encodeManifest(block.manifest))
    assert.deepEqual(manifest, block.manifest)
    assert.deepEqual(block.manifest.timesMs, [1_000, 7_999])
    const within = (fromMs: number, toMs: number): readonly number[] => [...segmentsWithin(block.manifest, block.times, fromMs, toMs) ?? []]
    assert.deepEqual(within(0, Infinity), [10, 12, 13])
    assert.deepEqual(within(7_000, 7_500), [10])
    assert.deepEqual(within(1_001, 5_000), [])
    assert.equal(segmentsWithin(block.manifest, block.times.subarray(0, block.times.length - 1), 0, 1), undefined)
  })

  it('hold no place and no time of a sealed feed', () => {
    const builder = new BlockBuilder(0, true)
    builder.beginSegment()
    builder.add({ number: 0, timeMs: 1_700_000_000_000, place: 123, key: 7 })
    const { manifest, places, times, keys } = builder.finish([0, 1], 1)
    assert.deepEqual([manifest.timesMs, manifest.places, places, [...times], keys.pages.length], [null, null, null, [0], 1])
  })

  it('cut time into 256 parts that never lose a moment', () => {
    const span = [1_000, 1_000_000] as const
    let before = 0
    for (let timeMs = span[0]; timeMs <= span[1]; timeMs += 997) {
      const bucket = bucketOf(span, timeMs)
      assert.ok(bucket >= before && bucket < 256)
      before = bucket
    }
    assert.deepEqual([bucketOf(span, 0), bucketOf(span, span[1]), bucketOf(span, Infinity), bucketOf([5, 5], 5)], [0, 255, 255, 0])
    assert.deepEqual([slotOf(0), slotOf(28_671), slotOf(28_672)], [0, 0, 1])
  })

  it('spread keys that differ in their last letters', () => {
    const terms = new Set(Array.from({ length: 200_000 }, (_, at) => termOfKey(utf8(`bus-${String(at).padStart(6, '0')}`))))
    assert.ok(terms.size > 199_990, `${terms.size} terms of 200000 keys`)
    assert.ok([...terms].every(term => Number.isSafeInteger(term) && term >= 0 && term < 2 ** 48))
  })
})
