import { strict as assert } from 'node:assert'
import { sha256, utf8, type CID } from '../../src/base/index.ts'
import { declareFeed, encodeForkProof, headBody, type ForkProof } from '../../src/core/feed/index.ts'
import { signStatement } from '../../src/core/identity/index.ts'
import {
  agreementBytes, agreementOf, datasetOf, DAY_MS, encodeOperation, feedOf, memberOf, OPERATIONS, type LedgerTransaction
} from '../../src/core/ledger/index.ts'
import { certificateOf, cityNamed, codeOf, FOUNDED_MS, type City } from './identity.fixture.ts'
import { rawNode, rawRoot, refuses } from './ledger-transactions.fixture.ts'
import { cityAt, digestNamed, feedNamed, foundedChain, MINUTE_MS, operations } from './ledger.fixture.ts'

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
      rawNode(chain, a, [encodeOperation(OPERATIONS.policyVersion, { dataset, version, commit: digestNamed('policy'), fromHeight })])
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
    const fields = { commit: digestNamed('agreement'), provider: a.did, consumer: b.did, startMs: 10, endMs: 20 }
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
      rawNode(chain, author, [encodeOperation(OPERATIONS.agreementRevoke, { commit: digestNamed(name), effectiveMs, reason: 2 })])
    refuses(chain, 'parties', revoke(c, chain.timeMs + DAY_MS))
    refuses(chain, 'time', revoke(b, chain.timeMs))
    refuses(chain, 'unknown-agreement', revoke(b, chain.timeMs + DAY_MS, 'none'))
    chain.run([revoke(b, chain.timeMs + DAY_MS)])
    refuses(chain, 'revoked', revoke(a, chain.timeMs + DAY_MS))
    assert.equal(agreementOf(chain.state, digestNamed('agreement'))?.reason, 2)
  })

  it('take one root of receipts for each day that ended', () => {
    const chain = foundedChain(4)
    const a = cityAt(chain, 0)
    const receipts = (period: number): LedgerTransaction => rawNode(chain, a, [encodeOperation(OPERATIONS.receiptsRoot, { period, root: digestNamed('receipts'), count: 7 })])
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
      federation, feed: declaration.id, length: 1, records: 1, bytes: 10, mmrRoot: digestNamed(name), firstRetained: 0, keyEpoch: 0,
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
