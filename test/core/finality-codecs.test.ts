import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { encodeCanonical, equalBytes, hex } from '../../src/base/index.ts'
import {
  CERT_BYTES_MAX, decodeBlock, decodeCert, decodeHeader, decodeVote, encodeBlock, encodeCert, encodeHeader, encodeVote, HEADER_BYTES_MAX, NULLIFY,
  VALIDATORS_MAX, VOTE_BYTES_MAX, voteSignBytes, type Vote, type VoteType
} from '../../src/core/finality/index.ts'
import { mutated } from '../base/mutate.fixture.ts'
import { FRAMES_TIMEOUT_MS, framesOf } from '../support/fuzz.ts'
import { finalityCodecs, someUint } from './codecs.fixture.ts'
import { Epoch, FEDERATION, namesOf, OTHER_FEDERATION } from './finality.fixture.ts'
import { codeOf } from './identity.fixture.ts'
import { SEED, randomFrom } from '../support/chance.ts'

const FRAMES = framesOf(2_000)

const aUint = fc.integer().map(each => someUint(randomFrom(each)))
const aView = aUint.map(each => Math.max(1, each))
const aDigest = fc.uint8Array({ minLength: 32, maxLength: 32 })
const aVote: fc.Arbitrary<Vote> = fc.record({
  epoch: aUint, view: aView, type: fc.constantFrom<VoteType>(1, 2, 3, 4), digest: aDigest, signer: fc.nat(VALIDATORS_MAX - 1),
  signature: fc.uint8Array({ minLength: 64, maxLength: 64 })
}).map(vote => ({ ...vote, digest: vote.type === NULLIFY ? null : vote.digest }))

describe('finality: codecs', () => {
  it('writes sign bytes by hand as the canonical encoder does, for every width of epoch and view', () => {
    fc.assert(fc.property(aVote, fc.constantFrom(FEDERATION, OTHER_FEDERATION), (vote, federation) => {
      const { epoch, view, type, digest } = vote
      assert.equal(hex(voteSignBytes(federation, vote)), hex(encodeCanonical(['hanse', 1, federation, 'vote', epoch, view, type, digest])))
    }), { numRuns: 1_000 })
  })

  it('signs nothing that names no digest of 32 bytes, or one where there is none', () => {
    const fields = { epoch: 0, view: 1 }
    for (const size of [0, 31, 33]) assert.throws(() => voteSignBytes(FEDERATION, { ...fields, type: 2, digest: new Uint8Array(size) }))
    assert.throws(() => voteSignBytes(FEDERATION, { ...fields, type: 4, digest: null }))
    assert.throws(() => voteSignBytes(FEDERATION, { ...fields, type: NULLIFY, digest: new Uint8Array(32) }))
  })

  it('reads every vote back', () => {
    fc.assert(fc.property(aVote, vote => assert.deepEqual(decodeVote(encodeVote(vote)), { ok: true, value: vote })))
  })

  for (const [kind, { assertRoundTrip }] of Object.entries(finalityCodecs)) {
    it(`reads back what it wrote: ${kind}`, () => {
      fc.assert(fc.property(fc.integer(), start => assertRoundTrip(randomFrom(start))), { numRuns: 200 })
    })
  }

  it('takes in nothing above the caps', () => {
    assert.equal(codeOf(decodeVote(new Uint8Array(VOTE_BYTES_MAX + 1))), 'too-large')
    assert.equal(codeOf(decodeCert(new Uint8Array(CERT_BYTES_MAX + 1))), 'too-large')
    assert.equal(codeOf(decodeHeader(new Uint8Array(HEADER_BYTES_MAX + 1))), 'too-large')
    const block = new Epoch(namesOf(4)).block(null, { body: new Uint8Array(101) })
    assert.equal(codeOf(decodeBlock(encodeBlock(block), 100)), 'schema')
    assert.equal(codeOf(decodeBlock(encodeBlock(block), 101)), 'ok')
  })

  it('fits the largest vote, certificate and seal within the caps', () => {
    const epoch = new Epoch(namesOf(VALIDATORS_MAX))
    const far = { epoch: 2 ** 48, view: 2 ** 48 }
    assert.equal(codeOf(decodeVote(encodeVote(epoch.vote(30, { ...far, type: 2, digest: new Uint8Array(32) })))), 'ok')
    assert.equal(codeOf(decodeCert(encodeCert(epoch.cert({ ...far, type: 4, digest: new Uint8Array(32) })))), 'ok')
    assert.equal(codeOf(decodeHeader(encodeHeader(epoch.seal(null).header).bytes)), 'ok')
  })

  it('ties header, justification and evidence of a block together', () => {
    const epoch = new Epoch(namesOf(4))
    const [block, other] = [epoch.block(null, { view: 2, evidence: [new Uint8Array(9)] }), epoch.block(null, { view: 3 })]
    assert.equal(codeOf(decodeBlock(encodeBlock(block), 10)), 'ok')
    assert.equal(codeOf(decodeBlock(encodeBlock({ ...block, justBytes: other.justBytes }), 10)), 'just')
    assert.equal(codeOf(decodeBlock(encodeBlock({ ...block, evidence: [] }), 10)), 'evidence')
    assert.equal(codeOf(decodeBlock(encodeBlock({ ...block, evidence: [new Uint8Array(9), new Uint8Array(9)] }), 10)), 'evidence')
  })
})

describe(`finality: ${FRAMES} mutated frames a decoder (HANSE_SEED=${SEED})`, () => {
  for (const [kind, { example, again }] of Object.entries(finalityCodecs)) {
    if (again === null) continue
    it(`${kind}: never throws, and what is accepted encodes to the same bytes`, function () {
      this.timeout(FRAMES_TIMEOUT_MS)
      const random = randomFrom(SEED ^ kind.length)
      let accepted = 0
      for (let at = 0; at < FRAMES; at++) {
        const frame = mutated(example(random), random)
        let encoded: Uint8Array | undefined
        try {
          encoded = again(frame)
        } catch (cause) {
          throw new Error(`HANSE_SEED=${SEED}, frame ${at}: threw on ${hex(frame)}`, { cause })
        }
        if (encoded !== undefined) accepted++
        assert.ok(encoded === undefined || equalBytes(encoded, frame), `HANSE_SEED=${SEED}, frame ${at}: encodes differently: ${hex(frame)}`)
      }
      assert.ok(accepted < FRAMES, 'nothing was refused: the mutator no longer mutates')
    })
  }
})
