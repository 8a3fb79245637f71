import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { createApi, createToken, knownToken, type Api } from '../../src/api/index.ts'
import { utf8 } from '../../src/base/index.ts'
import { eventsOf, type DatasetDescription } from '../../src/sdk/index.ts'
import { connected, found, makeCity, removeCities, until, type City } from '../support/nodes.ts'

const COLUMNS: DatasetDescription['schema'] = [{ name: 'level', type: 'number', unit: null }]
const TOKEN = createToken(new Uint8Array(32).fill(7))

function described (datasetId: string, access: DatasetDescription['access']): DatasetDescription {
  return {
    datasetId, title: `Bins ${access}`, description: '', theme: '', keywords: [], licence: 'CC-BY-4.0', spatial: null, temporal: null, schema: COLUMNS, access, simulated: true
  }
}

const PURPOSE = 'waste.collection'

/** A real node with a public face: who brings no token is somebody outside. */
describe('outlets under terms', () => {
  let [city, renton]: City[] = []
  let api: Api
  before(async () => {
    [city, renton] = [await makeCity('Bellevue'), await makeCity('Renton')]
    await found([city, renton])
    await connected([city, renton])
    const created = await createApi({
      node: cityOf(city).node, tokens: [knownToken(TOKEN, 'decide')], random: size => new Uint8Array(randomBytes(size)), isPublic: true, listen: { host: '127.0.0.1', port: 0 },
      metricsListen: null, log: () => {}, requestStop: () => {}
    })
    assert.ok(created.ok)
    api = created.value
    for (const access of ['public', 'members'] as const) {
      const published = await cityOf(city).node.publish(described(`${access}-bins`, access), { form: 'stream', mediaType: 'application/json' })
      assert.ok(published.ok, JSON.stringify(published))
      await append(`${access}-bins`, 0.25)
    }
  })
  after(async () => {
    await api.stop()
    await removeCities([city, renton].flatMap(each => each ?? []))
  })

  async function append (datasetId: string, level: number): Promise<void> {
    const appended = await cityOf(city).node.append(datasetId, [{ key: utf8('bin'), timeMs: 1, operation: 'put', mediaType: 'application/json', body: utf8(`{"level":${level}}`) }], { flush: true })
    assert.ok(appended.ok, JSON.stringify(appended))
  }

  const paths = (datasetId: string): readonly string[] => [
    `/datasets/${datasetId}`, `/api/v1/datasets/${datasetId}/live?last=1`, ...['csv', 'ndjson', 'parquet'].map(format => `/api/v1/datasets/${datasetId}/download?format=${format}`)
  ]

  async function statusOf (path: string, headers: Readonly<Record<string, string>> = {}): Promise<number> {
    const ending = new AbortController()
    const { status } = await fetch(api.url + path, { headers, signal: ending.signal })
    ending.abort()
    return status
  }

  it('give to anybody what is for anybody, and are not there for who may not know of it', async () => {
    for (const path of paths('public-bins')) assert.equal(await statusOf(path), 200, path)
    for (const path of paths('members-bins')) {
      assert.equal(await statusOf(path), 404, path)
      assert.equal(await statusOf(path, { authorization: `Bearer ${TOKEN}` }), 200, path)
    }
    const socket = new WebSocket(`${api.url.replace('http', 'ws')}/api/v1/datasets/members-bins/socket?last=1`)
    socket.on('error', () => {})
    const [, response] = await once(socket, 'unexpected-response') as [unknown, { readonly statusCode: number, resume (): void }]
    response.resume()
    assert.equal(response.statusCode, 404)
  })

  it('give the records of a real feed in each form', async () => {
    const text = async (query: string): Promise<string> => await (await fetch(`${api.url}/api/v1/datasets/public-bins/download${query}`)).text()
    assert.match(await text('?format=csv'), /^_seq,_time,_key,level\r\n0,1970-01-01T00:00:00\.001Z,bin,0\.25\r\n/)
    assert.match(await text('?format=ndjson'), /^\{"_seq":0,"_time":"1970-01-01T00:00:00\.001Z","_key":"bin","level":0\.25\}\n/)
    assert.equal((await text('?format=parquet')).slice(0, 4), 'PAR1')
  })

  it('give restricted data in the name of the member that the token names, and end with its agreement, by a last word', async () => {
    const { node } = cityOf(city)
    const begun = node.templateOf('neighbours')
    assert.ok(begun.ok)
    const file = begun.value as { readonly terms: object }
    const order = node.readTerms({ ...file, terms: { ...file.terms, audience: { type: 'named', members: ['Renton'] }, purposes: [`urn:hanse:purpose:1:${PURPOSE}`] } })
    assert.ok(order.ok, JSON.stringify(order))
    const published = await node.publish(described('closing-bins', 'members'), { form: 'stream', mediaType: 'application/json' }, undefined, order.value)
    assert.ok(published.ok, JSON.stringify(published))
    await append('closing-bins', 0.5)
    const made = await fetch(`${api.url}/api/v1/tokens`, {
      method: 'POST', headers: { 'authorization': `Bearer ${TOKEN}`, 'content-type': 'application/json' }, body: JSON.stringify({ label: 'their dashboard', scope: 'read', requester: 'Renton' })
    })
    const { token } = await made.json() as { readonly token: string }
    const headers = { authorization: `Bearer ${token}` }
    const [page = '', ...data] = paths('closing-bins')
    assert.equal(await statusOf(page, headers), 200, 'that there is such a dataset may be seen')
    for (const path of data) assert.equal(await statusOf(path, headers), 403, path)

    await until(() => cityOf(renton).node.dataset('closing-bins').ok, 'the stream is listed')
    const negotiated = await cityOf(renton).node.requestAgreement('closing-bins', PURPOSE, 20_000)
    assert.ok(negotiated.ok && negotiated.value.state === 'FINALIZED', JSON.stringify(negotiated))
    for (const path of data) assert.equal(await statusOf(path, headers), 200, path)
    const { body } = await fetch(`${api.url}/api/v1/datasets/closing-bins/live?last=1`, { headers })
    const socket = new WebSocket(`${api.url.replace('http', 'ws')}/api/v1/datasets/closing-bins/socket?last=1`, ['hanse', `bearer.${token}`])
    const messages: string[] = []
    socket.on('message', message => { messages.push((message as Buffer).toString()) })
    const closed = once(socket, 'close') as Promise<[number, Buffer]>
    assert.ok(body !== null)
    const events = eventsOf(body, () => {})
    assert.equal((await events.next()).value?.event, 'record')
    await until(() => messages.length === 1, 'the socket has the record')

    const ended = node.endAgreement(negotiated.value.agreementId ?? '', 'breach')
    assert.ok((await ended).ok)
    await append('closing-bins', 0.75)
    const last = await events.next()
    assert.deepEqual([last.value?.event, (JSON.parse(last.value?.data ?? '') as { readonly reasons: unknown }).reasons], ['refused', ['agreement.revoked']])
    assert.equal((await events.next()).done, true)
    const [code, reason] = await closed
    assert.deepEqual([code, reason.toString(), messages.length], [1008, 'refused; afterSeq=0', 2])
    assert.match(messages[1] ?? '', /^\{"closed":/)
  })
})

function cityOf (city: City | undefined): City {
  assert.ok(city !== undefined)
  return city
}
