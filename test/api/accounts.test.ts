import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AccountBook } from '../../src/api/accounts/index.ts'
import { createApi, createToken, knownToken, type Api } from '../../src/api/index.ts'
import { operations } from '../../src/sdk/contract/index.ts'
import { ROLES, type Role } from '../../src/sdk/index.ts'
import { MemoryNode } from '../support/memoryNode.ts'

const random = (size: number): Uint8Array => new Uint8Array(randomBytes(size))
const TOKEN = createToken(random(32))
const PASSPHRASE = 'a horse that nobody staples'

type Entered = { readonly status: number, readonly body: Record<string, unknown>, readonly headers: Record<string, string> }

describe('accounts', () => {
  let folder: string
  let api: Api

  const open = async (): Promise<Awaited<ReturnType<typeof createApi>>> => await createApi({
    node: new MemoryNode(), tokens: [knownToken(TOKEN, 'decide')], accountFile: join(folder, 'accounts.json'), listen: { host: '127.0.0.1', port: 0 }, metricsListen: null, random,
    log: () => undefined, requestStop: () => undefined
  })
  const send = async (method: string, path: string, body?: unknown, headers: Record<string, string> = { authorization: `Bearer ${TOKEN}` }): Promise<Response> => await fetch(`${api.url}${path}`, {
    method, headers: { ...headers, ...body === undefined ? {} : { 'content-type': 'application/json' } }, ...body === undefined ? {} : { body: JSON.stringify(body) }
  })
  const enter = async (body: object): Promise<Entered> => {
    const begun = await send('POST', '/api/v1/session', body, {})
    const said = await begun.json() as Record<string, unknown>
    const cookie = begun.headers.get('set-cookie')?.split(';')[0] ?? ''
    return { status: begun.status, body: said, headers: { cookie, 'origin': api.url, 'sec-fetch-site': 'same-origin', 'hanse-csrf': String(said['csrf']) } }
  }
  const add = async (name: string, role: Role, passphrase = PASSPHRASE): Promise<number> => (await send('POST', '/api/v1/accounts', { name, role, passphrase })).status

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hanse-accounts-'))
    const created = await open()
    assert.ok(created.ok)
    api = created.value
  })
  afterEach(async () => {
    await api.stop()
    await rm(folder, { recursive: true, force: true })
  })

  it('let in by name and passphrase, also after a restart, and keep no passphrase', async () => {
    assert.equal(await add('Ada Böhm', 'approver'), 201)
    const path = join(folder, 'accounts.json')
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    assert.ok(!(await readFile(path, 'utf8')).includes(PASSPHRASE))
    await api.stop()
    const again = await open()
    assert.ok(again.ok)
    api = again.value
    const { status, body } = await enter({ name: 'ada böhm', passphrase: PASSPHRASE })
    assert.deepEqual([status, body['role'], body['account'], body['scope'], body['hasAccounts']], [201, 'approver', 'Ada Böhm', 'decide', true])
    for (const wrong of [{ name: 'Ada Böhm', passphrase: `${PASSPHRASE}.` }, { name: 'Nobody', passphrase: PASSPHRASE }]) {
      const refused = await enter(wrong)
      assert.deepEqual([refused.status, refused.body['code'], refused.body['detail']], [401, 'unauthorised', 'there is no account with this name and passphrase'])
    }
  })

  it('have one name each, and a passphrase that is long enough', async () => {
    assert.equal(await add('Ada', 'viewer'), 201)
    assert.equal(await add('ADA', 'admin'), 409)
    assert.equal(await add('Ben', 'viewer', 'too short'), 422)
    assert.equal(await add('<script>', 'viewer'), 422)
  })

  it('may do what their role says, call by call', async () => {
    const rank = { read: 0, operate: 1, decide: 2 } as const
    const most = { viewer: 0, publisher: 1, approver: 2, admin: 2 } as const
    for (const role of ROLES) {
      assert.equal(await add(role, role), 201)
      const { headers } = await enter({ name: role, passphrase: PASSPHRASE })
      for (const [id, { method, path, scope, byAdmin, live }] of operations()) {
        // Leaving would end what is tried.
        if (scope === null || live === true || id === 'sessions.end' || id === 'node.stop') continue
        const answer = await send(method, path.replaceAll(/:\w+/g, 'x'), undefined, headers)
        const text = await answer.text()
        const isRefused = /needs the scope|for admins of this node alone/.test(text)
        assert.equal(isRefused, rank[scope] > most[role] || (byAdmin === true && role !== 'admin'), `${id} as ${role}: ${answer.status} ${text.slice(0, 200)}`)
      }
    }
  })

  it('end their sessions when they are removed', async () => {
    await add('Ada', 'admin')
    const { headers } = await enter({ name: 'Ada', passphrase: PASSPHRASE })
    assert.equal((await send('GET', '/api/v1/status', undefined, headers)).status, 200)
    assert.equal((await send('DELETE', '/api/v1/accounts/ada')).status, 204)
    assert.equal((await send('GET', '/api/v1/status', undefined, headers)).status, 401)
    assert.equal((await send('DELETE', '/api/v1/accounts/ada')).status, 404)
  })

  it('change their own passphrase where they know it, and every other session of theirs ends', async () => {
    await add('Ada', 'viewer')
    await add('Ben', 'viewer')
    const [first, second, other] = [await enter({ name: 'Ada', passphrase: PASSPHRASE }), await enter({ name: 'Ada', passphrase: PASSPHRASE }), await enter({ name: 'Ben', passphrase: PASSPHRASE })]
    const change = async (passphrase: string, newPassphrase: string): Promise<number> => (await send('PUT', '/api/v1/session/passphrase', { passphrase, newPassphrase }, first.headers)).status
    assert.equal(await change('not this one at all', 'three lamps under water'), 403)
    assert.equal(await change(PASSPHRASE, 'short'), 422)
    assert.equal(await change(PASSPHRASE, 'three lamps under water'), 204)
    const seen = await Promise.all([first, second, other].map(async ({ headers }) => (await send('GET', '/api/v1/session', undefined, headers)).status))
    assert.deepEqual(seen, [200, 401, 200])
    assert.equal((await enter({ name: 'Ada', passphrase: PASSPHRASE })).status, 401)
    assert.equal((await enter({ name: 'Ada', passphrase: 'three lamps under water' })).status, 201)
    assert.equal((await send('PUT', '/api/v1/session/passphrase', { passphrase: PASSPHRASE, newPassphrase: PASSPHRASE })).status, 404)
  })

  it('slow down who tries passphrases from a session that is not theirs', async () => {
    await add('Ada', 'viewer')
    const { headers } = await enter({ name: 'Ada', passphrase: PASSPHRASE })
    const answers: number[] = []
    for (let tried = 0; tried < 12; tried++) answers.push((await send('PUT', '/api/v1/session/passphrase', { passphrase: `wrong ${tried}`, newPassphrase: 'three lamps under water' }, headers)).status)
    assert.deepEqual([answers[0], answers.at(-1)], [403, 429])
  })

  it('get a new passphrase from an admin, and are signed out', async () => {
    await add('Ada', 'publisher')
    const { headers } = await enter({ name: 'Ada', passphrase: PASSPHRASE })
    assert.equal((await send('PUT', '/api/v1/accounts/ada/passphrase', { passphrase: 'three lamps under water' }, headers)).status, 403)
    assert.equal((await send('PUT', '/api/v1/accounts/ada/passphrase', { passphrase: 'three lamps under water' })).status, 204)
    assert.equal((await send('GET', '/api/v1/session', undefined, headers)).status, 401)
    assert.equal((await enter({ name: 'Ada', passphrase: PASSPHRASE })).status, 401)
    const { status, body } = await enter({ name: 'Ada', passphrase: 'three lamps under water' })
    assert.deepEqual([status, body['role']], [201, 'publisher'])
    assert.equal((await send('PUT', '/api/v1/accounts/ben/passphrase', { passphrase: PASSPHRASE })).status, 404)
  })

  it('are not guessed: an address waits after ten failures', async () => {
    await add('Ada', 'viewer')
    const answers: number[] = []
    for (let tried = 0; tried < 12; tried++) answers.push((await enter({ entry: 'x'.repeat(52) })).status)
    assert.deepEqual(answers.slice(-1), [429])
    assert.equal((await enter({ name: 'Ada', passphrase: PASSPHRASE })).status, 429)
  })

  it('are here as they are on the disk, also where it takes nothing', async () => {
    const kept = join(folder, 'kept')
    const book = await AccountBook.open({ path: join(kept, 'accounts.json'), random, nowMs: () => 1 })
    assert.ok(book.ok)
    const ada = { name: 'Ada', role: 'admin', passphrase: PASSPHRASE } as const
    await assert.rejects(book.value.add(ada))
    assert.deepEqual(book.value.list(), [])
    await mkdir(kept)
    assert.ok((await book.value.add(ada)).ok)
    await rm(kept, { recursive: true })
    await assert.rejects(book.value.remove('Ada'))
    assert.deepEqual(book.value.list().map(({ name }) => name), ['Ada'])
  })

  it('are not read from a file that others may write', async () => {
    await add('Ada', 'admin')
    await chmod(join(folder, 'accounts.json'), 0o666)
    const again = await open()
    assert.equal(again.ok ? '' : again.failure.code, 'loose-mode')
  })
})
