import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { cidOf, encodeCanonical, u32, utf8, type CID } from '../../src/base/index.ts'
import {
  charterSignature, decodeCertificate, decodeCharter, decodeStatement, draftCharter, membershipOf, peerIdOfKey, RULES,
  revocationBody, revocationSignature, sealCharter, sealRevocation, signStatement,
  type CharterFields, type Membership
} from '../../src/core/identity/index.ts'
import { certificateOf, charterOf, cities, cityNamed, codeOf, DAY_MS, federationOf, FOUNDED_MS, someCid, valueOf, type City } from './identity.fixture.ts'

const [ada, ben, cyd, dov] = cities(4) as [City, City, City, City]
const stranger = cityNamed('Stranger')

function revocationOf (
  held: Membership, target: City, certificate: CID | null, timeMs: number, signers: readonly City[] = [target]
): Uint8Array {
  const body = revocationBody({ federation: held.federation, member: target.did, certificate, timeMs })
  return sealRevocation(body, signers.map(city => revocationSignature(body, city.root)))
}

function peersOf (held: Membership): readonly string[] {
  return [...held.peers().keys()].toSorted()
}

describe('identity: statements and certificates', () => {
  const certificate = certificateOf(ada, someCid)

  it('reads back a statement, whose id is that of its envelope', () => {
    const said = signStatement(utf8('body'), certificate.id, ada.node)
    assert.deepEqual(valueOf(decodeStatement(said.envelope, 1024)), said)
    assert.equal(codeOf(decodeStatement(said.envelope, 64)), 'too-large')
    assert.equal(codeOf(decodeStatement(said.envelope.slice(1), 1024)), 'malformed')
  })

  it('reads back a certificate', () => {
    const read = valueOf(decodeCertificate(certificate.envelope))
    assert.equal(read.member, ada.did)
    assert.deepEqual(read.transportKey, ada.transport.publicKey)
    assert.ok(read.id.equals(certificate.id))
    assert.ok(certificate.envelope.length < 600, `${certificate.envelope.length} bytes`)
  })

  it('issues no certificate beyond 90 days, backwards in time, or with one key in two roles', () => {
    const broken: readonly Parameters<typeof certificateOf>[2][] = [
      { notAfterMs: FOUNDED_MS + 90 * DAY_MS + 1 },
      { notAfterMs: FOUNDED_MS },
      { nodeKey: ada.transport.publicKey },
      { transportKey: ada.root.publicKey },
      { nodeKey: new Uint8Array(32).fill(2) }
    ]
    for (const changes of broken) assert.throws(() => certificateOf(ada, someCid, changes), { code: 'assertion' })
  })

  it('refuses a certificate that another root signed', () => {
    const body = encodeCanonical({
      v: 1, federation: someCid, kind: 'certificate', member: ben.did, nodeKey: ada.node.publicKey, transportKey: ada.transport.publicKey,
      encryptionKey: ada.encryptionKey, notBeforeMs: FOUNDED_MS, notAfterMs: FOUNDED_MS + DAY_MS
    })
    assert.equal(codeOf(decodeCertificate(encodeCanonical({ body, signature: ada.root.sign(body) }))), 'signature')
  })
})

describe('identity: charter', () => {
  const charter = charterOf([ada, ben, cyd])
  const fields: CharterFields = { ...charter, rules: RULES }

  it('reads back a charter whose id does not depend on the signatures', () => {
    const read = valueOf(decodeCharter(charter.envelope))
    assert.deepEqual(read.founders.map(({ name }) => name), ['City 1', 'City 2', 'City 3'])
    assert.ok(read.federation.equals(valueOf(draftCharter(fields)).federation))
  })

  it('needs every founder, each in its place', () => {
    const [a, b, c] = charter.signatures as [Uint8Array, Uint8Array, Uint8Array]
    assert.equal(codeOf(sealCharter(charter.body, [a, b])), 'signatures')
    assert.equal(codeOf(sealCharter(charter.body, [a, b, c, c])), 'signatures')
    assert.equal(codeOf(sealCharter(charter.body, [a, c, b])), 'signature')
    assert.equal(codeOf(sealCharter(charter.body, [a, b, charterSignature(charter.body, stranger.root)])), 'signature')
  })

  it('refuses founders and keys that stand twice, keys not admitted, weak rules and crowds', () => {
    const [first, second, third] = fields.founders
    assert.ok(first && second && third)
    const node = (transportKey: Uint8Array, addresses: readonly string[] = [], consensusKey = ada.consensus.publicKey): typeof first.nodes =>
      [{ transportKey, consensusKey, addresses }]
    const cases: readonly [change: Partial<CharterFields>, code: string][] = [
      [{ founders: [first, first] }, 'same-key'],
      [{ founders: [first, { ...second, nodes: first.nodes }] }, 'same-key'],
      [{ founders: [first, { ...second, nodes: node(ada.root.publicKey) }] }, 'same-key'],
      [{ founders: [{ ...first, nodes: [...first.nodes, ...first.nodes] }] }, 'same-key'],
      [{ founders: [{ ...first, nodes: node(new Uint8Array(32).fill(2)) }] }, 'key'],
      [{ founders: [{ ...first, nodes: node(ada.transport.publicKey, [], new Uint8Array(32).fill(2)) }] }, 'key'],
      [{ founders: [{ ...first, nodes: node(ada.transport.publicKey, [], ada.transport.publicKey) }] }, 'same-key'],
      [{ founders: [first, { ...second, nodes: node(ben.transport.publicKey) }] }, 'same-key'],
      [{ founders: [{ ...first, nodes: node(ada.transport.publicKey, ['not a multiaddr']) }] }, 'schema'],
      [{ founders: [{ ...first, nodes: [] }] }, 'schema'],
      [{ founders: [] }, 'schema'],
      [{ founders: cities(32).map(city => ({ member: city.did, name: city.name, nodes: node(city.transport.publicKey) })) }, 'schema'],
      [{ name: '' }, 'schema'],
      [{ name: ' Hanse' }, 'schema'],
      [{ name: 'Han\u202Ese' }, 'schema'],
      [{ name: 'x'.repeat(65) }, 'schema'],
      [{ rules: { votesAbove: { parts: 1, of: 3 } } }, 'rules'],
      [{ rules: { votesAbove: { parts: 3, of: 3 } } }, 'rules']
    ]
    for (const [change, code] of cases) assert.equal(codeOf(draftCharter({ ...fields, ...change })), code, JSON.stringify(change))
  })
})

describe('identity: membership', () => {
  const held = federationOf([ada, ben, cyd])
  const [certificate] = held.certificatesOf(ada.did)
  assert.ok(certificate)
  const said = signStatement(utf8('body'), certificate.id, ada.node)

  it('knows the founders, their nodes and their certificates', () => {
    assert.deepEqual(held.members().map(({ name }) => name), ['City 1', 'City 2', 'City 3'])
    assert.equal(held.member(ben.did)?.name, 'City 2')
    assert.equal(held.member(stranger.did), undefined)
    assert.equal(held.memberOfPeer(peerIdOfKey(cyd.transport.publicKey)), cyd.did)
    assert.equal(held.memberOfPeer(peerIdOfKey(stranger.transport.publicKey)), undefined)
    assert.deepEqual(held.peers().get(peerIdOfKey(ada.transport.publicKey)), ['/ip4/127.0.0.1/tcp/4001'])
    assert.equal(held.peers().size, 3)
    assert.equal(held.certificate(certificate.id)?.member, ada.did)
    assert.equal(held.certificate(someCid), undefined)
  })

  it('tells who speaks, only inside the period of the certificate, with grace neither before nor after', () => {
    const speaks = (timeMs: number): string => codeOf(held.speaker(said, timeMs))
    assert.deepEqual(valueOf(held.speaker(said, FOUNDED_MS)).member, ada.did)
    assert.equal(speaks(certificate.notAfterMs), 'ok')
    assert.equal(speaks(FOUNDED_MS - 1), 'outside')
    assert.equal(speaks(certificate.notAfterMs + 1), 'outside')
  })

  it('does not take the word of another key, of a changed body or under an unknown certificate', () => {
    const speaks = (statement: typeof said): string => codeOf(held.speaker(statement, FOUNDED_MS))
    assert.equal(speaks(signStatement(utf8('body'), certificate.id, ben.node)), 'signature')
    assert.equal(speaks(signStatement(utf8('body'), certificate.id, ada.root)), 'signature')
    assert.equal(speaks({ ...said, body: utf8('bodY') }), 'signature')
    assert.equal(speaks(signStatement(utf8('body'), someCid, ada.node)), 'unknown-certificate')
  })

  it('accepts a new transport key that the root of a member signed', () => {
    const box = cityNamed('second box')
    const second = certificateOf(ada, held.federation, { nodeKey: box.node.publicKey, transportKey: box.transport.publicKey })
    const wider = valueOf(held.withCertificate(second.envelope, FOUNDED_MS))
    assert.equal(wider.memberOfPeer(peerIdOfKey(box.transport.publicKey)), ada.did)
    assert.deepEqual(wider.peers().get(peerIdOfKey(box.transport.publicKey)), [])
    assert.equal(held.memberOfPeer(peerIdOfKey(box.transport.publicKey)), undefined, 'the value before is untouched')
    assert.deepEqual(peersOf(valueOf(wider.withCertificate(second.envelope, FOUNDED_MS))), peersOf(wider), 'once more changes nothing')
  })

  it('refuses certificates of strangers, of other federations, from the future and with keys of others', () => {
    const add = (envelope: Uint8Array): string => codeOf(held.withCertificate(envelope, FOUNDED_MS))
    assert.equal(add(certificateOf(stranger, held.federation).envelope), 'unknown-member')
    assert.equal(add(certificateOf(ada, someCid).envelope), 'federation')
    const late = FOUNDED_MS + DAY_MS
    assert.equal(add(certificateOf(ada, held.federation, { notBeforeMs: late }).envelope), 'ok')
    assert.equal(add(certificateOf(ada, held.federation, { notBeforeMs: late + 1 }).envelope), 'early')
    assert.equal(add(certificateOf(ada, held.federation, { transportKey: ben.transport.publicKey }).envelope), 'key-taken')
    assert.equal(add(certificateOf(ada, held.federation, { nodeKey: ben.node.publicKey }).envelope), 'key-taken')
    assert.equal(add(certificateOf(ada, held.federation, { nodeKey: ben.root.publicKey }).envelope), 'key-taken')
  })

  it('keeps the keys of a member from others, wherever they stand', () => {
    const box = cityNamed('box')
    const second = certificateOf(ben, held.federation, { nodeKey: box.node.publicKey, transportKey: box.transport.publicKey })
    const bare = membershipOf(held.charter)
    const wider = valueOf(bare.withCertificate(second.envelope, FOUNDED_MS))
    const taken = [ben.transport.publicKey, ben.consensus.publicKey, ben.root.publicKey, box.node.publicKey, box.transport.publicKey]
    for (const key of taken) {
      const asTransport = certificateOf(ada, held.federation, { transportKey: key })
      const asNode = certificateOf(ada, held.federation, { nodeKey: key })
      assert.equal(codeOf(wider.withCertificate(asTransport.envelope, FOUNDED_MS)), 'key-taken')
      assert.equal(codeOf(wider.withCertificate(asNode.envelope, FOUNDED_MS)), 'key-taken')
    }
  })

  it('keeps what was said before a revocation and refuses what came after', () => {
    const revokedMs = FOUNDED_MS + DAY_MS
    const after = valueOf(held.withRevocation(revocationOf(held, ada, certificate.id, revokedMs)))
    assert.equal(codeOf(after.speaker(said, revokedMs - 1)), 'ok')
    assert.equal(codeOf(after.speaker(said, revokedMs)), 'revoked')
    assert.equal(after.revokedSinceMs(certificate), revokedMs)
    assert.equal(after.memberOfPeer(peerIdOfKey(ada.transport.publicKey)), undefined)
    assert.equal(after.peers().size, 2)
    assert.equal(held.revokedSinceMs(certificate), undefined, 'the value before is untouched')
    const renewed = certificateOf(ada, held.federation, { nodeKey: cityNamed('new').node.publicKey })
    assert.equal(valueOf(after.withCertificate(renewed.envelope, FOUNDED_MS)).peers().size, 2, 'a revoked transport key stays out')
  })

  it('revokes a whole member with all its nodes', () => {
    const after = valueOf(held.withRevocation(revocationOf(held, ada, null, FOUNDED_MS + 5, [ben, cyd])))
    assert.equal(codeOf(after.speaker(said, FOUNDED_MS + 4)), 'ok')
    assert.equal(codeOf(after.speaker(said, FOUNDED_MS + 5)), 'revoked')
    assert.equal(after.member(ada.did)?.revokedSinceMs, FOUNDED_MS + 5)
    assert.deepEqual(peersOf(after), [ben, cyd].map(city => peerIdOfKey(city.transport.publicKey)).toSorted())
  })

  it('goes by the earlier of the revocations of a certificate and of its member', () => {
    const one = revocationOf(held, ada, certificate.id, FOUNDED_MS + 10)
    const since = (timeMs: number): number | undefined =>
      valueOf(valueOf(held.withRevocation(one)).withRevocation(revocationOf(held, ada, null, timeMs))).revokedSinceMs(certificate)
    assert.equal(since(FOUNDED_MS + 5), FOUNDED_MS + 5)
    assert.equal(since(FOUNDED_MS + 15), FOUNDED_MS + 10)
  })

  it('needs the own root or more than two thirds of the others', () => {
    const four = federationOf([ada, ben, cyd, dov])
    const revoke = (signers: readonly City[]): string => codeOf(four.withRevocation(revocationOf(four, ada, null, FOUNDED_MS, signers)))
    assert.equal(revoke([ada]), 'ok')
    assert.equal(revoke([ben]), 'votes')
    assert.equal(revoke([ben, cyd]), 'votes')
    assert.equal(revoke([ben, cyd, dov]), 'ok')
    assert.equal(revoke([ben, stranger]), 'unknown-member')
    assert.equal(codeOf(four.withRevocation(revocationOf(held, ada, null, FOUNDED_MS))), 'federation')
    assert.equal(codeOf(four.withRevocation(revocationOf(four, stranger, null, FOUNDED_MS, [ada]))), 'unknown-member')
    const body = revocationBody({ federation: four.federation, member: ada.did, certificate: null, timeMs: FOUNDED_MS })
    const forged = { member: ada.did, signature: ben.root.sign(body) }
    assert.equal(codeOf(four.withRevocation(sealRevocation(body, [forged]))), 'signature')
    const twice = revocationSignature(body, ben.root)
    assert.equal(codeOf(four.withRevocation(encodeCanonical({ body, signatures: [twice, twice] }))), 'order')
  })

  it('does not let a member revoke the certificate of another by naming it as its own', () => {
    const after = valueOf(held.withRevocation(revocationOf(held, ben, certificate.id, FOUNDED_MS)))
    assert.equal(after.revokedSinceMs(certificate), undefined)
    assert.deepEqual(peersOf(after), peersOf(held))
  })

  it('comes to the same members, whatever the order and the number of arrivals', () => {
    const start = membershipOf(charterOf([ada, ben, cyd]))
    const owned = [ada, ben].flatMap(city => [0, 1].map(at => {
      const box = cityNamed(`${city.name} box ${at}`)
      return { city, certificate: certificateOf(city, start.federation, { nodeKey: box.node.publicKey, transportKey: box.transport.publicKey }) }
    }))
    const arrivals = [
      ...owned.map(each => (to: Membership) => to.withCertificate(each.certificate.envelope, FOUNDED_MS)),
      ...owned.flatMap(each => [10, 20].map(timeMs =>
        (to: Membership) => to.withRevocation(revocationOf(start, each.city, each.certificate.id, FOUNDED_MS + timeMs)))),
      ...[30, 15].map(timeMs => (to: Membership) => to.withRevocation(revocationOf(start, ben, null, FOUNDED_MS + timeMs, [ada, cyd])))
    ]
    const summary = (last: Membership): unknown => ({
      peers: peersOf(last),
      revoked: owned.map(each => last.revokedSinceMs(each.certificate)),
      known: owned.map(each => last.certificate(each.certificate.id) !== undefined)
    })
    const arrive = (order: readonly number[]): unknown =>
      summary(order.reduce((to, at) => valueOf((arrivals[at] ?? assert.fail())(to)), start))
    const subset = fc.subarray(arrivals.map((_, at) => at), { minLength: 2 })
    const orders = subset.chain(chosen => fc.tuple(
      fc.constant(chosen),
      fc.shuffledSubarray([...chosen, ...chosen], { minLength: chosen.length * 2, maxLength: chosen.length * 2 })
    ))
    fc.assert(fc.property(orders, ([chosen, shuffled]) => {
      assert.deepEqual(arrive(shuffled), arrive(chosen))
    }), { numRuns: 60 })
  })

  it('refuses certificates beyond the limit of a member', () => {
    let full = held
    for (let at = 1; at < 1024; at++) {
      full = valueOf(full.withCertificate(certificateOf(ada, held.federation, { notAfterMs: FOUNDED_MS + at }).envelope, FOUNDED_MS))
    }
    assert.equal(codeOf(full.withCertificate(certificateOf(ada, held.federation, { notAfterMs: FOUNDED_MS + 1024 }).envelope, FOUNDED_MS)), 'full')
    assert.equal(codeOf(full.withCertificate(certificateOf(ben, held.federation, { notAfterMs: FOUNDED_MS + 1 }).envelope, FOUNDED_MS)), 'ok')
  })

  it('refuses revocations of single certificates beyond the limit of a member, but never of the member', () => {
    let full = held
    for (let at = 0; at < 1024; at++) full = valueOf(full.withRevocation(revocationOf(held, ada, cidOf('dagCbor', u32(at)), FOUNDED_MS)))
    assert.equal(codeOf(full.withRevocation(revocationOf(held, ada, cidOf('dagCbor', u32(0)), FOUNDED_MS - 1))), 'ok')
    assert.equal(codeOf(full.withRevocation(revocationOf(held, ada, cidOf('dagCbor', u32(1024)), FOUNDED_MS))), 'full')
    assert.equal(codeOf(full.withRevocation(revocationOf(held, ada, null, FOUNDED_MS))), 'ok')
  })
})
