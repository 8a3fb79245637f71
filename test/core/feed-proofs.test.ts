import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { decodeCanonical, hex, MerkleLog, ok, sha256, utf8, type Cover, type Result } from '../../src/base/index.ts'
import {
  decodeBadSegmentProof, decodeExtensionProof, decodeForkProof, decodeRecordProof, decodeSegmentProof, encodeBadSegmentProof, encodeExtensionProof,
  encodeForkProof, encodeRecordProof, encodeSegmentProof, faultOfSegment, leafDataOf, leafHashOf, makeExtensionProof, makeRecordProof, makeSegmentProof,
  openSegment, RECORD_PROOF_BYTES_MAX, verifyBadSegmentProof, verifyExtensionProof, verifyForkProof, verifyRecordProof, verifySegmentProof,
  type BadSegmentProof, type ForkProof, type RecordProof, type SegmentProof
} from '../../src/core/feed/index.ts'
import { decodeCertificate, membershipOf, signStatement, type Membership } from '../../src/core/identity/index.ts'
import { mutated } from '../base/mutate.fixture.ts'
import { FRAMES_TIMEOUT_MS, framesOf } from '../support/fuzz.ts'
import { ada, ben, declarationOf, feedOf, headOf, membership, NOW_MS, recordOf, recordsOf, rememberingSpeaker, segmentOf, speaker, type TestFeed } from './feed.fixture.ts'
import { certificateOf, codeOf, valueOf } from './identity.fixture.ts'
import { randomFrom } from '../support/chance.ts'

const counts = [3, 1, 8, 2, 5, 1, 4]
const segments = counts.map((count, at) => recordsOf(count, `s${at}`))
const feed = feedOf(ada, segments)
const forked = feedOf(ada, segments.with(2, recordsOf(8, 'other')))
const certificate = certificateOf(ada, membership.federation).envelope

function segmentProof (index: number, length = counts.length, of = feed): SegmentProof {
  return makeSegmentProof(of.head(length), of.log, index, of.segments[index]?.leafData ?? utf8(''))
}

function recordProof (index: number, position: number, length = counts.length): RecordProof {
  const opened = valueOf(openSegment(feed.segments[index]?.bytes ?? utf8('')))
  return makeRecordProof(segmentProof(index, length), opened, position, [certificate])
}

const fork = (a: number, b: number): ForkProof => ({
  a: feed.head(a).statement.envelope, b: forked.head(b).statement.envelope, cover: a === b ? null : forked.log.cover(a, a, b)
})

/** A feed whose only segment is `bytes`, under a leaf of the publisher's choice. */
function signedSegment (bytes: Uint8Array, changes: Partial<Parameters<typeof leafDataOf>[0]>): BadSegmentProof {
  const { leaf } = feed.segments[0] ?? assert.fail('a segment')
  const leafData = leafDataOf({ ...leaf, digest: sha256(bytes), ...changes })
  const log = new MerkleLog()
  log.append(leafHashOf(leafData))
  const head = headOf(ada, { ...feed.head(1), records: 10, mmrRoot: log.root() })
  return { segment: makeSegmentProof(head, log, 0, leafData), bytes }
}

describe('feed: proofs', () => {
  it('proves every segment and every record under every longer head', () => {
    for (let length = 1; length <= counts.length; length++) {
      let recordIndex = 0
      for (const [index, records] of segments.slice(0, length).entries()) {
        const proof = valueOf(decodeSegmentProof(encodeSegmentProof(segmentProof(index, length))))
        assert.deepEqual(valueOf(verifySegmentProof(proof, feed.declaration, speaker)).leaf, feed.segments[index]?.leaf)
        for (const [position, record] of records.entries()) {
          const encoded = encodeRecordProof(recordProof(index, position, length))
          const proved = valueOf(verifyRecordProof(valueOf(decodeRecordProof(encoded)), feed.declaration, speaker))
          assert.deepEqual(proved.record, record)
          assert.equal(proved.recordIndex, recordIndex++)
          assert.equal(proved.head.length, length)
        }
      }
    }
  })

  it('convinces one who has the charter alone, with the certificates it carries', () => {
    const proof = recordProof(2, 3)
    const stranger: Membership = membershipOf(membership.charter)
    assert.equal(codeOf(verifyRecordProof(proof, feed.declaration, (statement, timeMs) => stranger.speaker(statement, timeMs))), 'unknown-certificate')
    const told = proof.certificates.reduce((held, each) => valueOf(held.withCertificate(each, NOW_MS)), stranger)
    assert.ok(decodeCertificate(certificate).ok)
    assert.ok(verifyRecordProof(proof, feed.declaration, (statement, timeMs) => told.speaker(statement, timeMs)).ok)
    const other = certificateOf(ben, membership.federation).envelope
    assert.equal(codeOf(verifyRecordProof({ ...proof, certificates: [other] }, feed.declaration, speaker)), 'certificate')
  })

  it('is about 1 KB beside the body', () => {
    const size = encodeRecordProof({ ...recordProof(2, 3), certificates: [] }).length
    assert.ok(size < 1200, `${size} bytes`)
    const body = new Uint8Array(262_144)
    const large = feedOf(ada, [[recordOf('k'.repeat(512), body, { mediaType: 'x'.repeat(127) })]])
    const opened = valueOf(openSegment(large.segments[0]?.bytes ?? utf8('')))
    const proof = makeRecordProof(segmentProof(0, 1, large), opened, 0, [certificate])
    const encoded = encodeRecordProof(proof)
    assert.ok(encoded.length <= RECORD_PROOF_BYTES_MAX)
    assert.ok(verifyRecordProof(valueOf(decodeRecordProof(encoded)), large.declaration, speaker).ok)
  })

  it('does not carry from one feed, publisher or record to another', () => {
    const proof = recordProof(2, 3)
    const verify = (changes: Partial<RecordProof>, declaration = feed.declaration): string =>
      codeOf(verifyRecordProof({ ...proof, ...changes }, declaration, speaker))
    assert.equal(verify({}), 'ok')
    assert.equal(verify({}, declarationOf(ada, { datasetId: 'other' })), 'unknown-feed')
    assert.equal(verify({}, declarationOf(ben)), 'unknown-feed')
    assert.equal(verify({}, { ...feed.declaration, publisher: ben.did }), 'publisher')
    assert.equal(verify({ position: 2 }), 'record-path')
    assert.equal(verify({ position: 8 }), 'record-path')
    const short = headOf(ada, { ...feed.head(), records: 11 }).statement.envelope
    assert.equal(verify({ segment: { ...proof.segment, head: short } }), 'leaf', 'fewer records than its leaf holds')
    assert.equal(verify({ salt: new Uint8Array(32) }), 'record-path')
    assert.equal(verify({ path: proof.path.slice(1) }), 'record-path')
    assert.equal(verify({ path: [...proof.path, proof.salt] }), 'record-path')
    assert.equal(verify({ segment: { ...proof.segment, index: 1 } }), 'path')
    assert.equal(verify({ segment: { ...proof.segment, index: 7 } }), 'path')
    assert.equal(verify({ segment: { ...proof.segment, leafData: new Uint8Array(80) } }), 'leaf')
    assert.equal(verify({ segment: { ...proof.segment, path: [] } }), 'path')
    assert.equal(verify({ segment: segmentProof(2, 4) }), 'ok', 'another head of the same feed proves it too')
    assert.equal(verify({ segment: segmentProof(2, 7, forked) }), 'record-path')
    for (const changes of [{ timeMs: 1 }, { operation: 'delete', body: utf8('') }, { mediaType: 'text/csv' }, { key: utf8('s2/4') }, { body: utf8('x') }] as const) {
      assert.equal(verify({ record: { ...proof.record, ...changes } }), 'record-path')
    }
    assert.equal(verify({ record: { ...proof.record, operation: 'delete' } }), 'record')
    assert.equal(verify({ record: { ...proof.record, mediaType: 'täxt' } }), 'record')
  })

  it('needs a declaration that the publisher made itself', () => {
    const { statement, ...fields } = feed.declaration
    const byBen = signStatement(statement.body, certificateOf(ben, membership.federation).id, ben.node)
    const declaration = { ...fields, statement: byBen, id: byBen.id }
    const head = headOf(ada, { ...feed.head(), feed: byBen.id }).statement.envelope
    assert.equal(codeOf(verifySegmentProof({ ...segmentProof(2), head }, declaration, speaker)), 'publisher')
    const own = signStatement(statement.body, certificateOf(ada, membership.federation).id, ada.node)
    assert.equal(codeOf(verifySegmentProof(segmentProof(2), { ...fields, statement: own, id: own.id }, speaker)), 'ok')
  })

  it('does not move the border between the parts of a record', () => {
    const opened = valueOf(openSegment(segmentOf([recordOf('ab', 'cd', { mediaType: 'x' })], feed.declaration.id, 0, 0).bytes))
    const { record, salt, path, position } = makeRecordProof(segmentProof(0), opened, 0, [])
    assert.ok(path.length === 0 && position === 0 && salt.length === 32)
    assert.deepEqual(record.key, utf8('ab'))
    for (const moved of [recordOf('a', 'bcd', { mediaType: 'x' }), recordOf('abc', 'd', { mediaType: 'x' }), recordOf('b', 'cd', { mediaType: 'xa' })]) {
      const leafData = segmentOf([record], feed.declaration.id, 0, 0).leafData
      const log = new MerkleLog()
      log.append(leafHashOf(leafData))
      const head = headOf(ada, { ...feed.head(1), records: 1, mmrRoot: log.root() })
      const proof: RecordProof = { segment: makeSegmentProof(head, log, 0, leafData), record, position, salt, path, certificates: [] }
      assert.ok(verifyRecordProof(proof, feed.declaration, speaker).ok)
      assert.equal(codeOf(verifyRecordProof({ ...proof, record: moved }, feed.declaration, speaker)), 'record-path')
    }
  })
})

describe('feed: extensions and forks', () => {
  it('shows for every pair of lengths that the longer head extends the shorter', () => {
    for (let b = 1; b <= counts.length; b++) {
      for (let a = 0; a < b; a++) {
        const proof = valueOf(decodeExtensionProof(encodeExtensionProof(makeExtensionProof(feed.head(a), feed.head(b), feed.log))))
        const proved = valueOf(verifyExtensionProof(proof, feed.declaration, speaker))
        assert.deepEqual([proved.from.length, proved.to.length], [a, b])
      }
    }
  })

  it('is a fork proof where the longer head contradicts the shorter', () => {
    const failed = verifyExtensionProof(makeExtensionProof(feed.head(3), forked.head(6), forked.log), feed.declaration, speaker)
    assert.ok(!failed.ok && failed.failure.code === 'fork')
    assert.ok(verifyForkProof(failed.failure.proof, feed.declaration, speaker).ok)
    assert.equal(codeOf(verifyExtensionProof(makeExtensionProof(feed.head(3), forked.head(6), feed.log), feed.declaration, speaker)), 'cover')
    const backwards = { from: feed.head(3).statement.envelope, to: feed.head(2).statement.envelope, cover: { left: [], right: [] } }
    assert.equal(codeOf(verifyExtensionProof(backwards, feed.declaration, speaker)), 'lengths')
  })

  it('convicts for every pair of lengths that shows the rewritten segment, and for no other', () => {
    for (let a = 1; a <= counts.length; a++) {
      for (let b = a; b <= counts.length; b++) {
        const proof = valueOf(decodeForkProof(encodeForkProof(fork(a, b))))
        const verified = verifyForkProof(proof, feed.declaration, speaker)
        assert.equal(codeOf(verified), a >= 3 ? 'ok' : 'no-fork', `${a}, ${b}`)
      }
    }
  })

  it('convicts nobody without two heads of the publisher', () => {
    const verify = (changes: Partial<ForkProof>, from = fork(3, 6), declaration = feed.declaration): string =>
      codeOf(verifyForkProof({ ...from, ...changes }, declaration, speaker))
    const cover: Cover = { left: [], right: [] }
    assert.equal(verify({}), 'ok')
    assert.equal(verify({ cover: null }), 'lengths')
    assert.equal(verify({ cover }), 'cover')
    assert.equal(verify({ cover }, fork(3, 3)), 'lengths')
    assert.equal(verify({ b: feed.head(6).statement.envelope }), 'cover')
    assert.equal(verify({ b: feed.head(6).statement.envelope, cover: feed.log.cover(3, 3, 6) }), 'no-fork')
    assert.equal(verify({ b: feed.head(3, { timeMs: NOW_MS + 1 }).statement.envelope }, fork(3, 3)), 'no-fork')
    assert.equal(verify({}, fork(3, 6), declarationOf(ada, { datasetId: 'other' })), 'unknown-feed')
    const byBen = headOf(ben, { ...feed.head(3), mmrRoot: sha256(utf8('framed')) }).statement.envelope
    assert.equal(verify({ a: byBen }), 'publisher')
    assert.equal(verify({ a: new Uint8Array(10) }), 'malformed')
  })
})

describe('feed: bad segments', () => {
  const { bytes, leaf } = feed.segments[0] ?? assert.fail('a segment')
  const verdictOn = (proof: BadSegmentProof): string => {
    const decoded = valueOf(decodeBadSegmentProof(encodeBadSegmentProof(proof)))
    const verified = verifyBadSegmentProof(decoded, feed.declaration, speaker)
    return verified.ok ? `convicted: ${verified.value.fault}` : verified.failure.code
  }

  it('convicts a publisher whose leaf and segment differ, and says in what', () => {
    assert.equal(verdictOn(signedSegment(bytes, {})), 'sound')
    assert.equal(verdictOn(signedSegment(bytes, { first: 1 })), 'convicted: first')
    assert.equal(verdictOn(signedSegment(bytes, { count: 2 })), 'convicted: count')
    assert.equal(verdictOn(signedSegment(bytes, { recordsRoot: sha256(utf8('x')) })), 'convicted: recordsRoot')
    assert.equal(verdictOn(signedSegment(segmentOf(recordsOf(3, 's0'), declarationOf(ben).id, 0, 0).bytes, {})), 'convicted: feed')
    assert.equal(verdictOn(signedSegment(segmentOf(recordsOf(3, 's0'), feed.declaration.id, 1, 0).bytes, {})), 'convicted: index')
    assert.equal(verdictOn(signedSegment(bytes.slice(0, -1), {})), 'convicted: layout')
    assert.equal(verdictOn(signedSegment(utf8('not a segment'), {})), 'convicted: layout')
  })

  it('convicts nobody by bytes that the leaf does not name or that nobody here can read', () => {
    const proof = signedSegment(bytes, { first: 1 })
    assert.equal(verdictOn({ ...proof, bytes: bytes.slice(1) }), 'bytes')
    assert.equal(verdictOn({ ...proof, segment: { ...proof.segment, index: 1 } }), 'path')
    assert.equal(verdictOn(signedSegment(bytes.with(3, 1), {})), 'unreadable')
    assert.equal(verdictOn(signedSegment(bytes.with(2, 9), {})), 'unreadable')
    assert.equal(faultOfSegment(bytes, feed.declaration, 0, leaf), undefined)
  })
})

describe('feed: mutated proofs', () => {
  const bad = signedSegment(feed.segments[0]?.bytes ?? utf8(''), { first: 1 })
  const remembering = rememberingSpeaker()
  type Kind = { readonly encoded: Uint8Array, readonly verify: (encoded: Uint8Array) => boolean, readonly encodeAgain: (encoded: Uint8Array) => Uint8Array | undefined }
  const kind = <P> (
    proof: P, encode: (proof: P) => Uint8Array, decode: (encoded: Uint8Array) => Result<P, unknown>,
    verify: (proof: P, declaration: TestFeed['declaration'], by: typeof speaker) => Result<unknown, unknown>
  ): Kind => ({
    encoded: encode(proof),
    verify: encoded => {
      const decoded = decode(encoded)
      return decoded.ok && verify(decoded.value, feed.declaration, remembering).ok
    },
    encodeAgain: encoded => {
      const decoded = decode(encoded)
      return decoded.ok ? encode(decoded.value) : undefined
    }
  })
  const kinds: Readonly<Record<string, Kind>> = {
    'record proof': kind(recordProof(2, 3), encodeRecordProof, decodeRecordProof, verifyRecordProof),
    'segment proof': kind(segmentProof(2), encodeSegmentProof, decodeSegmentProof, verifySegmentProof),
    'extension proof': kind(makeExtensionProof(feed.head(3), feed.head(6), feed.log), encodeExtensionProof, decodeExtensionProof, verifyExtensionProof),
    'fork proof of one length': kind(fork(3, 3), encodeForkProof, decodeForkProof, verifyForkProof),
    'fork proof of two lengths': kind(fork(3, 6), encodeForkProof, decodeForkProof, verifyForkProof),
    'bad segment proof': kind(bad, encodeBadSegmentProof, decodeBadSegmentProof, verifyBadSegmentProof)
  }

  for (const [at, [name, { encoded, verify, encodeAgain }]] of Object.entries(kinds).entries()) {
    it(`never make a ${name} of a mutated one`, function () {
      this.timeout(FRAMES_TIMEOUT_MS)
      const seed = 20_261_200 + at
      const random = randomFrom(seed)
      assert.ok(verify(encoded), 'the proof itself')
      for (let i = 0; i < framesOf(2_000); i++) {
        const mutant = mutated(encoded, random)
        const again = encodeAgain(mutant)
        if (again === undefined) continue
        assert.deepEqual(hex(again), hex(mutant), `seed ${seed}, mutant ${i}`)
        assert.ok(!verify(mutant), `seed ${seed}, mutant ${i}: ${hex(mutant)}`)
      }
    })
  }

  it('never make a record proof by one changed value', () => {
    const proof = recordProof(4, 2)
    const flip = (bytes: Uint8Array, at: number): Uint8Array => bytes.length === 0 ? bytes : bytes.with(at % bytes.length, (bytes[at % bytes.length] ?? 0) ^ (1 << at % 8))
    fc.assert(fc.property(fc.nat(8), fc.nat(500), (part, at) => {
      const { segment, path, record } = proof
      const inPath = (hashes: readonly Uint8Array[]): readonly Uint8Array[] => hashes.map((hash, i) => i === at % hashes.length ? flip(hash, at) : hash)
      const changes: readonly Partial<RecordProof>[] = [
        { segment: { ...segment, head: flip(segment.head, at) } }, { segment: { ...segment, leafData: flip(segment.leafData, at) } },
        { segment: { ...segment, path: inPath(segment.path) } }, { path: inPath(path) }, { salt: flip(proof.salt, at) },
        { record: { ...record, key: flip(record.key, at) } }, { record: { ...record, body: flip(record.body, at) } },
        { record: { ...record, timeMs: record.timeMs + at + 1 } }, { certificates: [flip(certificate, at)] }
      ]
      assert.ok(!verifyRecordProof({ ...proof, ...changes[part] }, feed.declaration, speaker).ok)
    }), { numRuns: 500 })
    assert.ok(decodeCanonical(encodeRecordProof(proof), value => ok(value), RECORD_PROOF_BYTES_MAX).ok)
  })
})
