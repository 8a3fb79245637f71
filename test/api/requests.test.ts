import { strict as assert } from 'node:assert'
import { connect } from 'node:net'
import fc from 'fast-check'
import { Buckets } from '../../src/api/quota/index.ts'
import { operations } from '../../src/sdk/contract/index.ts'
import { createClient } from '../../src/sdk/index.ts'
import { bearer, closeAll, open, send, value, type Got } from './access.fixture.ts'

afterEach(closeAll)

describe('limits by caller', () => {
  it('turn away who asks too often, and nobody else', async () => {
    const { url, token, send: ask } = await open({ limits: { callerRate: { perSecond: 0.01, burst: 3 } } })
    const other = value(await createClient({ baseUrl: url, token }).makeToken({ label: 'other', scope: 'read' })).token
    for (let at = 0; at < 2; at++) assert.equal((await ask('/api/v1/status', { headers: bearer(token) })).status, 200)
    const refused = await ask('/api/v1/status', { headers: bearer(token) })
    assert.deepEqual([refused.status, refused.code], [429, 'too-many'])
    assert.ok(Number(refused.headers.get('retry-after')) > 0)
    assert.equal((await ask('/api/v1/status', { headers: bearer(other) })).status, 200)
  })

  it('count the public by address, an IPv6 network of 64 bits as one, as the server in front sees it', async () => {
    const { send: ask } = await open({ isPublic: true, isBehindProxy: true, limits: { publicRate: { perSecond: 0.01, burst: 1 } } })
    const from = async (address: string): Promise<number> => (await ask('/api/v1/datasets', { headers: { 'x-forwarded-for': address } })).status
    assert.deepEqual([await from('2001:db8:0:1::1'), await from('2001:db8:0:1:ffff::2'), await from('2001:db8:0:2::1')], [200, 429, 200])
    assert.deepEqual([await from('203.0.113.5'), await from('::ffff:203.0.113.5'), await from('10.0.0.1, 203.0.113.6'), await from('203.0.113.6')], [200, 429, 200, 429])
    // Some servers in front write the port too, which is another for each connection.
    assert.deepEqual([await from('203.0.113.7:40001'), await from('203.0.113.7:40002'), await from('[2001:db8:0:3::1]:40001'), await from('2001:db8:0:3::2')], [200, 429, 200, 429])
  })

  it('admit no more than burst and rate, whatever comes when', () => {
    fc.assert(fc.property(fc.array(fc.nat(5_000), { minLength: 1, maxLength: 200 }), fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 20 }), (gapsMs, perSecond, burst) => {
      const buckets = new Buckets(4)
      let nowMs = 0
      let admitted = 0
      for (const gapMs of gapsMs) {
        nowMs += gapMs
        if (buckets.take('a', { perSecond, burst }, nowMs) === 0) admitted++
      }
      assert.ok(admitted <= burst + nowMs * perSecond / 1_000 + 1e-6, `${admitted} in ${nowMs} ms`)
    }))
    const buckets = new Buckets(4)
    for (let at = 0; at < 100; at++) buckets.take(`caller ${at}`, { perSecond: 1, burst: 1 }, 0)
    assert.equal(buckets.size, 4)
  })
})

describe('forms of an answer', () => {
  it('are what the client takes, or it is told what there is', async () => {
    const { token, send: ask } = await open()
    const accepting = (accept: string): Promise<Got> => ask('/api/v1/status', { headers: { ...bearer(token), accept } })
    for (const accept of ['', '*/*', 'application/*', 'application/json', 'text/html, application/json;q=0.1', 'text/html;q=0, */*']) assert.equal((await accepting(accept)).status, 200, accept)
    for (const accept of ['text/html', 'application/json;q=0', 'text/*, image/*', '*/*, application/json;q=0']) {
      const refused = await accepting(accept)
      assert.deepEqual([refused.status, refused.code], [406, 'not-acceptable'], accept)
    }
  })

  it('are held by their tag, of every list that says so', async () => {
    const { token, send: ask } = await open()
    const kept = operations().filter(([, { answers, path, scope, query }]) => 304 in answers && !path.includes(':') && scope !== null && query === undefined)
    assert.ok(kept.length > 8)
    for (const [id, { path }] of kept) {
      const first = await ask(path, { headers: bearer(token) })
      if (first.status !== 200) continue
      const etag = first.headers.get('etag') ?? ''
      assert.notEqual(etag, '', id)
      const held = await ask(path, { headers: { ...bearer(token), 'if-none-match': etag } })
      assert.deepEqual([held.status, held.headers.get('cache-control')], [304, first.headers.get('cache-control')], id)
      assert.equal((await ask(path, { headers: { ...bearer(token), 'if-none-match': '"other"' } })).status, 200, id)
    }
  })

  it('need a body of a kind that the call takes, and each name of a query once', async () => {
    const { token, send: ask } = await open()
    const join = (type: string): Promise<Got> => ask('/api/v1/federation/join', { method: 'POST', headers: { ...bearer(token), 'content-type': type }, body: { ticket: 'hanse1x' } })
    assert.equal((await join('application/json; charset=utf-8')).status, 200)
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', '']) assert.equal((await join(type)).status, 415, type)
    for (const query of ['limit=1&limit=2', 'limit=1&after=a&after=a', 'limt=1']) assert.equal((await ask(`/api/v1/datasets?${query}`, { headers: bearer(token) })).status, 422, query)
    assert.equal((await ask('/api/v1/status?x=1', { headers: bearer(token) })).status, 422)
  })
})

describe('what is no request', () => {
  it('is answered by a problem document too', async () => {
    const { url } = await open()
    const said = async (text: string): Promise<string> => await new Promise(resolve => {
      let answer = ''
      const socket = connect(Number(new URL(url).port), '127.0.0.1', () => { socket.write(text) })
      socket.on('data', chunk => { answer += String(chunk) })
      socket.on('error', () => undefined)
      socket.on('close', () => { resolve(answer) })
    })
    for (const [text, status, code] of [['\0\0\0\r\n\r\n', 400, 'malformed'], [`GET /${'x'.repeat(70_000)} HTTP/1.1\r\n\r\n`, 431, 'head-too-large']] as const) {
      const answer = await said(text)
      assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} [\\s\\S]*content-type: application/problem\\+json[\\s\\S]*"code":"${code}"`))
    }
    const { status, code } = await send(url, `/api/v1/status?x=${'y'.repeat(10_000)}`, { headers: { authorization: 'Bearer x' } })
    assert.deepEqual([status, code], [401, 'unauthorised'])
  })
})
