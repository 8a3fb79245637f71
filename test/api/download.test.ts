import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { utf8, type Result } from '../../src/base/index.ts'
import type { Column, DatasetDescription, Failure, RecordInput } from '../../src/sdk/index.ts'
import { fieldsOf } from '../support/csv.ts'
import { describeDataset, serve, type Served } from '../support/apiServer.ts'

let served: Served
beforeEach(async () => { served = await serve() })
afterEach(async () => {
  await served.api.stop()
  assert.deepEqual(served.errors, [])
})

const COLUMNS: readonly Column[] = [
  { name: 'id', type: 'text', unit: null }, { name: 'at', type: 'time', unit: null }, { name: 'level', type: 'number', unit: '%' },
  { name: 'count', type: 'integer', unit: null }, { name: 'open', type: 'boolean', unit: null }, { name: 'lat', type: 'latitude', unit: null },
  { name: 'lon', type: 'longitude', unit: null }
]
const HEADER = 'id;at;level;count;open;lat;lon\r\n'
const ROWS = [
  'bin 1;2024-05-01T12:00:00+02:00;0.50;3;true;47.6;-122.2\r\n', '"=1+1; ""so""";2024-05-01T10:00:01Z;;-12345678901234567;false;;\r\n', 'short;row\r\n',
  'bin 3;nobody knows;n/a;7;;47.7;-122.3\r\n'
]

function value<T> (result: Result<T, Failure>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.failure))
  return result.value
}

function row (text: string, key = 'r'): RecordInput {
  return { key: utf8(key), timeMs: 1_700_000_000_000, operation: 'put', mediaType: 'text/csv', body: utf8(text) }
}

async function publishTable (more: Partial<DatasetDescription> = {}, lines: readonly string[] = [HEADER, ...ROWS]): Promise<void> {
  const records = lines.map((line, at) => row(line, at === 0 ? 'header/1' : `row/${at}`))
  value(await served.client.publish({ ...describeDataset('bins'), schema: COLUMNS, ...more }, {
    form: 'table', mediaType: 'text/csv', fileName: 'bins.csv', sizeBytes: null, records
  }))
}

async function publishStream (records: readonly RecordInput[], schema: readonly Column[] = [], mediaType = 'application/json'): Promise<void> {
  value(await served.client.publish({ ...describeDataset('live'), schema }, { form: 'stream', mediaType }))
  if (records.length > 0) value(await served.client.append('live', records, { flush: true }))
}

function event (body: unknown, timeMs = 1_700_000_000_123, key = 'bin 1'): RecordInput {
  return { key: utf8(key), timeMs, operation: 'put', mediaType: 'application/json', body: typeof body === 'string' ? utf8(body) : utf8(JSON.stringify(body)) }
}

async function get (path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return await fetch(`${served.api.url}/api/v1/datasets/${path}`, { headers: { authorization: `Bearer ${served.tokens.read}`, ...headers } })
}

async function body (path: string, headers?: Readonly<Record<string, string>>): Promise<string> {
  const response = await get(path, headers)
  const text = await response.text()
  assert.equal(response.status, 200, text)
  return text
}

describe('downloads: CSV', () => {
  it('have a header with units, times in UTC, and no row where there is none', async () => {
    await publishTable()
    const response = await get('bins/download?format=csv')
    assert.equal(response.headers.get('content-type'), 'text/csv; charset=utf-8; header=present')
    assert.equal(response.headers.get('content-disposition'), 'attachment; filename="bins.csv"')
    assert.equal(response.headers.get('content-security-policy'), 'sandbox')
    assert.equal(await response.text(), [
      'id,at,level [%],count,open,lat,lon', 'bin 1,2024-05-01T10:00:00Z,0.5,3,true,47.6,-122.2',
      '"=1+1; ""so""",2024-05-01T10:00:01Z,,-12345678901234567,false,,', 'bin 3,nobody knows,n/a,7,,47.7,-122.3', ''
    ].join('\r\n'))
  })

  it('mark what a spreadsheet would reckon only where that is asked for', async () => {
    const formulas = ['=1+1', '+1', '-1', '@now', '\tx', '-0.5']
    await publishStream(formulas.map(id => event({ id, level: -0.5 })), COLUMNS.slice(0, 3))
    const cells = async (query: string): Promise<readonly string[]> => (await body(`live/download?format=csv${query}`)).trimEnd().split('\r\n').slice(1).map(line => fieldsOf(line)[3] ?? '')
    assert.deepEqual(await cells(''), formulas)
    assert.deepEqual(await cells('&spreadsheet=1'), formulas.map(text => `'${text}`))
    assert.match(await body('live/download?format=csv&spreadsheet=1'), /,-0\.5\r\n/, 'a number is no formula')
  })

  it('say of events of a stream which they are, when they were and of what', async () => {
    await publishStream([event({ id: 'a', count: 1 }), event({ id: 'b' })], [COLUMNS[0], COLUMNS[3]].flatMap(each => each ?? []))
    assert.equal(await body('live/download?format=csv'), [
      '_seq,_time,_key,id,count', '0,2023-11-14T22:13:20.123Z,bin 1,a,1', '1,2023-11-14T22:13:20.123Z,bin 1,b,', ''
    ].join('\r\n'))
  })

  it('give back every text as it was, whatever stands in it', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 5 }), async texts => {
      served.node.held.clear()
      await publishStream(texts.map(id => event({ id })), COLUMNS.slice(0, 1))
      const lines = fieldsOfLines(await body('live/download?format=csv'))
      assert.deepEqual(lines.slice(1).map(fields => fields[3]), texts.map(text => text.toWellFormed()))
    }), { numRuns: 40 })
  })
})

/** All rows of RFC 4180, also with line ends in their fields. */
function fieldsOfLines (text: string): readonly (readonly string[])[] {
  const rows: string[] = []
  let held = ''
  for (const piece of text.split('\r\n')) {
    held = held === '' ? piece : `${held}\r\n${piece}`
    if ((held.match(/"/g) ?? []).length % 2 === 1) continue
    rows.push(held)
    held = ''
  }
  return rows.slice(0, -1).map(line => fieldsOf(line))
}

describe('downloads: GeoJSON', () => {
  it('have a feature for each row, longitude first, and the box of the dataset', async () => {
    await publishTable({ spatial: { west: -123, south: 47, east: -122, north: 48 } })
    const response = await get('bins/download', { accept: 'application/geo+json' })
    assert.equal(response.headers.get('content-type'), 'application/geo+json')
    const { type, bbox, features } = await response.json() as { readonly type: string, readonly bbox: readonly number[], readonly features: readonly { readonly id: number, readonly geometry: unknown, readonly properties: unknown }[] }
    assert.deepEqual([type, bbox], ['FeatureCollection', [-123, 47, -122, 48]])
    assert.deepEqual(features.map(({ id, geometry }) => [id, geometry]), [
      [1, { type: 'Point', coordinates: [-122.2, 47.6] }], [2, null], [4, { type: 'Point', coordinates: [-122.3, 47.7] }]
    ])
    assert.deepEqual(features[0]?.properties, { id: 'bin 1', at: '2024-05-01T10:00:00Z', level: 0.5, count: 3, open: true })
  })

  it('keep geometries as they are, and leave out those that are on no earth', async () => {
    const line = { type: 'LineString', coordinates: [[-122, 47], [-121, 47.5]] }
    const geometry: Column = { name: 'location', type: 'geometry', unit: null }
    await publishStream([event({ id: 'a', location: line }), event({ id: 'b', location: { type: 'Point', coordinates: [200, 99] } })], [geometry, ...COLUMNS.slice(0, 1)])
    const { features } = JSON.parse(await body('live/download?format=geojson')) as { readonly features: readonly { readonly geometry: unknown, readonly properties: unknown }[] }
    assert.deepEqual(features.map(each => each.geometry), [line, null])
    assert.deepEqual(features[0]?.properties, { _time: '2023-11-14T22:13:20.123Z', _key: 'bin 1', id: 'a' })
  })

  it('are well formed without a row too', async () => {
    await publishStream([], COLUMNS)
    assert.deepEqual(JSON.parse(await body('live/download?format=geojson')), { type: 'FeatureCollection', features: [] })
  })
})

describe('downloads: NDJSON', () => {
  it('give any record, and resume behind the last one', async () => {
    await publishStream([
      event({ level: 1, nested: { a: 'ü' } }), event('{"big":12345678901234567890,\n"_seq":7,"x":"_time"}'), event('[1,2]'), event('no JSON'),
      { ...event(''), body: new Uint8Array([255, 0]), key: new Uint8Array([254]) }, { ...event(''), operation: 'delete' }, event('{}')
    ])
    const lines = (await body('live/download')).trimEnd().split('\n')
    const time = '"_time":"2023-11-14T22:13:20.123Z","_key":"bin 1"'
    assert.deepEqual(lines, [
      `{"_seq":0,${time},"level":1,"nested":{"a":"ü"}}`, `{"_seq":1,${time},"big":12345678901234567000,"x":"_time"}`,
      `{"_seq":2,${time},"_mediaType":"application/json","_body":[1,2]}`, `{"_seq":3,${time},"_mediaType":"application/json","_body":"no JSON"}`,
      '{"_seq":4,"_time":"2023-11-14T22:13:20.123Z","_keyHex":"fe","_mediaType":"application/json","_bodyHex":"ff00"}',
      `{"_seq":5,${time},"_operation":"delete"}`, `{"_seq":6,${time}}`
    ])
    assert.deepEqual((await body('live/download?format=ndjson&afterSeq=4')).trimEnd().split('\n'), lines.slice(5))
    assert.equal(await body('live/download?format=ndjson&afterSeq=6'), '')
  })

  it('lose no digit of a number', async () => {
    await publishStream([event('{\r\n"big":\n12345678901234567890.10}\n')])
    assert.match(await body('live/download'), /"big": 12345678901234567890\.10}\n/)
  })

  it('give rows of a table by the names of its columns', async () => {
    await publishTable()
    const [header, first] = (await body('bins/download?format=ndjson')).split('\n')
    assert.match(header ?? '', /"_body":"id;at/)
    assert.match(first ?? '', /^\{"_seq":1,"_time":"[^"]+","_key":"row\/1","id":"bin 1","at":"2024-05-01T10:00:00Z","level":0\.5,"count":3,"open":true,"lat":47\.6,"lon":-122\.2\}$/)
  })
})

describe('downloads', () => {
  it('come in the form that the client likes best, as a table where there is one', async () => {
    await publishTable()
    const typeOf = async (accept: string): Promise<string> => ((await get('bins/download', { accept })).headers.get('content-type') ?? '').split(';')[0] ?? ''
    assert.deepEqual(await Promise.all(['*/*', 'application/x-ndjson', 'application/geo+json;q=0.5, text/csv;q=0.4', 'application/vnd.apache.parquet'].map(typeOf)),
      ['text/csv', 'application/x-ndjson', 'application/geo+json', 'application/vnd.apache.parquet'])
    assert.equal((await get('bins/download', { accept: 'image/png' })).status, 406)
    assert.equal((await get('bins/download?format=xlsx')).status, 422)
  })

  it('say why there is no such form, and what there is', async () => {
    await publishStream([event({ a: 1 })])
    for (const format of ['csv', 'geojson', 'parquet']) {
      const response = await get(`live/download?format=${format}`)
      const { detail, hint } = await response.json() as { readonly detail: string, readonly hint: string }
      assert.equal(response.status, 406)
      assert.match(`${detail} ${hint}`, /names no columns.* ndjson/)
    }
    await publishTable({ schema: COLUMNS.filter(({ type }) => type !== 'latitude' && type !== 'longitude') }, ['id;at;level;count;open\r\n'])
    const nowhere = await get('bins/download?format=geojson')
    assert.equal(nowhere.status, 406)
    assert.match(await nowhere.text(), /no column of this dataset is a place/)
    assert.equal((await get('none/download')).status, 404)
  })
})
