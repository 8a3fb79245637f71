import { strict as assert } from 'node:assert'
import type { Result } from '../../src/base/index.ts'
import type { Failure } from '../../src/sdk/index.ts'
import { createClient } from '../../src/sdk/index.ts'
import { serve, type Served } from '../support/apiServer.ts'

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

describe('agreements over HTTP', () => {
  it('are asked for, listed and ended', async () => {
    const { client } = served
    const negotiation = value(await client.requestAgreement('Renton/bins', 'waste.collection', 1_000))
    assert.equal(negotiation.state, 'FINALIZED')
    assert.deepEqual(value(await client.negotiations()), [negotiation])
    const [agreement] = value(await client.agreements())
    assert.equal(agreement?.id, negotiation.agreementId)
    assert.notEqual(value(await client.endAgreement(agreement.id, 'breach')).revokedAtMs, null)
    assert.deepEqual(failureOf(await client.endAgreement('urn:uuid:none', 'ended')), ['not-found', 404])
  })

  it('are refused with the reason, and for what is no request at all', async () => {
    const { client } = served
    assert.deepEqual(failureOf(await client.requestAgreement('Renton/bins', 'nothing', 1_000)), ['refused', 403])
    assert.deepEqual(failureOf(await client.requestAgreement('', 'waste.collection', 1_000)), ['invalid', 422])
    assert.deepEqual(failureOf(await client.requestAgreement('Renton/bins', 'waste.collection', 10_000_000)), ['invalid', 422])
  })

  it('are decided about by approval, other terms or a refusal', async () => {
    const { client } = served
    const { id, changedMs } = value(await client.requestAgreement('Renton/bins', 'waste.collection', 1_000))
    assert.equal(value(await client.answerNegotiation(id, { do: 'approve', changedMs })).state, 'AGREED')
    assert.equal(value(await client.answerNegotiation(id, { do: 'deny', reason: 'in spring' })).state, 'TERMINATED')
    const malformed = await client.answerNegotiation(id, { do: 'limit', terms: { terms: 5 } })
    assert.deepEqual(failureOf(malformed), ['invalid', 422])
    assert.deepEqual(failureOf(await client.answerNegotiation('urn:uuid:none', { do: 'approve', changedMs })), ['not-found', 404])
  })

  it('are decided about by whoever may speak for the member, and by nobody else', async () => {
    const operator = createClient({ baseUrl: served.api.url, token: served.tokens.operate })
    assert.deepEqual(failureOf(await operator.requestAgreement('Renton/bins', 'waste.collection', 1_000)), ['forbidden', 403])
    assert.deepEqual(failureOf(await operator.endAgreement('urn:uuid:x', 'ended')), ['forbidden', 403])
    assert.deepEqual(value(await operator.agreements()), [])
  })
})
