import { strict as assert } from 'node:assert'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import {
  bytesOfHex, cidOf, cidOfText, concat, encodeCanonical, equalBytes, hex, hkdfSha256, MerkleLog, openAes256Gcm, readUint, sha256, u32, u64, utf8, type CID
} from '../../src/base/index.ts'
import {
  faultOfSegment, leafDataOf, leafHashOf, makeRecordProof, makeSegmentProof, openSegment, recordsRootOf, SEGMENT_BYTES_MAX,
  SEGMENT_BYTES_TARGET_MAX, SegmentBuilder, verifyBadSegmentProof, verifyRecordProof, type ClosedSegment
} from '../../src/core/feed/index.ts'
import {
  EPOCH_MAX, keyCheckOf, openSealed, readSealedPrefix, SEALED_BYTES_MAX, sealSegment, type SealingPlace, type Unsealed
} from '../../src/core/sealing/index.ts'
import { mutated, randomBytes } from '../base/mutate.fixture.ts'
import { framesOf, FRAMES_TIMEOUT_MS } from '../support/fuzz.ts'
import { ada, declarationOf, headOf, membership, NOW_MS, recordOf, recordsOf, segmentOf, speaker } from './feed.fixture.ts'
import { codeOf, valueOf } from './identity.fixture.ts'
import { ciphertextOfTwoKeys } from './two-keys.fixture.ts'
import { randomFrom } from '../support/chance.ts'

type Vectors = {
  readonly accept: readonly {
    readonly name: string
    readonly input: {
      readonly feed: string, readonly index: number, readonly keyEpoch: number, readonly epochKey: string, readonly salt: string, readonly plain: string
    }
    readonly output: { readonly keyCheck: string, readonly bytes: string, readonly cid: string, readonly leafData: string }
  }[]
  readonly refuse: readonly { readonly name: string, readonly input: string, readonly epochKey: string, readonly error: string }[]
}
const vectors = JSON.parse(readFileSync('test/vectors/sealed.json', 'utf8')) as Vectors
const unhex = (text: string): Uint8Array => bytesOfHex(text) ?? assert.fail('not hex')
const cidNamed = (text: string): CID => cidOfText(text) ?? assert.fail('no CID')

const feed = declarationOf(ada, { class: 'restricted' }).id
const epochKey = sha256(utf8('epoch key'))
const otherKey = sha256(utf8('another epoch key'))
const place: SealingPlace = { feed, index: 4, keyEpoch: 7, epochKey, salt: sha256(utf8('salt')) }
const plain = segmentOf([...recordsOf(5), recordOf('gone', '', { operation: 'delete', mediaType: 'a/b' })], feed, 4, 60)
const sealed = sealSegment(plain, place)

function segmentIn (unsealed: Unsealed): Extract<Unsealed['contents'], { kind: 'segment' }>['segment'] {
  assert.equal(unsealed.contents.kind, 'segment')
  return unsealed.contents.kind === 'segment' ? unsealed.contents.segment : assert.fail()
}

/** A segment of the form that `sealSegment` takes, whatever its bytes. */
function closedOf (bytes: Uint8Array, leaf: Omit<ClosedSegment['leaf'], 'digest'>): ClosedSegment {
  const whole = { ...leaf, digest: sha256(bytes) }
  return { bytes, digest: whole.digest, leaf: whole, leafData: leafDataOf(whole), timeMsMin: 0, timeMsMax: 0 }
}

describe('sealing: segments', () => {
  for (const { name, input, output } of vectors.accept) {
    it(`seals a segment of ${name} into the frozen bytes, and opens them`, () => {
      const opened = valueOf(openSegment(unhex(input.plain)))
      const { first, count } = opened.header
      const closed = closedOf(unhex(input.plain), { recordsRoot: recordsRootOf(opened), first, count })
      const made = sealSegment(closed, {
        feed: cidNamed(input.feed), index: input.index, keyEpoch: input.keyEpoch, epochKey: unhex(input.epochKey), salt: unhex(input.salt)
      })
      assert.equal(hex(made.bytes), output.bytes)
      assert.equal(hex(keyCheckOf(unhex(input.epochKey))), output.keyCheck)
      assert.equal(cidOf('raw', made.bytes).toString(), output.cid)
      assert.equal(hex(made.leafData), output.leafData)
      const unsealed = valueOf(openSealed(unhex(output.bytes), unhex(input.epochKey)))
      assert.equal(hex(unsealed.bytes), input.plain)
      assert.deepEqual(unsealed.prefix.keyEpoch, input.keyEpoch)
    })
  }

  for (const { name, input, epochKey: key, error } of vectors.refuse) {
    it(`refuses ${name}`, () => {
      assert.equal(codeOf(openSealed(unhex(input), unhex(key))), error)
    })
  }

  it('opens whatever was sealed, and names the ciphertext by its CID and the plaintext by its root', () => {
    const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 })
    fc.assert(fc.property(bytes32, bytes32, fc.integer({ min: 1, max: EPOCH_MAX }), fc.nat(2 ** 31 - 1), fc.integer({ min: 1, max: 40 }), (key, salt, keyEpoch, index, count) => {
      const before = segmentOf(recordsOf(count), feed, index, 3)
      const after = sealSegment(before, { feed, index, keyEpoch, epochKey: key, salt })
      assert.deepEqual(after.digest, sha256(after.bytes))
      assert.deepEqual(after.leaf, { ...before.leaf, digest: after.digest })
      assert.deepEqual(after.leafData, leafDataOf(after.leaf))
      const unsealed = valueOf(openSealed(after.bytes, key))
      assert.deepEqual(unsealed.prefix, { feed, index, keyEpoch, keyCheck: keyCheckOf(key), salt })
      assert.deepEqual(valueOf(readSealedPrefix(after.bytes)), unsealed.prefix)
      assert.deepEqual(hex(unsealed.bytes), hex(before.bytes))
      assert.deepEqual(recordsRootOf(segmentIn(unsealed)), after.leaf.recordsRoot)
    }), { numRuns: 50 })
  })

  it('is known as sealed by whoever opens segments, and shows no byte of a record', () => {
    assert.equal(codeOf(openSegment(sealed.bytes)), 'sealed')
    const canary = 'canary-of-the-mayor'
    const stored = sealSegment(segmentOf([recordOf(canary, canary, { mediaType: canary })], feed, 4, 0), place).bytes
    assert.ok(!Buffer.from(stored).includes(canary))
    assert.ok(Buffer.from(plain.bytes).includes('sensor/1') && !Buffer.from(sealed.bytes).includes('sensor'))
  })

  it('gives equal segments different addresses and keys by the salt alone', () => {
    const again = sealSegment(plain, { ...place, salt: sha256(utf8('another salt')) })
    assert.notDeepEqual(again.digest, sealed.digest)
    assert.deepEqual(again.leaf.recordsRoot, sealed.leaf.recordsRoot)
    const tail = (bytes: Uint8Array): string => hex(bytes.subarray(-40))
    assert.notEqual(tail(again.bytes), tail(sealed.bytes))
  })

  it('asks for a key and a salt of 32 bytes and an epoch from 1 on', () => {
    for (const wrong of [{ epochKey: epochKey.slice(1) }, { salt: epochKey.slice(1) }, { keyEpoch: 0 }, { keyEpoch: EPOCH_MAX + 1 }]) {
      assert.throws(() => sealSegment(plain, { ...place, ...wrong }), { code: 'assertion' })
    }
    assert.throws(() => openSealed(sealed.bytes, new Uint8Array(31)), { code: 'assertion' })
  })

  it('seals the largest segment there is, and takes no larger one', () => {
    const builder = new SegmentBuilder(SEGMENT_BYTES_TARGET_MAX)
    while (builder.add(recordOf('key', new Uint8Array(250_000))) === 'added') assert.ok(builder.count < 10)
    const rest = SEGMENT_BYTES_TARGET_MAX - builder.sizeBytes - 20
    assert.equal(builder.add(recordOf('key', new Uint8Array(rest))), 'added')
    const whole = builder.close({ feed, index: 2 ** 53 - 1, first: 2 ** 53 - 10_000, secret: epochKey, source: { feed, from: 2 ** 53 - 2, to: 2 ** 53 - 1 } })
    const stored = sealSegment(whole, { ...place, index: 2 ** 53 - 1, keyEpoch: EPOCH_MAX }).bytes
    assert.ok(stored.length <= SEGMENT_BYTES_MAX, `${stored.length}`)
    assert.ok(openSealed(stored, epochKey).ok)
    assert.equal(codeOf(openSealed(new Uint8Array(SEALED_BYTES_MAX + 1), epochKey)), 'too-large')
    assert.equal(codeOf(readSealedPrefix(new Uint8Array(SEALED_BYTES_MAX + 1))), 'too-large')
  })

  it('proves a record of a sealed feed to whoever has neither key nor segment', () => {
    const declaration = declarationOf(ada, { class: 'restricted' })
    const log = new MerkleLog()
    const first = sealSegment(segmentOf(recordsOf(5), feed, 0, 0), { ...place, index: 0 })
    log.append(leafHashOf(first.leafData))
    const head = headOf(ada, {
      federation: membership.federation, feed, length: 1, records: 5, bytes: first.bytes.length, mmrRoot: log.root(), firstRetained: 0, keyEpoch: 7,
      timeMs: NOW_MS, prevHeadDigest: null
    })
    const segmentProof = makeSegmentProof(head, log, 0, first.leafData)
    const opened = valueOf(openSealed(first.bytes, epochKey))
    const proved = verifyRecordProof(makeRecordProof(segmentProof, segmentIn(opened), 3, []), declaration, speaker)
    assert.deepEqual(valueOf(proved).record, recordsOf(5)[3])
    assert.equal(faultOfSegment(opened.bytes, declaration, 0, first.leaf), undefined)
    assert.equal(faultOfSegment(opened.bytes, declaration, 0, { ...first.leaf, recordsRoot: epochKey }), 'recordsRoot')
    assert.equal(codeOf(verifyBadSegmentProof({ segment: segmentProof, bytes: first.bytes }, declaration, speaker)), 'unreadable')
  })
})

describe('sealing: what an opponent tries', () => {
  it('refuses a ciphertext that opens under two keys, for all but the key it names', () => {
    const prefix = encodeCanonical({ v: 1, kind: 'sealed', feed, index: 4, keyEpoch: 7, keyCheck: keyCheckOf(epochKey), salt: place.salt })
    const aad = concat([utf8('HS'), new Uint8Array([1, 1]), u32(prefix.length), prefix])
    const keyOf = (key: Uint8Array): Uint8Array => hkdfSha256(key, place.salt, concat([utf8('hanse/1/segment'), feed.bytes, u64(4)]), 32)
    const ciphertext = ciphertextOfTwoKeys(keyOf(epochKey), keyOf(otherKey), aad, utf8('two truths, one for each reader.'))
    const [one, other] = [epochKey, otherKey].map(key => openAes256Gcm(keyOf(key), new Uint8Array(12), aad, ciphertext))
    assert.ok(one !== undefined && other !== undefined && !equalBytes(one, other), 'the cipher alone takes both')
    assert.equal(codeOf(openSealed(concat([aad, ciphertext]), otherKey)), 'key')
    assert.equal(codeOf(openSealed(concat([aad, ciphertext]), epochKey)), 'segment')
  })

  it('refuses a sealed segment in the place or the feed of another', () => {
    const elsewhere = declarationOf(ada, { class: 'restricted', datasetId: 'other' }).id
    for (const [name, wrong] of [['index', { index: 5 }], ['feed', { feed: elsewhere }]] as const) {
      assert.equal(codeOf(openSealed(sealSegment(plain, { ...place, ...wrong }).bytes, epochKey)), 'place', name)
    }
  })

  it('survives mutated segments and opens none of them, whichever byte was changed', function () {
    this.timeout(FRAMES_TIMEOUT_MS)
    const seed = 20_261_201
    const random = randomFrom(seed)
    for (let i = 0; i < framesOf(); i++) {
      assert.ok(!openSealed(mutated(sealed.bytes, random), epochKey).ok, `seed ${seed}, mutant ${i}`)
    }
    for (let at = 0; at < sealed.bytes.length; at++) {
      assert.ok(!openSealed(sealed.bytes.with(at, (sealed.bytes[at] ?? 0) ^ 1), epochKey).ok, `byte ${at}`)
      assert.ok(!openSealed(sealed.bytes.slice(0, at), epochKey).ok, `cut at ${at}`)
    }
  })

  it('reads of mutated prefixes only those that are canonical', function () {
    this.timeout(FRAMES_TIMEOUT_MS)
    const seed = 20_261_202
    const random = randomFrom(seed)
    const size = 8 + (readUint(sealed.bytes, 4, 4) ?? 0)
    let read = 0
    for (let i = 0; i < framesOf(); i++) {
      const mutant = concat([mutated(sealed.bytes.subarray(0, size), random), sealed.bytes.subarray(size)])
      const prefix = readSealedPrefix(mutant)
      if (!prefix.ok) continue
      read++
      const again = encodeCanonical({ v: 1, kind: 'sealed', ...prefix.value })
      assert.deepEqual(hex(mutant.subarray(8, 8 + again.length)), hex(again), `seed ${seed}, mutant ${i}`)
    }
    assert.ok(read > framesOf() / 100, `${read} read`)
  })

  it('survives whatever a publisher seals: mutated segments under the right key open only if they pack again into the same bytes', function () {
    this.timeout(FRAMES_TIMEOUT_MS)
    const seed = 20_261_203
    const random = randomFrom(seed)
    let opened = 0
    for (let i = 0; i < framesOf(2_000); i++) {
      const mutant = random() < 0.1 ? randomBytes(random, 64) : mutated(plain.bytes, random)
      const result = openSealed(sealSegment(closedOf(mutant, plain.leaf), place).bytes, epochKey)
      if (!result.ok) continue
      opened++
      const segment = segmentIn(result.value)
      const builder = new SegmentBuilder()
      for (const record of segment.records()) assert.equal(builder.add(record), 'added')
      assert.deepEqual(hex(builder.close(segment.header).bytes), hex(mutant), `seed ${seed}, mutant ${i}`)
    }
    assert.ok(opened > framesOf(2_000) / 100, `${opened} opened`)
  })
})
