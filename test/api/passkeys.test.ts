import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApi, createToken, knownToken, type Api } from '../../src/api/index.ts'
import { MemoryNode } from '../support/memoryNode.ts'
import { Authenticator } from '../support/authenticator.ts'

const random = (size: number): Uint8Array => new Uint8Array(randomBytes(size))
const TOKEN = createToken(random(32))
const PASSPHRASE = 'a horse that nobody staples'
type Answer = { readonly status: number, readonly body: Record<string, unknown>, readonly cookie: string }
type Options = { readonly challenge: string, readonly user: { readonly id: string } }

describe('passkeys', function () {
  this.timeout(60_000)
  let folder: string
  let api: Api
  let host: string
  let origin: string
  let headers: Record<string, string>

  const open = async (): Promise<void> => {
    const created = await createApi({
      node: new MemoryNode(), tokens: [knownToken(TOKEN, 'decide')], accountFile: join(folder, 'accounts.json'), listen: { host: '127.0.0.1', port: 0 }, metricsListen: null, random,
      log: () => undefined, requestStop: () => undefined
    })
    assert.ok(created.ok, JSON.stringify(created))
    api = created.value
    host = `localhost:${new URL(api.url).port}`
    origin = `http://${host}`
  }
  /** As a browser at localhost sends it, which `fetch` would not say. */
  const send = async (method: string, path: string, body?: unknown, more: Record<string, string> = {}): Promise<Answer> => await new Promise((resolve, reject) => {
    const text = body === undefined ? '' : JSON.stringify(body)
    const asked = request(api.url + path, {
      method, headers: { host, ...more, ...text === '' ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) } }
    }, response => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const said = Buffer.concat(chunks).toString()
        resolve({ status: response.statusCode ?? 0, body: said === '' ? {} : JSON.parse(said) as Record<string, unknown>, cookie: response.headers['set-cookie']?.[0]?.split(';')[0] ?? '' })
      })
    })
    asked.on('error', reject)
    asked.end(text)
  })
  const admin = { authorization: `Bearer ${TOKEN}` }
  const enterAs = async (name: string, passphrase = PASSPHRASE): Promise<Record<string, string>> => {
    const { status, body, cookie } = await send('POST', '/api/v1/session', { name, passphrase })
    assert.equal(status, 201)
    return { cookie, origin, 'sec-fetch-site': 'same-origin', 'hanse-csrf': String(body['csrf']) }
  }
  const begin = async (): Promise<Options> => {
    const { status, body } = await send('POST', '/api/v1/session/passkeys/challenge', { passphrase: PASSPHRASE }, headers)
    assert.equal(status, 200, JSON.stringify(body))
    return body as unknown as Options
  }
  const keep = async (credential: object, who = headers): Promise<number> => (await send('POST', '/api/v1/session/passkeys', { label: 'My laptop', credential }, who)).status
  const registered = async (): Promise<Authenticator> => {
    const device = new Authenticator()
    assert.equal(await keep(device.make(await begin(), { origin })), 201)
    return device
  }
  const ask = async (): Promise<Options> => (await send('POST', '/api/v1/session/passkey/challenge')).body as unknown as Options
  const enter = async (credential: object): Promise<Answer> => await send('POST', '/api/v1/session/passkey', { credential })

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hanse-passkeys-'))
    await open()
    assert.equal((await send('POST', '/api/v1/accounts', { name: 'Ada', role: 'approver', passphrase: PASSPHRASE }, admin)).status, 201)
    headers = await enterAs('Ada')
  })
  afterEach(async () => {
    await api.stop()
    await rm(folder, { recursive: true, force: true })
  })

  it('are made by who knows the passphrase, and open the same session as it does, also after a restart', async () => {
    assert.equal((await send('POST', '/api/v1/session/passkeys/challenge', { passphrase: 'not this one at all' }, headers)).status, 403)
    const device = await registered()
    const listed = (await send('GET', '/api/v1/session/passkeys', undefined, headers)).body as unknown as readonly Record<string, unknown>[]
    assert.deepEqual(listed.map(({ id, label, place, lastUsedMs }) => [id, label, place, lastUsedMs]), [[device.id, 'My laptop', 'localhost', null]])
    await api.stop()
    await open()
    const { status, body, cookie } = await enter(device.use(await ask(), { origin }))
    assert.deepEqual([status, body['account'], body['role'], body['scope'], body['hasAccounts']], [201, 'Ada', 'approver', 'decide', true])
    const seen = (await send('GET', '/api/v1/session/passkeys', undefined, { cookie })).body as unknown as readonly Record<string, unknown>[]
    assert.equal(typeof seen[0]?.['lastUsedMs'], 'number')
  })

  it('answer each challenge once', async () => {
    const device = new Authenticator()
    const made = device.make(await begin(), { origin })
    assert.deepEqual([await keep(made), await keep(made)], [201, 422])
    const used = device.use(await ask(), { origin })
    assert.deepEqual([(await enter(used)).status, (await enter(used)).status], [201, 401])
    // A challenge is spent by an answer that was wrong too.
    const asked = await ask()
    assert.equal((await enter(device.use(asked, { origin, isVerified: false }))).status, 401)
    assert.equal((await enter(device.use(asked, { origin }))).status, 401)
  })

  it('are refused from another origin, for another name, without a person, for what nobody asked', async () => {
    const other = { origin: 'http://localhost:1', place: 'localhost' }
    for (const manner of [other, { origin, place: 'example.org' }, { origin, isVerified: false }, { origin, challenge: randomBytes(32).toString('base64url') }, { origin, certificates: true }]) {
      assert.equal(await keep(new Authenticator().make(await begin(), manner)), 422, JSON.stringify(manner))
    }
    const device = await registered()
    for (const manner of [other, { origin, place: 'example.org' }, { origin, isVerified: false }, { origin, challenge: randomBytes(32).toString('base64url') }, { origin, userHandle: 'AAAA' }]) {
      const { status, body } = await enter(device.use(await ask(), manner))
      assert.deepEqual([status, body['code']], [401, 'unauthorised'], JSON.stringify(manner))
    }
    assert.equal((await enter(device.use(await ask(), { origin }))).status, 201)
  })

  it('take no challenge of entering for making, nor that of another session', async () => {
    const device = new Authenticator()
    assert.equal(await keep(device.make({ ...await ask(), user: { id: 'AAAA' } }, { origin })), 422)
    const second = await enterAs('Ada')
    assert.equal(await keep(device.make(await begin(), { origin }), second), 422)
    const known = await registered()
    assert.equal((await enter(known.use(await begin(), { origin }))).status, 401)
  })

  it('of a device that was copied are refused: its counter does not grow', async () => {
    const device = await registered()
    assert.equal((await enter(device.use(await ask(), { origin, counter: 9 }))).status, 201)
    for (const counter of [9, 8, 0]) assert.equal((await enter(device.use(await ask(), { origin, counter }))).status, 401, String(counter))
    assert.equal((await enter(device.use(await ask(), { origin, counter: 10 }))).status, 201)
  })

  it('open nothing once they, or the account, are removed, or an admin gave a new passphrase; other sessions end', async () => {
    const device = await registered()
    const { body, cookie } = await enter(device.use(await ask(), { origin }))
    assert.equal(body['account'], 'Ada')
    assert.equal((await send('DELETE', `/api/v1/session/passkeys/${device.id}`, undefined, headers)).status, 204)
    assert.equal((await send('DELETE', `/api/v1/session/passkeys/${device.id}`, undefined, headers)).status, 404)
    assert.equal((await send('GET', '/api/v1/session', undefined, { cookie })).status, 401)
    assert.equal((await send('GET', '/api/v1/session', undefined, headers)).status, 200)
    assert.equal((await enter(device.use(await ask(), { origin }))).status, 401)
    const second = await registered()
    assert.equal((await send('PUT', '/api/v1/accounts/Ada/passphrase', { passphrase: PASSPHRASE }, admin)).status, 204)
    assert.equal((await enter(second.use(await ask(), { origin }))).status, 401)
    headers = await enterAs('Ada')
    const third = await registered()
    const open = await ask()
    assert.equal((await send('DELETE', '/api/v1/accounts/Ada', undefined, admin)).status, 204)
    assert.equal((await enter(third.use(open, { origin }))).status, 401)
  })

  it('are those of one account, and no more than ten', async () => {
    const device = await registered()
    assert.equal((await send('POST', '/api/v1/accounts', { name: 'Ben', role: 'viewer', passphrase: PASSPHRASE }, admin)).status, 201)
    const ben = await enterAs('Ben')
    assert.deepEqual((await send('GET', '/api/v1/session/passkeys', undefined, ben)).body, [])
    assert.equal((await send('DELETE', `/api/v1/session/passkeys/${device.id}`, undefined, ben)).status, 404)
    for (let more = 0; more < 9; more++) await registered()
    assert.equal((await send('POST', '/api/v1/session/passkeys/challenge', { passphrase: PASSPHRASE }, headers)).status, 409)
    assert.equal((await send('GET', '/api/v1/session/passkeys', undefined, admin)).status, 404)
  })

  it('are not offered where the address is a number, which is said with the name under which they are', async () => {
    const numeric = { host: new URL(api.url).host }
    assert.deepEqual((await send('GET', '/api/v1/session/passkey', undefined, numeric)).body, { isOffered: false, elsewhere: origin })
    assert.deepEqual((await send('GET', '/api/v1/session/passkey')).body, { isOffered: true, elsewhere: null })
    const { status, body } = await send('POST', '/api/v1/session/passkey/challenge', undefined, numeric)
    assert.deepEqual([status, body['code']], [409, 'no-passkeys-here'])
  })

  it('count as failures of the address, which then waits', async () => {
    const device = new Authenticator()
    const answers: number[] = []
    for (let tried = 0; tried < 12; tried++) answers.push((await enter(device.use(await ask(), { origin }))).status)
    assert.deepEqual([answers[0], answers.at(-1)], [401, 429])
  })

  it('of one address crowd out those of no other: its oldest challenges give way', async () => {
    const device = await registered()
    const first = await ask()
    for (let more = 0; more < 31; more++) await ask()
    assert.equal((await enter(device.use(first, { origin }))).status, 201)
    const old = await ask()
    for (let more = 0; more < 32; more++) await ask()
    assert.equal((await enter(device.use(old, { origin }))).status, 401)
  })

  it('are kept in the file of accounts, of which an older one is read too', async () => {
    const path = join(folder, 'accounts.json')
    const before = JSON.parse(await readFile(path, 'utf8')) as { accounts: Record<string, unknown>[] }
    assert.ok(before.accounts.every(account => !('passkeys' in account)))
    await registered()
    assert.match(await readFile(path, 'utf8'), /"place": "localhost"/)
    await api.stop()
    await writeFile(path, JSON.stringify(before), { mode: 0o600 })
    await open()
    headers = await enterAs('Ada')
    assert.deepEqual((await send('GET', '/api/v1/session/passkeys', undefined, headers)).body, [])
  })
})
