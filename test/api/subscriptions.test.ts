import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApi, createToken, knownToken, type Api, type EntityOptions } from '../../src/api/index.ts'
import { Contexts } from '../../src/api/entities/index.ts'
import { SubscriptionBook, type SubscriptionPorts } from '../../src/api/subscriptions/index.ts'
import { utf8 } from '../../src/base/index.ts'
import { createSafeFetch } from '../../src/host/web/index.ts'
import { askOf, CORE, errorOf, LD_JSON, type Ask } from '../support/entities.ts'
import { MemoryNode } from '../support/memoryNode.ts'
import { Receiver, type Received } from '../support/receiver.ts'

const TOKEN = createToken(new Uint8Array(32).fill(5))
const random = (size: number): Uint8Array => new Uint8Array(randomBytes(size))
const binId = (name: string | number): string => `urn:ngsi-ld:WasteContainer:${name}`
const bin = (name: string | number, fillingLevel: number, more: object = {}): object =>
  ({ id: binId(name), type: 'WasteContainer', location: { type: 'Point', coordinates: [10.68, 53.86] }, fillingLevel, ...more })
const idsIn = ({ body }: Received): readonly string[] => (body as { readonly data: readonly { readonly id: string }[] }).data.map(({ id }) => id)

describe('subscriptions', () => {
  let [node, receiver, folder]: [MemoryNode, Receiver, string] = [undefined as never, undefined as never, '']
  let [api, ask]: [Api, Ask] = [undefined as never, undefined as never]
  const start = async (options: EntityOptions = {}): Promise<void> => {
    const created = await createApi({
      node, tokens: [knownToken(TOKEN, 'decide')], random, listen: { host: '127.0.0.1', port: 0 }, metricsListen: null, log: () => {}, requestStop: () => {},
      entities: { fetch: createSafeFetch({ allowed: [receiver.address] }), subscriptionFile: join(folder, 'subscriptions.json'), ...options }
    })
    assert.ok(created.ok, JSON.stringify(created))
    api = created.value
    ask = askOf({ api, token: TOKEN })
  }
  const put = async (...bins: readonly object[]): Promise<void> => {
    const answer = await ask('POST', '/entityOperations/upsert', bins)
    assert.ok(answer.status === 201 || answer.status === 204, JSON.stringify(answer.body))
  }
  const wish = (more: object = {}, endpoint: object = {}, notification: object = {}): object => ({
    type: 'Subscription', entities: [{ type: 'WasteContainer' }], notification: { endpoint: { uri: receiver.url, ...endpoint }, ...notification }, ...more
  })
  const subscribe = async (...given: Parameters<typeof wish>): Promise<string> => {
    const answer = await ask('POST', '/subscriptions', wish(...given))
    assert.equal(answer.status, 201, JSON.stringify(answer.body))
    return (answer.headers.get('location') ?? '').replace('/ngsi-ld/v1', '')
  }
  /** An endpoint has heard of something before the node has read that it did. */
  const shownOnce = async (path: string, isSo: (notification: Record<string, unknown>) => boolean): Promise<void> => {
    while (!isSo((await shownAt(path)).notification)) await new Promise(resolve => { setImmediate(resolve) })
  }
  const shownAt = async (path: string): Promise<{ readonly status: string, readonly isActive: boolean, readonly notification: Record<string, unknown> }> => (await ask('GET', path)).body as never

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'subscriptions-'))
    ;[node, receiver] = [new MemoryNode(), await Receiver.open()]
    await start()
    await put(bin('there', 0))
  })
  afterEach(async () => {
    await api.stop()
    await receiver.close()
    await rm(folder, { recursive: true })
  })

  it('028 to 032: are made, shown, changed and removed, and refused where they are none', async () => {
    const path = await subscribe({ id: 'urn:ngsi-ld:Subscription:1', description: 'full bins' }) // 028_01
    assert.equal(path, '/subscriptions/urn:ngsi-ld:Subscription:1')
    for (const [body, error] of [
      ['{"type":', 'InvalidRequest'], [{}, 'BadRequestData'], [wish({ id: 'invalidId' }), 'BadRequestData'], [wish({ throttling: 5, timeInterval: 5 }), 'BadRequestData'], [wish({ throttling: -5 }), 'BadRequestData'],
      [wish({ expiresAt: '2020-01-01T00:00:00Z' }), 'BadRequestData'], [wish({ q: 'a==' }), 'BadRequestData'], [wish({ geoQ: { georel: 'near' } }), 'BadRequestData'], [wish({ entities: [{ id: 'urn:x:y' }] }), 'BadRequestData'],
      [wish({ entities: undefined }), 'BadRequestData'], [wish({}, { uri: 'ftp://a.example/' }), 'BadRequestData'], [wish({}, { uri: 'http://user@a.example/' }), 'BadRequestData'], [wish({}, { receiverInfo: [{ key: 'Host', value: 'x' }] }), 'BadRequestData'],
      [wish({}, { receiverInfo: [{ key: 'X-A', value: 'a\r\nB: c' }] }), 'BadRequestData'], [wish({}, { uri: 'mqtt://a.example/topic' }), 'OperationNotSupported'], [wish({ csf: 'x' }), 'OperationNotSupported'], [wish({ surprise: 1 }), 'BadRequestData'],
      [wish({}, {}, { format: 'x' }), 'BadRequestData'], [wish({}, {}, { sysAttrs: true }), 'OperationNotSupported'], [wish({ watchedAttributes: [] }), 'BadRequestData'],
      [`{"type":"Subscription","q":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, 'BadRequestData']
    ] as const) {
      const answer = await ask('POST', '/subscriptions', body)
      assert.deepEqual([answer.status, errorOf(answer)], [400, error], JSON.stringify(body)) // 028_02, 03, 05, 09
    }
    assert.equal((await ask('POST', '/subscriptions', wish({ id: 'urn:ngsi-ld:Subscription:1' }))).status, 409) // 028_04
    assert.deepEqual((await shownAt(path)).status, 'active') // 030_03
    assert.equal((await ask('GET', '/subscriptions/urn:none:1')).status, 404) // 030_02
    await subscribe()
    const list = await ask('GET', '/subscriptions?limit=1&count=true') // 031
    assert.deepEqual([(list.body as readonly unknown[]).length, list.headers.get('ngsild-results-count')], [1, '2'])
    assert.ok(list.headers.get('link')?.includes('rel="next"'))
    assert.equal((await ask('PATCH', '/subscriptions/urn:none:1', { isActive: false })).status, 404) // 029_02
    for (const bad of [{ throttling: 'x' }, { notification: null }, { expiresAt: '2020-01-01T00:00:00Z' }, { id: 'urn:x:y' }]) assert.equal((await ask('PATCH', path, bad)).status, 400, JSON.stringify(bad)) // 029_03, 04, 11
    assert.equal((await ask('PATCH', path, { isActive: false })).status, 204)
    assert.equal((await shownAt(path)).status, 'paused') // 029_09
    assert.equal((await ask('PATCH', path, { isActive: true, expiresAt: '2100-01-01T00:00:00Z', description: null })).status, 204)
    assert.deepEqual([(await shownAt(path)).status, 'description' in await shownAt(path)], ['active', false]) // 029_08
    assert.equal((await ask('DELETE', path)).status, 204) // 032_03
    assert.equal((await ask('DELETE', path)).status, 404) // 032_02
  })

  it('046: tell an endpoint of what changes, in the form and with the headers that were asked for', async () => {
    const path = await subscribe({}, { receiverInfo: [{ key: 'X-Additional-Key', value: 'secret' }] }, { attributes: ['fillingLevel'] })
    await put(bin(1, 0.5), { id: 'urn:ngsi-ld:Vehicle:1', type: 'Vehicle', speed: 3 })
    const told = await receiver.next()
    const { id, notifiedAt, ...rest } = told.body as Record<string, unknown>
    assert.match(String(id), /^urn:ngsi-ld:Notification:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.ok(!Number.isNaN(Date.parse(String(notifiedAt))))
    assert.deepEqual(rest, { type: 'Notification', subscriptionId: path.slice('/subscriptions/'.length), data: [{ id: binId(1), type: 'WasteContainer', fillingLevel: { type: 'Property', value: 0.5 } }] }) // 046_04, 05
    assert.deepEqual([told.headers['x-additional-key'], told.headers['content-type'], told.headers.link?.includes(CORE)], ['secret', 'application/json', true]) // 046_09, 10
    await ask('DELETE', path)
    await subscribe({}, { accept: LD_JSON }, { format: 'keyValues' })
    await put(bin(1, 0.6))
    const short = await receiver.next()
    assert.deepEqual([short.headers['content-type'], (short.body as Record<string, unknown>)['@context'], (short.body as Record<string, unknown>)['data']], [LD_JSON, CORE, [bin(1, 0.6)]]) // 046_14
    const [{ id: second }] = (await ask('GET', '/subscriptions')).body as readonly [{ readonly id: string }]
    await shownOnce(`/subscriptions/${second}`, ({ timesSent, status }) => timesSent === 1 && status === 'ok')
  })

  it('tell of what fits alone, and of watched attributes when they are other than before', async () => {
    await subscribe({ watchedAttributes: ['fillingLevel'], q: 'fillingLevel>0.8', geoQ: { georel: 'near;maxDistance==1000', geometry: 'Point', coordinates: [10.68, 53.86] } })
    await put(bin(1, 0.9))
    assert.deepEqual(idsIn(await receiver.next()), [binId(1)])
    await put(bin(1, 0.9, { serialNumber: 'other' }))
    await put(bin(2, 0.5), bin(3, 0.9, { location: { type: 'Point', coordinates: [11, 53] } }))
    await put(bin(1, 0.95))
    assert.deepEqual(idsIn(await receiver.next()), [binId(1)])
    await put(bin(4, 1))
    assert.deepEqual(idsIn(await receiver.next()), [binId(4)])
    assert.equal(receiver.unasked, 0)
  })

  it('go on after a restart from where they were, and are for their owner alone to read', async () => {
    const path = await subscribe()
    await put(bin(1, 0.1))
    assert.deepEqual(idsIn(await receiver.next()), [binId(1)])
    // A stop lets what is under way come to its end.
    await api.stop()
    const file = join(folder, 'subscriptions.json')
    assert.equal((await stat(file)).mode & 0o777, 0o600)
    // What comes while nobody listens is told of afterwards.
    await node.append('waste-container', [{ key: utf8(binId(2)), timeMs: 1, operation: 'put', mediaType: 'application/json', body: utf8(JSON.stringify(bin(2, 0.2))) }])
    await start()
    assert.deepEqual(idsIn(await receiver.next()), [binId(2)])
    await shownOnce(path, ({ timesSent }) => timesSent === 2)
    await api.stop()
    for (const [content, code] of [['{"v":1', 'malformed'], [JSON.stringify({ v: 1, subscriptions: [{ id: 7 }] }), 'malformed'], [await readFile(file, 'utf8'), 'loose-mode']] as const) {
      await writeFile(file, content)
      if (code === 'loose-mode') await chmod(file, 0o644)
      const opened = await SubscriptionBook.open(portsOf({ path: file }))
      assert.equal(opened.ok ? 'ok' : opened.failure.code, code)
    }
    await rm(file)
    await start()
  })

  it('of members are left as they are by who may only look', async () => {
    const tokenOf = async (more: object): Promise<string> => {
      const made = await fetch(`${api.url}/api/v1/tokens`, {
        method: 'POST', headers: { 'authorization': `Bearer ${TOKEN}`, 'content-type': 'application/json' }, body: JSON.stringify({ label: 'a', scope: 'read', ...more })
      })
      assert.equal(made.status, 201)
      return (await made.json() as { readonly token: string }).token
    }
    const [member = assert.fail()] = node.members()
    const [asMember, asReader] = [askOf({ api, token: await tokenOf({ requester: member.did }) }), askOf({ api, token: await tokenOf({}) })]
    const made = await asMember('POST', '/subscriptions', wish())
    const path = (made.headers.get('location') ?? '').replace('/ngsi-ld/v1', '')
    assert.equal((await asReader('GET', path)).status, 200)
    for (const [method, body] of [['PATCH', { isActive: false }], ['DELETE', undefined]] as const) {
      assert.equal((await asReader(method, path, body)).status, 403, method)
      assert.equal((await ask('PATCH', path, { description: method })).status, 204)
    }
    assert.equal((await asMember('DELETE', path)).status, 204)
  })

  it('of the people of this node are made and changed by who may operate it, and tell who may only look no secret', async () => {
    const made = await fetch(`${api.url}/api/v1/tokens`, { method: 'POST', headers: { 'authorization': `Bearer ${TOKEN}`, 'content-type': 'application/json' }, body: JSON.stringify({ label: 'a', scope: 'read' }) })
    const asReader = askOf({ api, token: (await made.json() as { readonly token: string }).token })
    const path = await subscribe({}, { receiverInfo: [{ key: 'Authorization', value: 'Bearer of-the-receiver' }] })
    assert.equal((await asReader('POST', '/subscriptions', wish())).status, 403)
    // Else the secret would go wherever the reader says.
    assert.equal((await asReader('PATCH', path, { notification: { endpoint: { uri: receiver.url } } })).status, 403)
    assert.equal((await asReader('DELETE', path)).status, 403)
    const [looked, listed] = [await asReader('GET', path), await asReader('GET', '/subscriptions')]
    assert.deepEqual([looked.status, listed.status], [200, 200])
    assert.doesNotMatch(JSON.stringify([looked.body, listed.body]), /of-the-receiver/)
    assert.match(JSON.stringify(await shownAt(path)), /of-the-receiver/)
  })

  it('end with the token that made them, when it is revoked, also for the next start', async () => {
    const headers = { 'authorization': `Bearer ${TOKEN}`, 'content-type': 'application/json' }
    const [member = assert.fail()] = node.members()
    const made = await fetch(`${api.url}/api/v1/tokens`, { method: 'POST', headers, body: JSON.stringify({ label: 'leaked', scope: 'read', requester: member.did }) })
    const { token, view } = await made.json() as { readonly token: string, readonly view: { readonly id: string } }
    assert.equal((await askOf({ api, token })('POST', '/subscriptions', wish())).status, 201)
    const own = await subscribe({}, {}, { format: 'keyValues' })
    assert.equal((await fetch(`${api.url}/api/v1/tokens/${view.id}`, { method: 'DELETE', headers })).status, 204)
    const left = async (): Promise<readonly string[]> => ((await ask('GET', '/subscriptions')).body as readonly { readonly id: string }[]).map(({ id }) => `/subscriptions/${id}`)
    assert.deepEqual(await left(), [own])
    await api.stop()
    await start()
    assert.deepEqual(await left(), [own])
  })

  it('reach no private network that the operator did not allow', async () => {
    const other = await Receiver.open()
    const path = await subscribe({}, { uri: other.url })
    await put(bin(1, 0.1))
    while ((await shownAt(path)).notification['timesFailed'] === 0) await new Promise(resolve => { setImmediate(resolve) })
    assert.equal(other.unasked, 0)
    await other.close()
  })

  // --- By a clock of the test --------------------------------------------------------------------------------------

  type Timer = { readonly afterMs: number, readonly run: () => void }
  let [timers, clockMs]: [Set<Timer>, number] = [new Set(), 0]
  const portsOf = (more: Partial<SubscriptionPorts> = {}): SubscriptionPorts => ({
    node, contexts: new Contexts(), fetch: createSafeFetch({ allowed: [receiver.address] }), publishMqtt: null, path: null, nowMs: () => clockMs, random, log: () => {},
    schedule: (afterMs, run) => {
      const timer = { afterMs, run }
      timers.add(timer)
      return () => { timers.delete(timer) }
    },
    ...more
  })
  const pass = (): void => {
    const [next] = [...timers].toSorted((one, other) => one.afterMs - other.afterMs)
    assert.ok(next !== undefined, 'nothing is waited for')
    timers.delete(next)
    clockMs += next.afterMs
    next.run()
  }
  const opened = async (more: Partial<SubscriptionPorts> = {}): Promise<SubscriptionBook> => {
    ;[timers, clockMs] = [new Set(), Date.UTC(2030, 0)]
    const book = await SubscriptionBook.open(portsOf(more))
    assert.ok(book.ok)
    return book.value
  }
  const created = async (book: SubscriptionBook, ...given: Parameters<typeof wish>): Promise<string> => {
    const id = await book.create({}, wish(...given) as Record<string, unknown>, CORE)
    assert.ok(id.ok, JSON.stringify(id))
    return id.value
  }
  const settled = async (holds: () => boolean): Promise<void> => { while (!holds()) await new Promise(resolve => { setImmediate(resolve) }) }
  const statusOf = (book: SubscriptionBook, id: string): string => {
    const entry = book.find({}, id)
    return entry.ok ? `${book.statusOf(entry.value)} after ${entry.value.kept.progress.failuresInRow}` : 'gone'
  }

  it('rest after five failures in a row, say so, and lose nothing until they are taken up again', async () => {
    const book = await opened()
    receiver.status = 500
    const id = await created(book)
    await put(bin(1, 0.1))
    for (let failures = 1; failures <= 5; failures++) {
      await receiver.next()
      await settled(() => statusOf(book, id).endsWith(String(failures)))
      if (failures < 5) pass()
    }
    assert.equal(statusOf(book, id), 'paused after 5')
    await put(bin(2, 0.2))
    receiver.status = 200
    assert.ok((await book.update({}, id, { isActive: true })).ok)
    const told: string[] = []
    while (told.length < 2) told.push(...idsIn(await receiver.next()))
    assert.deepEqual(told.toSorted(), [binId(1), binId(2)])
    await book.stop()
  })

  it('046_15: wait between notifications, and tell of the newest of what changed meanwhile', async () => {
    const book = await opened()
    await created(book, { throttling: 5 }, {}, { format: 'keyValues' })
    await put(bin(1, 0.1))
    assert.deepEqual(idsIn(await receiver.next()), [binId(1)])
    await put(bin(1, 0.2))
    await put(bin(2, 0.2))
    await put(bin(1, 0.3))
    await settled(() => [...timers].some(({ afterMs }) => afterMs === 5_000))
    pass()
    const { data } = (await receiver.next()).body as { readonly data: unknown }
    assert.deepEqual(data, [bin(2, 0.2), bin(1, 0.3)])
    await book.stop()
  })

  it('046_02: tell of all that fits, every so many seconds', async () => {
    const book = await opened()
    await created(book, { timeInterval: 10, q: 'fillingLevel<0.5' })
    await put(bin(1, 0.1), bin(2, 0.9))
    for (let times = 0; times < 2; times++) {
      await settled(() => timers.size > 0)
      pass()
      assert.deepEqual(idsIn(await receiver.next()).toSorted(), [binId(1), binId('there')].toSorted())
    }
    await book.stop()
  })

  it('end when their time is over, and when the right to a stream is lost', async () => {
    const book = await opened()
    const id = await created(book, { expiresAt: '2030-01-02T00:00:00Z', throttling: 60 })
    await put(bin(1, 0.1))
    await receiver.next()
    await put(bin(2, 0.2))
    await settled(() => [...timers].some(({ afterMs }) => afterMs <= 60_000))
    for (const end of node.ends) end({ code: 'refused', reason: 'the agreement has ended', hint: '' })
    pass()
    clockMs = Date.UTC(2030, 0, 3)
    assert.equal(statusOf(book, id), 'expired after 0')
    await book.stop()
    assert.equal(receiver.unasked, 0, 'what was gathered before is not told either')
  })

  it('tell brokers by the port for MQTT, with the headers in the message', async () => {
    const published: { readonly target: unknown, readonly payload: unknown }[] = []
    const book = await opened({
      publishMqtt: (target, payload) => {
        published.push({ target, payload: JSON.parse(new TextDecoder().decode(payload)) })
        return Promise.resolve({ ok: true, value: null })
      }
    })
    await created(book, {}, { uri: 'mqtts://user:p%40ss@broker.example:8884/city/bins', notifierInfo: [{ key: 'MQTT-QoS', value: '0' }], receiverInfo: [{ key: 'X-A', value: 'b' }] }, { format: 'keyValues' })
    await put(bin(1, 0.1))
    await settled(() => published.length === 1)
    assert.deepEqual(published[0]?.target, { url: 'mqtts://broker.example:8884', topic: 'city/bins', username: 'user', password: 'p@ss', qos: 0, version: '5' })
    const { metadata, body } = (published[0] ?? assert.fail()).payload as { readonly metadata: Record<string, unknown>, readonly body: { readonly data: unknown } }
    assert.deepEqual([metadata['Content-Type'], metadata['X-A'], body.data], ['application/json', 'b', [bin(1, 0.1)]]) // 058_04
    await book.stop()
  })

  it('outlive an endpoint that is none and a port that fails', async () => {
    const book = await opened({ publishMqtt: () => Promise.reject(new Error('a fault of ours')) })
    for (const uri of ['mqtt://%zz@broker.example/bins', 'mqtt://a:%ff@broker.example/bins']) {
      const made = await book.create({ requester: 'did:key:ada' }, wish({}, { uri }) as Record<string, unknown>, CORE)
      assert.ok(!made.ok && 'kind' in made.failure && made.failure.kind === 'BadRequestData', uri)
    }
    const id = await created(book, {}, { uri: 'mqtt://broker.example/bins' })
    await put(bin(1, 0.1))
    await settled(() => statusOf(book, id) === 'active after 1')
    await book.stop()
  })

  it('rest, and say so, where to find out what fits takes more than it may', async () => {
    const book = await opened()
    const id = await created(book, { q: `description~="${'(|||||){30}'.repeat(6)}z"` })
    await put(bin(1, 0.1, { description: 'a'.repeat(10_000) }))
    await settled(() => statusOf(book, id) === 'paused after 5')
    await book.stop()
    assert.equal(receiver.unasked, 0)
  })

  it('are their owner\'s: others see none of them, and the people of the node see no secrets', async () => {
    const book = await opened()
    const [ada, ben] = [{ requester: 'did:key:ada' }, { requester: 'did:key:ben' }]
    const id = await book.create(ada, wish({}, { receiverInfo: [{ key: 'Authorization', value: 'secret' }] }) as Record<string, unknown>, CORE)
    assert.ok(id.ok)
    assert.deepEqual([book.list(ada).length, book.list(ben).length, book.list({}).length], [1, 0, 1])
    assert.equal((await book.remove(ben, id.value)).ok, false)
    for (let made = 1; made < 64; made++) assert.ok((await book.create(ada, wish() as Record<string, unknown>, CORE)).ok)
    const more = await book.create(ada, wish() as Record<string, unknown>, CORE)
    assert.ok(!more.ok && 'code' in more.failure && more.failure.code === 'busy')
    assert.ok((await book.create(ben, wish() as Record<string, unknown>, CORE)).ok)
    await book.stop()
  })
})
