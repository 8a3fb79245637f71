import { strict as assert } from 'node:assert'
import { once } from 'node:events'
import { connect } from 'node:net'
import { DEFAULT_LIMITS, listenHttp, withHeartbeats } from '../../src/api/http/index.ts'
import { utf8 } from '../../src/base/index.ts'
import type { Column, RecordInput } from '../../src/sdk/index.ts'
import { describeDataset, serve, type Served } from '../support/apiServer.ts'

/** Whoever writes this again by recursion runs out of stack. */
const DEEP = `${'['.repeat(20_000)}${']'.repeat(20_000)}`
const SHAPES: readonly Column[] = [{ name: 'name', type: 'text', unit: null }, { name: 'shape', type: 'geometry', unit: null }]

describe('what is written to make a reader fall', () => {
  let served: Served
  const get = async (path: string): Promise<{ readonly status: number, readonly text: string }> => {
    const answer = await fetch(`${served.api.url}${path}`, { headers: { authorization: `Bearer ${served.token}` } })
    return { status: answer.status, text: await answer.text() }
  }
  const streamOf = async (datasetId: string, mediaType: string, schema: readonly Column[], bodies: readonly string[], timeMs = 1_700_000_000_000): Promise<void> => {
    await served.node.publish({ ...describeDataset(datasetId), schema }, { form: 'stream', mediaType })
    const records = bodies.map((body, at): RecordInput => ({ key: utf8(`k${at}`), timeMs, operation: 'put', mediaType, body: utf8(body) }))
    const appended = await served.node.append(datasetId, records)
    assert.ok(appended.ok)
  }
  const shapes = async (): Promise<void> => {
    const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`
    await streamOf('shapes', 'text/csv', SHAPES, [
      `deep,${quoted(`{"type":"Polygon","coordinates":${DEEP}}`)}`, `beside,${quoted(`{"type":"Point","coordinates":[7,50],"more":${DEEP}}`)}`,
      `good,${quoted('{"type":"Point","coordinates":[7,50]}')}`, `nowhere,${quoted('{"type":"Point","coordinates":[700,50]}')}`
    ])
  }
  beforeEach(async () => { served = await serve() })
  afterEach(async () => {
    await served.api.stop()
    assert.deepEqual(served.errors, [])
  })

  it('an answer that cannot be written is a fault of its request and not the end of the node', async () => {
    const errors: string[] = []
    const server = await listenHttp({
      routes: [
        { method: 'GET', path: '/deep', scope: null, handle: () => ({ type: 'json', status: 200, value: JSON.parse(DEEP) as unknown }) },
        { method: 'GET', path: '/header', scope: null, handle: () => ({ type: 'json', status: 200, value: 1, headers: { link: 'a\nb' } }) },
        { method: 'GET', path: '/pushed', scope: null, handle: () => ({ type: 'pushed', status: 200, headers: {}, run: () => Promise.reject(new Error('no')) }) }
      ],
      listen: { host: '127.0.0.1', port: 0 }, hostNames: [], limits: DEFAULT_LIMITS, log: (level, message) => { errors.push(`${level} ${message}`) }
    })
    assert.ok(server.ok)
    try {
      for (const path of ['deep', 'header']) {
        const answer: Response = await fetch(`http://127.0.0.1:${server.value.port}/${path}`)
        assert.deepEqual([answer.status, (await answer.json() as { readonly code: string }).code], [500, 'fault'])
      }
      assert.equal(await (await fetch(`http://127.0.0.1:${server.value.port}/pushed`)).text(), '')
      assert.deepEqual(errors, Array(3).fill('error an answer could not be written'))
    } finally {
      await server.value.stop()
    }
  })

  it('a geometry that is nested without end, or nowhere on earth, is none among features', async () => {
    await shapes()
    const { status, text } = await get(`/ogc/collections/${served.node.status().member.did}:shapes/items`)
    assert.equal(status, 200)
    const { features } = JSON.parse(text) as { readonly features: readonly { readonly geometry: unknown, readonly properties: { readonly name: string } }[] }
    assert.deepEqual(features.map(({ geometry, properties }) => [properties.name, geometry]), [
      ['deep', null], ['beside', { type: 'Point', coordinates: [7, 50] }], ['good', { type: 'Point', coordinates: [7, 50] }], ['nowhere', null]
    ])
  })

  it('nor is it one of an entity', async () => {
    await shapes()
    const { status, text } = await get('/ngsi-ld/v1/entities?type=Shapes&options=keyValues')
    assert.equal(status, 200)
    const kinds = (JSON.parse(text) as readonly { readonly shape: unknown }[]).map(({ shape }) => typeof shape)
    assert.deepEqual(kinds, ['string', 'string', 'object', 'string'])
  })

  it('a download of lines goes on behind what is nested without end, and takes no word of a record for that of the node', async () => {
    const inner = `${'['.repeat(20_000)}1.50${']'.repeat(20_000)}`
    await streamOf('lines', 'application/json', [], [inner, `{"a":${inner}}`, `{"_seq":77,"a":${inner}}`, '{"_\\u0073eq":77,"_b\\u006fdy":1,"a":1.50}', '{"_seq":77,"a":1}', '{"a":1}'])
    const { text } = await get('/api/v1/datasets/lines/download?format=ndjson')
    const lines = text.trim().split('\n')
    assert.deepEqual(lines.map(line => (JSON.parse(line) as { readonly _seq: number })._seq), [0, 1, 2, 3, 4, 5])
    assert.ok(lines.slice(0, 2).every(line => line.includes(inner)))
    assert.deepEqual(lines.slice(3).map(line => { const { _time, _key, ...others } = JSON.parse(line) as Record<string, unknown>; return others }), [{ _seq: 3, a: 1.5 }, { _seq: 4, a: 1 }, { _seq: 5, a: 1 }])
  })

  it('a time that no date reaches is told as far as a form can', async () => {
    await streamOf('late', 'application/json', [{ name: 'count', type: 'integer', unit: null }], ['{"count":1}'], 9_000_000_000_000_000)
    for (const format of ['csv', 'ndjson', 'parquet']) assert.equal((await get(`/api/v1/datasets/late/download?format=${format}`)).status, 200, format)
    for (const path of ['/ngsi-ld/v1/entities?type=Late&q=modifiedAt%3E2020-01-01T00:00:00Z', '/api/v1/datasets/late/query?limit=1', `/ogc/collections/${served.node.status().member.did}:late/items`]) {
      assert.ok([200, 404].includes((await get(path)).status), path)
    }
  })

  it('a connection that is refused another protocol is not held by who does not close it', async () => {
    const hurried = await serve({ lingerMs: 50 })
    const { port } = new URL(hurried.api.url)
    const socket = connect({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true })
    socket.on('error', () => undefined)
    const closed = new Promise<void>(resolve => { socket.once('close', () => { resolve() }) })
    socket.write(`GET /api/v1/datasets/x/socket HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n`)
    const [answer] = await once(socket, 'data') as [Buffer]
    assert.match(String(answer), /^HTTP\/1\.1 401 /)
    const writing = setInterval(() => { socket.write('and on') }, 20)
    await closed
    clearInterval(writing)
    await hurried.api.stop()
  })

  it('heartbeats leave nothing behind on what lets wait for itself', async () => {
    let waits = 0
    // Each race asks anew to be told when it settles.
    const next = new Proxy<Promise<IteratorResult<Uint8Array>>>(new Promise(() => undefined), {
      get (promise, name) {
        if (name === 'then') waits++
        const member: unknown = Reflect.get(promise, name)
        return typeof member === 'function' ? member.bind(promise) as unknown : member
      }
    })
    let beats = 0
    for await (const _ of withHeartbeats({ [Symbol.asyncIterator]: () => ({ next: () => next }) }, utf8('\n'), 0)) if (++beats === 100) break
    assert.equal(waits, 1)
  })
})
