import { strict as assert } from 'node:assert'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { bytesOfHex, cidOfText, concat, hex, MerkleLog, sha256, utf8 } from '../../src/base/index.ts'
import {
  leafHashOf, leafOfData, makeRecordProof, makeSegmentProof, openSegment, saltOf, SEGMENT_BYTES_TARGET_MAX, SegmentBuilder, verifyRecordProof,
  type FeedRecord, type OpenSegment
} from '../../src/core/feed/index.ts'
import {
  decodeRedacted, encodeRedacted, faultOfRedacted, isRedacted, keptRecordsOf, makeKeptRecordProof, openSealed, redact, redactFurther,
  REDACTED_BYTES_MAX, sealRedacted, sealSegment
} from '../../src/core/sealing/index.ts'
import { mutated } from '../base/mutate.fixture.ts'
import { framesOf, FRAMES_TIMEOUT_MS } from '../support/fuzz.ts'
import { ada, declarationOf, headOf, membership, NOW_MS, recordOf, recordsOf, segmentOf, speaker } from './feed.fixture.ts'
import { codeOf, valueOf } from './identity.fixture.ts'
import { randomFrom } from '../support/chance.ts'

type Vectors = {
  readonly feed: string, readonly index: number, readonly first: number, readonly secret: string, readonly digest: string, readonly leafData: string
  readonly epochKey: string, readonly keyEpoch: number, readonly salt: string, readonly recordsRoot: string
  readonly records: readonly {
    readonly key: string, readonly timeMs: number, readonly op: 'put' | 'delete', readonly mediaType: string, readonly body: string
  }[]
  readonly accept: readonly {
    readonly name: string, readonly positions: readonly number[], readonly bytes: string, readonly kept: readonly number[], readonly sealed: string
  }[]
  readonly refuse: readonly { readonly name: string, readonly bytes: string, readonly error: string }[]
  readonly misplaced: readonly { readonly name: string, readonly bytes: string, readonly fault: string }[]
}
const vectors = JSON.parse(readFileSync('test/vectors/redacted.json', 'utf8')) as Vectors
const unhex = (text: string): Uint8Array => bytesOfHex(text) ?? assert.fail('not hex')

const feed = declarationOf(ada, { class: 'restricted' }).id
const records = [...recordsOf(7), recordOf('gone', '', { operation: 'delete', mediaType: 'a/b' })]
const segment = segmentOf(records, feed, 4, 60)
const opened: OpenSegment = valueOf(openSegment(segment.bytes))
const gone = new Set([1, 5])

function contains (haystack: Uint8Array, needle: Uint8Array): boolean {
  return Buffer.from(haystack).includes(Buffer.from(needle))
}

describe('sealing: segments of which records were erased', () => {
  const feedOfVectors = cidOfText(vectors.feed) ?? assert.fail('no CID')
  const leaf = leafOfData(unhex(vectors.leafData)) ?? assert.fail('no leaf')
  const given = vectors.records.map(({ key, timeMs, op, mediaType, body }): FeedRecord => (
    { key: unhex(key), timeMs, operation: op, mediaType, body: unhex(body) }
  ))

  for (const { name, positions, bytes, kept, sealed } of vectors.accept) {
    it(`writes and reads the frozen bytes: ${name}`, () => {
      const builder = new SegmentBuilder()
      for (const record of given) assert.equal(builder.add(record), 'added')
      const { index, first } = vectors
      const whole = builder.close({ feed: feedOfVectors, index, first, secret: unhex(vectors.secret), source: null })
      const made = redact(valueOf(openSegment(whole.bytes)), unhex(vectors.digest), new Set(positions))
      assert.equal(hex(encodeRedacted(made)), bytes)
      const read = valueOf(decodeRedacted(unhex(bytes)))
      assert.equal(faultOfRedacted(read, feedOfVectors, index, leaf), undefined)
      assert.deepEqual(keptRecordsOf(read), kept.map(position => ({ position, record: given[position] })))
      const place = { feed: feedOfVectors, index, keyEpoch: vectors.keyEpoch, epochKey: unhex(vectors.epochKey), salt: unhex(vectors.salt) }
      assert.equal(hex(sealRedacted(made, place)), sealed)
      assert.deepEqual(valueOf(openSealed(unhex(sealed), place.epochKey)).contents, { kind: 'redacted', segment: read })
    })
  }

  for (const { name, bytes, error } of vectors.refuse) {
    it(`refuses ${name}`, () => {
      assert.equal(codeOf(decodeRedacted(unhex(bytes))), error)
    })
  }

  for (const { name, bytes, fault } of vectors.misplaced) {
    it(`finds the fault of ${name}`, () => {
      assert.equal(faultOfRedacted(valueOf(decodeRedacted(unhex(bytes))), feedOfVectors, vectors.index, leaf), fault)
    })
  }

  it('stands by the root of its records, whichever were erased, in one step or in two', () => {
    const positions = fc.uniqueArray(fc.nat(records.length - 1), { minLength: 1 })
    fc.assert(fc.property(positions, positions, (some, more) => {
      const once = redact(opened, segment.digest, new Set(some))
      const twice = redactFurther(once, new Set(more))
      assert.equal(faultOfRedacted(twice, feed, 4, segment.leaf), undefined)
      assert.deepEqual(twice, redact(opened, segment.digest, new Set([...some, ...more])))
      assert.deepEqual(valueOf(decodeRedacted(encodeRedacted(twice))), twice)
      const erased = new Set([...some, ...more])
      assert.deepEqual(keptRecordsOf(twice), records.flatMap((record, position) => erased.has(position) ? [] : [{ position, record }]))
    }))
  })

  it('stands for no other records, though their root be the one that it names itself', () => {
    const other = segmentOf([...records.slice(0, -1), recordOf('another', 'story', { mediaType: 'a/b' })], feed, 4, 60)
    const forged = redact(valueOf(openSegment(other.bytes)), segment.digest, gone)
    assert.equal(faultOfRedacted(forged, feed, 4, segment.leaf), 'recordsRoot')
    assert.equal(faultOfRedacted(forged, feed, 4, { ...other.leaf, digest: segment.digest }), undefined)
  })

  it('holds no secret, and of an erased record neither salt nor key nor body', () => {
    const stored = encodeRedacted(redact(opened, segment.digest, gone))
    assert.ok(!contains(stored, opened.header.secret))
    for (const [position, { key, body }] of records.slice(0, -1).entries()) {
      for (const part of [key, body, saltOf(opened.header.secret, position)]) assert.equal(contains(stored, part), !gone.has(position), `${position}`)
    }
  })

  it('keeps every other proof as it was', () => {
    const declaration = declarationOf(ada, { class: 'restricted' })
    const only = segmentOf(records, feed, 0, 0)
    const log = new MerkleLog()
    log.append(leafHashOf(only.leafData))
    const head = headOf(ada, {
      federation: membership.federation, feed, length: 1, records: records.length, bytes: only.bytes.length, mmrRoot: log.root(), firstRetained: 0,
      keyEpoch: 1, timeMs: NOW_MS, prevHeadDigest: null
    })
    const segmentProof = makeSegmentProof(head, log, 0, only.leafData)
    const redacted = redact(valueOf(openSegment(only.bytes)), only.digest, gone)
    for (const { position, record } of keptRecordsOf(redacted)) {
      const proof = makeKeptRecordProof(segmentProof, redacted, position, [])
      assert.deepEqual(proof, makeRecordProof(segmentProof, valueOf(openSegment(only.bytes)), position, []))
      assert.deepEqual(valueOf(verifyRecordProof(proof, declaration, speaker)).record, record)
    }
    assert.throws(() => makeKeptRecordProof(segmentProof, redacted, 1, []), { code: 'assertion' })
  })

  it('is told from a segment by its first byte, and is sealed again where the feed is sealed', () => {
    const epochKey = sha256(utf8('epoch key'))
    const place = { feed, index: 4, keyEpoch: 7, epochKey, salt: sha256(utf8('salt')) }
    const sealed = sealSegment(segment, place)
    const redacted = redact(opened, sealed.digest, gone)
    const again = sealRedacted(redacted, { ...place, salt: sha256(utf8('fresh salt')) })
    assert.ok(isRedacted(encodeRedacted(redacted)) && !isRedacted(segment.bytes) && !isRedacted(again))
    const { contents } = valueOf(openSealed(again, epochKey))
    assert.ok(contents.kind === 'redacted')
    assert.equal(faultOfRedacted(contents.segment, feed, 4, sealed.leaf), undefined)
    assert.throws(() => sealRedacted(redacted, { ...place, index: 5 }), { code: 'assertion' })
    for (const positions of [new Set<number>(), new Set([8])]) assert.throws(() => redact(opened, segment.digest, positions), { code: 'assertion' })
  })

  it('never grows beyond what a decoder takes, with all limits reached at once', () => {
    const builder = new SegmentBuilder(SEGMENT_BYTES_TARGET_MAX)
    const types = Array.from({ length: 32 }, (_, at) => `${at}`.padEnd(127, 'x'))
    for (let at = 0; at < 4_096; at++) {
      const record = recordOf('k'.repeat(200), new Uint8Array(30), { timeMs: at % 2 === 0 ? 0 : 2 ** 53 - 1, mediaType: types[at % 32] ?? '' })
      assert.equal(builder.add(record), 'added')
    }
    const { bytes, digest, leaf } = builder.close({ feed, index: 2 ** 53 - 1, first: 2 ** 53 - 10_000, secret: sha256(new Uint8Array(0)), source: null })
    const encoded = encodeRedacted(redact(valueOf(openSegment(bytes)), digest, new Set([0])))
    assert.ok(encoded.length > bytes.length && encoded.length <= REDACTED_BYTES_MAX, `${bytes.length} and ${encoded.length}`)
    assert.equal(faultOfRedacted(valueOf(decodeRedacted(encoded)), feed, 2 ** 53 - 1, leaf), undefined)
    assert.equal(codeOf(decodeRedacted(concat([encoded, new Uint8Array(REDACTED_BYTES_MAX)]))), 'too-large')
  })

  it('survives mutated redactions: what it reads it writes again, and what stands in the feed is what was kept', function () {
    this.timeout(FRAMES_TIMEOUT_MS)
    const seed = 20_261_204
    const random = randomFrom(seed)
    const good = redact(opened, segment.digest, gone)
    const encoded = encodeRedacted(good)
    let read = 0
    for (let i = 0; i < framesOf(); i++) {
      const mutant = mutated(encoded, random)
      const decoded = decodeRedacted(mutant)
      if (!decoded.ok) continue
      read++
      assert.deepEqual(hex(encodeRedacted(decoded.value)), hex(mutant), `seed ${seed}, mutant ${i}`)
      assert.notEqual(faultOfRedacted(decoded.value, feed, 4, segment.leaf), undefined, `seed ${seed}, mutant ${i} stands in the feed`)
    }
    assert.ok(read > framesOf() / 200, `${read} read`)
  })
})
