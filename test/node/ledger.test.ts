import { strict as assert } from 'node:assert'
import { hex } from '../../src/base/index.ts'
import { Council, transactionOf } from './ledger.fixture.ts'
import { until } from '../support/nodes.ts'

const PATIENCE_MS = 30_000

describe('consensus over a real network', function () {
  this.timeout(120_000)
  let council: Council

  afterEach(async () => { await council.dissolve() })

  it('makes a transaction of one member final on all, with one state', async () => {
    council = await Council.found(4)
    const [author] = council.voters
    assert.ok(author !== undefined)
    const submitted = await author.consensus.submit(transactionOf(council, author), PATIENCE_MS)
    assert.ok(submitted.ok, JSON.stringify(submitted))
    assert.equal(submitted.value.state, 'final')
    const height = submitted.value.height ?? 0
    await until(() => council.voters.every(({ consensus }) => consensus.view.height >= height), 'all have it')
    assert.deepEqual(new Set(council.voters.map(({ consensus }) => hex(consensus.view.stateRoot))).size, 1)
    assert.ok(council.voters.every(({ fatal }) => fatal.length === 0))
  })
})
