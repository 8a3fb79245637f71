import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { createApi, createToken, knownToken, type Api } from '../../src/api/index.ts'
import { utf8 } from '../../src/base/index.ts'
import { createSafeFetch } from '../../src/host/web/index.ts'
import type { DatasetDescription } from '../../src/sdk/index.ts'
import { askOf, errorOf, type Ask } from '../support/entities.ts'
import { connected, found, makeCity, removeCities, until, type City } from '../support/nodes.ts'
import { Receiver } from '../support/receiver.ts'

const TOKEN = createToken(new Uint8Array(32).fill(9))
const PURPOSE = 'waste.collection'
/** 10,000 is one whole batch. */
const ENTITIES = Number(process.env['HANSE_ENTITIES'] ?? 1_000)
const binId = (name: string | number): string => `urn:ngsi-ld:WasteContainer:${name}`
const bin = (name: string | number, fillingLevel: number, more: object = {}): object =>
  ({ id: binId(name), type: 'WasteContainer', location: { type: 'Point', coordinates: [-122.2 + Number(name) / 1e6, 47.6] }, fillingLevel, ...more })

/** Two real nodes that replicate each other, each with an API of its own. */
describe('entities of two cities', () => {
  let [bellevue, renton]: [City, City] = [undefined as never, undefined as never]
  let [apis, receiver]: [Api[], Receiver] = [[], undefined as never]
  let [ask, askRenton]: [Ask, Ask] = [undefined as never, undefined as never]
  const serving = async ({ node }: City): Promise<Ask> => {
    const created = await createApi({
      node, tokens: [knownToken(TOKEN, 'decide')], random: size => new Uint8Array(randomBytes(size)), listen: { host: '127.0.0.1', port: 0 }, metricsListen: null, log: () => {}, requestStop: () => {},
      entities: { fetch: createSafeFetch({ allowed: [receiver.address] }) }
    })
    assert.ok(created.ok)
    apis.push(created.value)
    return askOf({ api: created.value, token: TOKEN })
  }
  before(async () => {
    receiver = await Receiver.open()
    ;[bellevue, renton] = [await makeCity('Bellevue'), await makeCity('Renton')]
    await found([bellevue, renton])
    await connected([bellevue, renton])
    ;[ask, askRenton] = [await serving(bellevue), await serving(renton)]
  })
  after(async () => {
    await Promise.all(apis.map(api => api.stop()))
    await receiver.close()
    await removeCities([bellevue, renton])
  })
  const countedBy = async (asked: Ask, query: string): Promise<number> => {
    const answer = await asked('GET', `/entities?limit=0&count=true&${query}`)
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    return Number(answer.headers.get('ngsild-results-count'))
  }

  it('are taken in by the thousand, and are in the other city\'s answers', async () => {
    const bins = Array.from({ length: ENTITIES }, (_, name) => bin(name, name / ENTITIES))
    const began = performance.now()
    const created = await ask('POST', '/entityOperations/upsert', bins)
    const firstMs = performance.now() - began
    assert.deepEqual([created.status, (created.body as readonly unknown[]).length], [201, ENTITIES])
    const replaced = await ask('POST', '/entityOperations/upsert', bins.map((_, name) => bin(name, 1 - name / ENTITIES)))
    assert.equal(replaced.status, 204)
    if (process.env['HANSE_ENTITIES'] !== undefined) console.log(`      ${ENTITIES} added in ${Math.round(firstMs)} ms, replaced in ${Math.round(performance.now() - began - firstMs)} ms`)
    assert.equal(await countedBy(ask, 'type=WasteContainer'), ENTITIES)
    assert.equal(await countedBy(ask, `type=WasteContainer&q=${encodeURIComponent('fillingLevel>0.75')}`), ENTITIES / 4)
    const near = `georel=near;maxDistance==1&geometry=Point&coordinates=${encodeURIComponent('[-122.2,47.6]')}`
    const nearest = (await ask('GET', `/entities?type=WasteContainer&options=keyValues&limit=1000&${near}`)).body as readonly { readonly id: string }[]
    assert.deepEqual(nearest.map(({ id }) => Number(id.split(':').at(-1))).toSorted((a, b) => a - b), Array.from({ length: 14 }, (_, name) => name), 'a metre is 13 of these steps')

    const dataset = (await until(() => renton.node.dataset('Bellevue/waste-container').ok, 'Renton knows the stream'), renton.node.dataset('Bellevue/waste-container'))
    assert.ok(dataset.ok && dataset.value.model === 'WasteContainer' && dataset.value.schema.some(({ name, type }) => name === 'fillingLevel' && type === 'number'))
    // The last of the second batch: all before it is there then.
    const last = encodeURIComponent(`fillingLevel==${1 - (ENTITIES - 1) / ENTITIES}`)
    await until(async () => await countedBy(askRenton, `type=WasteContainer&id=${binId(ENTITIES - 1)}&q=${last}`) === 1, 'all of it has come')
    assert.equal(await countedBy(askRenton, 'type=WasteContainer'), ENTITIES)
    assert.deepEqual((await askRenton('GET', `/entities/${binId(7)}?options=keyValues`)).body, bin(7, 1 - 7 / ENTITIES))
    assert.equal((await askRenton('PATCH', `/entities/${binId(7)}/attrs`, { fillingLevel: 0 })).status, 404, 'what another city says is its own')
    assert.equal((await askRenton('POST', '/entities', bin(7, 0.5))).status, 201, 'which may be said here too')
    assert.deepEqual((await askRenton('GET', `/entities/${binId(7)}?options=keyValues`)).body, bin(7, 0.5), 'and counts here')
    assert.equal(await countedBy(askRenton, 'type=WasteContainer'), ENTITIES, 'once')
  })

  it('are held to the data model, value by value', async () => {
    for (const [more, position] of [[{ fillingLevel: 1.5 }, '/fillingLevel'], [{ status: 'full' }, '/status'], [{ location: { type: 'Point', coordinates: [200, 0] } }, '/location/coordinates/0'], [{ location: undefined }, '/location']] as const) {
      const answer = await ask('POST', '/entities', bin(900_001, 0.5, more))
      assert.deepEqual([answer.status, errorOf(answer)], [400, 'BadRequestData'])
      assert.ok((answer.body as { readonly detail: string }).detail.startsWith(`${position}:`), JSON.stringify(answer.body))
    }
    await ask('POST', '/entities', bin(900_002, 0.5))
    assert.equal((await ask('PATCH', `/entities/${binId(900_002)}/attrs`, { fillingLevel: { type: 'Property', value: -1 } })).status, 400)
    const mixed = await ask('POST', '/entityOperations/upsert', [bin(900_003, 0.1), bin(900_004, 7)])
    assert.deepEqual([mixed.status, (mixed.body as { readonly success: unknown }).success], [207, [binId(900_003)]])
  })

  it('lose none of the changes that many make at once', async () => {
    await ask('POST', '/entities', bin(700_001, 0.1))
    const attrs = `/entities/${binId(700_001)}/attrs`
    const answers = await Promise.all(Array.from({ length: 40 }, (_, at) => ask('POST', attrs, { [`mark${at}`]: at })))
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [204])
    const entity = (await ask('GET', `/entities/${binId(700_001)}?options=keyValues`)).body as object
    assert.equal(Object.keys(entity).filter(name => name.startsWith('mark')).length, 40)
    const racing = await Promise.all(Array.from({ length: 10 }, () => ask('POST', '/entities', bin(700_002, 0.1))))
    assert.deepEqual(racing.map(({ status }) => status).toSorted((a, b) => a - b), [201, ...Array.from({ length: 9 }, () => 409)])
  })

  it('are changed in the stream that has them, whatever else is of their type', async () => {
    const { node } = bellevue
    await ask('POST', '/entities', bin(800_001, 0.1))
    const published = await node.publish({
      datasetId: 'a-second', title: 'Bins of a sensor', description: '', theme: '', keywords: [], licence: '', spatial: null, temporal: null, schema: [], access: 'members', simulated: true, model: 'WasteContainer'
    }, { form: 'stream', mediaType: 'application/json' })
    assert.ok(published.ok)
    const sensed = { key: utf8(binId(800_002)), timeMs: 1, operation: 'put' as const, mediaType: 'application/json', body: utf8(JSON.stringify(bin(800_002, 0.2))) }
    assert.ok((await node.append('a-second', [sensed], { flush: true })).ok)
    for (const name of [800_001, 800_002]) assert.equal((await ask('PATCH', `/entities/${binId(name)}/attrs`, { fillingLevel: 0.9 })).status, 204)
    for (const [dataset, name] of [['waste-container', 800_001], ['a-second', 800_002]] as const) {
      const page = await node.query(`${node.status().member.did}/${dataset}`, { key: utf8(binId(name)), latest: true, limit: 1 })
      assert.deepEqual(page.ok && page.value.rows.map(({ body }) => JSON.parse(new TextDecoder().decode(body)) as unknown), [bin(name, 0.9)])
    }
    assert.equal((await ask('DELETE', `/entities/${binId(800_002)}`)).status, 204)
    assert.equal((await ask('GET', `/entities/${binId(800_002)}`)).status, 404)
  })

  it('are also the rows of tables that name no model, of a type by the name of the dataset', async () => {
    const columns: DatasetDescription['schema'] = [{ name: 'name', type: 'text', unit: null }, { name: 'count', type: 'integer', unit: null }, { name: 'lat', type: 'latitude', unit: null }, { name: 'lon', type: 'longitude', unit: null }]
    const lines = ['name,count,lat,lon\n', 'West,17,47.61,-122.2\n', 'East,3,47.62,-122.1\n']
    const records = lines.map((line, at) => ({ key: utf8(at === 0 ? 'header/0' : `counter ${at}`), timeMs: 1, operation: 'put' as const, mediaType: 'text/csv', body: utf8(line) }))
    const published = await bellevue.node.publish({
      datasetId: 'bike-counters', title: 'Counters', description: '', theme: '', keywords: [], licence: '', spatial: null, temporal: null, schema: columns, access: 'members', simulated: true
    }, { form: 'table', mediaType: 'text/csv', fileName: 'counters.csv', records: (async function * () { yield * records })() })
    assert.ok(published.ok, JSON.stringify(published))
    const box = encodeURIComponent('[[[-122.3,47.5],[-122.15,47.5],[-122.15,47.7],[-122.3,47.7],[-122.3,47.5]]]')
    const west = { id: 'urn:ngsi-ld:BikeCounters:counter%201', type: 'BikeCounters', name: 'West', count: 17, lat: 47.61, lon: -122.2, location: { type: 'Point', coordinates: [-122.2, 47.61] } }
    assert.deepEqual((await ask('GET', `/entities?type=BikeCounters&options=keyValues&georel=within&geometry=Polygon&coordinates=${box}`)).body, [west])
    assert.deepEqual((await ask('GET', `/entities/${encodeURIComponent(west.id)}?options=keyValues`)).body, west)
    assert.equal(await countedBy(ask, `type=BikeCounters&q=${encodeURIComponent('count>2')}`), 2)
  })

  it('are told of and given under terms to whom a token names, and to nobody when the agreement has ended', async () => {
    const { node } = bellevue
    const begun = node.templateOf('neighbours')
    assert.ok(begun.ok)
    const file = begun.value as { readonly terms: object }
    const order = node.readTerms({ ...file, terms: { ...file.terms, audience: { type: 'named', members: ['Renton'] }, purposes: [`urn:hanse:purpose:1:${PURPOSE}`] } })
    assert.ok(order.ok, JSON.stringify(order))
    const published = await node.publish({
      datasetId: 'fleet', title: 'Fleet', description: '', theme: '', keywords: [], licence: '', spatial: null, temporal: null, schema: [], access: 'restricted', simulated: true, model: 'Vehicle'
    }, { form: 'stream', mediaType: 'application/json' }, undefined, order.value)
    assert.ok(published.ok, JSON.stringify(published))
    const vehicle = (speed: number): object => ({ id: 'urn:ngsi-ld:Vehicle:1', type: 'Vehicle', speed })
    const plated = (speed: number): object => ({ ...vehicle(speed), vehiclePlateIdentifier: 'HL-A 1' })
    assert.equal((await ask('POST', '/entities', plated(10))).status, 201, 'into the stream that is there')
    const made = await fetch(`${apis[0]?.url}/api/v1/tokens`, {
      method: 'POST', headers: { 'authorization': `Bearer ${TOKEN}`, 'content-type': 'application/json' }, body: JSON.stringify({ label: 'their dashboard', scope: 'read', requester: 'Renton' })
    })
    const { token } = await made.json() as { readonly token: string }
    const asked = askOf({ api: apis[0] ?? assert.fail(), token })
    assert.equal((await asked('GET', '/entities?type=Vehicle')).status, 403)
    assert.equal((await asked('GET', '/entities/urn:ngsi-ld:Vehicle:1')).status, 404)
    assert.equal((await asked('POST', '/entities', vehicle(1))).status, 403)

    await until(() => renton.node.dataset('fleet').ok, 'the stream is listed')
    const agreed = await renton.node.requestAgreement('fleet', PURPOSE, 20_000)
    assert.ok(agreed.ok && agreed.value.state === 'FINALIZED', JSON.stringify(agreed))
    assert.deepEqual((await ask('GET', '/entities?type=Vehicle&options=keyValues')).body, [plated(10)])
    assert.deepEqual((await asked('GET', '/entities?type=Vehicle&options=keyValues')).body, [vehicle(10)], 'without what tells of a person')
    assert.deepEqual((await asked('GET', `/entities?type=Vehicle&q=${encodeURIComponent('vehiclePlateIdentifier=="HL-A 1"')}`)).body, [], 'nor can it be found by that')
    const wish = { type: 'Subscription', entities: [{ type: 'Vehicle' }], notification: { format: 'keyValues', endpoint: { uri: receiver.url } } }
    const subscribed = await asked('POST', '/subscriptions', wish)
    assert.equal(subscribed.status, 201, JSON.stringify(subscribed.body))
    await ask('POST', '/entityOperations/upsert', [plated(20)])
    assert.deepEqual(((await receiver.next()).body as { readonly data: unknown }).data, [vehicle(20)])

    assert.ok((await node.endAgreement(agreed.value.agreementId ?? '', 'breach')).ok)
    assert.equal((await asked('GET', '/entities?type=Vehicle')).status, 403)
    assert.equal((await ask('POST', '/subscriptions', wish)).status, 201)
    await ask('POST', '/entityOperations/upsert', [vehicle(30)])
    const { subscriptionId } = (await receiver.next()).body as { readonly subscriptionId: string }
    assert.notEqual(`/ngsi-ld/v1/subscriptions/${subscriptionId}`, subscribed.headers.get('location'), 'the people of the node are told, Renton is not')
    assert.equal(receiver.unasked, 0)
  })
})
