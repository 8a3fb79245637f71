import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { bytesOfHex, equalBytes } from '../../src/base/index.ts'
import {
  assembleCert, faultyOf, FINALIZE, leaderOf, NOTARIZE, NULLIFY, PROPOSE, quorumOf, validatorSet, VALIDATORS_MAX, verifyCert, verifyVote, votesOfCert,
  type Cert, type ValidatorSet, type Vote
} from '../../src/core/finality/index.ts'
import { digestNamed, Epoch, FEDERATION, flipped, namesOf, OTHER_FEDERATION, real, seatsOf, tags } from './finality.fixture.ts'
import { codeOf } from './identity.fixture.ts'

const digest = digestNamed('a block')
const fields = { epoch: 0, view: 7, type: NOTARIZE, digest } as const

describe('finality: validators', () => {
  it('needs more than two thirds, so that two quorums share an honest validator', () => {
    for (let count = 1; count <= VALIDATORS_MAX; count++) {
      const [quorum, faulty] = [quorumOf(count), faultyOf(count)]
      assert.equal(quorum + faulty, count, `the honest ones of ${count} are a quorum`)
      assert.ok(3 * quorum > 2 * count && 2 * quorum - count > faulty)
    }
    assert.deepEqual([1, 2, 3, 4, 7, 10, 13, 31].map(quorumOf), [1, 2, 3, 3, 5, 7, 9, 21])
  })

  it('has 1 to 31 validators, sorted by key, each key once and admitted', () => {
    const seats = seatsOf(namesOf(4), real)
    const codeWith = (changed: typeof seats): string => codeOf(validatorSet(changed, real.scheme))
    assert.equal(codeWith(seats), 'ok')
    assert.equal(codeWith(seats.slice(0, 1)), 'ok')
    assert.equal(codeWith([]), 'count')
    assert.equal(codeOf(validatorSet(seatsOf(namesOf(31), tags), tags.scheme)), 'ok')
    assert.equal(codeOf(validatorSet(seatsOf(namesOf(32), tags), tags.scheme)), 'count')
    assert.equal(codeWith(seats.toReversed()), 'order')
    assert.equal(codeWith(seats.flatMap(each => [each, each])), 'order')
    const identity = bytesOfHex(`01${'00'.repeat(31)}`) ?? assert.fail()
    assert.equal(codeWith(seats.with(0, { ...seats[0] ?? assert.fail(), key: identity }).toSorted((a, b) => Buffer.compare(a.key, b.key))), 'key')
  })

  it('has a hash that depends on every member, node and key', () => {
    const seats = seatsOf(namesOf(4), tags)
    const hashOf = (changed: typeof seats): string => {
      const set = validatorSet(changed, tags.scheme)
      return set.ok ? Buffer.from(set.value.hash).toString('hex') : assert.fail(set.failure.code)
    }
    const [first, second] = seats
    assert.ok(first !== undefined && second !== undefined)
    const hashes = [
      seats, seats.slice(1), seats.with(0, { ...first, member: second.member }), seats.with(0, { ...first, node: second.node }),
      seats.with(0, { ...first, key: flipped(first.key, 31) })
    ].map(hashOf)
    assert.equal(new Set(hashes).size, hashes.length)
  })

  it('leads in turns: everyone once in n views, in an order that the base and the keys alone decide', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: VALIDATORS_MAX }), fc.nat(1_000), fc.uint8Array({ minLength: 32, maxLength: 32 }), (count, from, base) => {
      const { set } = new Epoch(namesOf(count))
      const order = (of: ValidatorSet): number[] => Array.from({ length: count }, (_, at) => leaderOf(of, base, from + at))
      assert.equal(new Set(order(set)).size, count)
      assert.equal(leaderOf(set, base, from), leaderOf(set, base, from + count))
      leaderOf(set, digestNamed('another base'), 1)
      assert.deepEqual(order(new Epoch(namesOf(count)).set), order(set), 'what was asked before changes nothing')
    }))
  })
})

describe('finality: votes and certificates', () => {
  for (const [name, maker] of Object.entries({ tags, real })) {
    it(`verifies what a validator signed, for exactly that (${name})`, () => {
      const epoch = new Epoch(namesOf(4), maker)
      const { set } = epoch
      const vote = epoch.vote(2, fields)
      assert.ok(verifyVote(FEDERATION, set, vote))
      const others: readonly Partial<Vote>[] = [
        { epoch: 1 }, { view: 8 }, { type: FINALIZE }, { type: PROPOSE }, { digest: flipped(digest) }, { signer: 1 }, { signer: 4 }, { signer: -1 },
        { signature: flipped(vote.signature) }, { signature: new Uint8Array(64) }, { signature: new Uint8Array(0) }, { type: NULLIFY, digest: null }
      ]
      for (const change of others) assert.equal(verifyVote(FEDERATION, set, { ...vote, ...change }), false, JSON.stringify(change))
      assert.equal(verifyVote(OTHER_FEDERATION, set, vote), false)
    })
  }

  it('assembles exactly a quorum, ascending, whatever the order in which votes came', () => {
    const someSigners = (count: number): fc.Arbitrary<readonly number[]> =>
      fc.shuffledSubarray(namesOf(count).map((_, at) => at), { minLength: quorumOf(count) })
    fc.assert(fc.property(
      fc.integer({ min: 1, max: VALIDATORS_MAX }).chain(count => fc.tuple(fc.constant(count), someSigners(count))),
      ([count, signers]) => {
        const epoch = new Epoch(namesOf(count))
        const cert = epoch.cert(fields, signers)
        const expected = signers.slice(0, quorumOf(count)).toSorted((a, b) => a - b)
        assert.deepEqual(votesOfCert(epoch.set, cert)?.map(({ signer }) => signer), expected)
        assert.ok(verifyCert(FEDERATION, epoch.set, cert))
      }
    ))
  })

  it('assembles nothing of votes that differ, of too few, of one signer twice, or of proposals', () => {
    const epoch = new Epoch(namesOf(4))
    const [a, b, c] = [0, 1, 2].map(signer => epoch.vote(signer, fields)) as [Vote, Vote, Vote]
    assert.ok(assembleCert(epoch.set, [a, b, c]))
    assert.throws(() => assembleCert(epoch.set, [a, b]))
    assert.throws(() => assembleCert(epoch.set, [a, b, b]))
    for (const change of [{ view: 8 }, { epoch: 1 }, { type: FINALIZE }, { digest: digestNamed('another') }] as const) {
      assert.throws(() => assembleCert(epoch.set, [a, b, epoch.vote(2, { ...fields, ...change })]), JSON.stringify(change))
    }
    assert.throws(() => assembleCert(epoch.set, [0, 1, 2].map(signer => epoch.vote(signer, { ...fields, type: PROPOSE }))))
  })

  it('refuses a certificate when anything in it is changed', () => {
    const epoch = new Epoch(namesOf(7))
    const { set } = epoch
    const cert = epoch.cert(fields)
    const changes: readonly Partial<Cert>[] = [
      { epoch: 1 }, { view: 8 }, { type: FINALIZE }, { type: NULLIFY, digest: null }, { digest: flipped(digest) },
      { signatures: flipped(cert.signatures, 70) }, { bitmap: new Uint8Array([0b0101_1111 ^ 1]) }, { bitmap: new Uint8Array([0b0011_1110]) }
    ]
    assert.ok(verifyCert(FEDERATION, set, cert))
    for (const change of changes) assert.equal(verifyCert(FEDERATION, set, { ...cert, ...change }), false, JSON.stringify(change))
    assert.equal(verifyCert(OTHER_FEDERATION, set, cert), false)
  })

  it('asks for no signature that was verified before, and is fooled by that about nothing else', () => {
    const epoch = new Epoch(namesOf(4))
    let verified = 0
    const set: ValidatorSet = {
      ...epoch.set,
      keys: epoch.set.keys.map(key => ({
        ...key,
        verify: (message, signature) => {
          verified++
          return key.verify(message, signature)
        }
      }))
    }
    const cert = epoch.cert(fields)
    const known = epoch.vote(1, fields)
    const isKnown = (vote: Vote): boolean => vote.signer === 1 && equalBytes(vote.signature, known.signature)
    assert.ok(verifyCert(FEDERATION, set, cert, isKnown))
    assert.equal(verified, 2)
    assert.equal(verifyCert(FEDERATION, set, { ...cert, signatures: flipped(cert.signatures, 64) }, isKnown), false)
    for (const bits of [0b1_0011, 0b1111, 0b0011]) {
      assert.equal(verifyCert(FEDERATION, set, { ...cert, bitmap: new Uint8Array([bits]) }, () => true), false, 'the form is checked always')
    }
  })
})
