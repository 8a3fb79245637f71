import { strict as assert } from 'node:assert'
import { utf8, type CID } from '../../src/base/index.ts'
import {
  checkHello, encodeHello, INSTANCE_SIZE_BYTES, membershipOf, peerIdOfKey, revocationBody, revocationSignature, sealRevocation, signStatement,
  type Certificate, type LedgerFacts, type MemberFacts, type Membership
} from '../../src/core/identity/index.ts'
import { certificateOf, charterOf, cities, cityNamed, codeOf, DAY_MS, FOUNDED_MS, valueOf, type City } from './identity.fixture.ts'

const [ada, ben, cyd] = cities(3) as [City, City, City]
const dor = cityNamed('Dor')
const eli = cityNamed('Eli')
const box = cityNamed('box')
const stranger = cityNamed('Stranger')
const charter = charterOf([ada, ben, cyd])
const NOW_MS = FOUNDED_MS + DAY_MS

const certificate = (city: City, keys: Pick<City, 'node' | 'transport'> = city): Certificate =>
  certificateOf(city, charter.federation, { nodeKey: keys.node.publicKey, transportKey: keys.transport.publicKey })
const peerOf = (city: City): string => peerIdOfKey(city.transport.publicKey)

function factsOf (city: City, changes: Partial<MemberFacts> = {}): MemberFacts {
  return {
    did: city.did, sinceHeight: 7, endedSinceMs: undefined,
    nodes: [{ transportKey: city.transport.publicKey, addresses: [`/dns4/${city.name.replace(' ', '-')}/tcp/1`], certificate: certificate(city).envelope }],
    ...changes
  }
}

function ledgerOf (members: readonly MemberFacts[], revoked: ReadonlyMap<string, number> = new Map()): LedgerFacts {
  return { members, revokedSinceMs: (id: CID) => revoked.get(id.toString()) }
}

describe('identity: membership by the ledger', () => {
  const founders = [ada, ben, cyd].map(city => factsOf(city, { sinceHeight: 0 }))
  const genesis = membershipOf(charter)
  const admitted = genesis.withLedger(ledgerOf([...founders, factsOf(dor)]))
  const greeting = (city: City, made: Certificate): Uint8Array => encodeHello({
    federation: charter.federation, certificate: made.envelope, protocols: {}, features: [], epoch: 0, height: 0, instance: new Uint8Array(INSTANCE_SIZE_BYTES)
  })
  const hello = (held: Membership, city: City, made = certificate(city)): string => codeOf(checkHello(held, peerOf(city), greeting(city, made), NOW_MS))

  it('lets in whom the ledger admits, with its node and certificate, and nobody else', () => {
    assert.equal(hello(genesis, dor), 'certificate')
    assert.equal(hello(admitted, dor), 'ok')
    assert.equal(hello(admitted, eli), 'certificate')
    assert.equal(admitted.memberOfPeer(peerOf(dor)), dor.did)
    assert.deepEqual(admitted.peers().get(peerOf(dor)), ['/dns4/Dor/tcp/1'])
    assert.deepEqual(admitted.peers().get(peerOf(ada)), ['/dns4/City-1/tcp/1'], 'addresses of the ledger, no longer of the charter')
    const said = signStatement(utf8('body'), certificate(dor).id, dor.node)
    assert.equal(codeOf(admitted.speaker(said, NOW_MS)), 'ok')
    assert.equal(codeOf(genesis.speaker(said, NOW_MS)), 'unknown-certificate')
    assert.deepEqual(admitted.members().map(({ did, name, sinceHeight }) => [did, name, sinceHeight]), [
      [ada.did, 'City 1', 0], [ben.did, 'City 2', 0], [cyd.did, 'City 3', 0], [dor.did, undefined, 7]
    ])
  })

  it('leaves the value as it was, and is the same for the same facts', () => {
    assert.equal(genesis.member(dor.did), undefined)
    const facts = ledgerOf([...founders, factsOf(dor)])
    const once = genesis.withLedger(facts)
    assert.equal(once.withLedger(facts), once)
  })

  it('takes certificates and revocations of those whom the ledger admits, as they arrive', () => {
    const second = certificate(dor, box)
    const wider = valueOf(admitted.withCertificate(second.envelope, NOW_MS))
    assert.equal(wider.memberOfPeer(peerOf(box)), dor.did)
    assert.equal(codeOf(genesis.withCertificate(second.envelope, NOW_MS)), 'unknown-member')
    const body = revocationBody({ federation: charter.federation, member: dor.did, certificate: second.id, timeMs: NOW_MS })
    const revoked = valueOf(wider.withRevocation(sealRevocation(body, [revocationSignature(body, dor.root)])))
    assert.equal(revoked.memberOfPeer(peerOf(box)), undefined)
    assert.equal(revoked.memberOfPeer(peerOf(dor)), dor.did)
    const later = revoked.withLedger(ledgerOf([...founders, factsOf(dor), factsOf(eli)]))
    assert.equal(later.memberOfPeer(peerOf(box)), undefined, 'a block does not undo a revocation')
  })

  it('cuts off whom the ledger no longer names, and keeps what it said before', () => {
    const before = signStatement(utf8('body'), certificate(dor).id, dor.node)
    for (const city of [dor, ben]) {
      const ended = [...founders, factsOf(dor)].map(each => each.did === city.did ? { ...each, endedSinceMs: NOW_MS } : each)
      const held = admitted.withLedger(ledgerOf(ended))
      assert.equal(held.memberOfPeer(peerOf(city)), undefined)
      assert.equal(held.peers().has(peerOf(city)), false)
      assert.equal(hello(held, city), 'revoked')
      assert.equal(held.member(city.did)?.revokedSinceMs, NOW_MS)
      const said = signStatement(utf8('body'), certificate(city).id, city.node)
      assert.equal(codeOf(held.speaker(said, NOW_MS - 1)), 'ok')
      assert.equal(codeOf(held.speaker(said, NOW_MS)), 'revoked')
      assert.equal(valueOf(held.withCertificate(certificate(city, box).envelope, NOW_MS)).memberOfPeer(peerOf(box)), undefined)
    }
    const back = admitted.withLedger(ledgerOf([...founders, factsOf(dor, { endedSinceMs: NOW_MS })])).withLedger(ledgerOf([...founders, factsOf(dor, { sinceHeight: 9 })]))
    assert.equal(hello(back, dor), 'ok', 'admitted again')
    assert.equal(codeOf(back.speaker(before, NOW_MS)), 'ok')
  })

  it('holds a certificate for revoked that the ledger revoked, unless the node has another there', () => {
    const made = certificate(dor)
    const revoked = new Map([[made.id.toString(), NOW_MS]])
    const bare = factsOf(dor, { nodes: [{ transportKey: dor.transport.publicKey, addresses: [], certificate: undefined }] })
    const held = admitted.withLedger(ledgerOf([...founders, bare], revoked))
    const said = signStatement(utf8('body'), made.id, dor.node)
    assert.equal(codeOf(held.speaker(said, NOW_MS - 1)), 'ok')
    assert.equal(codeOf(held.speaker(said, NOW_MS)), 'revoked')
    assert.equal(hello(held, dor), 'revoked')
    assert.equal(held.memberOfPeer(peerOf(dor)), undefined)
    const renewed = certificateOf(dor, charter.federation, { nodeKey: box.node.publicKey, transportKey: dor.transport.publicKey })
    const with2 = factsOf(dor, { nodes: [{ transportKey: dor.transport.publicKey, addresses: [], certificate: renewed.envelope }] })
    assert.equal(admitted.withLedger(ledgerOf([...founders, with2], revoked)).memberOfPeer(peerOf(dor)), dor.did)
  })

  it('gives a key to whom the ledger gave it, whoever was first here', () => {
    const squat = certificateOf(ben, charter.federation, { transportKey: dor.transport.publicKey })
    const held = valueOf(genesis.withCertificate(squat.envelope, NOW_MS))
    assert.equal(held.memberOfPeer(peerOf(dor)), ben.did)
    const right = held.withLedger(ledgerOf([...founders, factsOf(dor)]))
    assert.equal(right.memberOfPeer(peerOf(dor)), dor.did)
    assert.equal(codeOf(right.withCertificate(squat.envelope, NOW_MS)), 'key-taken')
    assert.equal(right.certificatesOf(ben.did).length, 1, 'and the one of the ledger stays')
  })

  it('counts votes for a revocation among those that belong, and never again once it was in force', () => {
    const body = revocationBody({ federation: charter.federation, member: cyd.did, certificate: null, timeMs: NOW_MS })
    const by = (...signers: readonly City[]): Uint8Array => sealRevocation(body, signers.map(city => revocationSignature(body, city.root)))
    assert.equal(codeOf(genesis.withRevocation(by(ada, ben))), 'ok')
    const five = genesis.withLedger(ledgerOf([...founders, factsOf(dor), factsOf(eli)]))
    assert.equal(codeOf(five.withRevocation(by(ada, ben))), 'votes')
    assert.equal(codeOf(five.withRevocation(by(ada, ben, dor))), 'ok')
    assert.equal(codeOf(five.withRevocation(by(ada, ben), true)), 'ok')
    assert.equal(codeOf(five.withRevocation(by(ada, stranger), true)), 'unknown-member')
    const gone = genesis.withLedger(ledgerOf([...founders, factsOf(dor, { endedSinceMs: NOW_MS }), factsOf(eli)]))
    assert.equal(codeOf(gone.withRevocation(by(ada, ben, dor))), 'votes', 'who left votes no more')
    assert.equal(codeOf(gone.withRevocation(by(ada, ben, eli))), 'ok')
    const both = ledgerOf([...founders, factsOf(dor, { endedSinceMs: NOW_MS }), factsOf(eli, { endedSinceMs: NOW_MS })])
    assert.equal(codeOf(genesis.withLedger(both).withRevocation(by(ada, ben))), 'ok', 'nor does it count among the others')
  })
})

