import { strict as assert } from 'node:assert'
import type { Result } from '../../src/base/index.ts'
import type { Failure } from '../../src/sdk/index.ts'
import { serve, type Served } from '../support/apiServer.ts'
import { SERVED } from '../support/memoryDuties.ts'

let served: Served
beforeEach(async () => { served = await serve() })
afterEach(async () => {
  await served.api.stop()
  assert.deepEqual(served.errors, [])
})

function value<T> (result: Result<T, Failure>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.failure))
  return result.value
}

function failureOf (result: Result<unknown, Failure>): readonly [code: string, status: number | null] {
  return result.ok ? ['ok', null] : [result.failure.code, result.failure.status]
}

describe('duties over HTTP', () => {
  it('erases a dataset, or ranges of its records, and tells who has confirmed', async () => {
    const { client } = served
    const [whole] = value(await client.erase('bins', { type: 'dataset' }, 'request'))
    assert.equal(whole?.holders[0]?.confirmedMs, null)
    const [part] = value(await client.erase('bins', { type: 'records', ranges: [[0, 4], [7, 7]] }, 'consent'))
    assert.deepEqual(part?.scope, { type: 'records', ranges: [[0, 4], [7, 7]] })
    assert.equal(value(await client.erasures()).length, 2)
    assert.deepEqual(failureOf(await client.erase('nothing', { type: 'dataset' }, 'request')), ['not-found', 404])
    assert.deepEqual(failureOf(await client.erase('bins', { type: 'records', ranges: [] }, 'request')), ['invalid', 422])
  })

  it('shows receipts and the use of a dataset, with the proof of each entry', async () => {
    const { client } = served
    assert.equal(value(await client.receipts({ limit: 10 }))[0]?.what, 'received')
    const report = value(await client.uses('bins'))
    assert.deepEqual(report.entries, [SERVED])
    assert.equal(report.agreements[0]?.isOnLedger, true)
    assert.ok(value(await client.proveUse(SERVED.feed, SERVED.record)).length > 0)
    assert.deepEqual(failureOf(await client.uses('nothing')), ['not-found', 404])
  })

  it('declares an emergency by cells or a box, lists it, and ends it', async () => {
    const { client } = served
    const request = { incident: 'flood-1', kinds: ['flood'], lifetimeMs: 3_600_000 }
    value(await client.declareEmergency({ ...request, area: { west: 4, south: 52, east: 5, north: 53 } }))
    value(await client.confirmEmergency('flood-1', 'bins'))
    assert.equal(value(await client.emergencies())[0]?.isActive, true)
    value(await client.endEmergency('flood-1'))
    assert.equal(value(await client.emergencies())[0]?.isActive, false)
    value(await client.reviewEmergency('flood-1'))
    assert.deepEqual(failureOf(await client.endEmergency('none')), ['not-found', 404])
    for (const wrong of [{ ...request, area: [] }, { ...request, area: ['8928d89a3bbffff'], kinds: ['war'] }, { ...request, area: ['8928d89a3bbffff'], lifetimeMs: 300_000_000 }]) {
      assert.deepEqual(failureOf(await client.declareEmergency(wrong)), ['invalid', 422])
    }
  })
})
