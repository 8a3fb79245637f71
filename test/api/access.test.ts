import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { createApi, createToken, knownToken, type Api, type ApiOptions } from '../../src/api/index.ts'
import { authenticateSession, SessionBook } from '../../src/api/sessions/index.ts'
import type { Result } from '../../src/base/index.ts'
import type { Asker } from '../../src/node/contract/index.ts'
import { operations } from '../../src/sdk/contract/index.ts'
import { createClient, type Failure } from '../../src/sdk/index.ts'
import { UNATTENDED_HEADER } from '../../src/sdk/sessions/index.ts'
import type { Scope } from '../../src/sdk/operation/index.ts'
import { describeDataset, serve } from '../support/apiServer.ts'
import { MemoryNode } from '../support/memoryNode.ts'

const random = (size: number): Uint8Array => new Uint8Array(randomBytes(size))
const RENTON = 'did:key:z6MkRenton'
const RANK: Readonly<Record<Scope, number>> = { read: 0, operate: 1, decide: 2 }
const TABLE = operations()

function value<T> (result: Result<T, Failure>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.failure))
  return result.value
}

type Got = { readonly status: number, readonly code: string, readonly headers: Headers, readonly body: unknown }
type Sent = { readonly method?: string, readonly headers?: Readonly<Record<string, string>>, readonly body?: unknown }

/** An API of which the test knows who may what; ended after each test. */
type World = Api & { readonly node: MemoryNode, readonly token: string, readonly send: (path: string, sent?: Sent) => Promise<Got> }
const running: Api[] = []
const folders: string[] = []

async function open (options: Partial<ApiOptions> = {}): Promise<World> {
  const node = new MemoryNode()
  const token = createToken(random(32))
  const created = await createApi({
    node, tokens: [knownToken(token, 'decide')], listen: { host: '127.0.0.1', port: 0 }, metricsListen: null, random, log: () => undefined, requestStop: () => undefined, ...options
  })
  assert.ok(created.ok, JSON.stringify(created))
  const api = created.value
  running.push(api)
  return { ...api, node, token, send: (path, sent) => send(api.url, path, sent) }
}

/** Raw, because `fetch` does not let some headers be set. */
async function send (url: string, path: string, { method = 'GET', headers = {}, body }: Sent = {}): Promise<Got> {
  return await new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const asked = request(url + path, { method, agent: false, headers: { ...text === undefined ? {} : { 'content-type': 'application/json' }, ...headers } }, response => {
      const chunks: Buffer[] = []
      const done = (): void => {
        const all = Buffer.concat(chunks).toString()
        const parsed = response.headers['content-type']?.includes('json') === true && !response.headers['content-type'].includes('ndjson') ? JSON.parse(all) as { readonly code?: string } : undefined
        resolve({ status: response.statusCode ?? 0, code: parsed?.code ?? '', headers: new Headers(Object.entries(response.headers).map(([name, each]) => [name, String(each)])), body: parsed })
      }
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        // A stream without an end has said enough.
        if (response.headers['content-type'] !== 'text/event-stream') return
        done()
        response.destroy()
      })
      response.on('end', done)
      response.on('error', () => undefined)
    })
    asked.on('error', reject)
    asked.end(text)
  })
}

async function folder (): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'hanse-access-'))
  folders.push(made)
  return made
}

afterEach(async () => {
  for (const api of running.splice(0)) await api.stop()
  for (const each of folders.splice(0)) await rm(each, { recursive: true, force: true })
})

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` })
const pathOf = (path: string): string => path.replaceAll(/:\w+/g, 'x')

describe('who may call what', () => {
  it('is what the table says, for every call and every kind of caller', async () => {
    const { client, tokens, api } = await serve()
    running.push(api)
    const member = value(await client.makeToken({ label: 'Renton', scope: 'read', requester: 'Renton' })).token
    const outside = value(await client.makeToken({ label: 'anybody', scope: 'read', requester: 'outside' })).token
    const seen = { refused: 0, admitted: 0 }
    for (const [id, { method, path, scope, forOthers }] of TABLE) {
      const ask = async (headers: Record<string, string>, expected: number | undefined, who: string): Promise<void> => {
        const { status, code, body } = await send(api.url, pathOf(path), { method, headers })
        // What a handler refuses by itself, it says in words of its own.
        if (expected === undefined) assert.doesNotMatch(JSON.stringify(body ?? ''), /this call is for the people of this node alone|needs the scope|no valid token/, `${id} as ${who}`)
        else assert.deepEqual([status, code], [expected, expected === 401 ? 'unauthorised' : 'forbidden'], `${id} as ${who}`)
        seen[expected === undefined ? 'admitted' : 'refused']++
      }
      // Nothing is sent with it, so that a call that is admitted does no more than say what is missing.
      for (const headers of [{}, { authorization: 'Bearer' }, bearer('hanse_wrong'), { cookie: 'sid=x' }]) {
        // Entering with nothing is refused too, by what it asks for and not by who asks.
        if (scope !== null) await ask(headers, 401, JSON.stringify(headers))
      }
      for (const each of ['read', 'operate', 'decide'] as const) {
        if (scope === null) continue
        await ask(bearer(tokens[each]), RANK[each] >= RANK[scope] ? undefined : 403, each)
      }
      for (const token of [member, outside]) if (scope !== null) await ask(bearer(token), scope === 'read' && forOthers === true ? undefined : 403, 'somebody else')
    }
    const guarded = TABLE.filter(([, { scope }]) => scope !== null).length
    assert.equal(seen.refused + seen.admitted, guarded * 9)
  })

  it('is nothing beyond reading for anybody else', () => {
    for (const [id, { scope, forOthers }] of TABLE) if (forOthers === true) assert.equal(scope, 'read', id)
  })
})

describe('tokens', () => {
  it('are shown once, kept by their digest for the owner alone, and known again after a restart', async () => {
    const path = join(await folder(), 'tokens.json')
    const first = await open({ tokenFile: path })
    const { token, view } = value(await createClient({ baseUrl: first.url, token: first.token }).makeToken({ label: 'gateway', scope: 'operate', validMs: 3_600_000 }))
    assert.match(token, /^hanse_[a-z2-7]{52}$/)
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    assert.ok(!(await readFile(path, 'utf8')).includes(token.slice(6)))
    const again = await open({ tokenFile: path })
    const client = createClient({ baseUrl: again.url, token })
    value(await client.status())
    assert.equal((await client.tokens()).ok, false)
    const owner = createClient({ baseUrl: again.url, token: again.token })
    const [listed] = value(await owner.tokens())
    assert.deepEqual({ ...listed, lastUsedHourMs: null }, view)
    assert.equal(listed?.lastUsedHourMs !== null && (listed?.lastUsedHourMs ?? 1) % 3_600_000, 0)
    value(await owner.revokeToken(view.id))
    assert.equal((await again.send('/api/v1/status', { headers: bearer(token) })).status, 401)
    assert.deepEqual(JSON.parse(await readFile(path, 'utf8')), { tokens: [] })
  })

  it('keep the hour of their last use, written at the latest when the node stops', async () => {
    const path = join(await folder(), 'tokens.json')
    const first = await open({ tokenFile: path })
    const { token } = value(await createClient({ baseUrl: first.url, token: first.token }).makeToken({ label: 'gateway', scope: 'read' }))
    value(await createClient({ baseUrl: first.url, token }).status())
    await first.stop()
    assert.match(await readFile(path, 'utf8'), /"lastUsedHourMs": \d+/)
  })

  it('that name a requester read in its name, for its purpose, and can do nothing else', async () => {
    const { url, token, node } = await open()
    const owner = createClient({ baseUrl: url, token })
    value(await owner.publish(describeDataset('bins'), { form: 'stream', mediaType: 'text/plain' }))
    const asked: (Asker | undefined)[] = []
    const read = node.read.bind(node)
    node.read = (reference, how, asker?: Asker): ReturnType<typeof read> => {
      asked.push(asker)
      return read(reference, how)
    }
    const purpose = 'urn:hanse:purpose:1:waste.collection'
    const tokens = [
      value(await owner.makeToken({ label: 'us', scope: 'read' })), value(await owner.makeToken({ label: 'Renton', scope: 'read', requester: 'Renton', purpose })),
      value(await owner.makeToken({ label: 'anybody', scope: 'read', requester: 'outside' }))
    ]
    for (const made of tokens) value(await createClient({ baseUrl: url, token: made.token }).read('bins', { from: 0, limit: 1 }))
    value(await createClient({ baseUrl: url, token: tokens[1]?.token ?? '' }).read('bins', { from: 0, limit: 1, purpose: 'urn:hanse:purpose:1:other' }))
    assert.deepEqual(asked, [{}, { requester: RENTON, purpose }, { requester: null }, { requester: RENTON, purpose: 'urn:hanse:purpose:1:other' }])
    assert.equal(tokens[1]?.view.requester, RENTON)
    for (const scope of ['operate', 'decide'] as const) {
      const refused = await owner.makeToken({ label: 'x', scope, requester: 'Renton' })
      assert.deepEqual([refused.ok, refused.ok ? '' : refused.failure.code], [false, 'invalid'])
    }
    const unknown = await owner.makeToken({ label: 'x', scope: 'read', requester: 'Atlantis' })
    assert.equal(unknown.ok ? '' : unknown.failure.code, 'not-found')
  })

  it('open nothing any more when their time is over', async () => {
    const path = join(await folder(), 'tokens.json')
    const first = await open({ tokenFile: path })
    const { token } = value(await createClient({ baseUrl: first.url, token: first.token }).makeToken({ label: 'old', scope: 'read' }))
    const kept = JSON.parse(await readFile(path, 'utf8')) as { readonly tokens: readonly object[] }
    await writeFile(path, JSON.stringify({ tokens: kept.tokens.map(each => ({ ...each, expiresMs: Date.now() })) }), { mode: 0o600 })
    const again = await open({ tokenFile: path })
    assert.equal((await again.send('/api/v1/status', { headers: bearer(token) })).status, 401)
  })

  it('are none where they could not be kept', async () => {
    const gone = await folder()
    const world = await open({ tokenFile: join(gone, 'tokens.json') })
    await rm(gone, { recursive: true })
    const owner = createClient({ baseUrl: world.url, token: world.token })
    const made = await owner.makeToken({ label: 'lost', scope: 'decide' })
    assert.equal(made.ok, false)
    assert.deepEqual(value(await owner.tokens()), [])
  })

  it('take the streams along that they opened, when they are revoked', async () => {
    const world = await open({ limits: { rightCheckMs: 10 } })
    const owner = createClient({ baseUrl: world.url, token: world.token })
    await world.node.publish(describeDataset('counter'), { form: 'stream', mediaType: 'application/json' })
    const made = await Promise.all([{ label: 'reader', scope: 'read' as const }, { label: 'member', scope: 'read' as const, requester: 'outside' }].map(request => owner.makeToken(request)))
    const streams = await Promise.all(made.map(async each => {
      const answer = await fetch(`${world.url}/api/v1/datasets/counter/live`, { headers: bearer(value(each).token) })
      assert.equal(answer.status, 200)
      return { id: value(each).view.id, text: answer.text() }
    }))
    for (const { id, text } of streams) {
      value(await owner.revokeToken(id))
      await text
    }
  })

  it('stop the node from starting where their file is open to others, is not what it wrote, or gives a requester more than reading', async () => {
    const path = join(await folder(), 'tokens.json')
    const token = { id: 'a', label: 'a', scope: 'decide', requester: 'outside', purpose: null, createdMs: 0, expiresMs: 9e12, lastUsedHourMs: null, sha256: '0'.repeat(64) }
    for (const [content, mode, code] of [['{"tokens":[]}', 0o644, 'loose-mode'], ['{"tokens":', 0o600, 'malformed'], [JSON.stringify({ tokens: [token] }), 0o600, 'malformed']] as const) {
      await writeFile(path, content)
      await chmod(path, mode)
      const created = await createApi({
        node: new MemoryNode(), tokens: [], tokenFile: path, listen: { host: '127.0.0.1', port: 0 }, metricsListen: null, random, log: () => undefined, requestStop: () => undefined
      })
      assert.equal(created.ok ? '' : created.failure.code, code)
    }
  })
})

describe('the public face', () => {
  it('answers who has no token as anybody, with what is for others alone, and is off by default', async () => {
    const closed = await open()
    assert.equal((await closed.send('/api/v1/datasets')).status, 401)
    const { send: ask, node } = await open({ isPublic: true })
    const asked: (Asker | undefined)[] = []
    const datasets = node.datasets.bind(node)
    node.datasets = (query, asker?: Asker): ReturnType<typeof datasets> => {
      asked.push(asker)
      return datasets(query)
    }
    assert.equal((await ask('/api/v1/datasets')).status, 200)
    assert.deepEqual(asked, [{ requester: null }])
    for (const path of ['/api/v1/status', '/api/v1/receipts', '/api/v1/tokens', '/api/v1/events']) assert.equal((await ask(path)).status, 401, path)
    assert.equal((await ask('/api/v1/datasets', { headers: bearer('hanse_wrong') })).status, 401)
    assert.equal((await ask('/api/v1/datasets', { method: 'POST' })).status, 401)
  })
})

describe('sessions', () => {
  const enter = async (world: World, headers: Record<string, string> = {}): Promise<{ readonly cookie: string, readonly csrf: string, readonly own: Record<string, string> }> => {
    const { url } = value(await createClient({ baseUrl: world.url, token: world.token }).invitePerson())
    const entry = new URL(url).hash.slice('#entry='.length)
    assert.ok(url.startsWith(`${world.url}/#entry=`))
    const begun = await world.send('/api/v1/session', { method: 'POST', body: { entry }, headers })
    assert.equal(begun.status, 201, JSON.stringify(begun.body))
    const cookie = begun.headers.get('set-cookie')?.split(';')[0] ?? ''
    return { cookie, csrf: (begun.body as { readonly csrf: string }).csrf, own: { 'cookie': cookie, 'origin': world.url, 'sec-fetch-site': 'same-origin' } }
  }

  it('begin with a link that enters once, in a cookie that scripts and other sites do not get', async () => {
    const world = await open()
    const { url } = value(await createClient({ baseUrl: world.url, token: world.token }).invitePerson())
    const entry = new URL(url).hash.slice('#entry='.length)
    const begun = await world.send('/api/v1/session', { method: 'POST', body: { entry } })
    assert.match(begun.headers.get('set-cookie') ?? '', new RegExp(`^sid-${new URL(world.url).port}=[a-z2-7]{52}; Path=/; HttpOnly; SameSite=Strict; Max-Age=\\d+$`))
    const again = await world.send('/api/v1/session', { method: 'POST', body: { entry } })
    assert.deepEqual([again.status, again.code], [401, 'unauthorised'])
    const cookie = begun.headers.get('set-cookie')?.split(';')[0] ?? ''
    assert.equal((await world.send('/api/v1/status', { headers: { cookie } })).status, 200)
    assert.equal((await world.send('/api/v1/session', { headers: { cookie } })).status, 200)
    assert.equal((await world.send('/api/v1/status', { headers: { cookie: `${cookie}; ${cookie.slice(0, -1)}x` } })).status, 401)
  })

  it('have a secure cookie of the host alone where TLS stands in front', async () => {
    const world = await open({ isBehindProxy: true })
    const forwarded = { 'x-forwarded-proto': 'https' }
    const { url } = value(await createClient({ baseUrl: world.url, token: world.token, fetch: (asked, init) => fetch(asked, { ...init, headers: { ...init.headers as Record<string, string>, ...forwarded } }) }).invitePerson())
    assert.ok(url.startsWith('https://'))
    const begun = await world.send('/api/v1/session', { method: 'POST', body: { entry: new URL(url).hash.slice('#entry='.length) }, headers: forwarded })
    assert.match(begun.headers.get('set-cookie') ?? '', /^__Host-sid=[a-z2-7]{52}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+; Secure$/)
  })

  it('change something only from a page of this node, with its secret', async () => {
    const world = await open()
    const { own, csrf } = await enter(world)
    const ask = async (headers: Record<string, string>): Promise<number> => (await world.send('/api/v1/scrub', { method: 'POST', headers })).status
    assert.equal(await ask({ ...own, 'hanse-csrf': csrf }), 200)
    const { port } = new URL(world.url)
    const forged: readonly Record<string, string>[] = [
      { ...own }, { ...own, 'hanse-csrf': `${csrf}x` }, { ...own, 'hanse-csrf': csrf, 'origin': `http://127.0.0.1:${Number(port) + 1}` },
      { ...own, 'hanse-csrf': csrf, 'origin': `https://127.0.0.1:${port}` }, { ...own, 'hanse-csrf': csrf, 'origin': 'null' },
      { ...own, 'hanse-csrf': csrf, 'sec-fetch-site': 'same-site' }, { ...own, 'hanse-csrf': csrf, 'sec-fetch-site': 'cross-site' },
      { 'cookie': own['cookie'] ?? '', 'hanse-csrf': csrf, 'origin': world.url }, { 'cookie': own['cookie'] ?? '', 'hanse-csrf': csrf, 'sec-fetch-site': 'same-origin' }
    ]
    for (const headers of forged) assert.equal(await ask(headers), 403, JSON.stringify(headers))
  })

  it('watch streams only from a page of this node', async () => {
    const world = await open()
    const { cookie } = await enter(world)
    assert.equal((await world.send('/api/v1/events', { headers: { cookie, 'sec-fetch-site': 'same-origin' } })).status, 200)
    for (const headers of [{ cookie }, { cookie, 'sec-fetch-site': 'same-site' }, { cookie, 'sec-fetch-site': 'same-origin', 'origin': 'http://127.0.0.1:1' }]) {
      assert.equal((await world.send('/api/v1/events', { headers })).status, 403, JSON.stringify(headers))
    }
  })

  it('end when one leaves', async () => {
    const world = await open()
    const { own, csrf, cookie } = await enter(world)
    const left = await world.send('/api/v1/session', { method: 'DELETE', headers: { ...own, 'hanse-csrf': csrf } })
    assert.equal(left.status, 204)
    assert.match(left.headers.get('set-cookie') ?? '', /Max-Age=0/)
    assert.equal((await world.send('/api/v1/status', { headers: { cookie } })).status, 401)
  })

  it('end half an hour after somebody last asked something, however often a page asks by itself', () => {
    const MINUTE_MS = 60_000
    let nowMs = 0
    const book = new SessionBook({ random, nowMs: () => nowMs })
    const begun = book.begin(book.invite().entry, '127.0.0.1')
    assert.ok(begun.ok)
    const authenticate = authenticateSession(book, false)
    const isIn = (more: Readonly<Record<string, string>> = {}): boolean =>
      authenticate({ method: 'GET', live: false, address: '127.0.0.1', headers: { host: '127.0.0.1:7420', cookie: `sid-7420=${begun.value.secret}`, ...more } })?.ok === true
    for (let times = 0; times < 3; times++) {
      nowMs += 29 * MINUTE_MS
      assert.ok(isIn())
    }
    for (let minutes = 0; minutes < 29; minutes++) {
      nowMs += MINUTE_MS
      assert.ok(isIn({ [UNATTENDED_HEADER]: '1' }))
    }
    nowMs += MINUTE_MS
    assert.ok(!isIn())
  })

  it('take the streams along that they opened', async () => {
    const world = await open({ limits: { rightCheckMs: 10 } })
    const { own, csrf } = await enter(world)
    const events = await fetch(`${world.url}/api/v1/events`, { headers: own })
    assert.equal(events.status, 200)
    assert.equal((await world.send('/api/v1/session', { method: 'DELETE', headers: { ...own, 'hanse-csrf': csrf } })).status, 204)
    await events.text()
  })

  it('let nobody guess: after ten failures one waits longer and longer, after thirty for an hour, until a new link is made', async () => {
    const world = await open()
    const guess = (): Promise<Got> => world.send('/api/v1/session', { method: 'POST', body: { entry: 'x'.repeat(52) } })
    const answers: Got[] = []
    for (let tried = 0; tried < 100; tried++) answers.push(await guess())
    assert.deepEqual(answers.slice(0, 11).map(({ status }) => status), Array(11).fill(401))
    assert.ok(answers.slice(11).every(({ status }) => status === 429))
    const waits = answers.slice(11).map(({ headers }) => Number(headers.get('retry-after')))
    assert.ok(waits.every((wait, at) => at === 0 || wait >= Math.min(3_590, (waits[at - 1] ?? 0))), waits.join(' '))
    assert.ok((waits.at(-1) ?? 0) > 3_590)
    await enter(world)
  })
})

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
  })

  it('admit no more than burst and rate, whatever comes when', async () => {
    const { Buckets } = await import('../../src/api/quota/index.ts')
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
    const kept = TABLE.filter(([, { answers, path, scope, query }]) => 304 in answers && !path.includes(':') && scope !== null && query === undefined)
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
    const { connect } = await import('node:net')
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
