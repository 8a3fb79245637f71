import { strict as assert } from 'node:assert'
import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import {
  bytesOfHex, cidOfText, concat, encodeCanonical, hex, leafHash, merkleRoot, readUint, sha256, u16, u32, u64, utf8, writeVarint, type Value
} from '../../src/base/index.ts'
import {
  leafDataOf, leafHashOf, leafOfData, openSegment, recordHashOf, recordsRootOf, saltOf, SEGMENT_BYTES_MAX, SEGMENT_BYTES_TARGET_MAX,
  SEGMENT_BYTES_TARGET_MIN, SEGMENT_RECORDS_MAX, SegmentBuilder, type FeedRecord, type SegmentPlace
} from '../../src/core/feed/index.ts'
import { mutated, randomBytes } from '../base/mutate.fixture.ts'
import { FRAMES_TIMEOUT_MS, framesOf } from '../support/fuzz.ts'
import { recordOf, recordsOf, segmentOf } from './feed.fixture.ts'
import { codeOf, someCid, valueOf } from './identity.fixture.ts'
import { randomFrom } from '../support/chance.ts'

const place: SegmentPlace = { feed: someCid, index: 3, first: 100, secret: sha256(utf8('secret')), source: null }

const anyRecord: fc.Arbitrary<FeedRecord> = fc.record({
  key: fc.uint8Array({ minLength: 1, maxLength: 40 }),
  timeMs: fc.oneof(fc.maxSafeNat(), fc.nat(100_000)),
  operation: fc.constantFrom('put' as const, 'delete' as const),
  mediaType: fc.constantFrom('', 'text/csv', 'application/json', 'text/plain; charset=utf-8'),
  body: fc.uint8Array({ maxLength: 300 })
}, { noNullPrototype: true }).map(record => record.operation === 'delete' ? { ...record, body: new Uint8Array(0) } : record)

function built (records: readonly FeedRecord[]): SegmentBuilder {
  const builder = new SegmentBuilder()
  for (const record of records) assert.equal(builder.add(record), 'added')
  return builder
}

type Vector = {
  readonly name: string
  readonly input: {
    readonly feed: string, readonly index: number, readonly first: number, readonly secret: string,
    readonly source: { readonly feed: string, readonly from: number, readonly to: number } | null
    readonly records?: readonly {
      readonly key: string, readonly timeMs: number, readonly op: 'put' | 'delete', readonly mediaType: string, readonly body: string
    }[]
    readonly repeated?: number
  }
  readonly output: {
    readonly salts: readonly string[], readonly recordHashes: readonly string[], readonly recordsRoot: string, readonly bytes?: string
    readonly sizeBytes: number, readonly cid: string, readonly leafData: string, readonly leafHash: string
  }
}
type BadVector = { readonly name: string, readonly input: string, readonly error: string, readonly position?: number }
const vectors = JSON.parse(readFileSync('test/vectors/segment.json', 'utf8')) as {
  readonly accept: readonly Vector[], readonly refuse: readonly BadVector[]
}
const unhex = (text: string): Uint8Array => bytesOfHex(text) ?? assert.fail('not hex')
const cidNamed = (text: string): SegmentPlace['feed'] => cidOfText(text) ?? assert.fail('no CID')

describe('feed: segments', () => {
  for (const { name, input, output } of vectors.accept) {
    it(`packs ${name} into the frozen bytes`, () => {
      const { feed, source, secret, records, repeated = 0 } = input
      const given = records?.map(({ key, timeMs, op, mediaType, body }) => ({ key: unhex(key), timeMs, operation: op, mediaType, body: unhex(body) })) ??
        Array.from({ length: repeated }, (_, at): FeedRecord => ({ key: u16(at), timeMs: 1000 + at, operation: 'put', mediaType: 'text/csv', body: u32(at) }))
      const closed = built(given).close({
        feed: cidNamed(feed), index: input.index, first: input.first, secret: unhex(secret),
        source: source === null ? null : { ...source, feed: cidNamed(source.feed) }
      })
      assert.deepEqual(output.salts, output.salts.map((_, at) => hex(saltOf(unhex(secret), at))))
      assert.deepEqual(output.recordHashes, output.recordHashes.map((_, at) => hex(recordHashOf(saltOf(unhex(secret), at), given[at] ?? recordOf('')))))
      if (output.bytes !== undefined) assert.equal(hex(closed.bytes), output.bytes)
      assert.equal(closed.bytes.length, output.sizeBytes)
      assert.equal(hex(closed.leaf.recordsRoot), output.recordsRoot)
      assert.deepEqual(cidNamed(output.cid).bytes, closed.leafData.slice(0, 36))
      assert.equal(hex(closed.leafData), output.leafData)
      assert.equal(hex(leafHashOf(closed.leafData)), output.leafHash)
      assert.deepEqual([...valueOf(openSegment(closed.bytes)).records()], given)
    })
  }

  for (const { name, input, error, position } of vectors.refuse) {
    it(`refuses ${name}`, () => {
      const opened = openSegment(unhex(input))
      assert.ok(!opened.ok, 'opened')
      assert.equal(opened.failure.code, error)
      if (opened.failure.code === 'records') assert.equal(opened.failure.position, position)
    })
  }

  it('gives back every record that was packed, with the roots of the definition', () => {
    fc.assert(fc.property(fc.array(anyRecord, { minLength: 1, maxLength: 70 }), records => {
      const builder = built(records)
      const sizeBytesCounted = builder.sizeBytes
      const closed = builder.close(place)
      assert.ok(closed.bytes.length <= sizeBytesCounted)
      const opened = valueOf(openSegment(closed.bytes))
      assert.deepEqual([...opened.records()], records)
      assert.equal(closed.timeMsMin, Math.min(...records.map(({ timeMs }) => timeMs)))
      assert.equal(closed.timeMsMax, Math.max(...records.map(({ timeMs }) => timeMs)))
      const hashes = records.map(({ key, timeMs, operation, mediaType, body }, at) => sha256(
        new Uint8Array([0]), createHmac('sha256', place.secret).update(u32(at)).digest(), u64(timeMs),
        new Uint8Array([operation === 'put' ? 0 : 1, mediaType.length]), utf8(mediaType), u16(key.length), key, body
      ))
      assert.deepEqual(closed.leaf.recordsRoot, merkleRoot(hashes))
      assert.deepEqual(recordsRootOf(opened), closed.leaf.recordsRoot)
      assert.deepEqual(closed.digest, sha256(closed.bytes))
      assert.deepEqual(leafOfData(closed.leafData), closed.leaf)
    }))
  })

  it('keeps views into the segment, and survives a Buffer', () => {
    const { bytes } = segmentOf(recordsOf(3), someCid, 0, 0)
    const record = valueOf(openSegment(Buffer.from(bytes))).record(1)
    assert.equal(record.body.constructor, Uint8Array)
    const opened = valueOf(openSegment(bytes))
    assert.equal(opened.record(1).body.buffer, bytes.buffer)
    assert.throws(() => opened.record(3), { code: 'assertion' })
  })

  it('gives equal records different addresses', () => {
    const one = built(recordsOf(2)).close(place)
    const other = built(recordsOf(2)).close({ ...place, secret: sha256(utf8('other')) })
    assert.notDeepEqual(one.digest, other.digest)
    assert.notDeepEqual(one.leaf.recordsRoot, other.leaf.recordsRoot)
  })

  it('is empty again after it was closed', () => {
    const builder = built([recordOf('a', 'x', { timeMs: 5, mediaType: 'a/a' })])
    builder.close(place)
    assert.equal(builder.count, 0)
    assert.throws(() => builder.close(place), { code: 'assertion' })
    assert.equal(builder.add(recordOf('b', 'y', { timeMs: 9, mediaType: 'b/b' })), 'added')
    const { header } = valueOf(openSegment(builder.close(place).bytes))
    assert.deepEqual([header.timeMsMin, header.timeMsMax, header.mediaTypes], [9, 9, ['b/b']])
  })

  it('says what keeps a record out', () => {
    const builder = new SegmentBuilder()
    const long = 'x'.repeat(128)
    const refused: readonly [FeedRecord, string][] = [
      [recordOf(''), 'key-size'], [recordOf('x'.repeat(513)), 'key-size'], [recordOf('a', new Uint8Array(262_145)), 'body-size'],
      [recordOf('a', '', { timeMs: -1 }), 'time'], [recordOf('a', '', { timeMs: 2 ** 53 }), 'time'], [recordOf('a', '', { timeMs: 0.5 }), 'time'],
      [recordOf('a', '', { mediaType: long }), 'media-type'], [recordOf('a', '', { mediaType: 'täxt' }), 'media-type'],
      [recordOf('a', '', { mediaType: 'a\nb' }), 'media-type'], [recordOf('a', 'x', { operation: 'delete' }), 'delete-with-body']
    ]
    for (const [record, code] of refused) {
      const outcome = builder.add(record)
      assert.ok(typeof outcome === 'object', code)
      assert.equal(outcome.code, code)
    }
    assert.equal(builder.count, 0)
    for (const record of [recordOf('x'.repeat(512), new Uint8Array(262_144), { timeMs: 2 ** 53 - 1, mediaType: 'x'.repeat(127) })]) {
      assert.equal(builder.add(record), 'added')
    }
    assert.deepEqual(valueOf(openSegment(builder.close(place).bytes)).record(0).body.length, 262_144)
  })

  it('is full at its target, at 4,096 records and at 32 media types', () => {
    const bySize = new SegmentBuilder(SEGMENT_BYTES_TARGET_MIN)
    while (bySize.add(recordOf('key', new Uint8Array(997))) === 'added') assert.ok(bySize.count < 100)
    assert.equal(bySize.count, 64)
    const { bytes } = bySize.close(place)
    assert.ok(bytes.length <= SEGMENT_BYTES_TARGET_MIN && bytes.length > SEGMENT_BYTES_TARGET_MIN - 1500, `${bytes.length}`)

    const byCount = built(recordsOf(SEGMENT_RECORDS_MAX))
    assert.equal(byCount.add(recordOf('one more')), 'full')
    assert.equal(byCount.close(place).leaf.count, 4096)

    const byType = built(Array.from({ length: 32 }, (_, at) => recordOf('a', '', { mediaType: `a/${at}` })))
    assert.equal(byType.add(recordOf('a', '', { mediaType: 'a/31' })), 'added')
    assert.equal(byType.add(recordOf('a', '', { mediaType: 'a/32' })), 'full')
    assert.ok(openSegment(byType.close(place).bytes).ok)
    for (const bad of [SEGMENT_BYTES_TARGET_MIN - 1, SEGMENT_BYTES_TARGET_MAX + 1]) assert.throws(() => new SegmentBuilder(bad), { code: 'assertion' })
  })

  it('never grows beyond what a decoder takes, with all limits reached at once', () => {
    const builder = new SegmentBuilder(SEGMENT_BYTES_TARGET_MAX)
    const types = Array.from({ length: 32 }, (_, at) => `${at}`.padEnd(127, 'x'))
    let at = 0
    const next = (): FeedRecord => recordOf('k'.repeat(512), new Uint8Array(at < 3 ? 262_144 : 400), {
      timeMs: at % 2 === 0 ? 0 : 2 ** 53 - 1, mediaType: types[at % 32] ?? ''
    })
    while (builder.add(next()) === 'added') at++
    const source = { feed: someCid, from: 2 ** 53 - 2, to: 2 ** 53 - 1 }
    const closed = builder.close({ feed: someCid, index: 2 ** 53 - 1, first: 2 ** 53 - 10_000, secret: new Uint8Array(32), source })
    assert.ok(closed.bytes.length <= SEGMENT_BYTES_MAX)
    assert.ok(openSegment(closed.bytes).ok)
  })

  it('costs 2 percent beside a body of 300 bytes', () => {
    const random = randomFrom(1)
    const builder = new SegmentBuilder()
    let payload = 0
    for (let at = 0; builder.add(recordOf(`sensor/${at}`.padEnd(16, '0'), randomBytes(random, 300), { timeMs: at * 10 })) === 'added'; at++) payload += 316
    const { bytes } = builder.close(place)
    assert.ok(bytes.length / payload < 1.03, `${bytes.length / payload}`)
  })
})

describe('feed: opening what others packed', () => {
  const { bytes } = segmentOf([...recordsOf(5), recordOf('gone', '', { operation: 'delete', mediaType: 'a/b' })], someCid, 2, 7)
  const headerSize = readUint(bytes, 4, 4) ?? 0
  const records = bytes.subarray(8 + headerSize)

  function withHeader (header: Value, tail = records): Uint8Array {
    const encoded = encodeCanonical(header)
    return concat([utf8('HS'), new Uint8Array([1, 0]), u32(encoded.length), encoded, tail])
  }

  it('accepts a header only if it says exactly what is there', () => {
    const { header } = valueOf(openSegment(bytes))
    const good: { readonly [key: string]: Value } = header
    assert.ok(openSegment(withHeader(good)).ok, 'unchanged')
    const changes: readonly [string, { readonly [key: string]: Value }][] = [
      ['records', { count: header.count - 1 }], ['records', { count: header.count + 1 }], ['records', { timeMsMin: header.timeMsMin - 1 }],
      ['records', { timeMsMax: header.timeMsMax + 1 }], ['records', { timeMsMax: header.timeMsMax - 1 }], ['header', { count: 0 }],
      ['records', { mediaTypes: ['text/plain'] }], ['records', { mediaTypes: ['text/plain', 'a/b', 'c/d'] }], ['records', { mediaTypes: ['a/b', 'a/b'] }],
      ['version', { coding: 1 }], ['header', { v: 2 }], ['header', { kind: 'sealed' }], ['header', { secret: new Uint8Array(31) }],
      ['header', { mediaTypes: ['täxt', 'a/b'] }], ['header', { count: 4097 }], ['header', { more: 1 }], ['header', { source: { feed: someCid } }]
    ]
    for (const [code, change] of changes) assert.equal(codeOf(openSegment(withHeader({ ...good, ...change }))), code, JSON.stringify(change))
  })

  it('refuses a body of 262,145 bytes, and takes one less', () => {
    const { header } = valueOf(openSegment(bytes))
    const one: { readonly [key: string]: Value } = { ...header, count: 1, timeMsMax: header.timeMsMin, mediaTypes: ['a/b'] }
    const start = new Uint8Array([1, 0x6b, 0, 0])
    const whole = (size: number): Uint8Array => {
      const tail = new Uint8Array(3)
      writeVarint(tail, 0, size)
      return withHeader(one, concat([start, tail, new Uint8Array(size)]))
    }
    assert.equal(codeOf(openSegment(whole(262_144))), 'ok')
    assert.equal(codeOf(openSegment(whole(262_145))), 'records')
  })

  it('tells sealed segments and other versions from bad ones', () => {
    assert.equal(codeOf(openSegment(bytes.with(3, 1))), 'sealed')
    assert.equal(codeOf(openSegment(bytes.with(3, 2))), 'version')
    assert.equal(codeOf(openSegment(bytes.with(2, 2))), 'version')
    assert.equal(codeOf(openSegment(bytes.with(0, 0))), 'not-a-segment')
    assert.equal(codeOf(openSegment(bytes.with(4, 1))), 'not-a-segment')
    assert.equal(codeOf(openSegment(new Uint8Array(SEGMENT_BYTES_MAX + 1))), 'too-large')
    assert.equal(codeOf(openSegment(new Uint8Array(0))), 'not-a-segment')
  })

  it('refuses every cut and every byte too much', () => {
    for (let size = 0; size < bytes.length; size++) assert.ok(!openSegment(bytes.slice(0, size)).ok, `cut at ${size}`)
    assert.equal(codeOf(openSegment(concat([bytes, new Uint8Array(1)]))), 'records')
  })

  it('survives mutated segments, and those it opens pack again into the same bytes', function () {
    this.timeout(FRAMES_TIMEOUT_MS)
    const seed = 20_261_126
    const random = randomFrom(seed)
    let opened = 0
    for (let i = 0; i < framesOf(); i++) {
      const mutant = mutated(bytes, random)
      const result = openSegment(mutant)
      if (!result.ok) continue
      opened++
      const { header } = result.value
      const again = built([...result.value.records()]).close(header)
      assert.deepEqual(hex(again.bytes), hex(mutant), `seed ${seed}, mutant ${i}`)
      assert.deepEqual(recordsRootOf(result.value), again.leaf.recordsRoot)
    }
    assert.ok(opened > framesOf() / 100, `${opened} opened`)
  })
})

describe('feed: leaves', () => {
  it('reads back 80 bytes and refuses all others', () => {
    const hash = fc.uint8Array({ minLength: 32, maxLength: 32 })
    fc.assert(fc.property(hash, hash, fc.nat(2 ** 31 - 1), fc.integer({ min: 1, max: 4096 }), (digest, recordsRoot, first, count) => {
      const data = leafDataOf({ digest, recordsRoot, first, count })
      assert.equal(data.length, 80)
      assert.deepEqual(leafOfData(data), { digest, recordsRoot, first, count })
      assert.deepEqual(leafHashOf(data), leafHash(data))
    }))
    const good = leafDataOf({ digest: new Uint8Array(32), recordsRoot: new Uint8Array(32), first: 9, count: 9 })
    assert.equal(leafOfData(good.slice(1)), undefined)
    assert.equal(leafOfData(concat([good, u16(0)])), undefined)
    for (const at of [0, 1, 2, 3]) assert.equal(leafOfData(good.with(at, 0x70)), undefined)
    for (const [at, part] of [[76, u32(0)], [76, u32(4097)], [68, new Uint8Array(8).fill(255)], [68, u64(2 ** 53 - 1)]] as const) {
      const bad = good.slice()
      bad.set(part, at)
      assert.equal(leafOfData(bad), undefined)
    }
  })

  it('survives mutated leaves', function () {
    this.timeout(FRAMES_TIMEOUT_MS)
    const seed = 20_261_127
    const random = randomFrom(seed)
    const good = leafDataOf({ digest: sha256(utf8('a')), recordsRoot: sha256(utf8('b')), first: 1000, count: 300 })
    for (let i = 0; i < framesOf(); i++) {
      const mutant = mutated(good, random)
      const leaf = leafOfData(mutant)
      if (leaf !== undefined) assert.deepEqual(leafDataOf(leaf), mutant, `seed ${seed}, mutant ${i}`)
    }
  })
})
