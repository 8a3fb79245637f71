import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { createApi, createToken, knownToken, type Api } from '../../src/api/index.ts'
import { utf8 } from '../../src/base/index.ts'
import { operations } from '../../src/sdk/contract/index.ts'
import { createClient, type Client } from '../../src/sdk/index.ts'
import { openApi, type OpenApi } from '../../src/sdk/openapi/index.ts'
import { describeDataset, serve } from '../support/apiServer.ts'
import { SEED } from '../support/chance.ts'
import { found, makeCity, removeCities, type City } from '../support/nodes.ts'
import { Judge, Sender } from '../support/openapi/answers.ts'
import { requests } from '../support/openapi/requests.ts'

/** How many requests each server gets. */
const REQUESTS = Number(process.env['HANSE_REQUESTS'] ?? '300')
const STREAM = 'fuzz-stream'
const TABLE = 'fuzz-table'
const FILE = 'fuzz-file'
const UNLIMITED = { perSecond: 1e9, burst: 1e9 }
const LIMITS = { callerRate: UNLIMITED, addressRate: UNLIMITED, heartbeatMs: 20, lingerMs: 50 }

describe('the OpenAPI document', () => {
  const document = openApi()

  it('has every call of the table, with its parameters, bodies and answers', () => {
    const described = Object.entries(document.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, { operationId }]) => `${operationId} ${method.toUpperCase()} ${path}`))
    assert.deepEqual(described.toSorted(), operations().map(([id, { method, path }]) => `${id} ${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`).toSorted())
  })

  it('keeps the rules of OpenAPI 3.1', () => {
    assert.deepEqual(faultsOf(document), [])
  })

  it('finds a fault where one is planted', () => {
    const [path = '', methods = {}] = Object.entries(document.paths).find(([each]) => each.includes('{')) ?? []
    const [method = '', operation] = Object.entries(methods)[0] ?? []
    assert.ok(operation !== undefined)
    const broken = (changed: object): OpenApi => ({ ...document, paths: { ...document.paths, [path]: { ...methods, [method]: { ...operation, ...changed } } } })
    assert.notDeepEqual(faultsOf(broken({ parameters: [] })), [])
    assert.notDeepEqual(faultsOf(broken({ responses: {} })), [])
    assert.notDeepEqual(faultsOf(broken({ operationId: 'node.status' })), [])
    assert.notDeepEqual(faultsOf(broken({ responses: { 200: { description: 'x', content: { 'a/b': { schema: { $ref: '#/components/schemas/None' } } } } } })), [])
  })

  it('is served to anybody, the same as it is printed, and kept by its tag', async () => {
    const { api } = await serve()
    const answer = await fetch(`${api.url}/api/v1/openapi.json`)
    assert.deepEqual(await answer.json(), JSON.parse(JSON.stringify(document)))
    const again = await fetch(`${api.url}/api/v1/openapi.json`, { headers: { 'if-none-match': String(answer.headers.get('etag')) } })
    assert.equal(again.status, 304)
    await api.stop()
  })
})

describe('every call, as the OpenAPI document says and as it does not', () => {
  it('gets an answer that the document declares, from a node in memory', async function () {
    this.timeout(Math.max(120_000, REQUESTS * 100))
    const { api, client, token, errors } = await serve(LIMITS)
    try {
      await publishSome(client)
      await fuzz(api, token)
      assert.deepEqual(errors, [])
    } finally {
      await api.stop()
    }
  })

  it('gets an answer that the document declares, from a real node', async function () {
    this.timeout(Math.max(120_000, REQUESTS * 200))
    const city: City = await makeCity('Bellevue')
    const token = createToken(new Uint8Array(randomBytes(32)))
    const errors: string[] = []
    const created = await createApi({
      node: city.node, tokens: [knownToken(token, 'decide')], limits: LIMITS, listen: { host: '127.0.0.1', port: 0 }, metricsListen: null,
      random: size => new Uint8Array(randomBytes(size)), requestStop: () => undefined,
      log: (level, message, facts) => { if (level === 'error') errors.push(`${message} ${JSON.stringify(facts)}`) }
    })
    assert.ok(created.ok)
    try {
      await found([city])
      await publishSome(createClient({ baseUrl: created.value.url, token }))
      await fuzz(created.value, token)
      assert.deepEqual(errors, [])
    } finally {
      await created.value.stop()
      await removeCities([city])
    }
  })
})

async function publishSome (client: Client): Promise<void> {
  const record = (number: number): { readonly key: Uint8Array, readonly timeMs: number, readonly operation: 'put', readonly mediaType: string, readonly body: Uint8Array } =>
    ({ key: utf8(`key ${number}`), timeMs: 1_700_000_000_000 + number, operation: 'put', mediaType: 'text/csv', body: utf8(number === 0 ? 'count\n' : `${number}\n`) })
  const records = Array.from({ length: 20 }, (_, number) => record(number))
  const published = [
    await client.publish(describeDataset(STREAM), { form: 'stream', mediaType: 'application/json' }),
    await client.publish(describeDataset(TABLE), { form: 'table', mediaType: 'text/csv', fileName: 'a.csv', sizeBytes: null, records }),
    await client.publish(describeDataset(FILE), { form: 'file', mediaType: 'text/plain', fileName: 'a.txt', sizeBytes: null, bytes: once(utf8('hello')) })
  ]
  for (const each of published) assert.ok(each.ok, JSON.stringify(each))
  const appended = await client.append(STREAM, [{ ...record(1), mediaType: 'application/json', body: utf8('{"count":1}') }], { flush: true })
  assert.ok(appended.ok, JSON.stringify(appended))
}

async function * once (bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

async function fuzz (api: Api, token: string): Promise<void> {
  const document = openApi()
  const judge = new Judge(document)
  const sender = new Sender(api.url, token, document)
  const references = [STREAM, TABLE, FILE, `Bellevue/${TABLE}`]
  const known = { reference: references, dataset: references, subject: references, name: ['members', 'public'], member: ['Bellevue'], purpose: ['urn:hanse:purpose:1:waste.collection'] }
  try {
    // All that is wrong, each once: one at a time would take a run for each.
    const complaints = new Map<string, string>()
    await fc.assert(fc.asyncProperty(requests(document, known, ['fuzza', 'fuzzb']), async sent => {
      const complaint = judge.complaint(sent, await sender.send(sent))
      if (complaint === undefined) return
      const body = sent.body === null ? '' : new TextDecoder().decode(sent.body.subarray(0, 300))
      complaints.set(`${sent.operationId} ${complaint.slice(0, 40)}`, `${sent.method} ${sent.path.slice(0, 300)} ${JSON.stringify(sent.headers)} ${body}\n  ${complaint}`)
    }), { numRuns: REQUESTS })
    assert.equal(complaints.size, 0, `seed ${SEED}:\n${[...complaints.values()].join('\n')}`)
  } finally {
    sender.close()
  }
}

/** Rules of the OpenAPI 3.1 specification that a generator can break. */
function faultsOf (document: OpenApi): string[] {
  const ids = new Set<string>()
  const schemes = Object.keys((document['components'] as { readonly securitySchemes: object }).securitySchemes)
  const faults = Object.entries(document.paths).flatMap(([path, methods]) => Object.entries(methods).flatMap(([method, operation]) => {
    const { operationId, parameters, responses, requestBody, security = [] } = operation
    const where = `${method} ${path}`
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name).toSorted()
    const inPath = parameters.filter(each => each.in === 'path')
    const found = [
      ...path.startsWith('/') ? [] : ['a path begins with a slash'],
      ...['get', 'put', 'post', 'delete', 'patch'].includes(method) ? [] : ['no such method'],
      ...ids.has(operationId) ? ['operationId must be unique'] : [],
      ...JSON.stringify(named) === JSON.stringify(inPath.map(({ name }) => name).toSorted()) ? [] : ['path parameters are not those of the path'],
      ...inPath.every(({ required }) => required) ? [] : ['a path parameter must be required'],
      ...new Set(parameters.map(each => `${each.in} ${each.name}`)).size === parameters.length ? [] : ['parameters must be unique'],
      ...parameters.every(({ schema }) => typeof schema === 'object') ? [] : ['a parameter has a schema'],
      ...Object.keys(responses).length > 0 && Object.keys(responses).every(status => /^[1-5]\d\d$/.test(status)) ? [] : ['responses are by status, and there is one'],
      ...Object.values(responses).every(response => '$ref' in response || typeof response.description === 'string') ? [] : ['a response has a description'],
      ...requestBody === undefined || Object.keys(requestBody.content).length > 0 ? [] : ['a request body has content'],
      ...['get', 'delete'].includes(method) && requestBody !== undefined ? ['a body of GET and DELETE means nothing'] : [],
      ...(security as readonly object[]).every(each => Object.keys(each).every(name => schemes.includes(name))) ? [] : ['no such security scheme']
    ]
    ids.add(operationId)
    return found.map(fault => `${where}: ${fault}`)
  }))
  const refs = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, pointer = '']) => pointer)
  const dangling = refs.filter(pointer => pointer.split('/').reduce<unknown>((value, part) => typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[part] : undefined, document) === undefined)
  return [...faults, ...dangling.map(pointer => `no #/${pointer}`), ...document['openapi'] === '3.1.0' ? [] : ['openapi is 3.1.0']]
}
