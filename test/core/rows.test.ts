import { strict as assert } from 'node:assert'
import { utf8 } from '../../src/base/index.ts'
import {
  formatOf, isLike, meets, meetsAll, objectOfRow, placeOf, placeOfBody, placeOfGeometry, readRow, readValues, unknownColumn,
  type Filter, type RowColumn, type RowFormat, type Scalar
} from '../../src/core/rows/index.ts'
import { SEED, randomFrom } from '../support/chance.ts'
const KEY = utf8('row/1')
const columns = (...given: readonly (readonly [string, RowColumn['type']])[]): readonly RowColumn[] => given.map(([name, type]) => ({ name, type }))
const BUS = columns(['id', 'text'], ['lat', 'latitude'], ['lon', 'longitude'], ['speed', 'number'], ['at', 'time'], ['open', 'boolean'])
const csv: RowFormat = { delimiter: ';', columns: BUS }
const json: RowFormat = { delimiter: null, columns: BUS }

function valuesOf (format: RowFormat, body: string): Readonly<Record<string, Scalar>> {
  const read = readRow(format, KEY, utf8(body))
  assert.equal(read.type, 'row', body)
  return read.type === 'row' ? Object.fromEntries(read.values) : {}
}

describe('rows of records', () => {
  it('follow the delimiter that gives as many fields as there are columns', () => {
    const at = (first: string | undefined, schema = BUS.slice(0, 2)): unknown => formatOf({ mediaType: 'text/csv; charset=utf-8', schema }, first === undefined ? undefined : utf8(first))
    assert.deepEqual(at('id;lat\n'), { ok: true, value: { delimiter: ';', columns: BUS.slice(0, 2) } })
    assert.deepEqual(at('id\tlat\n'), { ok: true, value: { delimiter: '\t', columns: BUS.slice(0, 2) } })
    assert.deepEqual(at('"a,b",lat\n'), { ok: true, value: { delimiter: ',', columns: BUS.slice(0, 2) } })
    assert.deepEqual(at('id,lat,lon\n'), { ok: false, failure: { code: 'fields' } })
    assert.deepEqual(at('id,lat\n', []), { ok: false, failure: { code: 'columns' } })
    assert.deepEqual(formatOf({ mediaType: 'image/png', schema: BUS }, undefined), { ok: false, failure: { code: 'media-type' } })
    assert.deepEqual(formatOf({ mediaType: 'application/geo+json', schema: [] }, undefined), { ok: true, value: { delimiter: null, columns: [], isFeature: true } })
  })

  it('say the same in CSV and in JSON, numbers exactly', () => {
    const expected = {
      id: { type: 'text', text: 'a"b' }, lat: { type: 'number', text: '47.5' }, lon: { type: 'number', text: '-122.25' }, speed: { type: 'number', text: '1000' },
      at: { type: 'text', text: '2026-01-01T00:00:00Z' }, open: { type: 'boolean', value: true }
    }
    assert.deepEqual(valuesOf(csv, '"a""b";47.50;-122.25;1e3;2026-01-01T00:00:00Z;TRUE\r\n'), expected)
    assert.deepEqual(valuesOf(json, '{"id":"a\\"b","lat":47.5,"lon":-122.25,"speed":1e3,"at":"2026-01-01T00:00:00Z","open":true,"more":[1]}'), expected)
    const named: RowFormat = { delimiter: ';', columns: columns(['id', 'text'], ['name', 'text']) }
    for (const end of ['\r\n', '\n', '\r', '']) assert.deepEqual(valuesOf(named, `1;a${end}`)['name'], { type: 'text', text: 'a' }, JSON.stringify(end))
    assert.deepEqual(valuesOf(csv, ';;;0.1000000000000000000001;;\n')['speed'], { type: 'number', text: '0.1000000000000000000001' })
  })

  it('are none where what stands where cannot be told', () => {
    const typeOf = (format: RowFormat, key: string, body: string | Uint8Array): string => readRow(format, utf8(key), typeof body === 'string' ? utf8(body) : body).type
    assert.equal(typeOf(csv, 'header/0', 'id;lat;lon;speed;at;open\n'), 'header')
    assert.equal(typeOf(csv, 'header/0', 'id;lat;lon;speed;at;shut\n'), 'other-header')
    assert.equal(typeOf(csv, 'row/1', '1;2;3\n'), 'malformed')
    assert.equal(typeOf(json, 'row/1', '[1]'), 'malformed')
    assert.equal(typeOf(json, 'row/1', '{"id":'), 'malformed')
    assert.equal(typeOf(json, 'row/1', Uint8Array.of(0x7b, 0xff, 0x7d)), 'malformed')
    assert.equal(readValues(csv, KEY, utf8('1;2;3\n')), 'malformed')
  })

  it('find members inside of objects, and no member that every object has', () => {
    const inside: RowFormat = { delimiter: null, columns: columns(['a.b', 'number'], ['a.b.c', 'number'], ['x.y', 'text'], ['constructor', 'text'], ['__proto__', 'text'], ['a.b.c.d', 'number']) }
    const read = valuesOf(inside, '{"a":{"b":{"c":1,"c.d":2}},"x.y":"dotted"}')
    assert.deepEqual(read, { 'a.b': null, 'a.b.c': { type: 'number', text: '1' }, 'x.y': { type: 'text', text: 'dotted' }, 'constructor': null, ['__proto__']: null, 'a.b.c.d': { type: 'number', text: '2' } })
  })

  it('are features where they are GeoJSON', () => {
    const features: RowFormat = { delimiter: null, isFeature: true, columns: columns(['name', 'text'], ['geometry', 'geometry']) }
    const body = '{"type":"Feature","properties":{"name":"A","geometry":"no"},"geometry":{"type":"Point","coordinates":[7,50]}},\n'
    assert.deepEqual(valuesOf(features, body), { name: { type: 'text', text: 'A' }, geometry: { type: 'text', text: '{"type":"Point","coordinates":[7,50]}' } })
    assert.equal(placeOfBody(features, KEY, utf8(body))?.longitude, 7)
    assert.equal(readRow(features, utf8('header/0'), utf8('{"type":"FeatureCollection","features":[')).type, 'malformed')
  })
})

describe('places of rows', () => {
  it('are points by their columns, in every form of rows', () => {
    const bodies: readonly (readonly [RowFormat, string])[] = [
      [csv, 'a;47.5;-122.25;1;;\n'], [json, '{"lat":47.5,"lon":"-122.25"}'],
      [{ delimiter: null, columns: [] }, '{"location":{"type":"Point","coordinates":[-122.25,47.5]}}']
    ]
    for (const [format, body] of bodies) {
      const place = placeOfBody(format, KEY, utf8(body))
      assert.deepEqual(place, { longitude: -122.25, latitude: 47.5, box: { west: -122.25, south: 47.5, east: -122.25, north: 47.5 } }, body)
      const read = readRow(format, KEY, utf8(body))
      if (format.columns.length > 0 && read.type === 'row') assert.deepEqual(placeOf(format, read.values), place)
    }
  })

  it('are none where nothing, or nothing on earth, is said', () => {
    for (const body of ['a;;;1;;\n', 'a;91;0;1;;\n', 'a;0;180.1;1;;\n', 'a;x;0;1;;\n', 'a;1;2\n']) assert.equal(placeOfBody(csv, KEY, utf8(body)), undefined, body)
    for (const geometry of [null, 'POINT(1 2)', { type: 'Point', coordinates: [] }, { type: 'Point', coordinates: [200, 0] }, { type: 'Polygon', coordinates: 'x' }, { type: 'GeometryCollection', geometries: [] }]) {
      assert.equal(placeOfGeometry(geometry), undefined, JSON.stringify(geometry))
    }
  })

  it('of lines and areas are the box around them, also across the antimeridian', () => {
    assert.deepEqual(placeOfGeometry({ type: 'LineString', coordinates: [[1, 2], [3, 6]] }), { longitude: 2, latitude: 4, box: { west: 1, south: 2, east: 3, north: 6 } })
    const fiji = { type: 'MultiPolygon', coordinates: [[[[177, -18], [180, -18], [180, -16], [177, -18]]], [[[-180, -18], [-179, -17], [-180, -16], [-180, -18]]]] }
    assert.deepEqual(placeOfGeometry(fiji), { longitude: 179, latitude: -17, box: { west: 177, south: -18, east: -179, north: -16 } })
    const deep = { type: 'GeometryCollection', geometries: [{ type: 'Point', coordinates: [10, 10] }, { type: 'MultiPoint', coordinates: [[12, 8], [11, 9]] }] }
    assert.deepEqual(placeOfGeometry(deep)?.box, { west: 10, south: 8, east: 12, north: 10 })
  })

  it(`meet boxes as points on a globe do (HANSE_SEED=${SEED})`, () => {
    const random = randomFrom(SEED)
    const degree = (max: number): number => Math.round((random() * 2 - 1) * max / 10) * 10
    for (let round = 0; round < 20_000; round++) {
      const [south, north] = [degree(90), degree(90)].toSorted((a, b) => a - b) as [number, number]
      const box = { west: degree(180), south, east: degree(180), north }
      const [lon, lat] = [degree(180), degree(90)]
      const spans = box.west <= box.east ? [[box.west, box.east]] : [[box.west, 180], [-180, box.east]]
      const isIn = lat >= south && lat <= north && [lon, lon === 180 ? -180 : lon === -180 ? 180 : lon].some(each => spans.some(([from = 0, to = 0]) => each >= from && each <= to))
      assert.equal(meets({ west: lon, south: lat, east: lon, north: lat }, box), isIn, JSON.stringify({ box, lon, lat }))
      assert.equal(meets(box, { west: lon, south: lat, east: lon, north: lat }), isIn)
    }
  })
})

describe('conditions on rows', () => {
  const holds = (filter: Filter, body: string, format = json): boolean => {
    const read = readRow(format, KEY, utf8(body))
    return read.type === 'row' && meetsAll(format, [filter], read.values, () => objectOfRow(format, utf8(body)))
  }

  it('compare numbers exactly, times as times, and all else as text', () => {
    const row = '{"id":"b10","speed":10.0,"at":"2026-01-01T01:00:00+01:00","open":false}'
    const cases: readonly (readonly [Filter, boolean])[] = [
      [{ column: 'speed', op: '=', value: 10 }, true], [{ column: 'speed', op: '=', value: '10.00' }, true], [{ column: 'speed', op: '>', value: 9 }, true],
      [{ column: 'speed', op: '<', value: '9.9999999999999999999' }, false], [{ column: 'speed', op: '>=', value: '10.0000000000000000001' }, false],
      [{ column: 'speed', op: '<', value: 'x' }, false], [{ column: 'speed', op: '!=', value: 'x' }, true],
      [{ column: 'id', op: '<', value: 'b9' }, true], [{ column: 'id', op: 'in', value: ['a', 'b10'] }, true], [{ column: 'id', op: 'in', value: [] }, false],
      [{ column: 'id', op: 'like', value: 'b%' }, true], [{ column: 'id', op: 'like', value: '_1' }, false],
      [{ column: 'at', op: '=', value: '2026-01-01T00:00:00Z' }, true], [{ column: 'at', op: '>', value: '2025-12-31T23:59:59.999Z' }, true],
      [{ column: 'open', op: '=', value: false }, true], [{ column: 'open', op: '=', value: 'false' }, true], [{ column: 'open', op: '>', value: false }, false],
      [{ column: 'lat', op: 'exists', value: false }, true], [{ column: 'lat', op: '!=', value: 1 }, false], [{ column: 'id', op: 'exists', value: true }, true]
    ]
    for (const [filter, expected] of cases) assert.equal(holds(filter, row), expected, JSON.stringify(filter))
  })

  it('reach members of JSON that nobody described, and no column that CSV does not have', () => {
    assert.ok(holds({ column: 'deep.er', op: '=', value: 'x' }, '{"deep":{"er":"x"}}'))
    assert.equal(unknownColumn(csv, [{ column: 'id', op: '=', value: 1 }, { column: 'none', op: 'exists', value: true }]), 'none')
    assert.equal(unknownColumn(json, [{ column: 'none', op: 'exists', value: true }]), undefined)
  })

  it('match patterns as a slow reading of them does, and none takes long', () => {
    const random = randomFrom(SEED)
    const slow = (text: string, pattern: string): boolean => {
      if (pattern === '') return text === ''
      if (pattern.startsWith('%')) return slow(text, pattern.slice(1)) || (text !== '' && slow(text.slice(1), pattern))
      return text !== '' && (pattern.startsWith('_') || pattern[0] === text[0]) && slow(text.slice(1), pattern.slice(1))
    }
    const word = (letters: string, length: number): string => Array.from({ length }, () => letters[Math.floor(random() * letters.length)]).join('')
    for (let round = 0; round < 5_000; round++) {
      const [text, pattern] = [word('ab', Math.floor(random() * 8)), word('ab%_', Math.floor(random() * 6))]
      assert.equal(isLike(text, pattern), slow(text, pattern), JSON.stringify({ text, pattern, SEED }))
    }
    assert.equal(isLike('a'.repeat(5_000), `${'%a'.repeat(500)}%b`), false)
  })
})
