import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { createApi, createToken, knownToken, type Api, type ProviderOptions } from '../../src/api/index.ts'
import type { Role } from '../../src/sdk/index.ts'
import { MemoryNode } from '../support/memoryNode.ts'
import { CLIENT, startProvider, type Provider, type Word } from '../support/provider.ts'

const random = (size: number): Uint8Array => new Uint8Array(randomBytes(size))
const TOKEN = createToken(random(32))
const PASSPHRASE = 'a horse that nobody staples'
const ROLES = new Map<string, Role>([['clerks', 'viewer'], ['gis-team', 'publisher'], ['deciders', 'approver']])
type Answer = { readonly status: number, readonly body: Record<string, unknown>, readonly cookie: string }

describe('a provider of the city', () => {
  let provider: Provider
  let api: Api

  const open = async (more: Partial<ProviderOptions> = {}): Promise<Api> => {
    const options: ProviderOptions = {
      name: 'Lake login', issuer: provider.issuer, clientId: CLIENT.id, clientSecret: CLIENT.secret, scope: 'openid profile', roleClaim: 'realm_access.roles', nameClaim: 'name', roles: ROLES,
      fetch: async (url, { method, headers, body }) => await fetch(url, { method, headers, body: body === null ? null : new Uint8Array(body), redirect: 'manual' }), ...more
    }
    const created = await createApi({
      node: new MemoryNode(), tokens: [knownToken(TOKEN, 'decide')], provider: options, listen: { host: '127.0.0.1', port: 0 }, metricsListen: null, random, log: () => undefined, requestStop: () => undefined
    })
    assert.ok(created.ok)
    return created.value
  }
  const send = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> => {
    const answer = await fetch(api.url + path, { method, headers: { ...headers, ...body === undefined ? {} : { 'content-type': 'application/json' } }, ...body === undefined ? {} : { body: JSON.stringify(body) } })
    const text = await answer.text()
    return { status: answer.status, body: text === '' ? {} : JSON.parse(text) as Record<string, unknown>, cookie: answer.headers.get('set-cookie')?.split(';')[0] ?? '' }
  }
  /** What a browser does: goes to the provider, and comes back with an answer. */
  const journey = async (): Promise<{ readonly flow: string, readonly answer: string }> => {
    const begun = await send('POST', '/api/v1/session/provider/journey')
    assert.equal(begun.status, 200, JSON.stringify(begun.body))
    const sent = await fetch(String(begun.body['url']), { redirect: 'manual' })
    const back = new URL(sent.headers.get('location') ?? '')
    assert.equal(back.origin + back.pathname, `${api.url}/`)
    return { flow: String(begun.body['flow']), answer: back.search.slice(1) }
  }
  const enter = async (brought: object): Promise<Answer> => await send('POST', '/api/v1/session/provider', brought)
  const enterWith = async (word: Word): Promise<Answer> => {
    provider.word = word
    return await enter(await journey())
  }
  const roles = (...values: readonly unknown[]): Word => ({ claims: { realm_access: { roles: values } } })
  const nowS = (): number => Math.floor(Date.now() / 1_000)

  beforeEach(async () => {
    provider = await startProvider()
    api = await open()
  })
  afterEach(async () => {
    await api.stop()
    await provider.stop()
  })

  it('lets in whom it gives a role, and of several with the strongest', async () => {
    assert.deepEqual((await send('GET', '/api/v1/session/provider')).body, { name: 'Lake login' })
    const { status, body, cookie } = await enterWith(roles('clerks', 'unknown', 'gis-team'))
    assert.deepEqual([status, body['account'], body['by'], body['role'], body['scope']], [201, 'Ada Böhm', 'provider', 'publisher', 'operate'])
    assert.equal((await send('GET', '/api/v1/status', undefined, { cookie })).status, 200)
    assert.equal((await enterWith({ claims: { realm_access: { roles: 'deciders' } } })).body['role'], 'approver')
  })

  it('lets nobody in without a role that was given a meaning', async () => {
    for (const word of [{}, roles(), roles('admin', 'Clerks', 7, ['clerks']), { claims: { roles: ['clerks'] } }, { claims: { realm_access: 'clerks' } }]) {
      const { status, body, cookie } = await enterWith(word)
      assert.deepEqual([status, body['code'], cookie], [403, 'refused', ''], JSON.stringify(word))
    }
  })

  it('is not believed where its word is for another, of another, over, of another flow, or signed by another', async () => {
    const wrong: readonly Word[] = [
      { claims: { aud: 'another' } }, { claims: { iss: 'https://elsewhere.example' } }, { claims: { exp: nowS() - 3_600, iat: nowS() - 7_200 } }, { claims: { nonce: 'another' } }, { claims: { nonce: undefined } },
      { signedBy: 'other' }, { algorithm: 'none' }, { claims: { aud: [CLIENT.id, 'another'], azp: 'another' } }
    ]
    for (const word of wrong) {
      const { status, body, cookie } = await enterWith({ ...word, claims: { ...roles('deciders').claims, ...word.claims } })
      assert.deepEqual([status, body['code'], cookie], [401, 'unauthorised', ''], JSON.stringify(word))
    }
  })

  it('answers each journey once, to who began it, with its state and its code', async () => {
    provider.word = roles('clerks')
    const first = await journey()
    assert.deepEqual([(await enter(first)).status, (await enter(first)).status], [201, 401])
    const [one, other] = [await journey(), await journey()]
    // Somebody else's answer, brought with one's own flow.
    assert.equal((await enter({ flow: one.flow, answer: other.answer })).status, 401)
    const changed = async (change: (answer: URLSearchParams) => void): Promise<number> => {
      const { flow, answer } = await journey()
      const parameters = new URLSearchParams(answer)
      change(parameters)
      return (await enter({ flow, answer: String(parameters) })).status
    }
    assert.equal(await changed(answer => { answer.set('state', 'x') }), 401)
    assert.equal(await changed(answer => { answer.delete('state') }), 401)
    assert.equal(await changed(answer => { answer.set('iss', 'https://elsewhere.example') }), 401)
    assert.equal(await changed(answer => { answer.set('code', 'x') }), 401)
    // A code that was used, in a new flow of the same browser.
    const used = await journey()
    assert.equal((await enter(used)).status, 201)
    assert.equal(await changed(answer => { answer.set('code', new URLSearchParams(used.answer).get('code') ?? '') }), 401)
    assert.equal((await enter({ flow: 'x'.repeat(52), answer: first.answer })).status, 401)
  })

  it('opens no account here, also not one of the same name', async () => {
    assert.equal((await send('POST', '/api/v1/accounts', { name: 'Ada Böhm', role: 'admin', passphrase: PASSPHRASE }, { authorization: `Bearer ${TOKEN}` })).status, 201)
    const { body, cookie } = await enterWith(roles('clerks'))
    const own = { cookie, 'origin': api.url, 'sec-fetch-site': 'same-origin', 'hanse-csrf': String(body['csrf']) }
    assert.equal(body['role'], 'viewer')
    assert.equal((await send('GET', '/api/v1/session/passkeys', undefined, own)).status, 409)
    assert.equal((await send('DELETE', '/api/v1/session/passkeys/x', undefined, own)).status, 409)
    assert.equal((await send('PUT', '/api/v1/session/passphrase', { passphrase: PASSPHRASE, newPassphrase: 'three lamps under water' }, own)).status, 409)
    assert.equal((await send('DELETE', '/api/v1/accounts/Ada%20B%C3%B6hm', undefined, { authorization: `Bearer ${TOKEN}` })).status, 204)
    assert.equal((await send('GET', '/api/v1/session', undefined, own)).status, 200)
  })

  it('that is away is said to be, and asked again later', async () => {
    provider.isSilent = true
    const away = await send('POST', '/api/v1/session/provider/journey')
    assert.deepEqual([away.status, away.body['code']], [504, 'unreachable'])
    provider.isSilent = false
    provider.word = roles('clerks')
    const brought = await journey()
    provider.isSilent = true
    assert.deepEqual((await enter(brought)).body['code'], 'unreachable')
    provider.isSilent = false
    assert.equal((await enter(await journey())).status, 201)
    assert.equal(provider.asked.get('/.well-known/openid-configuration'), 2)
  })

  it('is nobody where it is another than its address says, or in clear beyond this machine', async () => {
    for (const more of [{ issuer: `${provider.issuer}/other` }, { issuer: 'http://login.example' }]) {
      await api.stop()
      api = await open(more)
      const { status, body } = await send('POST', '/api/v1/session/provider/journey')
      assert.deepEqual([status, body['code']], [504, 'unreachable'], more.issuer)
    }
  })

  it('that there is not is asked nothing', async () => {
    await api.stop()
    const created = await createApi({ node: new MemoryNode(), tokens: [], listen: { host: '127.0.0.1', port: 0 }, metricsListen: null, random, log: () => undefined, requestStop: () => undefined })
    assert.ok(created.ok)
    api = created.value
    assert.deepEqual((await send('GET', '/api/v1/session/provider')).body, { name: null })
    assert.equal((await send('POST', '/api/v1/session/provider/journey')).status, 409)
  })
})
