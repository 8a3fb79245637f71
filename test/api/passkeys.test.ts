import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApi, createToken, knownToken, type Api } from '../../src/api/index.ts'
import { AccountBook } from '../../src/api/accounts/index.ts'
import { PasskeyDesk } from '../../src/api/passkeys/index.ts'
import type { MadePasskey, UsedPasskey } from '../../src/sdk/passkeys/index.ts'
import { MemoryNode } from '../support/memoryNode.ts'
import { Authenticator } from '../support/authenticator.ts'

const random = (size: number): Uint8Array => new Uint8Array(randomBytes(size))
const TOKEN = createToken(random(32))
const PASSPHRASE = 'a horse that nobody staples'
type Answer = { readonly status: number, readonly body: Record<string, unknown>, readonly cookie: string }
type Options = { readonly challenge: string, readonly user: { readonly id: string } }

describe('passkeys', () => {
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

  it('take no challenge of entering for making, nor that of another session', async () => {
    const device = new Authenticator()
    assert.equal(await keep(device.make({ ...await ask(), user: { id: 'AAAA' } }, { origin })), 422)
    const second = await enterAs('Ada')
    assert.equal(await keep(device.make(await begin(), { origin }), second), 422)
    const known = await registered()
    assert.equal((await enter(known.use(await begin(), { origin }))).status, 401)
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

  it('are asked for by pages of this node alone: others would push out what it has asked', async () => {
    const device = await registered()
    const { challenge } = await ask()
    for (let times = 0; times < 40; times++) assert.equal((await send('POST', '/api/v1/session/passkey/challenge', undefined, { 'sec-fetch-site': 'cross-site', 'origin': 'https://evil.example' })).status, 403)
    assert.equal((await send('POST', '/api/v1/session/passkey', { credential: device.use({ challenge }, { origin }) })).status, 201)
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

describe('the desk of passkeys', () => {
  const origin = 'https://console.bellevue.example'
  let nowMs = 1_000_000
  let accounts: AccountBook
  let desk: PasskeyDesk
  let name = ''
  let number = 0

  // One passphrase is slow to keep, and is not what is tried here.
  before(async () => {
    const opened = await AccountBook.open({ path: null, random, nowMs: () => nowMs })
    assert.ok(opened.ok)
    accounts = opened.value
  })
  beforeEach(async () => {
    desk = new PasskeyDesk({ accounts, random, nowMs: () => nowMs, answersTo: () => false })
    name = `person ${++number}`
    assert.ok((await accounts.add({ name, role: 'viewer', passphrase: PASSPHRASE })).ok)
  })
  const asker = (address = '127.0.0.1'): { readonly origin: string, readonly address: string, readonly account: string, readonly session: string } => ({ origin, address, account: name, session: 's' })
  const begin = async (): Promise<Options> => {
    const begun = await desk.begin(asker())
    assert.ok(begun.ok)
    return begun.value as unknown as Options
  }
  const keep = async (credential: object, session = 's'): Promise<string> => {
    const kept = await desk.add({ ...asker(), session }, 'x', credential as MadePasskey)
    return kept.ok ? '' : kept.failure.code
  }
  const registered = async (): Promise<Authenticator> => {
    const device = new Authenticator()
    assert.equal(await keep(device.make(await begin(), { origin })), '')
    return device
  }
  const ask = async (address = '127.0.0.1'): Promise<Options> => {
    const asked = await desk.ask(asker(address))
    assert.ok(asked.ok)
    return asked.value as unknown as Options
  }
  const entersAs = async (credential: object, at = origin): Promise<string | null> => {
    const checked = await desk.check(at, credential as UsedPasskey)
    assert.ok(checked.ok)
    return checked.value?.name ?? null
  }

  it('takes none from another origin, for another name, without a person, for what nobody asked, with certificates', async () => {
    const wrong = [
      { origin: 'https://console.bellevue.example:8443', place: 'console.bellevue.example' }, { origin: 'http://console.bellevue.example', place: 'console.bellevue.example' }, { origin, place: 'bellevue.example' },
      { origin, isVerified: false }, { origin, challenge: randomBytes(32).toString('base64url') }
    ]
    for (const manner of [...wrong, { origin, certificates: true }]) assert.equal(await keep(new Authenticator().make(await begin(), manner)), 'invalid', JSON.stringify(manner))
    const device = await registered()
    for (const manner of [...wrong, { origin, userHandle: 'AAAA' }]) assert.equal(await entersAs(device.use(await ask(), manner)), null, JSON.stringify(manner))
    // Signed for here, and brought elsewhere.
    assert.equal(await entersAs(device.use(await ask(), { origin }), 'https://console.renton.example'), null)
    assert.equal(await entersAs(device.use(await ask(), { origin })), name)
  })

  it('refuses a device that was copied: its counter does not grow, also where two answer at once', async () => {
    const device = await registered()
    assert.equal(await entersAs(device.use(await ask(), { origin, counter: 9 })), name)
    for (const counter of [9, 8, 0]) assert.equal(await entersAs(device.use(await ask(), { origin, counter })), null, String(counter))
    const both = [device.use(await ask(), { origin, counter: 10 }), device.use(await ask(), { origin, counter: 10 })]
    const entered = await Promise.all(both.map(each => entersAs(each)))
    assert.equal(entered.filter(each => each === name).length, 1)
    assert.equal(await entersAs(device.use(await ask(), { origin, counter: 11 })), name)
  })

  it('takes devices that count nothing', async () => {
    const device = new Authenticator()
    assert.equal(await keep(device.make(await begin(), { origin, counter: 0 })), '')
    for (let times = 0; times < 2; times++) assert.equal(await entersAs(device.use(await ask(), { origin, counter: 0 })), name)
  })

  it('waits some minutes for an answer, and no longer', async () => {
    const device = await registered()
    const [early, late] = [await ask(), await ask()]
    nowMs += 299_999
    assert.equal(await entersAs(device.use(early, { origin })), name)
    nowMs += 1
    assert.equal(await entersAs(device.use(late, { origin })), null)
  })

  it('keeps ten of an account, each once, and removes those of this account alone', async () => {
    const device = await registered()
    assert.equal(await keep(device.make(await begin(), { origin })), 'taken')
    for (let more = 0; more < 9; more++) await registered()
    const begun = await desk.begin(asker())
    assert.equal(begun.ok ? '' : begun.failure.code, 'too-many-passkeys')
    assert.equal(await desk.remove('person 1', device.id), false)
    assert.equal(await desk.remove(name, device.id), true)
    assert.equal(desk.list(name).length, 9)
  })

  it('lets one address crowd out nobody else: its own oldest challenges give way', async () => {
    const device = await registered()
    const [own, other] = [await ask('10.0.0.1'), await ask('10.0.0.2')]
    for (let more = 0; more < 32; more++) await ask('10.0.0.1')
    assert.equal(await entersAs(device.use(own, { origin })), null)
    assert.equal(await entersAs(device.use(other, { origin })), name)
  })

  it('offers none for numbers, nor without TLS beyond this machine', () => {
    const offered = (at: string): boolean => desk.place(at).isOffered
    assert.deepEqual(['https://a.example', 'http://localhost:7480', 'http://a.example', 'http://127.0.0.1:7480', 'http://[::1]:7480', 'https://10.0.0.1'].map(offered), [true, true, false, false, false, false])
  })
})
