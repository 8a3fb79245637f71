import { strict as assert } from 'node:assert'
import { hex, sha256, utf8, type CID } from '../../src/base/index.ts'
import {
  declareFeed, encodeForkProof, headBody, type ForkProof
} from '../../src/core/feed/index.ts'
import { didOfKey, signStatement, signingKeyOfSeed, type SigningKey } from '../../src/core/identity/index.ts'
import {
  agreementBytes, agreementOf, datasetOf, DAY_MS, decodeRow, decodeTransaction, encodeOperation, feedOf, keysOf, memberOf, nextSequence, OPERATIONS, proposalId,
  proposalOf, proposalsOf, rowKey, signTransaction, standingOf, TABLES, type LedgerTransaction, type Payload
} from '../../src/core/ledger/index.ts'
import { certificateOf, cities, cityNamed, codeOf, FOUNDED_MS, valueOf, type City } from './identity.fixture.ts'
import { chainOf, feedNamed, foundedChain, MINUTE_MS, operations, type Chain } from './ledger.fixture.ts'

const digest = (name: string): Uint8Array => sha256(utf8(name))
const keyNamed = (name: string): SigningKey => signingKeyOfSeed(digest(`key ${name}`))

function cityAt (chain: Chain, at: number): City {
  const city = chain.founders[at]
  assert.ok(city !== undefined)
  return city
}

/** Refused with this code, by check, by execution, and left out by the proposer. */
function refuses (chain: Chain, code: string, transaction: LedgerTransaction): void {
  const context = chain.context()
  assert.equal(codeOf(chain.ledger.check(chain.state, context.timeMs, transaction)), code)
  assert.equal(chain.ledger.propose(chain.state, context, [transaction], 1_048_576), null)
  const before = hex(chain.state.map.root)
  assert.equal(codeOf(chain.block([transaction])), code)
  assert.equal(hex(chain.state.map.root), before)
}

/** Signs without being admitted, so that anything can be tried; takes the sequence number that is next in the state. */
function raw (
  chain: Chain, city: City, key: SigningKey, certificate: CID | undefined, list: readonly Uint8Array[],
  changes: { readonly sequence?: number, readonly notAfterMs?: number } = {}
): LedgerTransaction {
  return valueOf(decodeTransaction(chain.ledger.registry, signTransaction({
    federation: chain.charter.federation, author: city.did, sequence: nextSequence(chain.state, key.publicKey), notAfterMs: chain.timeMs + DAY_MS,
    operations: list, certificate, ...changes
  }, key)))
}

const rawNode = (chain: Chain, city: City, list: readonly Uint8Array[]): LedgerTransaction =>
  raw(chain, city, city.node, certificateOf(city, chain.charter.federation).id, list)
const rawRoot = (chain: Chain, city: City, list: readonly Uint8Array[]): LedgerTransaction => raw(chain, city, city.root, undefined, list)

describe('ledger transactions', () => {
  it('are refused of strangers, out of sequence, expired, forged or of another federation', () => {
    const chain = foundedChain(4)
    const [city, stranger] = [cityAt(chain, 0), cityNamed('Stranger')]
    const put = [operations.datasetPut('air', [])]
    refuses(chain, 'not-a-member', rawRoot(chain, stranger, put))
    const id = certificateOf(city, chain.charter.federation).id
    refuses(chain, 'sequence', raw(chain, city, city.node, id, put, { sequence: 3 }))
    refuses(chain, 'sequence', raw(chain, city, city.node, id, put, { sequence: 1 }))
    refuses(chain, 'expired', raw(chain, city, city.node, id, put, { notAfterMs: chain.timeMs }))
    refuses(chain, 'signature', raw(chain, city, stranger.node, id, put, { sequence: 2 }))
    refuses(chain, 'unknown-key', raw(chain, city, stranger.root, undefined, put))
    refuses(chain, 'unknown-certificate', raw(chain, city, city.node, feedNamed('none'), put))
    refuses(chain, 'unknown-key', raw(chain, city, city.transport, undefined, put))
    refuses(chain, 'signer', rawRoot(chain, city, put))
    const other = chainOf(cities(3))
    refuses(chain, 'federation', rawRoot(other, city, put))
    assert.equal(chain.ledger.admit(chain.state, utf8('no transaction')), undefined)
    assert.equal(chain.ledger.admit(chain.state, rawRoot(chain, stranger, put).bytes), undefined)
  })

  it('take effect whole or not at all', () => {
    const chain = foundedChain(4)
    const city = cityAt(chain, 0)
    refuses(chain, 'retired', rawNode(chain, city, [operations.datasetPut('air', [], true), operations.datasetPut('air', [])]))
    assert.equal(datasetOf(chain.state, city.did, 'air'), undefined)
    const checked = chain.ledger.check(chain.state, chain.timeMs + 1, rawNode(chain, city, [operations.datasetPut('air', [], true), operations.datasetPut('air', [])]))
    assert.deepEqual(checked, { ok: false, failure: { code: 'retired', opIndex: 1 } })
  })

  it('leave nothing of a failed one to the next in a block', () => {
    const chain = foundedChain(4)
    const city = cityAt(chain, 0)
    const bad = rawNode(chain, city, [operations.datasetPut('air', [], true), operations.datasetPut('air', [])])
    const good = rawNode(chain, city, [operations.datasetPut('air', [])])
    assert.equal(bad.sequence, good.sequence)
    const proposed = chain.ledger.propose(chain.state, chain.context(), [bad, good], 1_048_576)
    assert.ok(proposed !== null)
    assert.deepEqual(valueOf(chain.ledger.execute(chain.state, chain.context(), proposed.body, () => undefined)).ids, [good.id])
  })

  it('are taken in turns of their members, within the sizes of a block', () => {
    const chain = foundedChain(4)
    const [a, b] = [cityAt(chain, 0), cityAt(chain, 1)]
    const flood = Array.from({ length: 20 }, (_, at) => chain.byNode(a, [operations.datasetPut(`flood-${at}`, [])]))
    const single = chain.byNode(b, [operations.datasetPut('one', [])])
    const small = (flood[0]?.bytes.length ?? 0) * 3 + 100
    const proposed = chain.ledger.propose(chain.state, chain.context(), [...flood, single], small)
    assert.ok(proposed !== null && proposed.body.length <= small)
    const executed = valueOf(chain.ledger.execute(chain.state, chain.context(), proposed.body, () => undefined))
    assert.equal(hex(proposed.stateRoot), hex(executed.stateRoot))
    assert.ok(executed.ids.includes(single.id))
    assert.deepEqual(executed.ids.slice(0, 2), [flood[0]?.id, single.id])
  })
})

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
    chain.run([rawNode(chain, a, [remove(nodes[0]?.transport.publicKey ?? digest(''))])])
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

describe('ledger proposals', () => {
  const vote = (chain: Chain, proposal: Uint8Array, voters: readonly City[], yes = true): void =>
    chain.run(voters.map(city => chain.byRoot(city, [operations.ballot(proposal, yes)])))

  it('are refused where they make no sense', () => {
    const chain = foundedChain(4)
    const [a, b] = [cityAt(chain, 0), cityAt(chain, 1)]
    const stranger = cityNamed('Stranger')
    const open = (payload: Payload, notAfterMs = chain.timeMs + DAY_MS): LedgerTransaction => rawRoot(chain, a, [operations.open(payload, notAfterMs)])
    const cases: readonly (readonly [string, Payload])[] = [
      ['known-member', { kind: 'join', member: b.did, classCode: 'municipality', seat: true }],
      ['known-member', { kind: 'join', member: b.did, classCode: 'municipality', seat: false }],
      ['not-a-member', { kind: 'remove', member: stranger.did }],
      ['no-validator', { kind: 'park', member: stranger.did }],
      ['rules', { kind: 'charter', votesAbove: { parts: 1, of: 3 } }],
      ['rules', { kind: 'charter', votesAbove: { parts: 3, of: 3 } }],
      ['key-taken', { kind: 'rebind', member: a.did, root: b.did }],
      ['not-a-member', { kind: 'rebind', member: stranger.did, root: a.did }],
      ['version', { kind: 'protocol', version: 1, notBeforeHeight: 1, releaseDigest: digest('release') }]
    ]
    for (const [code, payload] of cases) refuses(chain, code, open(payload))
    const good: Payload = { kind: 'remove', member: b.did }
    refuses(chain, 'time', open(good, chain.timeMs))
    refuses(chain, 'time', open(good, chain.timeMs + 91 * DAY_MS))
    const taken = keyNamed('taken')
    chain.run([rawRoot(chain, a, [operations.bind(chain, a, 'govern', taken)])])
    refuses(chain, 'key-taken', open({ kind: 'join', member: didOfKey(taken.publicKey), classCode: 'company', seat: false }))
    refuses(chain, 'payload', rawRoot(chain, a, [encodeOperation(OPERATIONS.proposalOpen, { kind: 'join', payload: utf8('none'), notAfterMs: chain.timeMs + DAY_MS })]))
    chain.run([rawRoot(chain, a, Array.from({ length: 16 }, () => operations.open(good, chain.timeMs + DAY_MS)))])
    refuses(chain, 'open-proposals', open(good))
    assert.equal(proposalsOf(chain.state).length, 16)
  })

  it('pass with more than two thirds, one vote a member, the last word counting', () => {
    const chain = foundedChain(4)
    const [a, b, c, d] = [cityAt(chain, 0), cityAt(chain, 1), cityAt(chain, 2), cityAt(chain, 3)]
    const stranger = cityNamed('Stranger')
    const id = chain.open(a, { kind: 'join', member: stranger.did, classCode: 'utility', seat: false })
    vote(chain, id, [a, b])
    refuses(chain, 'same', rawRoot(chain, a, [operations.ballot(id, true)]))
    vote(chain, id, [b], false)
    assert.deepEqual([proposalOf(chain.state, id)?.yes, proposalOf(chain.state, id)?.no], [[a.did], [b.did]])
    assert.deepEqual([proposalOf(chain.state, id)?.needed, proposalOf(chain.state, id)?.members], [3, 4])
    vote(chain, id, [b, c])
    assert.equal(proposalOf(chain.state, id)?.state, 'passed')
    assert.equal(memberOf(chain.state, stranger.did)?.state, 'active')
    refuses(chain, 'decided', rawRoot(chain, d, [operations.ballot(id, true)]))
    refuses(chain, 'unknown-proposal', rawRoot(chain, d, [operations.ballot(digest('none'), true)]))
  })

  it('are rejected as soon as they cannot pass, and void after their time', () => {
    const chain = foundedChain(4)
    const [a, b, c] = [cityAt(chain, 0), cityAt(chain, 1), cityAt(chain, 2)]
    const rejected = chain.open(a, { kind: 'remove', member: c.did })
    vote(chain, rejected, [a, b], false)
    assert.equal(proposalOf(chain.state, rejected)?.state, 'rejected')
    const expired = chain.open(a, { kind: 'remove', member: c.did })
    chain.run([], { timeMs: chain.timeMs + 31 * DAY_MS })
    refuses(chain, 'expired', rawRoot(chain, a, [operations.ballot(expired, true)]))
    assert.equal(proposalOf(chain.state, expired)?.state, 'expired')
  })

  it('leave the state thirty days after their end', () => {
    const chain = foundedChain(4)
    const [a, b, c] = [cityAt(chain, 0), cityAt(chain, 1), cityAt(chain, 2)]
    const id = chain.open(a, { kind: 'remove', member: c.did })
    vote(chain, id, [a, b], false)
    chain.run([], { timeMs: chain.timeMs + 30 * DAY_MS })
    assert.ok(proposalOf(chain.state, id) !== undefined)
    chain.run([], { timeMs: chain.timeMs + 1 })
    assert.equal(proposalOf(chain.state, id), undefined)
    assert.deepEqual(proposalsOf(chain.state), [])
  })

  it('remove a member at once, whose ballots then count no more', () => {
    const chain = foundedChain(5)
    const [a, b, c, d, e] = [0, 1, 2, 3, 4].map(at => cityAt(chain, at))
    assert.ok(a !== undefined && b !== undefined && c !== undefined && d !== undefined && e !== undefined)
    const join = chain.open(a, { kind: 'join', member: cityNamed('Stranger').did, classCode: 'utility', seat: false })
    vote(chain, join, [a, e])
    const remove = chain.open(a, { kind: 'remove', member: e.did })
    vote(chain, remove, [a, b, c, d])
    assert.equal(memberOf(chain.state, e.did)?.state, 'removed')
    refuses(chain, 'not-a-member', rawRoot(chain, e, [operations.ballot(join, false)]))
    assert.deepEqual(proposalOf(chain.state, join)?.yes, [a.did])
    vote(chain, join, [b])
    assert.equal(proposalOf(chain.state, join)?.state, 'open')
    const { yes } = decodeRow(TABLES.proposal, chain.state.map.get(rowKey(TABLES.proposal.code, [join])) ?? new Uint8Array(0))
    assert.deepEqual(yes, [a.did, b.did], 'the list holds members only, so it stays within its limit')
    vote(chain, join, [c])
    assert.equal(proposalOf(chain.state, join)?.state, 'passed')
  })

  it('ask for three quarters and for both thresholds where the charter changes', () => {
    const chain = foundedChain(4)
    const [a, b, c, d] = [cityAt(chain, 0), cityAt(chain, 1), cityAt(chain, 2), cityAt(chain, 3)]
    const id = chain.open(a, { kind: 'charter', votesAbove: { parts: 3, of: 4 } })
    assert.equal(proposalOf(chain.state, id)?.needed, 4)
    vote(chain, id, [a, b, c])
    assert.equal(proposalOf(chain.state, id)?.state, 'open')
    vote(chain, id, [d])
    assert.equal(proposalOf(chain.state, id)?.state, 'passed')
    assert.equal(proposalOf(chain.state, id)?.isPending, true)
    const easier = chain.open(a, { kind: 'charter', votesAbove: { parts: 1, of: 2 } })
    assert.equal(proposalOf(chain.state, easier)?.needed, 3)
    // More than two thirds of seven are five, three quarters are six.
    const seven = foundedChain(7)
    const lower = seven.open(cityAt(seven, 0), { kind: 'charter', votesAbove: { parts: 1, of: 2 } })
    assert.equal(proposalOf(seven.state, lower)?.needed, 6)
    assert.deepEqual(standingOf(chain.state).rules, { parts: 2, of: 3 })
  })

  it('give a lost root key a successor by the votes of the others', () => {
    const chain = foundedChain(4)
    const [a, b, c, d] = [cityAt(chain, 0), cityAt(chain, 1), cityAt(chain, 2), cityAt(chain, 3)]
    const fresh = cityNamed('Fresh')
    const id = chain.open(a, { kind: 'rebind', member: d.did, root: fresh.did })
    assert.deepEqual([proposalOf(chain.state, id)?.needed, proposalOf(chain.state, id)?.members], [3, 3])
    vote(chain, id, [a, b, d])
    assert.deepEqual(proposalOf(chain.state, id)?.yes, [a.did, b.did])
    vote(chain, id, [c])
    assert.deepEqual([memberOf(chain.state, d.did)?.state, memberOf(chain.state, d.did)?.reboundTo], ['rebound', fresh.did])
    assert.equal(memberOf(chain.state, fresh.did)?.seat?.state, 'learner')
    assert.deepEqual([keysOf(chain.state, d.did, 'consensus'), memberOf(chain.state, d.did)?.nodes], [[], []])
    refuses(chain, 'not-a-member', rawNode(chain, d, [operations.datasetPut('air', [])]))
    refuses(chain, 'rebound', rawRoot(chain, a, [operations.open({ kind: 'join', member: d.did, classCode: 'utility', seat: false }, chain.timeMs + DAY_MS)]))
  })

  it('are decided against what has no ground any more', () => {
    const chain = foundedChain(4)
    const [a, b, c, d] = [cityAt(chain, 0), cityAt(chain, 1), cityAt(chain, 2), cityAt(chain, 3)]
    const first = chain.open(a, { kind: 'remove', member: d.did })
    const second = chain.open(a, { kind: 'remove', member: d.did })
    vote(chain, second, [a, b])
    vote(chain, first, [a, b, c])
    vote(chain, second, [c])
    assert.equal(proposalOf(chain.state, second)?.state, 'rejected')
  })

  it('have ids that are known before they are signed', () => {
    const chain = foundedChain(4)
    const a = cityAt(chain, 0)
    const id = proposalId(chain.charter.federation, a.root.publicKey, nextSequence(chain.state, a.root.publicKey), 0)
    chain.run([rawRoot(chain, a, [operations.open({ kind: 'remove', member: cityAt(chain, 1).did }, chain.timeMs + DAY_MS), operations.ballot(id, true)])])
    assert.deepEqual(proposalOf(chain.state, id)?.yes, [a.did])
  })

  it('are not needed to leave, except by the last member', () => {
    const chain = foundedChain(2)
    const [a, b] = [cityAt(chain, 0), cityAt(chain, 1)]
    refuses(chain, 'signer', rawNode(chain, a, [operations.leave()]))
    refuses(chain, 'not-a-member', rawRoot(chain, a, [operations.leave(), operations.open({ kind: 'remove', member: b.did }, chain.timeMs + DAY_MS)]))
    chain.run([rawRoot(chain, a, [operations.leave()])])
    assert.equal(memberOf(chain.state, a.did)?.state, 'left')
    refuses(chain, 'last-member', rawRoot(chain, b, [operations.leave()]))
  })
})

describe('ledger records', () => {
  it('register datasets and claim their feeds, first come', () => {
    const chain = foundedChain(4)
    const [a, b] = [cityAt(chain, 0), cityAt(chain, 1)]
    chain.run([rawNode(chain, a, [operations.datasetPut('air', [feedNamed('air')])])])
    refuses(chain, 'foreign-feed', rawNode(chain, b, [operations.datasetPut('stolen', [feedNamed('air')])]))
    chain.run([rawNode(chain, b, [operations.datasetPut('air', [feedNamed('other')])])])
    chain.run([rawNode(chain, a, [operations.datasetPut('air', [], true)])])
    refuses(chain, 'retired', rawNode(chain, a, [operations.datasetPut('air', [])]))
    assert.equal(datasetOf(chain.state, a.did, 'air')?.isRetired, true)
    assert.equal(feedOf(chain.state, feedNamed('air'))?.publisher, a.did)
  })

  it('anchor own feeds as they grow, once a minute', () => {
    const chain = foundedChain(4)
    const [a, b] = [cityAt(chain, 0), cityAt(chain, 1)]
    const feed = feedNamed('air')
    refuses(chain, 'foreign-feed', rawNode(chain, a, [operations.anchor([[feed, 1]])]))
    chain.run([rawNode(chain, a, [operations.datasetPut('air', [feed]), operations.anchor([[feed, 3]])])])
    refuses(chain, 'foreign-feed', rawNode(chain, b, [operations.anchor([[feed, 4]])]))
    refuses(chain, 'length', rawNode(chain, a, [operations.anchor([[feed, 3]])]))
    chain.run([rawNode(chain, a, [operations.anchor([[feed, 4]])])])
    assert.equal(codeOf(chain.block([rawNode(chain, a, [operations.anchor([[feed, 5]])])], { timeMs: chain.timeMs + MINUTE_MS - 1 })), 'too-soon')
    assert.equal(feedOf(chain.state, feed)?.length, 4)
  })

  it('number the versions of policies from heights to come', () => {
    const chain = foundedChain(4)
    const a = cityAt(chain, 0)
    const policy = (version: number, fromHeight = chain.height + 2, dataset = 'air'): LedgerTransaction =>
      rawNode(chain, a, [encodeOperation(OPERATIONS.policyVersion, { dataset, version, commit: digest('policy'), fromHeight })])
    chain.run([rawNode(chain, a, [operations.datasetPut('air', [])])])
    refuses(chain, 'unknown-dataset', policy(1, chain.height + 2, 'water'))
    refuses(chain, 'version', policy(2))
    refuses(chain, 'height', policy(1, chain.height + 1))
    chain.run([policy(1)])
    refuses(chain, 'version', policy(1))
    chain.run([policy(2)])
    assert.equal(datasetOf(chain.state, a.did, 'air')?.policy?.version, 2)
  })

  it('hold agreements that both signed, until one revokes', () => {
    const chain = foundedChain(4)
    const [a, b, c] = [cityAt(chain, 0), cityAt(chain, 1), cityAt(chain, 2)]
    const { federation } = chain.charter
    const fields = { commit: digest('agreement'), provider: a.did, consumer: b.did, startMs: 10, endMs: 20 }
    const commit = (author: City, other: City, changes: Partial<typeof fields> = {}, signed = { ...fields, ...changes }): LedgerTransaction =>
      rawNode(chain, author, [encodeOperation(OPERATIONS.agreementCommit, {
        ...fields, ...changes, certificate: sha256(certificateOf(other, federation).envelope),
        signature: other.node.sign(agreementBytes(federation, signed))
      })])
    refuses(chain, 'parties', commit(c, b))
    refuses(chain, 'parties', commit(a, a, { consumer: a.did }))
    refuses(chain, 'time', commit(a, b, { startMs: 20 }))
    refuses(chain, 'unknown-certificate', commit(a, c))
    refuses(chain, 'counterparty', commit(a, b, {}, { ...fields, endMs: 30 }))
    refuses(chain, 'not-a-member', commit(a, cityNamed('Stranger'), { consumer: cityNamed('Stranger').did }))
    chain.run([commit(a, b)])
    refuses(chain, 'known-commit', commit(b, a))
    const revoke = (author: City, effectiveMs: number, name = 'agreement'): LedgerTransaction =>
      rawNode(chain, author, [encodeOperation(OPERATIONS.agreementRevoke, { commit: digest(name), effectiveMs, reason: 2 })])
    refuses(chain, 'parties', revoke(c, chain.timeMs + DAY_MS))
    refuses(chain, 'time', revoke(b, chain.timeMs))
    refuses(chain, 'unknown-agreement', revoke(b, chain.timeMs + DAY_MS, 'none'))
    chain.run([revoke(b, chain.timeMs + DAY_MS)])
    refuses(chain, 'revoked', revoke(a, chain.timeMs + DAY_MS))
    assert.equal(agreementOf(chain.state, digest('agreement'))?.reason, 2)
  })

  it('take one root of receipts for each day that ended', () => {
    const chain = foundedChain(4)
    const a = cityAt(chain, 0)
    const receipts = (period: number): LedgerTransaction => rawNode(chain, a, [encodeOperation(OPERATIONS.receiptsRoot, { period, root: digest('receipts'), count: 7 })])
    const today = Math.floor(chain.timeMs / DAY_MS)
    refuses(chain, 'time', receipts(today))
    chain.run([receipts(today - 1)])
    refuses(chain, 'period', receipts(today - 1))
    refuses(chain, 'period', receipts(today - 2))
  })

  it('set one catalogue, replaced by naming the one before', () => {
    const chain = foundedChain(4)
    const [a, b] = [cityAt(chain, 0), cityAt(chain, 1)]
    const set = (city: City, feed: CID, supersedes: CID | null): LedgerTransaction =>
      rawRoot(chain, city, [encodeOperation(OPERATIONS.catalogueSet, { feed, supersedes })])
    refuses(chain, 'supersedes', set(a, feedNamed('one'), feedNamed('none')))
    chain.run([set(a, feedNamed('one'), null)])
    refuses(chain, 'supersedes', set(a, feedNamed('two'), null))
    refuses(chain, 'same-feed', set(a, feedNamed('one'), feedNamed('one')))
    refuses(chain, 'foreign-feed', set(b, feedNamed('one'), null))
    chain.run([set(a, feedNamed('two'), feedNamed('one'))])
    assert.ok(memberOf(chain.state, a.did)?.catalogue?.equals(feedNamed('two')))
  })

  it('freeze the anchors of a feed whose writer signed two histories', () => {
    const chain = foundedChain(4)
    const [a, b] = [cityAt(chain, 0), cityAt(chain, 1)]
    const { federation } = chain.charter
    const certificate = certificateOf(a, federation).id
    const declaration = signStatement(declareFeed({
      federation, publisher: a.did, datasetId: 'air', class: 'public', mode: 'log', supersedes: null, derivedFrom: null, createdMs: FOUNDED_MS,
      nonce: new Uint8Array(16)
    }), certificate, a.node)
    const head = (name: string): Uint8Array => signStatement(headBody({
      federation, feed: declaration.id, length: 1, records: 1, bytes: 10, mmrRoot: digest(name), firstRetained: 0, keyEpoch: 0,
      timeMs: FOUNDED_MS, prevHeadDigest: null
    }), certificate, a.node).envelope
    const report = (proof: ForkProof, envelope = declaration.envelope): LedgerTransaction =>
      rawNode(chain, b, [encodeOperation(OPERATIONS.feedFork, { declaration: envelope, proof: encodeForkProof(proof) })])
    // Another member claimed the feed before: the declaration says whose it is.
    chain.run([rawNode(chain, b, [operations.datasetPut('air', [declaration.id])])])
    refuses(chain, 'proof', report({ a: head('one'), b: head('one'), cover: null }))
    refuses(chain, 'declaration', report({ a: head('one'), b: head('two'), cover: null }, utf8('none')))
    chain.run([report({ a: head('one'), b: head('two'), cover: null })])
    refuses(chain, 'frozen', report({ a: head('one'), b: head('two'), cover: null }))
    assert.deepEqual([feedOf(chain.state, declaration.id)?.publisher, feedOf(chain.state, declaration.id)?.frozenHeight], [a.did, chain.height])
    refuses(chain, 'frozen', rawNode(chain, a, [operations.anchor([[declaration.id, 1]])]))
  })
})
