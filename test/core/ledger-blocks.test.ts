import { strict as assert } from 'node:assert'
import { boolean, encodeCanonical, fail, hex, ok } from '../../src/base/index.ts'
import { BLOCK_OPERATIONS_MAX, BLOCK_TRANSACTIONS_MAX, decodeBody, encodeBody, handler, operation, stateOfRows } from '../../src/core/ledger/index.ts'
import { bodyOf, chainOf, feedNamed, foundedChain, MINUTE_MS, operations } from './ledger.fixture.ts'
import { cities, codeOf } from './identity.fixture.ts'

describe('ledger blocks', () => {
  it('begin with the founders as members and validators', () => {
    const { ledger, founders } = chainOf(cities(4))
    assert.deepEqual(new Set(ledger.genesis.validators.map(({ member }) => member)), new Set(founders.map(({ did }) => did)))
    assert.equal(ledger.due(ledger.genesis.state), null)
    assert.equal(hex(ledger.genesis.stateRoot), hex(ledger.genesis.state.map.root))
  })

  it('carry certificates, datasets, anchors and ballots', () => {
    const chain = foundedChain(4)
    const [city, other] = chain.founders
    assert.ok(city !== undefined && other !== undefined)
    chain.run([chain.byNode(city, [operations.datasetPut('air', [feedNamed('air')]), operations.anchor([[feedNamed('air'), 3]])])])
    const stranger = cities(5)[4]
    assert.ok(stranger !== undefined)
    const proposal = chain.open(city, { kind: 'join', member: stranger.did, classCode: 'municipality', seat: false })
    chain.run([city, other].map(each => chain.byRoot(each, [operations.ballot(proposal, true)])))
    assert.throws(() => chain.byRoot(stranger, [operations.leave()]))
    chain.run([chain.byRoot(chain.founders[2] ?? city, [operations.ballot(proposal, true)])])
    chain.run([chain.byRoot(stranger, [operations.leave()])])
  })

  it('are proposed as they are executed, without what fails', () => {
    const chain = foundedChain(4)
    const [a, b] = chain.founders
    assert.ok(a !== undefined && b !== undefined)
    const good = chain.byNode(a, [operations.datasetPut('air', [feedNamed('air')])])
    const bad = chain.byNode(b, [operations.anchor([[feedNamed('air'), 3]])])
    const pool = [bad, good]
    assert.equal(chain.ledger.includable(chain.state, chain.timeMs + MINUTE_MS, pool), true)
    assert.equal(chain.ledger.includable(chain.state, chain.timeMs + MINUTE_MS, [bad]), false)
    const proposed = chain.ledger.propose(chain.state, chain.context(), pool, 1_048_576)
    assert.ok(proposed !== null)
    const { body, ...outcome } = proposed
    assert.deepEqual(body, bodyOf([good]))
    assert.equal(codeOf(chain.ledger.execute(chain.state, chain.context(), bodyOf([good, bad]), () => undefined)), 'foreign-feed')
    const executed = chain.ledger.execute(chain.state, chain.context(), body, () => undefined)
    assert.ok(executed.ok)
    assert.deepEqual(executed.value.ids, [good.id])
    assert.deepEqual([hex(outcome.stateRoot), hex(outcome.bodyRoot), outcome.ids], [hex(executed.value.stateRoot), hex(executed.value.bodyRoot), executed.value.ids])
    assert.equal(chain.ledger.isAlive(executed.value.next, chain.timeMs, good), false)
    assert.equal(chain.ledger.isAlive(executed.value.next, chain.timeMs, bad), true)
  })

  it('hold at most 4,000 transactions and 16,384 operations', () => {
    const chain = foundedChain(4)
    const [city] = chain.founders
    assert.ok(city !== undefined)
    const full = Array.from({ length: 256 }, () => operations.datasetPut('d', []))
    const pool = Array.from({ length: 65 }, () => chain.byNode(city, full))
    const proposed = chain.ledger.propose(chain.state, chain.context(), pool, 1_048_576)
    assert.ok(proposed !== null)
    assert.equal(decodeBody(proposed.body)?.length, BLOCK_OPERATIONS_MAX / 256)
    const known = new Map(pool.map(each => [each.id, each]))
    const executed = chain.ledger.execute(chain.state, chain.context(), bodyOf(pool), id => known.get(id))
    assert.equal(codeOf(executed), 'operations')
    assert.notEqual(decodeBody(encodeBody(Array.from({ length: BLOCK_TRANSACTIONS_MAX }, () => new Uint8Array(1)))), undefined)
    assert.equal(decodeBody(encodeBody(Array.from({ length: BLOCK_TRANSACTIONS_MAX + 1 }, () => new Uint8Array(1)))), undefined)
    assert.equal(decodeBody(encodeCanonical([])), undefined, 'no transactions have one encoding')
  })

  it('follow each other in height, time and epoch', () => {
    const chain = foundedChain(4)
    const { height, timeMs } = chain
    for (const changes of [{ height }, { height: height + 2 }, { timeMs }, { timeMs: timeMs - 1 }, { epoch: 1 }]) {
      assert.equal(codeOf(chain.ledger.execute(chain.state, chain.context(changes), new Uint8Array(0), () => undefined)), 'context')
    }
  })

  it('take operations of other rooms, each code once', () => {
    const shout = handler(operation(99, 'test.shout', ['node'], { loud: boolean() }), (_draft, _turn, { loud }) => loud ? ok(null) : fail({ code: 'quiet' }))
    const chain = foundedChain(4, { handlers: [shout] })
    const [city] = chain.founders
    assert.ok(city !== undefined)
    chain.run([chain.byNode(city, [encodeCanonical([99, true])])])
    assert.equal(codeOf(chain.block([chain.byNode(city, [encodeCanonical([99, false])])])), 'quiet')
    const ballot = handler(operation(2, 'test.ballot', ['node'], {}), () => ok(null))
    assert.throws(() => foundedChain(4, { handlers: [ballot] }), /a code of its own/)
  })

  it('give rows from which the state is built again', () => {
    const chain = foundedChain(4)
    const empty = stateOfRows([])
    const rows = new Map<string, { readonly key: Uint8Array, readonly value: Uint8Array }>()
    let last = empty
    for (const state of [chain.ledger.genesis.state, chain.state]) {
      for (const { key, value } of chain.ledger.changes(last, state)) {
        if (value === null) rows.delete(hex(key))
        else rows.set(hex(key), { key, value })
      }
      last = state
    }
    const again = stateOfRows(rows.values())
    assert.equal(hex(again.map.root), hex(chain.state.map.root))
    const executed = chain.ledger.execute(again, chain.context(), new Uint8Array(0), () => undefined)
    assert.ok(executed.ok)
  })
})
