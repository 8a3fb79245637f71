import { strict as assert } from 'node:assert'
import { sha256, utf8 } from '../../src/base/index.ts'
import type { SigningKey } from '../../src/core/identity/index.ts'
import { DAY_MS, encodeOperation, keysOf, memberOf, OPERATIONS, type LedgerTransaction } from '../../src/core/ledger/index.ts'
import { certificateOf, cities, cityNamed, FOUNDED_MS, type City } from './identity.fixture.ts'
import { raw, rawNode, rawRoot, refuses } from './ledger-transactions.fixture.ts'
import { chainOf, cityAt, digestNamed, feedNamed, foundedChain, keyNamed, MINUTE_MS, operations } from './ledger.fixture.ts'

describe('ledger nodes and keys', () => {
  it('bring certificates of their members alone', () => {
    const chain = foundedChain(4)
    const [a, b] = [cityAt(chain, 0), cityAt(chain, 1)]
    const put = (city: City, changes = {}, transportKey = city.transport.publicKey, addresses: readonly string[] = []): Uint8Array =>
      encodeOperation(OPERATIONS.nodePut, { certificate: certificateOf(city, chain.charter.federation, changes).envelope, transportKey, addresses })
    refuses(chain, 'certificate', rawNode(chain, a, [put(b)]))
    refuses(chain, 'certificate', rawNode(chain, a, [put(a, {}, b.transport.publicKey)]))
    refuses(chain, 'key-taken', rawNode(chain, a, [put(a, { nodeKey: b.node.publicKey })]))
    refuses(chain, 'key-taken', rawNode(chain, a, [put(a, { nodeKey: b.root.publicKey })]))
    refuses(chain, 'key-taken', rawNode(chain, a, [put(a, { transportKey: b.transport.publicKey }, b.transport.publicKey)]))
    const late = { notBeforeMs: chain.timeMs + 2 * DAY_MS, notAfterMs: chain.timeMs + 3 * DAY_MS }
    refuses(chain, 'certificate-time', rawNode(chain, a, [put(a, late)]))
    refuses(chain, 'federation', rawNode(chain, a, [encodeOperation(OPERATIONS.nodePut, {
      certificate: certificateOf(a, feedNamed('other')).envelope, transportKey: a.transport.publicKey, addresses: []
    })]))
    refuses(chain, 'certificate', rawNode(chain, a, [encodeOperation(OPERATIONS.nodePut, {
      certificate: utf8('none'), transportKey: a.transport.publicKey, addresses: []
    })]))
    chain.run([rawNode(chain, a, [put(a, { notAfterMs: FOUNDED_MS + 80 * DAY_MS }, a.transport.publicKey, ['/dns4/a.example/tcp/4001'])])])
    assert.deepEqual(memberOf(chain.state, a.did)?.nodes.map(({ addresses }) => addresses), [['/dns4/a.example/tcp/4001']])
    const nodes = Array.from({ length: 8 }, (_, at) => cityNamed(`node ${at}`))
    const more = nodes.map(({ node, transport }) => put(a, { nodeKey: node.publicKey, transportKey: transport.publicKey }, transport.publicKey))
    chain.run([rawNode(chain, a, more.slice(0, 7))])
    refuses(chain, 'nodes', rawNode(chain, a, more.slice(7)))
    const remove = (transportKey: Uint8Array): Uint8Array => encodeOperation(OPERATIONS.nodePut, { certificate: null, transportKey, addresses: [] })
    chain.run([rawNode(chain, a, [remove(nodes[0]?.transport.publicKey ?? digestNamed(''))])])
    assert.equal(memberOf(chain.state, a.did)?.nodes.length, 7)
    refuses(chain, 'unknown-node', rawNode(chain, a, [remove(b.transport.publicKey)]))
  })

  it('speak within their certificates, by the time of blocks', () => {
    const chain = foundedChain(4)
    const city = cityAt(chain, 0)
    chain.run([], { timeMs: FOUNDED_MS + 91 * DAY_MS - MINUTE_MS - 1 })
    chain.run([rawNode(chain, city, [operations.datasetPut('air', [])])])
    chain.run([], { timeMs: FOUNDED_MS + 91 * DAY_MS })
    refuses(chain, 'certificate-time', rawNode(chain, city, [operations.datasetPut('air', [])]))
  })

  it('are admitted by a ledger that slept since long before their certificates', () => {
    const chain = chainOf(cities(4))
    const city = cityAt(chain, 0)
    const later = FOUNDED_MS + 200 * DAY_MS
    const certificate = certificateOf(city, chain.charter.federation, { notBeforeMs: later, notAfterMs: later + DAY_MS })
    const put = encodeOperation(OPERATIONS.nodePut, { certificate: certificate.envelope, transportKey: city.transport.publicKey, addresses: [] })
    const transaction = raw(chain, city, city.node, certificate.id, [put], { notAfterMs: later + DAY_MS })
    const admitted = chain.ledger.admit(chain.state, transaction.bytes)
    assert.ok(admitted !== undefined)
    assert.equal(chain.ledger.isAlive(chain.state, later, admitted), true)
    assert.equal(chain.ledger.includable(chain.state, FOUNDED_MS + MINUTE_MS, [admitted]), false)
    assert.equal(chain.ledger.includable(chain.state, later, [admitted]), true)
    chain.run([admitted], { timeMs: later })
  })

  it('are bound once, proved, limited, rotated and revoked', () => {
    const chain = foundedChain(4)
    const [a, b] = [cityAt(chain, 0), cityAt(chain, 1)]
    const govern = keyNamed('govern')
    refuses(chain, 'signer', rawNode(chain, a, [operations.bind(chain, a, 'govern', govern)]))
    refuses(chain, 'signer', rawRoot(chain, a, [operations.bind(chain, a, 'consensus', govern)]))
    refuses(chain, 'proof', rawRoot(chain, a, [operations.bind(chain, b, 'govern', govern)]))
    refuses(chain, 'key-taken', rawRoot(chain, a, [operations.bind(chain, a, 'govern', b.root)]))
    refuses(chain, 'key', rawRoot(chain, a, [encodeOperation(OPERATIONS.keyBind, { purpose: 'govern', key: new Uint8Array(32), proof: new Uint8Array(64) })]))
    chain.run([rawRoot(chain, a, [operations.bind(chain, a, 'govern', govern)])])
    refuses(chain, 'key-taken', rawRoot(chain, b, [operations.bind(chain, b, 'govern', govern)]))
    const proposal = (key: SigningKey): LedgerTransaction => raw(chain, a, key, undefined, [operations.open({ kind: 'remove', member: b.did }, chain.timeMs + DAY_MS)])
    chain.run([proposal(govern)])
    const next = keyNamed('next')
    refuses(chain, 'unknown-key', rawRoot(chain, a, [operations.rotate(chain, a, 'govern', keyNamed('none'), next)]))
    refuses(chain, 'unknown-key', rawRoot(chain, a, [operations.rotate(chain, a, 'role', govern, next)]))
    chain.run([rawRoot(chain, a, [operations.rotate(chain, a, 'govern', govern, next)])])
    refuses(chain, 'revoked-key', proposal(govern))
    chain.run([proposal(next)])
    const revoke = (key: SigningKey, sinceMs = chain.timeMs): Uint8Array => encodeOperation(OPERATIONS.keyRevoke, { revoked: ['key', key.publicKey], reason: 1, sinceMs })
    refuses(chain, 'time', rawRoot(chain, a, [revoke(next, chain.timeMs + DAY_MS)]))
    refuses(chain, 'unknown-key', rawRoot(chain, b, [revoke(next)]))
    refuses(chain, 'unknown-key', rawRoot(chain, a, [revoke(a.root)]))
    chain.run([rawRoot(chain, a, [revoke(next)])])
    refuses(chain, 'revoked-key', proposal(next))
    const many = Array.from({ length: 9 }, (_, at) => operations.bind(chain, a, 'role', keyNamed(`role ${at}`)))
    refuses(chain, 'keys', rawRoot(chain, a, many))
    chain.run([rawRoot(chain, a, many.slice(1))])
    assert.equal(keysOf(chain.state, a.did, 'role').length, 8)
    chain.run([raw(chain, a, keyNamed('role 1'), undefined, [operations.datasetPut('by-role', [])])])
  })

  it('end with a revoked certificate', () => {
    const chain = foundedChain(4)
    const [a, b] = [cityAt(chain, 0), cityAt(chain, 1)]
    const certificate = certificateOf(a, chain.charter.federation)
    const revoke = encodeOperation(OPERATIONS.keyRevoke, { revoked: ['certificate', sha256(certificate.envelope)], reason: 1, sinceMs: chain.timeMs })
    refuses(chain, 'unknown-certificate', rawRoot(chain, b, [revoke]))
    chain.run([rawRoot(chain, a, [revoke])])
    refuses(chain, 'revoked-certificate', rawRoot(chain, a, [revoke]))
    refuses(chain, 'revoked-certificate', rawNode(chain, a, [operations.datasetPut('air', [])]))
    refuses(chain, 'revoked-certificate', rawRoot(chain, a, [operations.nodePut(chain, a)]))
    assert.equal(memberOf(chain.state, a.did)?.nodes[0]?.certificate, null)
  })
})
