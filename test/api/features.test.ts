import { strict as assert } from 'node:assert'
import { utf8 } from '../../src/base/index.ts'
import type { RecordInput } from '../../src/sdk/index.ts'
import { describeDataset, serve, type Served } from '../support/apiServer.ts'

type Link = { readonly href: string, readonly rel: string, readonly type?: string }
type Feature = { readonly type: string, readonly id: number, readonly geometry: { readonly type: string, readonly coordinates: unknown } | null, readonly properties: Readonly<Record<string, unknown>>, readonly links?: readonly Link[] }
type Collection = { readonly type: string, readonly features: readonly Feature[], readonly links: readonly Link[], readonly numberReturned: number, readonly timeStamp: string }

const START_MS = Date.UTC(2026, 0, 1)
const MINUTE_MS = 60_000

const bus = (at: number, of: number): RecordInput => ({
  key: utf8(`bus-${at % of}`), timeMs: START_MS + at * MINUTE_MS, operation: 'put', mediaType: 'application/json',
  body: utf8(JSON.stringify({ line: `M${at % 3}`, lat: 50 + at / 1_000, lon: 7 + at / 1_000, speedKmh: at % 60, ...at === 5 ? { lat: null } : {} }))
})

describe('OGC API - Features', () => {
  let served: Served
  let did: string
  before(async () => {
    served = await serve()
    did = served.node.status().member.did
    const { node } = served
    const described = {
      ...describeDataset('buses', 'Buses'), spatial: { west: 7, south: 50, east: 8, north: 51 }, temporal: { fromMs: START_MS, toMs: START_MS + 86_400_000 },
      schema: [
        { name: 'line', type: 'text' as const, unit: null }, { name: 'lat', type: 'latitude' as const, unit: null }, { name: 'lon', type: 'longitude' as const, unit: null },
        { name: 'speedKmh', type: 'number' as const, unit: 'km/h' }
      ]
    }
    await node.publish(described, { form: 'stream', mediaType: 'application/json' })
    await node.append('buses', Array.from({ length: 40 }, (_, at) => bus(at, 10)))
    await node.publish(describeDataset('counter'), { form: 'stream', mediaType: 'application/json' })
    const shapes = ['header', '{"type":"Feature","properties":{"name":"A"},"geometry":{"type":"LineString","coordinates":[[7,50],[7.5,50.5]]}},', ' ']
    const records = (async function * () {
      for (const [at, body] of shapes.entries()) yield { key: utf8(`row/${at}`), timeMs: START_MS, operation: 'put' as const, mediaType: 'application/geo+json', body: utf8(body) }
    })()
    await node.publish(
      { ...describeDataset('roads'), schema: [{ name: 'name', type: 'text', unit: null }, { name: 'geometry', type: 'geometry', unit: null }] },
      { form: 'table', mediaType: 'application/geo+json', fileName: 'roads.geojson', records }
    )
  })
  after(() => served.api.stop())

  const asked = async (path: string): Promise<Response> => fetch(path.startsWith('http') ? path : `${served.api.url}/ogc${path}`, { headers: { authorization: `Bearer ${served.token}` } })
  async function got<T> (path: string, mediaType = 'application/json'): Promise<T> {
    const answer = await asked(path)
    assert.equal(answer.status, 200, await answer.clone().text())
    assert.equal(answer.headers.get('content-type')?.split(';')[0], mediaType)
    return await answer.json() as T
  }
  const items = (query: string, id = 'buses'): Promise<Collection> => got<Collection>(`/collections/${did}:${id}/items${query}`, 'application/geo+json')
  const numbersIn = ({ features }: Collection): readonly number[] => features.map(({ id }) => id)

  it('leads from its first page to every feature by links', async () => {
    const linked = (links: readonly Link[], rel: string): string => links.find(each => each.rel === rel)?.href ?? assert.fail(`no link ${rel}`)
    const landing = await got<{ links: readonly Link[] }>('')
    const { conformsTo } = await got<{ conformsTo: readonly string[] }>(linked(landing.links, 'conformance'))
    assert.deepEqual(conformsTo, ['http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core', 'http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson'])
    assert.equal((await asked(linked(landing.links, 'service-desc'))).status, 200)
    const { collections } = await got<{ collections: readonly { readonly id: string, readonly links: readonly Link[], readonly extent: unknown }[] }>(linked(landing.links, 'data'))
    assert.deepEqual(collections.map(({ id }) => id), [`${did}:buses`, `${did}:roads`], 'what is nowhere is no collection')
    const [buses] = collections
    assert.ok(buses !== undefined)
    assert.deepEqual(await got(linked(buses.links, 'self')), buses)
    assert.deepEqual(buses.extent, {
      spatial: { bbox: [[7, 50, 8, 51]], crs: 'http://www.opengis.net/def/crs/OGC/1.3/CRS84' },
      temporal: { interval: [['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z']], trs: 'http://www.opengis.net/def/uom/ISO-8601/0/Gregorian' }
    })
    const first = await got<Collection>(linked(buses.links, 'items'), 'application/geo+json')
    assert.deepEqual([first.type, first.numberReturned, first.features.length], ['FeatureCollection', 10, 10])
    assert.ok(Math.abs(Date.parse(first.timeStamp) - Date.now()) < 600_000)
    const numbers = [...numbersIn(first)]
    for (let page = first; page.links.some(({ rel }) => rel === 'next');) {
      page = await got<Collection>(linked(page.links, 'next'), 'application/geo+json')
      numbers.push(...numbersIn(page))
    }
    assert.deepEqual(numbers, Array.from({ length: 40 }, (_, at) => at))
    const item = await got<Feature>(`/collections/${did}:buses/items/7`, 'application/geo+json')
    const { links, ...feature } = item
    assert.deepEqual(feature, first.features[7])
    assert.deepEqual(links?.map(({ rel }) => rel), ['self', 'collection'])
  })

  it('gives rows as GeoJSON: their own geometry, or the point that they name', async () => {
    const [road] = (await items('', 'roads')).features
    assert.deepEqual([road?.geometry, road?.properties], [{ type: 'LineString', coordinates: [[7, 50], [7.5, 50.5]] }, { name: 'A' }])
    const [first] = (await items('?limit=1')).features
    assert.deepEqual(first, {
      type: 'Feature', id: 0, geometry: { type: 'Point', coordinates: [7, 50] }, properties: { _key: 'bus-0', _time: '2026-01-01T00:00:00Z', line: 'M0', speedKmh: 0 }
    })
    assert.equal((await items('?limit=100')).features[5]?.geometry, null, 'a row without a place has no geometry')
  })

  it('finds by place, time and properties, all at once', async () => {
    assert.deepEqual(numbersIn(await items('?bbox=7,50,7.003,50.003&limit=100')), [0, 1, 2, 3])
    assert.deepEqual(numbersIn(await items('?bbox=7,50,-10,7.003,50.003,900')), [0, 1, 2, 3])
    assert.deepEqual(numbersIn(await items('?bbox=7.4,50.4,7.6,50.6', 'roads')), [1])
    assert.deepEqual(numbersIn(await items('?datetime=2026-01-01T00:02:00Z')), [2])
    assert.deepEqual(numbersIn(await items('?datetime=2026-01-01T00:02:00Z/2026-01-01T00:04:00Z')), [2, 3, 4])
    assert.deepEqual(numbersIn(await items('?datetime=../2026-01-01T00:01:00Z')), [0, 1])
    assert.deepEqual(numbersIn(await items('?datetime=2026-01-01T00:38:00Z/')), [38, 39])
    assert.deepEqual(numbersIn(await items('?datetime=2026-01-01&limit=1')), [0])
    assert.deepEqual(numbersIn(await items('?datetime=2025-12-31')), [])
    assert.deepEqual(numbersIn(await items('?line=M1&speedKmh=4')), [4])
    assert.deepEqual(numbersIn(await items('?latest=true&bbox=7.03,50.03,7.034,50.034&limit=100')), [30, 31, 32, 33, 34])
    assert.equal((await items('?limit=999999999')).numberReturned, 40, 'what is above the maximum is the maximum')
  })

  it('answers 400 to what is wrong, and 404 to what is not there', async () => {
    for (const query of [
      'bbox=1,2,3', 'bbox=1,2,3,4,5', 'bbox=a,b,c,d', 'bbox=0,10,1,9', 'bbox=200,0,1,1', 'datetime=yesterday', 'datetime=2026-01-02T00:00:00Z/2026-01-01T00:00:00Z', 'datetime=/',
      'limit=0', 'limit=x', 'nonsense=1', 'limit=1&limit=2', 'latest=maybe', 'cursor=abc'
    ]) {
      const answer = await asked(`/collections/${did}:buses/items?${query}`)
      const isOpen = query === 'datetime=/'
      assert.equal(answer.status, isOpen ? 200 : 400, query)
      if (!isOpen) assert.equal(answer.headers.get('content-type'), 'application/problem+json', query)
    }
    for (const path of [`${did}:none`, `${did}:counter`, 'buses', `${did}:buses/items/40`, `${did}:buses/items/x`, `${did}:roads/items/0`]) {
      assert.equal((await asked(`/collections/${path}`)).status, 404, path)
    }
    assert.deepEqual(served.errors, [])
  })
})

describe('rows over HTTP', () => {
  let served: Served
  before(async () => {
    served = await serve()
    await served.node.publish({ ...describeDataset('buses'), schema: [{ name: 'line', type: 'text', unit: null }, { name: 'lat', type: 'latitude', unit: null }, { name: 'lon', type: 'longitude', unit: null }, { name: 'speedKmh', type: 'number', unit: null }] }, { form: 'stream', mediaType: 'application/json' })
    await served.node.append('buses', Array.from({ length: 40 }, (_, at) => bus(at, 10)))
  })
  after(() => served.api.stop())

  it('are what was asked for, page by page, with exact numbers', async () => {
    const { client, node } = served
    const page = await client.query('buses', { box: { west: 7, south: 50, east: 7.02, north: 50.02 }, where: [{ column: 'speedKmh', op: '>=', value: 10 }], limit: 6 })
    assert.ok(page.ok && page.value.next !== null, JSON.stringify(page))
    assert.deepEqual(page.value.rows.map(({ number }) => number), [10, 11, 12, 13, 14, 15])
    const [first] = page.value.rows
    assert.deepEqual({ ...first, values: { ...first?.values } }, {
      number: 10, timeMs: START_MS + 10 * MINUTE_MS, key: 'bus-0', values: { line: 'M1', lat: 50.01, lon: 7.01, speedKmh: 10 },
      place: { longitude: 7.01, latitude: 50.01, box: { west: 7.01, south: 50.01, east: 7.01, north: 50.01 } }
    })
    const rest = await client.query('buses', { box: { west: 7, south: 50, east: 7.02, north: 50.02 }, where: [{ column: 'speedKmh', op: '>=', value: 10 }], limit: 6, after: page.value.next })
    assert.deepEqual(rest.ok && rest.value.rows.map(({ number }) => number), [16, 17, 18, 19, 20])
    const latest = await client.query('buses', { key: 'bus-3', latest: true, limit: 1 })
    assert.deepEqual(latest.ok && latest.value.rows.map(({ number }) => number), [33])
    const within = await client.query('buses', { fromMs: START_MS + MINUTE_MS, toMs: START_MS + 3 * MINUTE_MS, limit: 10 })
    assert.deepEqual(within.ok && within.value.rows.map(({ number }) => number), [1, 2])
    await node.append('buses', [{ ...bus(1, 10), body: utf8('{"speedKmh":"0.1000000000000000000001"}') }])
    const odd = await client.query('buses', { where: [{ column: 'speedKmh', op: '<', value: '0.1000000000000000000002' }, { column: 'line', op: 'exists', value: false }], limit: 10 })
    assert.deepEqual(odd.ok && odd.value.rows.map(({ values }) => values['speedKmh']), ['0.1000000000000000000001'])
  })

  it('are told for a map by where they are alone, in one answer without those that are nowhere, and one of them whole by its number', async () => {
    const placesOf = async (query: string): Promise<{ features: { id: number, geometry: unknown, properties: unknown }[], isPart: boolean }> => {
      const answer = await fetch(`${served.api.url}/api/v1/datasets/buses/places?${query}`, { headers: { authorization: `Bearer ${served.token}` } })
      assert.equal(answer.headers.get('content-type'), 'application/geo+json')
      return await answer.json() as Awaited<ReturnType<typeof placesOf>>
    }
    const all = await placesOf('')
    assert.deepEqual([all.features.length, all.isPart, all.features.find(({ id }) => id === 10)], [39, false, { type: 'Feature', id: 10, geometry: { type: 'Point', coordinates: [7.01, 50.01] }, properties: null }])
    const some = await placesOf('limit=7')
    assert.deepEqual([some.features.map(({ id }) => id), some.isPart], [[0, 1, 2, 3, 4, 6], true])
    const near = await placesOf('bbox=7,50,7.02,50.02&latest=true')
    assert.ok(near.features.length < 40, JSON.stringify(near))
    const row = await served.client.query('buses', { number: 10, limit: 1 })
    assert.deepEqual(row.ok && row.value.rows.map(({ number, key }) => [number, key]), [[10, 'bus-0']])
  })

  it('are refused with a reason where the question is none', async () => {
    const statusOf = async (query: string): Promise<number> => (await fetch(`${served.api.url}/api/v1/datasets/buses/query?${query}`, { headers: { authorization: `Bearer ${served.token}` } })).status
    for (const query of ['limit=0', 'limit=1001', 'from=now', 'bbox=1,2,3', 'where=speed', 'where=[{"column":"a","op":"~","value":1}]', 'latest=1', 'nonsense=1']) assert.equal(await statusOf(query), 422, query)
    assert.equal(await statusOf('after=abc'), 409)
    assert.equal(await statusOf('from=2026-01-01T00:00:00Z&to=1767225660000&where=%5B%5D'), 200)
    assert.deepEqual(served.errors, [])
  })
})
