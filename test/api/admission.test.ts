import { strict as assert } from 'node:assert'
import { mkdtemp, rm, chmod, stat } from 'node:fs/promises'
import { request, type IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { createApi, readApiFile, removeApiFile, writeApiFile, type Limits } from '../../src/api/index.ts'
import { operations } from '../../src/sdk/contract/index.ts'
import { problemSchema } from '../../src/sdk/index.ts'
import { describeDataset, serve, type Served } from '../support/apiServer.ts'
import { FRAMES_TIMEOUT_MS, framesOf } from '../support/fuzz.ts'

let served: Served
const SMALL: Partial<Limits> = { jsonBytesMax: 2_000, appendBytesMax: 4_000, appendRecordsMax: 3 }
beforeEach(async () => { served = await serve(SMALL) })
afterEach(async () => {
  await served.api.stop()
  assert.deepEqual(served.errors, [])
})

type Sent = { readonly method?: string, readonly path: string, readonly headers?: Record<string, string>, readonly body?: string | Uint8Array }
type Got = { readonly status: number, readonly headers: IncomingHttpHeaders, readonly body: string, readonly code: string }

/** Raw HTTP: fetch sets some headers itself. */
async function send ({ method = 'GET', path, headers = {}, body }: Sent): Promise<Got> {
  return await new Promise<Got>((resolve, reject) => {
    const sent = request(`${served.api.url}`, { method, path, headers: { authorization: `Bearer ${served.token}`, ...headers }, agent: false }, response => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text, code: codeOf(response.headers, text) })
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

/** The code of a problem document, which every failure must be. */
function codeOf (headers: IncomingHttpHeaders, text: string): string {
  return headers['content-type'] === 'application/problem+json' ? problemSchema.parse(JSON.parse(text)).code : ''
}

/** Streams end only with their reader. */
const PATHS = operations().filter(([, { live }]) => live !== true).map(([, { path }]) => path.replaceAll(/:\w+/g, 'x'))

describe('admission', () => {
  it('answers only to its own names, before anything else', async () => {
    const { port } = new URL(served.api.url)
    for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1:1', `127.0.0.1.evil.example:${port}`, `localhost:${port}@evil`]) {
      const answer = await send({ path: '/healthz', headers: { host } })
      assert.ok(answer.status === 421 || answer.status === 400, `${host}: ${answer.status}`)
    }
    for (const host of [`localhost:${port}`, `[::1]:${port}`, `127.0.0.1:${port}`]) assert.equal((await send({ path: '/healthz', headers: { host } })).status, 200)
  })

  it('tells health to anybody, with reasons where it is not ready, and what alarms are about to its own people alone', async () => {
    assert.deepEqual(JSON.parse((await send({ path: '/readyz', headers: { authorization: '' } })).body), { ready: true, reasons: [] })
    served.node.state = 'founding'
    served.node.alarms.push('two heads of one length')
    const answer = await send({ path: '/readyz', headers: { authorization: '' } })
    assert.equal(answer.status, 503)
    assert.match(answer.body, /"founding".*"alarm"/)
    assert.doesNotMatch(answer.body, /two heads/)
    assert.match((await send({ path: '/readyz' })).body, /"founding".*"alarm".*two heads/)
    assert.equal((await send({ path: '/healthz', headers: { authorization: '' } })).status, 200)
  })

  it('lets no page of another origin frame an answer or draw it in', async () => {
    for (const path of ['/healthz', '/api/v1/status', '/api/v1/nothing', '/api/v1/datasets?limit=1']) {
      const { headers } = await send({ path })
      assert.match(String(headers['content-security-policy']), /frame-ancestors 'none'/, path)
      assert.deepEqual([headers['cross-origin-resource-policy'], headers['x-content-type-options']], ['same-origin', 'nosniff'], path)
    }
  })

  it('names what it does not have', async () => {
    assert.deepEqual((await send({ path: '/api/v1/nothing' })).code, 'no-such-path')
    const answer = await send({ method: 'PATCH', path: '/api/v1/datasets/x' })
    assert.deepEqual([answer.status, answer.headers.allow], [405, 'GET, DELETE'])
    assert.equal((await send({ path: '/api/v1/datasets/%ff' })).code, 'malformed')
    assert.equal((await send({ path: '/api/v1/datasets?limt=3' })).code, 'invalid')
    assert.equal((await send({ path: '/api/v1/datasets?box=1,2,3' })).code, 'invalid')
    assert.equal((await send({ method: 'POST', path: '/api/v1/datasets', body: '{}' })).code, 'wrong-media-type')
  })

  it('refuses bodies beyond their limit, announced or not, and says so', async () => {
    const path = '/api/v1/federation/join'
    const large = JSON.stringify({ ticket: 'x'.repeat(3_000) })
    const json = { 'content-type': 'application/json' }
    assert.equal((await send({ method: 'POST', path, body: large, headers: json })).code, 'too-large')
    assert.equal((await send({ method: 'POST', path, body: large, headers: { ...json, 'transfer-encoding': 'chunked' } })).code, 'too-large')
    const append = { method: 'POST', path: '/api/v1/datasets/x/records', headers: { 'content-type': 'application/x-ndjson' } }
    assert.equal((await send({ ...append, body: `{"body":"${'x'.repeat(5_000)}"}\n` })).code, 'too-large')
    assert.equal((await send({ ...append, body: '{"body":1}\n'.repeat(4) })).code, 'too-large')
    assert.equal((await send({ ...append, body: '\n' })).code, 'invalid')
    const publish = { method: 'POST', path: '/api/v1/datasets', headers: { 'content-type': 'application/vnd.hanse.publish' } }
    assert.equal((await send({ ...publish, body: 'x'.repeat(1_000_000) })).code, 'invalid')
  })

  it('lets a client keep an answer by its tag', async () => {
    const first = await send({ path: '/api/v1/datasets' })
    const again = await send({ path: '/api/v1/datasets', headers: { 'if-none-match': String(first.headers.etag) } })
    assert.deepEqual([again.status, again.body], [304, ''])
  })

  it('answers mutated requests of any kind with less than 500, and lives on', async function () {
    this.timeout(FRAMES_TIMEOUT_MS)
    const paths = fc.constantFrom(...PATHS)
    const sent = fc.record({
      method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'),
      path: fc.oneof(paths, fc.tuple(paths, fc.webQueryParameters()).map(([path, query]) => `${path}?${query}`), fc.webPath().map(path => path === '' ? '/' : path)),
      headers: fc.record({
        'content-type': fc.constantFrom('application/json', 'application/vnd.hanse.publish', 'application/vnd.hanse.records', 'application/x-ndjson', 'application/vnd.ipld.car', 'application/cbor', '§'.normalize('NFD')),
        'range': fc.constantFrom('bytes=0-', 'bytes=-1', 'bytes=9-1', 'lines=1', '')
      }),
      body: fc.oneof(fc.json(), fc.uint8Array({ maxLength: 3_000 }), fc.constant('{"description":{}}\n'), fc.string())
    })
    await fc.assert(fc.asyncProperty(sent, async each => {
      const { status } = await send(each)
      assert.ok(status < 500 || status === 503, String(status))
    }), { numRuns: framesOf(400) })
    assert.equal((await send({ path: '/api/v1/status' })).status, 200)
  })

  it('lives on after bytes that are no HTTP, headers that never end and bodies that never come', async () => {
    await served.api.stop()
    // Short enough to be waited for, and so for this test alone: on a busy machine also what is quick takes longer than this.
    served = await serve({ ...SMALL, bodyTimeoutMs: 300, lingerMs: 200 })
    const port = Number(new URL(served.api.url).port)
    const slow = `POST /api/v1/federation/join HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${served.token}\r\nContent-Length: 100\r\n\r\n{`
    const ends = ['\0\0\0\0', 'GET / HTTP/1.1\r\nHost:', slow].map(async text => {
      await new Promise<void>(resolve => {
        const socket = connect(port, '127.0.0.1', () => { socket.write(text) })
        socket.on('data', () => undefined)
        socket.on('error', () => undefined)
        socket.on('close', () => { resolve() })
      })
    })
    await Promise.all(ends.toSpliced(1, 1))
    assert.equal((await send({ path: '/api/v1/status' })).status, 200)
  })
})

describe('limits of the server', () => {
  it('turn callers away for a while when too many are being answered, but never health', async () => {
    const busy = await serve({ inFlight: { max: 1, strangersMax: 1, strangerMax: 1 }, stopGraceMs: 100 })
    busy.node.missing.add('slow')
    const waiting = busy.client.fetch('slow', { timeoutMs: 60_000 }, () => { fetching.resolve() })
    const fetching = Promise.withResolvers<void>()
    await fetching.promise
    const refused = await fetch(`${busy.api.url}/api/v1/status`, { headers: { authorization: `Bearer ${busy.token}` } })
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '1'])
    assert.equal((await fetch(`${busy.api.url}/healthz`)).status, 200)
    const metrics = await (await fetch(String(busy.api.metricsUrl))).text()
    assert.match(metrics, /^hanse_api_refused_busy_total 1$/m)
    await busy.api.stop()
    await waiting
  })

  it('leave room for the people of the node, whatever strangers hold', async () => {
    const busy = await serve({ liveStreams: { max: 4, strangersMax: 2, strangerMax: 1 }, stopGraceMs: 100 })
    const made = await Promise.all(['a', 'b', 'c'].map(label => busy.client.makeToken({ label, scope: 'read', requester: 'outside' })))
    const [one = '', other = '', third = ''] = made.map(each => each.ok ? each.value.token : '')
    await busy.client.publish(describeDataset('counter'), { form: 'stream', mediaType: 'application/json' })
    const leaving = new AbortController()
    const follow = async (token: string, signal?: AbortSignal): Promise<number> =>
      (await fetch(`${busy.api.url}/api/v1/datasets/counter/live`, { headers: { authorization: `Bearer ${token}` }, ...signal === undefined ? {} : { signal } })).status
    assert.equal(await follow(one, leaving.signal), 200)
    assert.equal(await follow(one), 503, 'one stranger has one')
    assert.equal(await follow(other), 200)
    assert.equal(await follow(third), 503, 'and all of them have two')
    assert.deepEqual([await follow(busy.token), await follow(busy.token), await follow(busy.token)], [200, 200, 503])
    leaving.abort()
    for (let status = 503; status !== 200;) status = await follow(third)
    await busy.api.stop()
  })

  it('show metrics of the node, the server and the process on a port of their own', async () => {
    await served.client.status()
    const text = await (await fetch(String(served.api.metricsUrl))).text()
    assert.match(text, /^# TYPE hanse_network_denied_total counter\nhanse_network_denied_total\{hook="denyDialPeer"\} 2$/m)
    assert.match(text, /^hanse_records 3$/m)
    assert.match(text, /^hanse_api_requests_total\{status="200"\} 1$/m)
    assert.match(text, /^nodejs_eventloop_lag_seconds /m)
    assert.equal((await fetch(String(served.api.metricsUrl).replace('/metrics', '/api/v1/status'))).status, 401)
  })

  it('refuse to listen beyond loopback and on a port that is taken', async () => {
    const { node } = served
    const options = { node, tokens: [], metricsListen: null, log: () => undefined, random: (size: number) => new Uint8Array(size), requestStop: () => undefined }
    const open = await createApi({ ...options, listen: { host: '0.0.0.0', port: 0 } })
    assert.equal(open.ok ? '' : open.failure.code, 'not-loopback')
    const taken = await createApi({ ...options, listen: { host: '127.0.0.1', port: Number(new URL(served.api.url).port) } })
    assert.equal(taken.ok ? '' : taken.failure.code, 'address-in-use')
  })
})

describe('api file', () => {
  it('is for its owner alone, and refused where it is not', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hanse-api-'))
    try {
      const content = { url: served.api.url, token: served.token }
      const path = join(folder, 'api.json')
      const absent = await readApiFile(folder)
      assert.equal(absent.ok ? '' : absent.failure.code, 'absent')
      await writeApiFile(folder, content)
      await writeApiFile(folder, content)
      assert.equal((await stat(path)).mode & 0o777, 0o600)
      assert.deepEqual(await readApiFile(folder), { ok: true, value: content })
      await chmod(path, 0o644)
      const loose = await readApiFile(folder)
      assert.equal(loose.ok ? '' : loose.failure.code, 'loose-mode')
      await removeApiFile(folder)
      assert.equal((await readApiFile(folder)).ok, false)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
