import { strict as assert } from 'node:assert'
import { authenticateSession, SessionBook } from '../../src/api/sessions/index.ts'
import { ok } from '../../src/base/index.ts'
import { createClient } from '../../src/sdk/index.ts'
import { UNATTENDED_HEADER } from '../../src/sdk/sessions/index.ts'
import { closeAll, open, random, value, type Got, type World } from './access.fixture.ts'

afterEach(closeAll)

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

  it('of one name give way to each other alone, however often somebody enters', async () => {
    const book = new SessionBook({ random, nowMs: () => 0 })
    const admin = book.begin(book.invite().entry, '127.0.0.1')
    const enter = async (name: string): ReturnType<SessionBook['beginBy']> => await book.beginBy(() => Promise.resolve(ok({ name, role: 'viewer' as const })), '127.0.0.1', 'account', { reason: '', hint: '' })
    const other = await enter('Ben')
    let last = await enter('Ada')
    for (let times = 0; times < 300; times++) last = await enter('Ada')
    assert.ok(admin.ok && other.ok && last.ok)
    for (const { secret } of [admin.value, other.value, last.value]) assert.ok(book.find(secret, true) !== undefined)
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

  it('let nobody guess: after ten failures one waits longer and longer, after thirty for an hour', () => {
    let nowMs = 0
    const book = new SessionBook({ random, nowMs: () => nowMs })
    const guess = (): number | undefined => {
      const begun = book.begin('x'.repeat(52), '203.0.113.5')
      assert.ok(!begun.ok)
      return begun.failure.waitMs
    }
    assert.deepEqual(Array.from({ length: 11 }, guess), Array(11).fill(undefined))
    const waitsS = Array.from({ length: 30 }, guess).map(waitMs => (waitMs ?? 0) / 1_000)
    const doubling = [2, 4, 8, 16, 32, 64, 128, 256]
    assert.deepEqual(waitsS, [...doubling, ...Array(10).fill(300), ...Array(12).fill(3_600)])
    assert.equal(book.begin('x'.repeat(52), '203.0.113.6').ok, false)
    nowMs = 3_600_001
    assert.equal(guess(), undefined, 'after an hour one may try again')
  })

  it('shut out who guesses, who is told for how long, until a new link is made', async () => {
    const world = await open()
    const answers: Got[] = []
    for (let tried = 0; tried < 40; tried++) answers.push(await world.send('/api/v1/session', { method: 'POST', body: { entry: 'x'.repeat(52) } }))
    assert.deepEqual(answers.slice(0, 11).map(({ status }) => status), Array(11).fill(401))
    for (const { status, code, headers } of answers.slice(30)) {
      assert.deepEqual([status, code], [429, 'too-many'])
      assert.ok(Number(headers.get('retry-after')) > 300)
    }
    await enter(world)
  })
})
