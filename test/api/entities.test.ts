import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { bodyOfEntity, Contexts, entityOfBody, PLAIN_NAMES, readEntity, writeEntity, writeFeature } from '../../src/api/entities/index.ts'
import { fitsGeo, fitsQuery, fitsTime, geoQueryOf, parseQuery, temporalOf } from '../../src/api/entityQuery/index.ts'
import { utf8 } from '../../src/base/index.ts'

const KEY = utf8('urn:ngsi-ld:T:1')
const place = { type: 'Point', coordinates: [10, 53] }
const again = (entity: object): object => {
  const read = readEntity(entity, 'either', PLAIN_NAMES)
  if (!read.ok) assert.fail(JSON.stringify(read.failure))
  const kept = entityOfBody(read.value.entity.type, KEY, bodyOfEntity(read.value), 0)
  return writeEntity(kept ?? assert.fail('no entity'), 'normalized', PLAIN_NAMES)
}

describe('entities', () => {
  it('come back from their record in the form in which they were given', () => {
    const whole = {
      id: 'urn:ngsi-ld:T:1', type: 'T', a: { type: 'Property', value: 1, observedAt: '2026-05-04T00:00:00Z', unitCode: 'KGM', accuracy: { type: 'Property', value: 0.1, by: { type: 'Relationship', object: 'urn:x:y' } } },
      b: { type: 'Relationship', object: 'urn:x:y' }, c: { type: 'Relationship', object: ['urn:x:y', 'urn:x:z'] }, d: { type: 'GeoProperty', value: place }, e: { type: 'Property', value: place },
      f: { type: 'Property', value: { '@type': 'Date', '@value': '2026-05-04' } }, g: { type: 'Property', value: { any: ['thing', null] } }, h: { type: 'Property', value: 'urn:looks:like' }
    }
    assert.deepEqual(again(whole), whole)
    assert.deepEqual(again({ id: 'urn:ngsi-ld:T:1', type: 'T', a: 1, d: place, e: { value: 3, unitCode: 'KGM' }, f: { object: 'urn:x:y' }, g: { free: 'form' }, createdAt: 'ignored' }), {
      id: 'urn:ngsi-ld:T:1', type: 'T', a: { type: 'Property', value: 1 }, d: { type: 'GeoProperty', value: place }, e: { type: 'Property', value: 3, unitCode: 'KGM' }, f: { type: 'Relationship', object: 'urn:x:y' }, g: { type: 'Property', value: { free: 'form' } }
    })
  })

  it('of a known model have its units, references and dates', () => {
    const bin = { id: 'urn:ngsi-ld:WasteContainer:1', type: 'WasteContainer', cargoWeight: 12, refDevice: 'urn:ngsi-ld:Device:1', dateLastEmptying: '2026-05-04T00:00:00Z' }
    const kept = entityOfBody('WasteContainer', utf8(bin.id), utf8(JSON.stringify(bin)), 0) ?? assert.fail('no entity')
    assert.deepEqual(writeEntity(kept, 'normalized', PLAIN_NAMES), {
      id: bin.id, type: bin.type, cargoWeight: { type: 'Property', value: 12, unitCode: 'KGM' }, refDevice: { type: 'Relationship', object: 'urn:ngsi-ld:Device:1' },
      dateLastEmptying: { type: 'Property', value: { '@type': 'DateTime', '@value': '2026-05-04T00:00:00Z' } }
    })
    assert.deepEqual(writeEntity(kept, 'keyValues', PLAIN_NAMES), bin)
  })

  it('are refused with the place of what is wrong, and what is not offered is said to be that', () => {
    for (const [attributes, position, isAbsent] of [
      [{ a: { type: 'Property' } }, '/a/value', undefined], [{ a: null }, '/a', undefined], [{ a: { type: 'Relationship', object: 'x' } }, '/a/object', undefined], [{ a: { type: 'GeoProperty', value: { type: 'Point', coordinates: [1, 99] } } }, '/a/value/coordinates/1', undefined],
      [{ a: { type: 'Property', value: 1, observedAt: 'now' } }, '/a/observedAt', undefined], [{ a: { type: 'Property', value: 1, b: 3 } }, '/a/b', undefined], [{ a: { type: 'Property', value: { '@type': 'DateTime', '@value': 'x' } } }, '/a/value/@value', undefined],
      [{ 'a b': 1 }, '/a b', undefined], [{ a: 1, 'https://uri.etsi.org/ngsi-ld/default-context/a': 2 }, '/https:~1~1uri.etsi.org~1ngsi-ld~1default-context~1a', undefined],
      [{ a: [{ type: 'Property', value: 1 }] }, '/a', true], [{ a: { type: 'LanguageProperty' } }, '/a/type', true], [{ a: { type: 'Property', value: 1, datasetId: 'urn:x:y' } }, '/a/datasetId', true], [{ scope: '/a' }, '/scope', true], [{ type: ['T', 'U'] }, '/type', true]
    ] as const) {
      const read = readEntity({ id: 'urn:ngsi-ld:T:1', type: 'T', ...attributes }, 'either', PLAIN_NAMES)
      assert.ok(!read.ok, JSON.stringify(attributes))
      assert.deepEqual([read.failure.position, read.failure.notOffered], [position, isAbsent])
    }
    const deep = (levels: number): object => levels === 0 ? { type: 'Property', value: 1 } : { type: 'Property', value: 1, b: deep(levels - 1) }
    assert.equal(readEntity({ id: 'urn:ngsi-ld:T:1', type: 'T', a: deep(3) }, 'either', PLAIN_NAMES).ok, true)
    assert.equal(readEntity({ id: 'urn:ngsi-ld:T:1', type: 'T', a: deep(4) }, 'either', PLAIN_NAMES).ok, false)
  })

  it('in records of others may be anything, and nothing falls over them', () => {
    const q = parseQuery('a.b.observedAt>2020-01-01T00:00:00Z|a[b]~=x|!a;a==1', name => name)
    const geo = geoQueryOf({ georel: 'within', geometry: 'Polygon', coordinates: '[[[0,0],[4,0],[4,4],[0,0]]]' }, name => name)
    const temporal = temporalOf({ timerel: 'after', timeAt: '2020-01-01T00:00:00Z' })
    assert.ok(q.ok && geo.ok && geo.value !== undefined && temporal.ok && temporal.value !== undefined)
    const [query, where, when] = [q.value, geo.value, temporal.value]
    const note = fc.oneof(fc.jsonValue(), fc.record({ type: fc.oneof(fc.jsonValue(), fc.constant('Relationship')), observedAt: fc.jsonValue(), unitCode: fc.jsonValue(), valueType: fc.jsonValue(), of: fc.oneof(fc.jsonValue(), fc.dictionary(fc.constantFrom('b', '__proto__'), fc.jsonValue())) }, { requiredKeys: [] }))
    const bodies = fc.record({ a: fc.jsonValue(), location: fc.oneof(fc.jsonValue(), fc.constant(place)), id: fc.jsonValue(), type: fc.jsonValue(), '__proto__': fc.jsonValue(), '@attributes': fc.oneof(fc.jsonValue(), fc.dictionary(fc.constantFrom('a', 'location', '__proto__'), note)) }, { requiredKeys: [] })
    fc.assert(fc.property(fc.oneof(bodies, fc.jsonValue()), body => {
      const kept = entityOfBody('T', KEY, utf8(JSON.stringify(body)), 0)
      if (kept === undefined) return
      fitsQuery(query, kept, { steps: 1_000_000 })
      fitsGeo(where, kept, { steps: 1_000_000 })
      fitsTime(when, kept)
      for (const form of ['normalized', 'keyValues'] as const) JSON.stringify([writeEntity(kept, form, PLAIN_NAMES), writeFeature(kept, form, PLAIN_NAMES, 'location')])
    }), { numRuns: 3_000 })
    assert.equal(entityOfBody('T', KEY, utf8(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`), 0), undefined)
    assert.equal(entityOfBody('T', KEY, utf8('[]'), 0), undefined)
    assert.equal(entityOfBody('T', utf8('17 b'), utf8('{"id":3}'), 0)?.entity.id, 'urn:ngsi-ld:T:17%20b')
  })

  it('speak the names of the contexts that are known, of an operator and of their own, and of no other', () => {
    const contexts = new Contexts(new Map([['https://city.example/context.jsonld', new Map([['Tonne', 'https://smartdatamodels.org/dataModel.WasteManagement/WasteContainer'], ['voll', 'https://my.example/full']])]]))
    const names = contexts.namesOf(['https://city.example/context.jsonld', { ex: 'https://ex.example/', leer: { '@id': 'ex:empty' } }])
    assert.ok(names.ok)
    assert.deepEqual(['Tonne', 'voll', 'leer', 'other', 'https://uri.fiware.org/ns/data-models#binId'].map(names.value.kept), ['WasteContainer', 'https://my.example/full', 'https://ex.example/empty', 'other', 'binId'])
    assert.deepEqual(['WasteContainer', 'https://my.example/full', 'https://ex.example/empty', 'binId'].map(names.value.shown), ['Tonne', 'voll', 'leer', 'binId'])
    for (const [context, code] of [
      ['https://evil.example/', 'unknown'], [['https://smartdatamodels.org/context.jsonld', 'http://169.254.169.254/'], 'unknown'], [7, 'malformed'], [{ a: 7 }, 'malformed'], [{ '@vocab': 'https://x.example/' }, 'malformed'], [{ a: { '@reverse': 'b' } }, 'malformed'],
      [Array.from({ length: 9 }, () => ({})), 'malformed'], [Object.fromEntries(Array.from({ length: 1_025 }, (_, i) => [`a${i}`, 'https://x.example/'])), 'malformed']
    ] as const) {
      const refused = contexts.namesOf(context)
      assert.equal(refused.ok ? 'ok' : refused.failure.code, code, JSON.stringify(context).slice(0, 60))
    }
    assert.ok(contexts.namesOf({ __proto__x: 'https://x.example/' }).ok)
  })
})
