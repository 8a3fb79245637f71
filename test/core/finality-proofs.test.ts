import { strict as assert } from 'node:assert'
import { EMPTY_ROOT, equalBytes } from '../../src/base/index.ts'
import {
  digestOfFederation, encodeHeader, FINALIZE, FLUSH, followSeals, genesisAnchor, leaderOf, NOTARIZE, nextAnchor, NORMAL, PROOF_HEADERS_MAX, SEAL,
  verifyFinality,
  type Anchor, type Block, type BlockFields, type FinalityProof, type Header
} from '../../src/core/finality/index.ts'
import { anchorOf, digestNamed, Epoch, flipped, namesOf, OTHER_FEDERATION, real, tags } from './finality.fixture.ts'
import { charterOf, cities, codeOf, FOUNDED_MS, valueOf } from './identity.fixture.ts'

const epoch = new Epoch(namesOf(4))
const { anchor } = epoch
const judge = (proof: FinalityProof, from: Anchor = anchor): string => codeOf(verifyFinality(from, tags.scheme, proof))

/** A proof by three headers, the second of which is other than an honest leader would have written it. */
function proofWith (at: number, changes: Partial<Header>): FinalityProof {
  const blocks: Block[] = []
  for (let each = 0; each < 3; each++) {
    const built = epoch.block(blocks.at(-1) ?? null)
    blocks.push(each === at ? { ...built, ...encodeHeader({ ...built.header, ...changes }) } : built)
  }
  return epoch.proof(blocks)
}

describe('finality: proofs', () => {
  const a = epoch.block(null)
  const b = epoch.block(a, { view: 4 })
  const c = epoch.block(b)

  it('proves the first header by a certificate for the last', () => {
    const whole = epoch.proof([a, b, c])
    for (const [proof, first] of [[whole, a], [epoch.proof([b, c]), b], [epoch.proof([c]), c]] as const) {
      const finality = valueOf(verifyFinality(anchor, tags.scheme, proof))
      assert.deepEqual(finality.header.digest, first.digest)
      assert.deepEqual(finality.last.digest, c.digest)
      assert.deepEqual(finality.set.hash, epoch.set.hash)
    }
  })

  it('is verified with keys of the signature rule as well', () => {
    const honest = new Epoch(namesOf(4), real)
    const block = honest.block(null)
    assert.equal(codeOf(verifyFinality(honest.anchor, real.scheme, honest.proof([block]))), 'ok')
    const proof = honest.proof([block])
    const forged = { ...proof, cert: { ...proof.cert, signatures: flipped(proof.cert.signatures, 65) } }
    assert.equal(codeOf(verifyFinality(honest.anchor, real.scheme, forged)), 'certificate')
  })

  it('wants the word of a quorum to finalise exactly the last header', () => {
    const { headers, cert } = epoch.proof([a, b])
    assert.equal(judge({ headers, cert }), 'ok')
    assert.equal(judge({ headers, cert: epoch.finalized(a) }), 'certificate')
    assert.equal(judge({ headers: headers.slice(0, 1), cert }), 'certificate')
    assert.equal(judge({ headers, cert: epoch.notarized(b) }), 'certificate')
    assert.equal(judge({ headers, cert: epoch.nullified(4) }), 'certificate')
    assert.equal(judge({ headers, cert: { ...cert, view: 5 } }), 'certificate')
    assert.equal(judge({ headers, cert: { ...cert, epoch: 1 } }), 'certificate')
    assert.equal(judge({ headers, cert: { ...cert, signatures: flipped(cert.signatures) } }), 'certificate')
    assert.equal(judge({ headers, cert: { ...cert, bitmap: new Uint8Array([0b1110]) } }), 'certificate')
    assert.equal(judge({ headers, cert: new Epoch(namesOf(7)).finalized(b) }), 'certificate')
    const signed = { epoch: 0, view: 4, type: FINALIZE, digest: b.digest } as const
    assert.equal(judge({ headers, cert: epoch.cert(signed) }), 'ok')
    for (const changes of [{ epoch: 1 }, { view: 5 }, { digest: a.digest }]) {
      assert.equal(judge({ headers, cert: epoch.cert({ ...signed, ...changes }) }), 'certificate', JSON.stringify(changes))
    }
    assert.equal(judge({ headers, cert: epoch.cert({ epoch: 0, view: 4, type: NOTARIZE, digest: b.digest }) }), 'certificate')
  })

  it('refuses headers that no chain leads through', () => {
    assert.equal(judge({ headers: [], cert: epoch.finalized(a) }), 'chain')
    assert.equal(judge(epoch.proof([a, c])), 'chain')
    assert.equal(judge(epoch.proof([b, a])), 'chain')
    assert.equal(judge(epoch.proof([a, a])), 'chain')
    assert.equal(judge({ headers: [new Uint8Array([0xa0])], cert: epoch.finalized(a) }), 'schema')
    const long: Block[] = []
    for (let at = 0; at <= PROOF_HEADERS_MAX; at++) long.push(epoch.block(long.at(-1) ?? null))
    assert.equal(judge(epoch.proof(long.slice(0, PROOF_HEADERS_MAX))), 'ok')
    assert.equal(judge(epoch.proof(long)), 'chain')
  })

  const middle: readonly (readonly [Partial<Header>, string])[] = [
    [{}, 'ok'], [{ federation: OTHER_FEDERATION }, 'federation'], [{ epoch: 1 }, 'epoch'], [{ validatorsHash: digestNamed('others') }, 'validators'],
    [{ proposer: 3 - epoch.block(a).header.proposer }, 'leader'], [{ proposer: 30 }, 'leader'], [{ parent: digestNamed('another') }, 'chain'],
    [{ height: 3 }, 'chain'], [{ height: 1 }, 'chain'], [{ parentView: 0 }, 'chain'], [{ timeMs: FOUNDED_MS + 1_000 }, 'chain'],
    [{ view: 1, proposer: leaderOf(epoch.set, anchor.base, 1) }, 'chain']
  ]
  for (const [changes, code] of middle) {
    it(`says ${code} of a second header with ${JSON.stringify(Object.keys(changes))} changed`, () => assert.equal(judge(proofWith(1, changes)), code))
  }

  it('holds the first header against the base of the epoch', () => {
    const first = (changes: Partial<BlockFields>): string => judge(epoch.proof([epoch.block(null, changes)]))
    assert.equal(first({}), 'ok')
    assert.equal(first({ parent: digestNamed('another base') }), 'chain')
    assert.equal(first({ height: 2 }), 'chain')
    assert.equal(first({ timeMs: FOUNDED_MS }), 'chain')
    assert.equal(first({ height: 1, parentView: 3, view: 4 }), 'chain')
    assert.equal(first({ height: 2, parentView: 4, view: 4 }), 'chain')
    const seal = epoch.seal(b)
    const next = epoch.after(seal)
    const proofIn = (changes: Partial<BlockFields>): FinalityProof => next.proof([next.block(null, changes)])
    assert.equal(judge(proofIn({}), next.anchor), 'ok')
    assert.equal(judge(proofIn({ height: 3 }), next.anchor), 'epoch')
    assert.equal(judge(proofIn({ height: 4 + 1 }), next.anchor), 'chain')
    assert.equal(judge(epoch.proof([b]), next.anchor), 'epoch', 'an epoch that is over')
    assert.equal(judge(next.proof([next.block(null)])), 'epoch', 'an epoch that is not known')
  })

  it('lets nothing but empty blocks make a seal final', () => {
    const seal = epoch.seal(a)
    const below = (changes: Partial<BlockFields>): string => {
      const flush = epoch.block(seal, { type: FLUSH, ...changes })
      return judge(epoch.proof([seal, flush, epoch.block(flush, { type: FLUSH })]))
    }
    assert.equal(below({}), 'ok')
    assert.equal(below({ type: NORMAL }), 'chain')
    assert.equal(below({ type: SEAL, seal: epoch.sealOf(namesOf(4)) }), 'chain')
    assert.equal(below({ stateRoot: digestNamed('another state') }), 'chain')
    assert.equal(below({ bodyRoot: digestNamed('a body') }), 'chain')
    assert.equal(below({ evidence: [new Uint8Array(1)] }), 'chain')
    const flush = epoch.block(seal, { type: FLUSH })
    assert.equal(judge(epoch.proof([seal, flush, epoch.block(flush)])), 'chain', 'two below it as well')
    assert.equal(judge(epoch.proof([a, seal])), 'ok')
    assert.ok(equalBytes(seal.header.bodyRoot, EMPTY_ROOT))
  })
})

describe('finality: anchors', () => {
  it('begins with the first nodes of the founders, by their keys', () => {
    const founders = cities(4)
    const charter = charterOf(founders)
    const genesis = genesisAnchor(charter)
    assert.deepEqual(genesis.base, digestOfFederation(charter.federation))
    assert.deepEqual(genesis.base, charter.federation.multihash.digest)
    assert.deepEqual([genesis.epoch, genesis.baseHeight, genesis.timeMs], [0, 0, charter.foundedMs])
    assert.ok(genesis.federation.equals(charter.federation))
    assert.deepEqual(genesis.validators.map(({ member }) => member).toSorted(), founders.map(({ did }) => did).toSorted())
    for (const { member, node, key } of genesis.validators) {
      const city = founders.find(({ did }) => did === member) ?? assert.fail()
      assert.deepEqual([node, key], [city.transport.publicKey, city.consensus.publicKey])
    }
    const keys = genesis.validators.map(({ key }) => Buffer.from(key).toString('hex'))
    assert.deepEqual(keys, keys.toSorted())
    const second = { transportKey: digestNamed('transport'), consensusKey: digestNamed('consensus'), addresses: [] }
    const withMore = charter.founders.map(founder => ({ ...founder, nodes: [...founder.nodes, second] }))
    assert.deepEqual(genesisAnchor({ ...charter, founders: withMore }), genesis, 'further nodes have no seat')
    const block = (of: Anchor): string => codeOf(verifyFinality(of, real.scheme, { headers: [], cert: epoch.finalized(epoch.block(null)) }))
    assert.equal(block(genesis), 'chain', 'its validators are a set')
  })

  it('follows seals to whoever sits at the table now', () => {
    const names = namesOf(4)
    const first = epoch.seal(epoch.block(null), [...names, 'City 5'])
    const second = epoch.after(first, [...names, 'City 5'])
    const secondSeal = second.seal(second.block(null), [...names.slice(1), 'City 5'])
    const third = second.after(secondSeal, [...names.slice(1), 'City 5'])
    const proofs = [
      epoch.proof([first]),
      second.proof([secondSeal, second.block(secondSeal, { type: FLUSH })])
    ]
    assert.deepEqual(valueOf(followSeals(anchor, tags.scheme, proofs)), third.anchor)
    assert.deepEqual(valueOf(followSeals(anchor, tags.scheme, [])), anchor)
    assert.equal(codeOf(verifyFinality(third.anchor, tags.scheme, third.proof([third.block(null)]))), 'ok')
    assert.equal(codeOf(followSeals(anchor, tags.scheme, proofs.toReversed())), 'epoch')
    assert.equal(codeOf(followSeals(anchor, tags.scheme, proofs.slice(1))), 'epoch')
    assert.equal(codeOf(followSeals(anchor, tags.scheme, [proofs[0] ?? assert.fail(), ...proofs])), 'epoch')
  })

  it('takes no step over what is no seal, or another seal than the one that follows', () => {
    const codeOfStep = (block: Block, headers: readonly Block[] = [block]): string => codeOf(nextAnchor(anchor, tags.scheme, epoch.proof(headers)))
    const names = namesOf(4)
    assert.equal(codeOfStep(epoch.seal(null)), 'ok')
    assert.equal(codeOfStep(epoch.block(null)), 'seal')
    assert.equal(codeOfStep(epoch.seal(null, names, { prevSeal: digestNamed('another') })), 'seal')
    assert.equal(codeOfStep(epoch.seal(null, names, { prevSealHeight: 1 })), 'seal')
    assert.equal(codeOfStep(epoch.seal(null, names, { nextValidatorsHash: digestNamed('others') })), 'validators')
    const { nextValidators } = epoch.sealOf(names)
    assert.equal(codeOfStep(epoch.seal(null, names, { nextValidators: nextValidators.toReversed() })), 'order')
    assert.equal(codeOfStep(epoch.seal(null, names, { nextValidators: nextValidators.flatMap(each => [each, each]) })), 'order')
    assert.equal(codeOfStep(epoch.seal(null, names, { nextValidators: nextValidators.slice(1) })), 'validators')
    const block = epoch.block(null)
    assert.equal(codeOfStep(block, [block, epoch.seal(block)]), 'seal', 'the seal must be the one that is proved')
    const seal = epoch.seal(null)
    const proof = epoch.proof([seal])
    assert.equal(codeOf(nextAnchor(anchor, tags.scheme, { ...proof, cert: epoch.notarized(seal) })), 'certificate')
  })

  it('seats nobody whose key is not admitted', () => {
    const honest = new Epoch(namesOf(4), real)
    const { nextValidators } = honest.sealOf(namesOf(4))
    const torsion = new Uint8Array(32)
    const withTorsion = [{ ...nextValidators[0] ?? assert.fail(), key: torsion }, ...nextValidators.slice(1)]
    const seal = honest.seal(null, namesOf(4), { nextValidators: withTorsion })
    assert.equal(codeOf(nextAnchor(honest.anchor, real.scheme, honest.proof([seal]))), 'key')
    assert.equal(codeOf(nextAnchor(anchorOf(namesOf(4), real), real.scheme, honest.proof([honest.seal(null)]))), 'ok')
  })
})
