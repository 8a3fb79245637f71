import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { sha256 } from '../../src/base/index.ts'
import {
  contradictionOf, decodeEvidence, encodeEvidence, encodeHeader, FINALIZE, forkCulprits, NOTARIZE, NULLIFY, PROPOSE, verifyEvidence,
  type Block, type Cert, type Evidence, type Just, type Vote, type VoteType
} from '../../src/core/finality/index.ts'
import { digestNamed, Epoch, FEDERATION, flipped, namesOf, OTHER_FEDERATION } from './finality.fixture.ts'
import { valueOf } from './identity.fixture.ts'

const epoch = new Epoch(namesOf(4))
const [one, two] = [digestNamed('one'), digestNamed('two')]
const says = (type: VoteType, digest: Uint8Array | null, changes: Partial<Vote> = {}): Vote => {
  const { signer = 1, view = 5, epoch: number = 0 } = changes
  return epoch.vote(signer, { epoch: number, view, type, digest })
}

/** What an honest signer answers, column by column of the matrix that it obeys: it signs or refuses. */
class HonestSigner {
  readonly votes: Vote[] = []

  ask (type: VoteType, digest: Uint8Array | null): void {
    const isSaid = (of: VoteType, isOther: boolean): boolean => this.votes.some(each => each.type === of && (each.digest === digest) !== isOther)
    const has = (of: VoteType): boolean => this.votes.some(each => each.type === of)
    const isRefused =
      type === PROPOSE ? isSaid(PROPOSE, true)
        : type === NOTARIZE ? has(NULLIFY) || isSaid(NOTARIZE, true) || isSaid(FINALIZE, true)
          : type === NULLIFY ? has(FINALIZE)
            : has(NULLIFY) || isSaid(NOTARIZE, true) || isSaid(FINALIZE, true)
    if (!isRefused) this.votes.push(says(type, digest))
  }
}

describe('finality: evidence', () => {
  const pairs: readonly (readonly [Evidence['kind'], Vote, Vote])[] = [
    ['double-propose', says(PROPOSE, one), says(PROPOSE, two)],
    ['double-notarize', says(NOTARIZE, one), says(NOTARIZE, two)],
    ['double-finalize', says(FINALIZE, one), says(FINALIZE, two)],
    ['nullify-finalize', says(NULLIFY, null), says(FINALIZE, one)],
    ['notarize-finalize', says(NOTARIZE, one), says(FINALIZE, two)]
  ]

  for (const [kind, a, b] of pairs) {
    it(`proves ${kind} to anybody, in one form`, () => {
      const evidence = contradictionOf(a, b) ?? assert.fail('a contradiction')
      assert.equal(evidence.kind, kind)
      assert.deepEqual(contradictionOf(b, a), evidence, 'the order of the votes does not matter')
      assert.ok(verifyEvidence(FEDERATION, epoch.set, valueOf(decodeEvidence(encodeEvidence(evidence)))))
      assert.equal(verifyEvidence(OTHER_FEDERATION, epoch.set, evidence), false)
      assert.equal(verifyEvidence(FEDERATION, epoch.set, { ...evidence, first: evidence.second, second: evidence.first }), false, 'one order only')
      for (const other of pairs) {
        if (other[0] === kind || other[0] === 'bad-justification') continue
        assert.equal(verifyEvidence(FEDERATION, epoch.set, { ...evidence, kind: other[0] }), false, `passes for ${other[0]}`)
      }
      for (const name of ['first', 'second'] as const) {
        const forged = { ...evidence, [name]: { ...evidence[name], signature: flipped(evidence[name].signature) } }
        assert.equal(verifyEvidence(FEDERATION, epoch.set, forged), false, `the signature of the ${name}`)
        const { type, digest } = evidence[name]
        for (const change of [{ signer: 2 }, { view: 6 }, { epoch: 1 }]) {
          assert.equal(verifyEvidence(FEDERATION, epoch.set, { ...evidence, [name]: says(type, digest, change) }), false, JSON.stringify(change))
        }
      }
    })
  }

  it('lets a timeout stand: NOTARIZE and NULLIFY, and whatever else an honest node says', () => {
    for (const [a, b] of [
      [says(NOTARIZE, one), says(NULLIFY, null)], [says(PROPOSE, one), says(NOTARIZE, two)], [says(PROPOSE, one), says(NULLIFY, null)],
      [says(PROPOSE, one), says(FINALIZE, two)], [says(NOTARIZE, one), says(FINALIZE, one)], [says(NULLIFY, null), says(NULLIFY, null)],
      [says(NOTARIZE, one), says(NOTARIZE, one)], [says(NOTARIZE, one), says(NOTARIZE, two, { view: 6 })],
      [says(NOTARIZE, one), says(NOTARIZE, two, { signer: 2 })], [says(NOTARIZE, one), says(NOTARIZE, two, { epoch: 1 })]
    ] as const) assert.equal(contradictionOf(a, b), null)
  })

  it('frames nobody honest, whatever it was asked to sign in whatever order', () => {
    const ask = fc.tuple(fc.constantFrom<VoteType>(PROPOSE, NOTARIZE, NULLIFY, FINALIZE), fc.constantFrom(one, two, digestNamed('three')))
    fc.assert(fc.property(fc.array(ask, { maxLength: 20 }), asks => {
      const signer = new HonestSigner()
      for (const [type, digest] of asks) signer.ask(type, type === NULLIFY ? null : digest)
      for (const a of signer.votes) for (const b of signer.votes) assert.equal(contradictionOf(a, b), null)
    }), { numRuns: 500 })
  })
})

describe('finality: evidence of a bad justification', () => {
  const parent = epoch.block(null)
  const evidenceOf = (block: Block, changes: Partial<Extract<Evidence, { kind: 'bad-justification' }>> = {}): Evidence => ({
    kind: 'bad-justification', header: block.bytes, just: block.justBytes, vote: says(NOTARIZE, block.digest, { view: block.header.view }), ...changes
  })
  const judge = (block: Block): boolean => verifyEvidence(FEDERATION, epoch.set, evidenceOf(block))
  const just = (changes: Partial<Just>): Just => ({ parentCert: epoch.notarized(parent), nulls: [epoch.nullified(2), epoch.nullified(3)], ...changes })
  const child = (changes: Partial<Just>): Block => epoch.block(parent, { view: 4, just: just(changes) })
  const forged = (cert: Cert): Cert => ({ ...cert, signatures: flipped(cert.signatures) })

  const holds: Readonly<Record<string, Block>> = {
    'on the base': parent,
    'on a notarized parent': child({}),
    'on a finalised parent': child({ parentCert: epoch.finalized(parent) }),
    'on the base after a skipped view': epoch.block(null, { view: 3 })
  }
  for (const [name, block] of Object.entries(holds)) {
    it(`blames nobody for a block that is justified ${name}`, () => assert.equal(judge(block), false))
  }

  const bad: Readonly<Record<string, Block>> = {
    'no certificate of the parent': child({ parentCert: null }),
    'a certificate although the parent is the base': epoch.block(null, { just: { parentCert: epoch.notarized(parent), nulls: [] } }),
    'a certificate of another block': child({ parentCert: epoch.notarized(epoch.block(null, { timeMs: 9_999_999_999_999 })) }),
    'a certificate of another view': child({ parentCert: epoch.cert({ epoch: 0, view: 2, type: NOTARIZE, digest: parent.digest }) }),
    'a certificate of another epoch': child({ parentCert: epoch.cert({ epoch: 1, view: 1, type: NOTARIZE, digest: parent.digest }) }),
    'a NULLIFY certificate for a parent': child({ parentCert: epoch.nullified(1) }),
    'a forged certificate': child({ parentCert: forged(epoch.notarized(parent)) }),
    'a skipped view that was not nullified': child({ nulls: [epoch.nullified(2)] }),
    'one nullification too many': child({ nulls: [epoch.nullified(2), epoch.nullified(3), epoch.nullified(4)] }),
    'nullifications in another order': child({ nulls: [epoch.nullified(3), epoch.nullified(2)] }),
    'one nullification for two views': child({ nulls: [epoch.nullified(2), epoch.nullified(2)] }),
    'NOTARIZE certificates for nullifications': child({ nulls: [2, 3].map(view => epoch.cert({ epoch: 0, view, type: NOTARIZE, digest: one })) }),
    'a nullification of another epoch': child({ nulls: [epoch.nullified(2), epoch.cert({ epoch: 1, view: 3, type: NULLIFY, digest: null })] }),
    'a forged nullification': child({ nulls: [epoch.nullified(2), forged(epoch.nullified(3))] }),
    'a parent that is not before it': epoch.block(parent, { view: 4, parentView: 4, just: just({ nulls: [] }) })
  }
  for (const [name, block] of Object.entries(bad)) {
    it(`proves who notarized a block with ${name}`, () => {
      assert.ok(judge(block))
      assert.ok(verifyEvidence(FEDERATION, epoch.set, valueOf(decodeEvidence(encodeEvidence(evidenceOf(block))))))
    })
  }

  it('proves who notarized in one view what is for another, or what cannot be read', () => {
    const block = child({})
    assert.ok(verifyEvidence(FEDERATION, epoch.set, evidenceOf(block, { vote: says(NOTARIZE, block.digest, { view: 9 }) })))
    const unreadable = new Uint8Array([0x82])
    const built = encodeHeader({ ...parent.header, justDigest: sha256(unreadable) })
    assert.ok(verifyEvidence(FEDERATION, epoch.set, {
      kind: 'bad-justification', header: built.bytes, just: unreadable, vote: says(NOTARIZE, built.digest, { view: 1 })
    }))
  })

  it('proves nothing by another vote, another header, another justification or a forged signature', () => {
    const block = child({ parentCert: null })
    const { view } = block.header
    const changes: readonly Partial<Extract<Evidence, { kind: 'bad-justification' }>>[] = [
      { vote: says(FINALIZE, block.digest, { view }) }, { vote: says(PROPOSE, block.digest, { view }) }, { vote: says(NULLIFY, null, { view }) },
      { vote: says(NOTARIZE, one, { view }) }, { header: child({}).bytes }, { header: new Uint8Array(9) }, { just: child({}).justBytes },
      { vote: { ...says(NOTARIZE, block.digest, { view }), signature: new Uint8Array(64) } },
      { vote: { ...says(NOTARIZE, block.digest, { view }), signer: 0 } }
    ]
    for (const change of changes) assert.equal(verifyEvidence(FEDERATION, epoch.set, evidenceOf(block, change)), false)
    const good = child({})
    assert.equal(verifyEvidence(FEDERATION, epoch.set, evidenceOf(good, { just: block.justBytes })), false, 'a bad one that the header does not name')
  })

  it('counts nothing that is too large for a block to carry', () => {
    const nulls = Array.from({ length: 300 }, () => epoch.nullified(2))
    const block = child({ nulls })
    assert.ok(block.justBytes.length > 48_000)
    assert.equal(judge(block), false)
    const smaller = child({ nulls: nulls.slice(0, 200) })
    assert.ok(judge(smaller))
    assert.ok(decodeEvidence(encodeEvidence(evidenceOf(smaller))).ok, 'what counts can be encoded and read')
  })
})

/**
 * Two histories of one epoch that each look final, made by liars who lend their keys to both sides. The honest of each side
 * obey: they say nothing in one history that contradicts what they say in it, and nothing at all in the other.
 */
function fork (
  count: number, views: { readonly low: number, readonly skip: boolean }
): { readonly certs: readonly Cert[], readonly liars: ReadonlySet<number>, readonly of: Epoch } {
  const of = new Epoch(namesOf(count))
  const { quorum, faultyMax } = of.set
  const liars = Array.from({ length: 2 * quorum - count }, (_, at) => at)
  assert.ok(liars.length > faultyMax)
  const honest = Array.from({ length: count - liars.length }, (_, at) => liars.length + at)
  const left = [...liars, ...honest.slice(0, quorum - liars.length)]
  const right = [...liars, ...honest.slice(quorum - liars.length)]
  const a = of.block(null, { view: views.low, just: { parentCert: null, nulls: skipped(of, 1, views.low, left) } })
  const leftCerts = [...a.just.nulls, of.notarized(a, left), of.finalized(a, left)]
  // The other side finalises a block in the same view, or passes over the view and finalises in the next.
  const view = views.skip ? views.low + 1 : views.low
  const b = of.block(null, { view, timeMs: 9_999_999_999_999, just: { parentCert: null, nulls: skipped(of, 1, view, right) } })
  return { of, certs: [...leftCerts, ...b.just.nulls, of.notarized(b, right), of.finalized(b, right)], liars: new Set(liars) }
}

function skipped (of: Epoch, from: number, to: number, signers: readonly number[]): readonly Cert[] {
  return Array.from({ length: to - from }, (_, at) => of.nullified(from + at, signers))
}

describe('finality: culprits of a fork', () => {
  it('names more than f signers, and nobody honest, of two histories that contradict each other', () => {
    fc.assert(fc.property(
      fc.constantFrom(4, 7, 10), fc.integer({ min: 1, max: 4 }), fc.boolean(), fc.integer(), (count, low, skip, turn) => {
        const { certs, liars, of } = fork(count, { low, skip })
        const turned = [...certs.slice(Math.abs(turn) % certs.length), ...certs.slice(0, Math.abs(turn) % certs.length)]
        const culprits = forkCulprits(FEDERATION, of.set, turned)
        assert.ok(culprits.length > of.set.faultyMax, `${culprits.length} of ${count}`)
        for (const { signer, evidence } of culprits) {
          assert.ok(liars.has(signer), `${signer} is honest`)
          assert.ok(evidence.kind !== 'bad-justification' && evidence.first.signer === signer)
          assert.ok(verifyEvidence(FEDERATION, of.set, evidence))
        }
      }
    ), { numRuns: 60 })
  })

  it('names nobody by certificates of one history, or by forged ones', () => {
    const a = epoch.block(null, { view: 3 })
    const b = epoch.block(a, { view: 5 })
    const certs = [...a.just.nulls, epoch.notarized(a), epoch.finalized(a), ...b.just.nulls, epoch.notarized(b), epoch.finalized(b)]
    assert.deepEqual(forkCulprits(FEDERATION, epoch.set, certs), [])
    const other = epoch.finalized(epoch.block(null, { view: 3, timeMs: 9_999_999_999_999 }))
    const forged = { ...other, signatures: new Uint8Array(other.signatures.length) }
    assert.deepEqual(forkCulprits(FEDERATION, epoch.set, [...certs, forged]), [])
    assert.deepEqual(forkCulprits(FEDERATION, epoch.set, [...certs, { ...other, bitmap: new Uint8Array([0xff]) }]), [])
    assert.equal(forkCulprits(FEDERATION, epoch.set, [...certs, other]).length, 3)
  })
})
