/**
 * Classes of faults that were found in CometBFT, each as a test of what a verifier of ours does with the same trick. The numbers
 * are those of the project's list; the others of it are tested where their rooms are.
 */
import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { concat, encodeCanonical } from '../../src/base/index.ts'
import {
  decodeCert, decodeEvidence, decodeVote, encodeBlock, encodeCert, encodeEvidence, encodeVote, decodeBlock, FINALIZE, FLUSH, followSeals, forkCulprits,
  leaderOf, nextAnchor, NOTARIZE, quorumOf, trustedCheckpoint, TRUST_PERIOD_MS, VALIDATORS_MAX, verifyCert, verifyEvidence, verifyFinality,
  verifyVote, votesOfCert,
  type Cert, type Checkpoint
} from '../../src/core/finality/index.ts'
import { digestNamed, Epoch, FEDERATION, flipped, namesOf, tags } from './finality.fixture.ts'
import { cities, codeOf, DAY_MS, FOUNDED_MS, valueOf } from './identity.fixture.ts'

const fields = { epoch: 0, view: 5, type: NOTARIZE, digest: digestNamed('a block') } as const

describe('T-C2: an index that is not the one of its proof', () => {
  it('counts each signature for the signer at its own bit, and for no other', () => {
    fc.assert(fc.property(fc.constantFrom(4, 7, 10), fc.nat(), fc.nat(), (count, from, to) => {
      const epoch = new Epoch(namesOf(count))
      const { quorum } = epoch.set
      const cert = epoch.cert(fields)
      const parts = Array.from({ length: quorum }, (_, at) => cert.signatures.slice(at * 64, (at + 1) * 64))
      const [a, b] = [from % quorum, to % quorum]
      const swapped = parts.map((part, at) => at === a ? parts[b] ?? part : at === b ? parts[a] ?? part : part)
      assert.equal(verifyCert(FEDERATION, epoch.set, { ...cert, signatures: concat(swapped) }), a === b)
      const repeated = parts.map((part, at) => at === a ? parts[b] ?? part : part)
      assert.equal(verifyCert(FEDERATION, epoch.set, { ...cert, signatures: concat(repeated) }), a === b)
    }))
  })

  it('takes evidence and justification of a block only at the place that its header names', () => {
    const epoch = new Epoch(namesOf(4))
    const evidence = [1, 2, 3].map(each => new Uint8Array([each]))
    const block = epoch.block(null, { view: 3, evidence })
    assert.equal(codeOf(decodeBlock(encodeBlock(block), 0)), 'ok')
    assert.equal(codeOf(decodeBlock(encodeBlock({ ...block, evidence: evidence.toReversed() }), 0)), 'evidence')
    assert.equal(codeOf(decodeBlock(encodeBlock({ ...block, evidence: [...evidence, ...evidence.slice(2)] }), 0)), 'evidence')
    assert.equal(codeOf(decodeBlock(encodeBlock({ ...block, justBytes: epoch.block(null, { view: 4 }).justBytes }), 0)), 'just')
  })
})

describe('T-C3: a bit array whose length and elements disagree', () => {
  const bitmapOf = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length })

  it('verifies no certificate but those with exactly the form of a quorum, and never throws', () => {
    const shape = fc.integer({ min: 1, max: VALIDATORS_MAX }).chain(count => fc.record({
      count: fc.constant(count), bitmap: fc.nat(5).chain(bitmapOf), signatures: fc.nat(32).map(each => each * 64)
    }))
    fc.assert(fc.property(shape, fc.nat(63), ({ count, bitmap, signatures }, odd) => {
      const { set } = new Epoch(namesOf(count))
      const signers = [...bitmap].flatMap((byte, at) => [0, 1, 2, 3, 4, 5, 6, 7].filter(bit => (byte >> bit & 1) === 1).map(bit => at * 8 + bit))
      const isExact = bitmap.length === Math.ceil(count / 8) && signers.length === quorumOf(count) && signers.every(each => each < count) &&
        signatures + odd === 64 * quorumOf(count)
      const cert: Cert = { ...fields, bitmap, signatures: new Uint8Array(signatures + odd) }
      assert.equal(votesOfCert(set, cert) !== undefined, isExact)
      assert.equal(verifyCert(FEDERATION, set, cert), false)
      assert.equal(verifyCert(FEDERATION, set, cert, () => true), isExact)
    }), { numRuns: 2_000 })
  })

  it('reads no certificate with another number of signatures than bits', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 4 }).chain(bitmapOf), fc.nat(31 * 64), (bitmap, size) => {
      const bits = [...bitmap].reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0)
      const read = decodeCert(encodeCanonical([0, 5, 2, fields.digest, bitmap, new Uint8Array(size)]))
      assert.equal(read.ok, bits > 0 && size === bits * 64)
    }), { numRuns: 1_000 })
  })

  it('takes no certificate of another size of federation: one bit or one byte more or less', () => {
    for (const [here, there] of [[4, 3], [4, 5], [4, 7], [8, 9], [9, 8], [16, 17]] as const) {
      const cert = new Epoch(namesOf(there)).cert(fields)
      assert.equal(verifyCert(FEDERATION, new Epoch(namesOf(here)).set, cert), false, `${there} in ${here}`)
    }
    const epoch = new Epoch(namesOf(4))
    const cert = epoch.cert(fields)
    assert.equal(verifyCert(FEDERATION, epoch.set, { ...cert, bitmap: concat([cert.bitmap, new Uint8Array(1)]) }), false, 'a zero byte behind')
  })
})

describe('T-C4: a signer that does not exist', () => {
  it('is refused before its key is looked for', () => {
    const epoch = new Epoch(namesOf(4))
    const vote = epoch.vote(3, fields)
    assert.ok(verifyVote(FEDERATION, epoch.set, vote))
    for (const signer of [4, 5, 30, 31, 255, 2 ** 31, -1, 0.5, Number.NaN, Number.MAX_SAFE_INTEGER]) {
      assert.equal(verifyVote(FEDERATION, epoch.set, { ...vote, signer }), false, String(signer))
    }
    for (const signer of [31, 255, 256, 2 ** 32]) {
      const encoded = encodeCanonical([0, 5, 2, fields.digest, signer, vote.signature])
      assert.equal(codeOf(decodeVote(encoded)), 'schema', String(signer))
    }
    assert.equal(codeOf(decodeVote(encodeVote({ ...vote, signer: 30 }))), 'ok', 'a vote alone does not say how many there are')
  })

  it('neither makes a certificate nor a culprit', () => {
    const four = new Epoch(namesOf(4))
    const seven = new Epoch(namesOf(7))
    const ghosts = [0, 1, 6].map(signer => seven.vote(signer, fields))
    const cert: Cert = { ...fields, bitmap: new Uint8Array([0b0100_0011]), signatures: concat(ghosts.map(({ signature }) => signature)) }
    assert.equal(verifyCert(FEDERATION, four.set, cert, () => true), false)
    assert.deepEqual(forkCulprits(FEDERATION, four.set, [cert, { ...cert, digest: digestNamed('another') }]), [])
    const [first, second] = [seven.vote(6, fields), seven.vote(6, { ...fields, type: FINALIZE, digest: digestNamed('another') })]
    const evidence = valueOf(decodeEvidence(encodeEvidence({ kind: 'notarize-finalize', first, second })))
    assert.ok(verifyEvidence(FEDERATION, seven.set, evidence))
    assert.equal(verifyEvidence(FEDERATION, four.set, evidence), false)
  })

  it('proposes nothing', () => {
    const epoch = new Epoch(namesOf(4))
    const block = epoch.block(null, { proposer: 4 })
    assert.equal(codeOf(verifyFinality(epoch.anchor, tags.scheme, epoch.proof([block]))), 'leader')
  })
})

describe('T-C6: a light client that is told in which order validators stand', () => {
  const epoch = new Epoch(namesOf(4))
  const { nextValidators, nextValidatorsHash } = epoch.sealOf(namesOf(4))

  it('accepts no order but the one of the keys, though a quorum signed another', () => {
    fc.assert(fc.property(fc.shuffledSubarray(nextValidators as (typeof nextValidators)[number][], { minLength: 4 }), order => {
      const proof = epoch.proof([epoch.seal(null, namesOf(4), { nextValidators: order })])
      const isSorted = order.every((each, at) => each === nextValidators[at])
      assert.equal(codeOf(nextAnchor(epoch.anchor, tags.scheme, proof)), isSorted ? 'ok' : 'order')
    }))
  })

  it('computes the hash of the validators itself, in the seal and in every header', () => {
    const seal = (hash: Uint8Array): string =>
      codeOf(nextAnchor(epoch.anchor, tags.scheme, epoch.proof([epoch.seal(null, namesOf(4), { nextValidatorsHash: hash })])))
    assert.equal(seal(nextValidatorsHash), 'ok')
    assert.equal(seal(flipped(nextValidatorsHash, 31)), 'validators')
    const block = epoch.block(null, { validatorsHash: flipped(epoch.set.hash, 31) })
    assert.equal(codeOf(verifyFinality(epoch.anchor, tags.scheme, epoch.proof([block]))), 'validators')
  })

  it('computes whose turn it is itself, view by view and anew after each seal', () => {
    const seal = epoch.seal(null)
    const next = epoch.after(seal)
    for (const each of [epoch, next]) {
      for (let view = 1; view <= 8; view++) {
        for (let proposer = 0; proposer < 4; proposer++) {
          const expected = proposer === leaderOf(each.set, each.anchor.base, view) ? 'ok' : 'leader'
          assert.equal(codeOf(verifyFinality(each.anchor, tags.scheme, each.proof([each.block(null, { view, proposer })]))), expected)
        }
      }
    }
  })
})

describe('T-C7: a light client that is led to a history of its own', () => {
  const names = namesOf(4)
  const epoch = new Epoch(names)
  const strangers = ['Mallory 1', 'Mallory 2', 'Mallory 3', 'Mallory 4']

  it('follows no header ahead that names validators of its own choice', () => {
    const theirs = new Epoch(strangers, tags, { ...epoch.anchor, validators: new Epoch(strangers).anchor.validators })
    const block = theirs.block(null, { height: 1_000, view: 1_001, parentView: 1_000, just: { parentCert: null, nulls: [] } })
    assert.equal(codeOf(verifyFinality(theirs.anchor, tags.scheme, theirs.proof([block]))), 'ok', 'consistent in itself')
    assert.equal(codeOf(verifyFinality(epoch.anchor, tags.scheme, theirs.proof([block]))), 'validators')
    const disguised = theirs.block(null, { validatorsHash: epoch.set.hash, proposer: leaderOf(epoch.set, epoch.anchor.base, 1) })
    assert.equal(codeOf(verifyFinality(epoch.anchor, tags.scheme, theirs.proof([disguised]))), 'certificate')
  })

  it('skips no epoch: each set of validators comes from a seal that the set before made final', () => {
    const seal = epoch.seal(null, names)
    const second = epoch.after(seal)
    const forged = new Epoch(strangers, tags, { ...second.anchor, validators: new Epoch(strangers).anchor.validators })
    const proofs = [epoch.proof([seal]), second.proof([second.seal(null)])]
    assert.equal(codeOf(followSeals(epoch.anchor, tags.scheme, proofs)), 'ok')
    assert.equal(codeOf(followSeals(epoch.anchor, tags.scheme, [epoch.proof([seal]), forged.proof([forged.seal(null)])])), 'validators')
    assert.equal(codeOf(followSeals(epoch.anchor, tags.scheme, proofs.slice(1))), 'epoch')
    const minority = { ...epoch.finalized(seal), bitmap: new Uint8Array([1]), signatures: epoch.finalized(seal).signatures.slice(0, 64) }
    assert.equal(codeOf(followSeals(epoch.anchor, tags.scheme, [{ headers: [seal.bytes], cert: minority }])), 'certificate')
  })

  it('begins at no checkpoint that is old, alone, or one of two', () => {
    const [ada, ben] = cities(2).map(({ did }) => did) as [string, string]
    const nowMs = FOUNDED_MS + 400 * DAY_MS
    const checkpoint: Checkpoint = {
      federation: FEDERATION, epoch: 3, height: 90, digest: digestNamed('here'), validatorsHash: epoch.set.hash, timeMs: nowMs - DAY_MS
    }
    const judge = (...said: readonly Checkpoint[]): string =>
      codeOf(trustedCheckpoint(said.map((each, at) => ({ member: at === 0 ? ada : ben, checkpoint: each })), FEDERATION, nowMs, false))
    assert.equal(judge(checkpoint, checkpoint), 'ok')
    assert.equal(judge(checkpoint), 'too-few')
    assert.equal(judge(checkpoint, { ...checkpoint, digest: digestNamed('elsewhere') }), 'contradiction')
    const old = { ...checkpoint, timeMs: nowMs - TRUST_PERIOD_MS - 1 }
    assert.equal(judge(old, old), 'too-old')
  })

  it('has, of two final histories, proof against more than f signers from certificates and headers alone', () => {
    const [here, there] = [epoch.block(null), epoch.block(null, { timeMs: FOUNDED_MS + 5_000 })]
    const proofs = [epoch.proof([here], [0, 1, 2]), epoch.proof([there, epoch.block(there, { type: FLUSH })], [1, 2, 3])]
    for (const proof of proofs) assert.equal(codeOf(verifyFinality(epoch.anchor, tags.scheme, proof)), 'ok')
    const flush = epoch.block(there, { type: FLUSH, just: { parentCert: epoch.notarized(there, [1, 2, 3]), nulls: [] } })
    const certs = [epoch.finalized(here, [0, 1, 2]), epoch.finalized(flush, [1, 2, 3]), epoch.notarized(there, [1, 2, 3])]
    const culprits = forkCulprits(FEDERATION, epoch.set, certs)
    assert.deepEqual(culprits.map(({ signer }) => signer).toSorted((a, b) => a - b), [1, 2])
    assert.ok(culprits.length > epoch.set.faultyMax)
    for (const { evidence } of culprits) assert.ok(verifyEvidence(FEDERATION, epoch.set, evidence))
  })

  it('reads a certificate only as what was signed', () => {
    const block = epoch.block(null)
    const cert = valueOf(decodeCert(encodeCert(epoch.finalized(block))))
    assert.ok(verifyCert(FEDERATION, epoch.set, cert))
    assert.equal(verifyCert(FEDERATION, epoch.after(epoch.seal(null), [...names.slice(1), 'City 9']).set, cert), false)
  })
})
