import { strict as assert } from 'node:assert'
import { utf8 } from '../../src/base/index.ts'
import { didOfKey } from '../../src/core/identity/index.ts'
import {
  DAY_MS, decodeRow, encodeOperation, keysOf, memberOf, nextSequence, OPERATIONS, proposalId, proposalOf, proposalsOf, rowKey, standingOf, TABLES,
  type LedgerTransaction, type Payload
} from '../../src/core/ledger/index.ts'
import { cityNamed, type City } from './identity.fixture.ts'
import { rawNode, rawRoot, refuses } from './ledger-transactions.fixture.ts'
import { cityAt, digestNamed, foundedChain, keyNamed, operations, type Chain } from './ledger.fixture.ts'

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
      ['version', { kind: 'protocol', version: 1, notBeforeHeight: 1, releaseDigest: digestNamed('release') }]
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
    refuses(chain, 'unknown-proposal', rawRoot(chain, d, [operations.ballot(digestNamed('none'), true)]))
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
