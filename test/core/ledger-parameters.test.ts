import { strict as assert } from 'node:assert'
import { sha256, utf8 } from '../../src/base/index.ts'
import {
  decodePayload, decodeRow, encodeOperation, encodePayload, encodeRow, OPERATIONS, PARAMETER_RANGES, PARAMETERS, proposalOf, rowKey, standingOf, TABLES
} from '../../src/core/ledger/index.ts'
import { codeOf } from './identity.fixture.ts'
import { pass, ready, seal } from './ledger-seats.fixture.ts'
import { cityAt, foundedChain, HOUR_MS, type Chain } from './ledger.fixture.ts'

describe('ledger parameters', () => {
  it('change with a seal, whose hash names them', () => {
    const chain = foundedChain(4)
    const before = chain.ledger.due(chain.state)
    assert.equal(before, null)
    pass(chain, { kind: 'params', params: [['anchorEveryMs', 30_000], ['minEpochBlocks', 2]] })
    assert.equal(standingOf(chain.state).parameters.anchorEveryMs, PARAMETERS.anchorEveryMs)
    const due = chain.ledger.due(chain.state)
    assert.ok(due !== null)
    seal(chain)
    const { parameters } = standingOf(chain.state)
    assert.deepEqual([parameters.anchorEveryMs, parameters.minEpochBlocks], [30_000, 2])
    assert.equal(chain.ledger.due(chain.state), null)
  })

  it('T-C5: outside their ranges are refused when proposed and again when applied, so that no value halts the chain', () => {
    const chain = foundedChain(4)
    for (const [name, [min, max]] of Object.entries(PARAMETER_RANGES)) {
      for (const value of [min - 1, max + 1, -1, Number.MAX_SAFE_INTEGER]) {
        if (value >= min && value <= max) continue
        const operation = encodeOperation(OPERATIONS.proposalOpen, { kind: 'params', payload: encodeParams(name, value), notAfterMs: chain.timeMs + HOUR_MS })
        assert.equal(codeOf(chain.ledger.check(chain.state, chain.timeMs + 1, chain.byRoot(cityAt(chain, 0), [operation]))), 'payload', `${name} ${value}`)
        rewind(chain)
      }
    }
    pass(chain, { kind: 'params', params: [['minEpochBlocks', 7]] })
    // A passed proposal whose payload was never checked, as if a version without the range had opened it.
    const [id] = decodeRow(TABLES.pending, chain.state.map.get(rowKey(TABLES.pending.code, [])) ?? new Uint8Array(0))
    assert.ok(id !== undefined)
    const key = rowKey(TABLES.proposal.code, [id])
    const proposal = decodeRow(TABLES.proposal, chain.state.map.get(key) ?? new Uint8Array(0))
    const bad = encodeParams('minEpochBlocks', 1_000_000_000)
    assert.equal(decodePayload('params', bad).ok, false)
    chain.state = { map: chain.state.map.set(key, encodeRow(TABLES.proposal, { ...proposal, payload: bad })) }
    seal(chain)
    assert.equal(standingOf(chain.state).parameters.minEpochBlocks, PARAMETERS.minEpochBlocks)
    assert.equal(chain.ledger.due(chain.state), null)
  })

  it('of the charter change with a seal too', () => {
    const chain = foundedChain(4)
    pass(chain, { kind: 'charter', votesAbove: { parts: 3, of: 4 } })
    seal(chain)
    assert.deepEqual(standingOf(chain.state).rules, { parts: 3, of: 4 })
    const id = chain.open(cityAt(chain, 0), { kind: 'remove', member: cityAt(chain, 1).did })
    assert.equal(proposalOf(chain.state, id)?.needed, 4)
  })

  it('name a protocol that begins when its height is reached and a quorum speaks it', () => {
    const chain = foundedChain(4)
    const notBeforeHeight = 20
    pass(chain, { kind: 'protocol', version: 2, notBeforeHeight, releaseDigest: sha256(utf8('release')) })
    for (const city of chain.founders.slice(0, 2)) ready(chain, city, city.consensus, 2)
    while (chain.height < notBeforeHeight) chain.run([])
    assert.equal(chain.ledger.due(chain.state), null)
    ready(chain, cityAt(chain, 2), cityAt(chain, 2).consensus, 2)
    assert.equal(chain.ledger.due(chain.state)?.version, 2)
    seal(chain)
    assert.equal(standingOf(chain.state).version, 2)
    assert.equal(chain.ledger.due(chain.state), null)
    const early = foundedChain(4)
    pass(early, { kind: 'protocol', version: 2, notBeforeHeight: 1_000, releaseDigest: sha256(utf8('release')) })
    for (const city of early.founders) ready(early, city, city.consensus, 2)
    assert.equal(early.ledger.due(early.state), null)
  })
})

function encodeParams (name: string, value: number): Uint8Array {
  // Names come from the table of ranges; the value is what is tried.
  return encodePayload({ kind: 'params', params: [[name as 'readyMs', value]] })
}

/** Forgets a signed transaction that was only checked, so that the next has its sequence number. */
function rewind (chain: Chain): void {
  chain.forget(cityAt(chain, 0).root)
}
