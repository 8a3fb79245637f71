import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { cidOf, concat, utf8, type Result } from '../../src/base/index.ts'
import {
  addRange, CREDIT_BYTES, countOf, decodeBlockHeader, decodeLeavesHeader, decodeListing, decodeNote, decodeRequest, decodeResult,
  decodeSegmentHeader, decodeStatementHeader, encodeItem, encodeListing, encodeNote, encodeRequest, encodeResult, hasIndex, ItemReader, listingPage, removeRange, setDigest, type ListEntry, type Range, type Request
} from '../../src/core/sync/index.ts'
import { mutated } from '../base/mutate.fixture.ts'
import { FRAMES_TIMEOUT_MS, framesOf } from '../support/fuzz.ts'
import { SEED, randomFrom } from '../support/chance.ts'

const feed = cidOf('dagCbor', utf8('feed'))
const requests: readonly Request[] = [
  { verb: 'feeds', creditBytes: CREDIT_BYTES.small, setDigest: new Uint8Array(32), after: null },
  { verb: 'statements', creditBytes: CREDIT_BYTES.small, ids: [feed] },
  { verb: 'head', creditBytes: CREDIT_BYTES.small, feed },
  { verb: 'leaves', creditBytes: CREDIT_BYTES.bulk, feed, length: 10, from: 2, to: 10 },
  { verb: 'segments', creditBytes: CREDIT_BYTES.bulk, feed, length: 10, ranges: [[0, 2], [4, 9]], follow: false },
  { verb: 'blocks', creditBytes: CREDIT_BYTES.bulk, root: feed, cids: [], byteFrom: 0, byteTo: 1 << 20 }
]

describe('sync messages', () => {
  it('come back from their bytes as they were', () => {
    for (const request of requests) assert.deepEqual(decodeRequest(encodeRequest(request)), { ok: true, value: request })
  })

  it('refuse what is beyond a limit, each with a reason', () => {
    const beyond: readonly Request[] = [
      { verb: 'head', creditBytes: 65_535, feed },
      { verb: 'leaves', creditBytes: CREDIT_BYTES.bulk, feed, length: 9, from: 2, to: 10 },
      { verb: 'leaves', creditBytes: CREDIT_BYTES.bulk, feed, length: 9_000, from: 0, to: 4_097 },
      { verb: 'segments', creditBytes: CREDIT_BYTES.bulk, feed, length: 10, ranges: [[4, 9], [0, 2]], follow: false },
      { verb: 'segments', creditBytes: CREDIT_BYTES.bulk, feed, length: 10, ranges: [[0, 11]], follow: false },
      { verb: 'segments', creditBytes: CREDIT_BYTES.bulk, feed, length: 10, ranges: [], follow: false },
      { verb: 'segments', creditBytes: CREDIT_BYTES.bulk, feed, length: 5_000, ranges: [[0, 4_097]], follow: false },
      { verb: 'blocks', creditBytes: CREDIT_BYTES.bulk, root: feed, cids: [feed], byteFrom: 0, byteTo: 1 },
      { verb: 'blocks', creditBytes: CREDIT_BYTES.bulk, root: feed, cids: [], byteFrom: 0, byteTo: (64 << 20) + 1 }
    ]
    for (const request of beyond) {
      const decoded = decodeRequest(encodeRequest(request))
      assert.equal(decoded.ok ? 'taken' : decoded.failure.code, 'limit', JSON.stringify(request))
    }
  })

  it('survive mutated frames without a throw, and read none as two messages', function () {
    this.timeout(FRAMES_TIMEOUT_MS)
    const notes = [encodeNote({ kind: 'head', envelope: new Uint8Array(400) }), encodeNote({ kind: 'have', entries: entriesOf(3) })]
    const listing = encodeListing(listingPage(entriesOf(5), new Uint8Array(32), null))
    const random = randomFrom(SEED)
    const decoders: readonly (readonly [readonly Uint8Array[], (mutant: Uint8Array) => Uint8Array | undefined])[] = [
      [requests.map(encodeRequest), mutant => again(decodeRequest(mutant), encodeRequest)],
      [notes, mutant => again(decodeNote(mutant), encodeNote)],
      [[listing], mutant => again(decodeListing(mutant), encodeListing)],
      [[encodeResult({ code: 'ok' })], mutant => again(decodeResult(mutant), encodeResult)]
    ]
    for (const [frames, decode] of decoders) {
      for (let round = 0; round < framesOf(); round++) {
        const mutant = mutated(frames[round % frames.length] ?? new Uint8Array(0), random)
        const encoded = decode(mutant)
        if (encoded !== undefined) assert.deepEqual(encoded, mutant, `seed ${SEED}`)
      }
    }
  })
})

describe('the listing of feeds', () => {
  it('names every feed once over its pages and closes with one digest', () => {
    const entries = entriesOf(600)
    const seen: string[] = []
    let after: ListEntry['feed'] | null = null
    do {
      const page = decodeListing(encodeListing(listingPage(entries, new Uint8Array(32), after)))
      assert.ok(page.ok)
      assert.deepEqual(page.value.setDigest, setDigest(entries))
      seen.push(...page.value.entries.map(each => each.feed.toString()))
      after = page.value.next
    } while (after !== null)
    assert.deepEqual(seen.toSorted(), entries.map(each => each.feed.toString()).toSorted())
  })

  it('is one small frame where nothing changed', () => {
    const entries = entriesOf(600)
    const page = listingPage(entries.toReversed(), setDigest(entries), null)
    assert.equal(page.same, true)
    assert.ok(encodeListing(page).length < 100)
  })
})

describe('the reader of items', () => {
  it('cuts any chunking of the stream into the same items', () => {
    fc.assert(fc.property(
      fc.array(fc.uint8Array({ maxLength: 2_000 }), { maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 20 }),
      (payloads, cuts) => {
        const stream = concat(payloads.flatMap(payload => [encodeItem('block', { cid: feed }, payload.length), payload]))
        const reader = new ItemReader()
        const read: Uint8Array[] = []
        for (let [at, turn] = [0, 0]; at < stream.length; turn++) {
          const size = cuts[turn % cuts.length] ?? 1
          const items = reader.push(stream.subarray(at, at + size))
          assert.ok(items.ok)
          read.push(...items.value.map(({ payload }) => payload))
          at += size
        }
        assert.ok(reader.isBetweenItems)
        assert.deepEqual(read.map(String), payloads.map(String))
      }
    ))
  })

  it('refuses an item by its sizes before it collects it', () => {
    const tooLarge = encodeItem('block', { cid: feed }, 1_048_577)
    const read = new ItemReader().push(tooLarge)
    assert.equal(read.ok ? 'taken' : read.failure.code, 'too-large')
    const unknown = encodeItem('block', { cid: feed }, 0)
    unknown[4] = 99
    const other = new ItemReader().push(unknown)
    assert.equal(other.ok ? 'taken' : other.failure.code, 'unknown-item')
  })

  it('cuts mutated streams into items or refuses them, and holds no more than came', function () {
    this.timeout(FRAMES_TIMEOUT_MS)
    const hash = new Uint8Array(32)
    const headers = [
      ['statement', { id: feed }], ['leaves', { from: 0, to: 1, left: [hash], right: [] }],
      ['segment', { index: 3, leafData: new Uint8Array(80), form: 'stored' }], ['block', { cid: feed }]
    ] as const
    const stream = concat(headers.flatMap(([type, header]) => [encodeItem(type, header, 5), utf8('bytes')]))
    const random = randomFrom(SEED)
    for (let round = 0; round < framesOf(); round++) {
      const mutant = mutated(stream, random)
      const reader = new ItemReader()
      const cut = Math.floor(random() * mutant.length)
      let size = 0
      for (const chunk of [mutant.subarray(0, cut), mutant.subarray(cut)]) {
        const items = reader.push(chunk)
        if (!items.ok) break
        for (const { header, payload } of items.value) {
          size += 7 + header.length + payload.length
          for (const decode of [decodeStatementHeader, decodeLeavesHeader, decodeSegmentHeader, decodeBlockHeader]) decode(header)
        }
      }
      assert.ok(size <= mutant.length, `seed ${SEED}`)
    }
  })
})

describe('ranges', () => {
  it('add and remove as sets of indexes do', () => {
    const range = fc.tuple(fc.nat(40), fc.nat(40)).map(([a, b]): Range => [Math.min(a, b), Math.max(a, b)])
    fc.assert(fc.property(fc.array(fc.tuple(fc.boolean(), range), { maxLength: 30 }), steps => {
      let ranges: readonly Range[] = []
      const set = new Set<number>()
      for (const [isAdded, each] of steps) {
        ranges = isAdded ? addRange(ranges, each) : removeRange(ranges, each)
        for (let index = each[0]; index < each[1]; index++) if (isAdded) set.add(index); else set.delete(index)
      }
      assert.equal(countOf(ranges), set.size)
      for (let index = 0; index < 41; index++) assert.equal(hasIndex(ranges, index), set.has(index))
      for (const [at, [from, to]] of ranges.entries()) assert.ok(from < to && from > (ranges[at - 1]?.[1] ?? -1))
    }))
  })
})

function again<T> (decoded: Result<T, unknown>, encode: (value: T) => Uint8Array): Uint8Array | undefined {
  return decoded.ok ? encode(decoded.value) : undefined
}

function entriesOf (count: number): readonly ListEntry[] {
  return Array.from({ length: count }, (_, at) => ({ feed: cidOf('dagCbor', utf8(`feed ${at}`)), length: at, mmrRoot: new Uint8Array(32).fill(at % 256) }))
}
