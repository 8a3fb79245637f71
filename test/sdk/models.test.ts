import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { columnsOf, dateTimeMsOf, entityFault, entityIdOf, isEntityId, isGeometry, MODELS, observedMsOf, validateEntity } from '../../src/sdk/models/index.ts'

const bin = {
  id: 'urn:ngsi-ld:WasteContainer:17', type: 'WasteContainer', location: { type: 'Point', coordinates: [10.7, 53.86] }, fillingLevel: 0.4, status: 'ok',
  storedWasteKind: ['glass'], dateLastEmptying: '2026-05-04T12:30:00Z'
}
const faultOf = (change: object, type = 'WasteContainer'): string => {
  const checked = validateEntity(type, { ...bin, type, ...change })
  return checked.ok ? 'none' : `${checked.failure.code} ${checked.failure.position}`
}

describe('models', () => {
  it('take what fits, and keep what they do not know', () => {
    const entity = { ...bin, colourOfLid: 'green', more: { deep: [1, null, { a: true }] } }
    assert.deepEqual(validateEntity('WasteContainer', entity), { ok: true, value: entity })
    assert.equal(faultOf({ location: undefined, anything: 1 }, 'Lamp'), 'wrong-type /location', 'not a value of JSON')
    assert.equal(faultOf({ anything: 1 }, 'Lamp'), 'none', 'a type that is not known here')
    assert.equal(faultOf({ fillingLevel: null, storedWasteKind: 'glass' }), 'none', 'nothing is known; a list of one')
  })

  it('name the place of what does not fit', () => {
    const cases: readonly (readonly [change: object, fault: string])[] = [
      [{ fillingLevel: 1.01 }, 'out-of-range /fillingLevel'], [{ fillingLevel: '0.4' }, 'wrong-type /fillingLevel'], [{ fillingLevel: NaN }, 'out-of-range /fillingLevel'],
      [{ status: 'full' }, 'out-of-range /status'], [{ location: null }, 'missing /location'], [{ dateLastEmptying: '4.5.2026' }, 'wrong-type /dateLastEmptying'],
      [{ location: { type: 'Point', coordinates: [10, 91] } }, 'wrong-type /location/coordinates/1'],
      [{ location: { type: 'LineString', coordinates: [[1, 2], [3, 4]] } }, 'wrong-type /location/type'],
      [{ storedWasteKind: ['glass', 3] }, 'wrong-type /storedWasteKind/1'], [{ id: '17' }, 'malformed /id'], [{ 'a b': 1 }, 'malformed /a b'], [{ '@context': [] }, 'malformed /@context'],
      [{ deep: JSON.parse(`${'['.repeat(18)}${']'.repeat(18)}`) as unknown }, `too-large /deep${'/0'.repeat(16)}`], [{ text: 'a'.repeat(65_537) }, 'too-large /text'],
      [Object.fromEntries(Array.from({ length: 257 }, (_, i) => [`a${i}`, i])), 'too-large '], [{ list: Array.from({ length: 17_000 }, () => 1) }, 'too-large /list/16373'],
      [{ a: 'a'.repeat(65_000), b: 'b'.repeat(65_000), c: 'c'.repeat(2_000) }, 'too-large ']
    ]
    for (const [change, fault] of cases) assert.equal(faultOf(change), fault, JSON.stringify(change).slice(0, 80))
    assert.equal(validateEntity('Vehicle', bin).ok, false, 'another type than its own')
    for (const other of [null, [], 'text', 3]) assert.equal(validateEntity('Vehicle', other).ok, false)
  })

  it('let nothing reach a prototype', () => {
    for (const text of ['{"__proto__":{"status":"ok"}}', '{"constructor":1}', '{"a":{"b":[{"__proto__":1}]}}', '{"prototype":1}']) {
      const given = { ...bin, ...JSON.parse(text) as object }
      const whole = JSON.parse(`${JSON.stringify(bin).slice(0, -1)},${text.slice(1)}`) as unknown
      assert.ok([given, whole].some(each => entityFault('WasteContainer', each)?.code === 'malformed'), text)
      assert.equal(entityFault('WasteContainer', whole)?.code, 'malformed', text)
    }
    assert.equal(MODELS.get('__proto__'), undefined)
  })

  it('have bounds of either side that hold exactly', () => {
    for (const model of MODELS.values()) {
      for (const [name, { kind, min, max }] of model.attributes) {
        if (kind !== 'number' && kind !== 'integer') continue
        const fault = (value: number): string | undefined => entityFault(model.type, { ...bin, status: null, id: entityIdOf(model.type, '1'), type: model.type, [name]: value })?.code
        if (min !== undefined) assert.deepEqual([fault(min), fault(min - 1)], [undefined, 'out-of-range'], `${model.type}.${name}`)
        if (max !== undefined) assert.deepEqual([fault(max), fault(max + 1)], [undefined, 'out-of-range'], `${model.type}.${name}`)
      }
    }
  })

  it('never fail but by a value, whatever JSON they are given', () => {
    fc.assert(fc.property(fc.constantFrom(...MODELS.keys(), 'Other'), fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('location', 'status', 'fillingLevel', '__proto__')), fc.jsonValue()), (type, more) => {
      const given = JSON.parse(JSON.stringify({ ...bin, type, ...more })) as Record<string, unknown>
      const checked = validateEntity(type, given)
      if (checked.ok) assert.deepEqual(checked.value, given)
      else assert.match(checked.failure.position, /^(\/[^]*)?$/)
    }))
  })

  it('give every id that they make a form that a path and a header can carry', () => {
    assert.equal(entityIdOf('Vehicle', 'bus:17'), 'urn:ngsi-ld:Vehicle:bus:17')
    fc.assert(fc.property(fc.string({ minLength: 1, maxLength: 40, unit: 'binary' }), local => { assert.ok(isEntityId(entityIdOf('Vehicle', local)), local) }))
    assert.equal(new Set(['a b', 'a%20b', 'a/b', 'a|b'].map(local => entityIdOf('T', local))).size, 4)
  })

  it('say when something was observed, and what columns a dataset of them has', () => {
    assert.equal(observedMsOf({ ...bin, type: 'Vehicle', observationDateTime: '2026-05-04T14:30:00+02:00' }), Date.UTC(2026, 4, 4, 12, 30))
    assert.equal(observedMsOf(bin), undefined)
    const columns = columnsOf(MODELS.get('WasteContainer') ?? assert.fail('no model'))
    assert.deepEqual(columns.filter(({ name }) => ['id', 'location', 'fillingLevel', 'cargoWeight', 'storedWasteKind', 'dateLastEmptying'].includes(name)).map(({ name, type, unit }) => `${name} ${type} ${unit}`), [
      'id text null', 'location geometry null', 'fillingLevel number null', 'cargoWeight number kg', 'dateLastEmptying time null'
    ])
    for (const model of MODELS.values()) assert.equal(new Set(columnsOf(model).map(({ name }) => name)).size, columnsOf(model).length)
  })

  it('read times with a zone alone, and only days that there are', () => {
    for (const [text, timeMs] of [['2026-05-04T12:30Z', 1_777_897_800_000], ['2026-05-04T12:30:00.5Z', 1_777_897_800_500], ['2026-05-04T12:30:00+0200', 1_777_890_600_000]] as const) assert.equal(dateTimeMsOf(text), timeMs, text)
    for (const text of ['2026-02-30T00:00:00Z', '2026-05-04T12:30:00', '2026-05-04', '2026-13-01T00:00:00Z', '2026-05-04T25:00:00Z', 'yesterday', '']) assert.equal(dateTimeMsOf(text), undefined, text)
  })

  it('know a geometry from what looks like one', () => {
    const ring = [[0, 0], [1, 0], [1, 1], [0, 0]]
    for (const good of [{ type: 'Polygon', coordinates: [ring] }, { type: 'MultiPolygon', coordinates: [[ring]] }, { type: 'Point', coordinates: [1, 2, 3] }, { type: 'MultiPoint', coordinates: [[1, 2]] }]) assert.ok(isGeometry(good))
    for (const bad of [
      { type: 'Polygon', coordinates: [ring.slice(0, 3)] }, { type: 'Polygon', coordinates: [[...ring, [2, 2]]] }, { type: 'LineString', coordinates: [[1, 2]] }, { type: 'Point', coordinates: [1] },
      { type: 'Point', coordinates: ['1', 2] }, { type: 'toString', coordinates: [] }, { type: 'GeometryCollection', coordinates: [] }, { type: 'Polygon', coordinates: [] }, { type: 'Point' }, null
    ]) assert.equal(isGeometry(bad), false, JSON.stringify(bad))
  })
})
