import { strict as assert } from 'node:assert'
import { hex, utf8 } from '../../src/base/index.ts'
import { datasetOf } from '../../src/core/ledger/index.ts'
import { certificateOf, cities, cityNamed, valueOf } from './identity.fixture.ts'
import { raw, rawNode, rawRoot, refuses } from './ledger-transactions.fixture.ts'
import { chainOf, cityAt, feedNamed, foundedChain, operations } from './ledger.fixture.ts'

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
