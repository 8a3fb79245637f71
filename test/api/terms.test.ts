import { strict as assert } from 'node:assert'
import { ok, type Result } from '../../src/base/index.ts'
import type { Asker, HanseNode, Listener } from '../../src/node/contract/index.ts'
import { createClient, StreamBroken, type DeriveRequest, type Failure } from '../../src/sdk/index.ts'
import { describeDataset, serve, type Served } from '../support/apiServer.ts'
import { streamOf } from '../support/publications.ts'

let served: Served
beforeEach(async () => { served = await serve() })
afterEach(async () => {
  await served.api.stop()
  assert.deepEqual(served.errors, [])
})

const FORM = {
  audience: { type: 'anyone' }, purposes: [], fromMs: null, untilMs: null, summarise: null, redactFields: [], h3ResolutionMax: null, timeStepMs: null, delayMs: null,
  requestsPerDayMax: null, requestsMax: null, recordsPerDayMax: null, passOn: { type: 'no' }, keep: null, fee: null, reportEveryMs: null, creditTexts: [],
  informOnPublication: false, never: [], storedIn: [], securityLevelMin: null, emergency: null
}

function value<T> (result: Result<T, Failure>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.failure))
  return result.value
}

function failureOf (result: Result<unknown, Failure>): readonly [code: string, status: number | null] {
  return result.ok ? ['ok', null] : [result.failure.code, result.failure.status]
}

describe('terms over HTTP', () => {
  it('begin with a template, are looked at, and refused with the position of what is wrong', async () => {
    const { client } = served
    assert.equal(value(await client.termsTemplate('members')).template, 'members')
    assert.deepEqual(failureOf(await client.termsTemplate('none')), ['not-found', 404])
    const review = value(await client.reviewTerms({ terms: FORM }))
    assert.equal(review.readers[0]?.sees, 'all of it (anyone)')
    const refused = await client.reviewTerms({ terms: { ...FORM, purposes: ['x'] } })
    assert.deepEqual(failureOf(refused), ['invalid', 422])
    assert.match(refused.ok ? '' : refused.failure.reason, /at \/terms\/purposes\/0/)
    assert.deepEqual(failureOf(await client.reviewTerms({ terms: FORM, more: 1 } as object)), ['invalid', 422])
  })

  it('ride with a dataset that is published, and refuse it before anything of it is taken', async () => {
    const { client, node } = served
    const [, content] = streamOf('bins')
    assert.equal(value(await client.publish(describeDataset('bins'), content as { form: 'stream', mediaType: string }, undefined, { terms: FORM })).datasetId, 'bins')
    const refused = await client.publish(describeDataset('others'), content as { form: 'stream', mediaType: string }, undefined, { policy: { permission: 5 } })
    assert.deepEqual(failureOf(refused), ['invalid', 422])
    assert.equal(node.dataset('others').ok, false)
    assert.equal(value(await client.setTerms('bins', { terms: FORM })).datasetId, 'bins')
    assert.deepEqual(failureOf(await client.setTerms('did:key:zOther/bins', { terms: FORM })), ['refused', 403])
  })

  it('are what datasets are derived by: with what only the publisher knows, as their operator alone may ask', async () => {
    const { client, node, api, tokens } = served
    const [, content] = streamOf('bins')
    value(await client.publish(describeDataset('bins'), content as { form: 'stream', mediaType: string }))
    const request: DeriveRequest = {
      datasetId: 'bins-hourly', title: 'Bins', description: '', terms: { terms: { ...FORM, summarise: { minGroupSize: 10 } } }, entityKey: 'bin', groupBy: [],
      measures: [{ measure: 'mean', field: 'full' }], closeAfterMs: 60_000
    }
    assert.deepEqual(value(await client.reviewTerms(request.terms)).derived, { byEntity: true })
    const derived = value(await client.derive('bins', request))
    assert.deepEqual([derived.dataset.datasetId, derived.warnings], ['bins-hourly', ['one sentence']])
    const [order] = node.ordered
    assert.deepEqual([order?.entityKey, order?.groupBy, order?.measures, order?.closeAfterMs, order?.terms.form.summarise],
      ['bin', [], [{ measure: 'mean', field: 'full' }], 60_000, { minGroupSize: 10 }])
    const [status] = value(await client.derivations())
    assert.deepEqual([status?.datasetId, status?.state, status?.recordsDone], ['bins-hourly', 'following', 2])
    assert.deepEqual(failureOf(await client.derive('none', request)), ['not-found', 404])
    assert.deepEqual(failureOf(await client.derive('bins', { ...request, datasetId: 'Not Short' })), ['invalid', 422])
    assert.deepEqual(failureOf(await client.derive('bins', { ...request, terms: { policy: 5 } })), ['invalid', 422])
    const reader = createClient({ baseUrl: api.url, token: tokens.read })
    assert.deepEqual(failureOf(await reader.derive('bins', request)), ['forbidden', 403])
    assert.equal(value(await reader.derivations()).length, 1)
  })

  it('explain a decision for a member, for this node and for somebody outside', async () => {
    const { client } = served
    const [, content] = streamOf('bins')
    value(await client.publish(describeDataset('bins'), content as { form: 'stream', mediaType: string }))
    const asked = value(await client.explain('bins', { door: 'stream', purpose: 'urn:hanse:purpose:1:waste.collection' }))
    assert.deepEqual([asked.door, asked.purpose, asked.reasons[0]?.code], ['stream', 'urn:hanse:purpose:1:waste.collection', 'agreement.none'])
    assert.equal(value(await client.explain('bins', { outside: true })).member, null)
    assert.deepEqual(failureOf(await client.explain('none', {})), ['not-found', 404])
  })

  it('pass on what data are asked for, and tell whoever follows why a stream ends', async () => {
    const { client, node } = served
    const [, content] = streamOf('bins')
    value(await client.publish(describeDataset('bins'), content as { form: 'stream', mediaType: string }))
    const asked: unknown[] = []
    node.listen = (_reference: string, _where: unknown, listener: Listener, asker?: Asker): ReturnType<HanseNode['listen']> => {
      asked.push(asker)
      listener.end({ code: 'refused', reason: 'the terms do not allow it: agreement.revoked', hint: '' })
      return ok({ from: 0, stop: () => undefined })
    }
    const opened = value(await client.follow('bins', { last: 0, purpose: 'urn:hanse:purpose:1:waste', signal: new AbortController().signal }))
    await assert.rejects(async () => { for await (const record of opened) asked.push(record) }, (error: unknown) =>
      error instanceof StreamBroken && error.code === 'refused' && /agreement\.revoked/.test(error.message))
    assert.deepEqual(asked, [{ purpose: 'urn:hanse:purpose:1:waste' }])
    assert.deepEqual(failureOf(await client.read('bins', { from: 0, limit: 1, purpose: 'no iri' })), ['invalid', 422])
  })
})
