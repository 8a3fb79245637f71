import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { fitsGeo, fitsQuery, fitsTime, geoQueryOf, parseQuery, temporalOf } from '../../src/api/entityQuery/index.ts'
import type { KeptEntity, Note } from '../../src/api/entities/index.ts'

const plenty = (): { steps: number } => ({ steps: 10_000_000 })
const same = (name: string): string => name
const keptOf = (attributes: object, notes: Readonly<Record<string, Note>> = {}, timeMs = Date.UTC(2026, 4, 4)): KeptEntity =>
  ({ entity: { id: 'urn:ngsi-ld:T:1', type: 'T', ...attributes }, notes, timeMs })
const asks = (q: string, kept: KeptEntity): boolean => {
  const query = parseQuery(q, same)
  if (!query.ok) assert.fail(`${q}: ${query.failure}`)
  return fitsQuery(query.value, kept, plenty())
}

// The naive form: a question is a tree that is printed for the parser and judged by itself.
type Tree =
  | { readonly join: ';' | '|', readonly of: readonly Tree[] }
  | { readonly attribute: string, readonly not: boolean }
  | { readonly attribute: string, readonly operator: string, readonly values: readonly (string | number | boolean | readonly [number, number])[] }
const attribute = fc.constantFrom('a', 'b', 'c')
const scalar = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom('x', 'y', 'x;y|"(', 'ß'), fc.boolean())
const range = fc.tuple(fc.integer({ min: -3, max: 0 }), fc.integer({ min: 0, max: 3 }))
const trees: fc.Arbitrary<Tree> = fc.letrec<{ tree: Tree, leaf: Tree }>(tie => ({
  leaf: fc.oneof(
    fc.record({ attribute, not: fc.boolean() }),
    fc.record({ attribute, operator: fc.constantFrom('==', '!='), values: fc.array(fc.oneof(scalar, range), { minLength: 1, maxLength: 3 }) }),
    fc.record({ attribute, operator: fc.constantFrom('>', '>=', '<', '<='), values: fc.tuple(fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom('x', 'y'))) })
  ),
  tree: fc.oneof({ maxDepth: 3 }, tie('leaf'), fc.record({ join: fc.constantFrom(';', '|'), of: fc.array(tie('tree'), { minLength: 2, maxLength: 3 }) }))
})).tree

const printed = (value: string | number | boolean | readonly [number, number]): string =>
  typeof value === 'string' ? JSON.stringify(value) : typeof value === 'object' ? value.join('..') : String(value)
function print (tree: Tree): string {
  if ('join' in tree) return tree.of.map(each => 'join' in each && (tree.join === ';' || each.join === '|') ? `(${print(each)})` : print(each)).join(tree.join)
  return 'not' in tree ? `${tree.not ? '!' : ''}${tree.attribute}` : `${tree.attribute}${tree.operator}${tree.values.map(printed).join(',')}`
}
function judge (tree: Tree, entity: Readonly<Record<string, unknown>>): boolean {
  if ('join' in tree) return tree.join === ';' ? tree.of.every(each => judge(each, entity)) : tree.of.some(each => judge(each, entity))
  const value = entity[tree.attribute]
  if ('not' in tree) return (value === undefined) === tree.not
  if (value === undefined) return false
  const elements = (Array.isArray(value) ? value : [value]) as readonly unknown[]
  const equal = tree.values.some(wanted => elements.some(each => Array.isArray(wanted) ? typeof each === 'number' && each >= wanted[0] && each <= wanted[1] : each === wanted))
  if (tree.operator === '==' || tree.operator === '!=') return equal === (tree.operator === '==')
  const [bound] = tree.values
  return elements.some(each => typeof each === typeof bound && (typeof each === 'string' || typeof each === 'number') &&
    (tree.operator.startsWith('>') ? each > (bound as string) : each < (bound as string)) || (each === bound && tree.operator.endsWith('=')))
}

describe('questions about entities', () => {
  it('mean what a naive reading of them says', () => {
    const entities = fc.dictionary(attribute, fc.oneof(scalar, fc.array(scalar, { maxLength: 3 })))
    let [fitting, runs] = [0, 0]
    fc.assert(fc.property(trees, entities, (tree, attributes) => {
      const q = print(tree)
      if (q.length > 2_000) return
      const fits = judge(tree, attributes)
      runs++
      if (fits) fitting++
      assert.equal(asks(q, keptOf(attributes)), fits, `${q} on ${JSON.stringify(attributes)}`)
    }), { numRuns: 3_000 })
    assert.ok(fitting > runs / 10 && fitting < runs * 0.9, `${fitting} of ${runs} fit`)
  })

  it('reach into attributes of attributes, values and times', () => {
    const kept = keptOf(
      { level: 0.7, address: { city: 'Lübeck', geo: { zip: 'x' } }, seen: '2026-05-04T14:00:00+02:00', ref: 'urn:ngsi-ld:Device:1', name: 'Bin "7"', nothing: null },
      { level: { observedAt: '2026-05-04T10:00:00Z', unitCode: 'P1', of: { accuracy: { type: 'Property', value: 0.1, by: { type: 'Relationship', object: 'urn:x:y' } } } } }
    )
    for (const q of [
      'level.accuracy==0.1', 'level.accuracy.by==urn:x:y', 'level.observedAt>2026-05-04T09:00:00Z', 'level.unitCode=="P1"', 'address[city]=="Lübeck"', 'address[geo.zip]', 'address.city=="Lübeck"',
      'seen==2026-05-04T12:00:00Z', 'seen==2026-05-04T11:00:00Z..2026-05-04T12:00:00Z', 'ref==urn:ngsi-ld:Device:1', 'ref=="urn:ngsi-ld:Device:1"', 'name=="Bin \\"7\\""', '!nothing', '!level.other',
      'modifiedAt>=2026-05-04T00:00:00Z', 'name~=^Bin', 'name~="\\d"', 'name!~=x{2}', 'name~=(Bin|Tin) ;level>0', 'name==%22;level', '(level>0.5;(level<0.8|name))', 'level!="text"', 'ref!=urn:other:1,urn:other:2'
    ]) assert.equal(asks(q.replace('==%22', '=="Bin \\"7\\""'), kept), true, q)
    for (const q of ['constructor', '__proto__', 'toString==1', 'level>"a"', 'level<"a"', 'nothing', 'level.accuracy>0.1', 'address[city.deep]', 'missing!=3', 'modifiedAt<2026-05-04T00:00:00Z', 'level~=0', 'id', 'type=="T"']) {
      assert.equal(asks(q, kept), false, q)
    }
  })

  it('are refused where they are none, with the place', () => {
    for (const q of [
      '', ';', 'a;', 'a|', 'a==', 'a==open', 'a>true', 'a==1..', 'a==1.."x"', '(a', 'a)', 'a===1', '!a==1', 'a~=(', 'a~=(?=x)', 'a=="open', 'a b', 'a==1,', 'a[', 'a[b', 'a[]', '1a', 'a..b', 'createdAt>2026-05-04T00:00:00Z', 'a>1,2', 'a&b',
      `${'('.repeat(9)}a${')'.repeat(9)}`, Array.from({ length: 65 }, () => 'a').join(';'), `a==${Array.from({ length: 65 }, (_, i) => i).join(',')}`, 'a'.repeat(2_049), `a~=${'x'.repeat(101)}`
    ]) {
      const query = parseQuery(q, same)
      assert.ok(!query.ok && query.failure.startsWith('q'), `${q.slice(0, 80)} is taken`)
    }
    assert.equal(parseQuery(`${'('.repeat(7)}a${')'.repeat(7)}`, same).ok, true)
  })

  it('never fail but by a reason, whatever they are', () => {
    const signs = fc.string({ unit: fc.constantFrom('a', 'b', '1', '.', ';', '|', '(', ')', '!', '=', '~', '>', '<', '"', '\\', '[', ']', ',', ':', '%', ' ', 'ß'), maxLength: 40 })
    fc.assert(fc.property(signs, q => {
      const query = parseQuery(q, same)
      if (query.ok) fitsQuery(query.value, keptOf({ a: 1, b: ['x'] }), plenty())
    }), { numRuns: 5_000 })
  })

  it('by place take the seven relations and no eighth', () => {
    const square = '[[[0,0],[4,0],[4,4],[0,4],[0,0]]]'
    const geo = (georel: string, attributes: object, geometry = 'Polygon', coordinates: unknown = square, geoproperty?: string): boolean => {
      const query = geoQueryOf({ georel, geometry, coordinates, geoproperty }, same)
      if (!query.ok || query.value === undefined) assert.fail(query.ok ? 'none' : query.failure)
      return fitsGeo(query.value, keptOf(attributes), plenty())
    }
    const at = (x: number, y: number): object => ({ location: { type: 'Point', coordinates: [x, y] } })
    const box = (west: number, east: number): object => ({ location: { type: 'Polygon', coordinates: [[[west, 0], [east, 0], [east, 4], [west, 4], [west, 0]]] } })
    for (const [georel, attributes, expected] of [
      ['within', at(1, 1), true], ['within', at(4, 1), false], ['intersects', at(4, 1), true], ['disjoint', at(5, 1), true], ['disjoint', at(4, 4), false], ['contains', box(-1, 5), true], ['contains', box(1, 5), false],
      ['equals', box(0, 4), true], ['equals', box(0, 3), false], ['overlaps', box(2, 6), true], ['overlaps', box(1, 3), false], ['overlaps', box(4, 6), false], ['near;maxDistance==0', box(4, 6), true],
      ['near;maxDistance==200000', at(5, 2), true], ['near;minDistance==200000', at(5, 2), false], ['disjoint', {}, false], ['disjoint', { location: 'here' }, false]
    ] as const) assert.equal(geo(georel, attributes), expected, `${georel} ${JSON.stringify(attributes)}`)
    assert.equal(geo('near;maxDistance==2000', { from: { type: 'Point', coordinates: [10, 50] } }, 'Point', [10.01, 50], 'from'), true)
    for (const wrong of [
      { georel: 'touches' }, { georel: 'near' }, { georel: 'near;maxDistance=2000' }, { georel: 'near;maxDistance==-1' }, { georel: 'within;x' }, { geometry: 'Circle' }, { coordinates: '[[' }, { coordinates: '[1,2]' },
      { georel: undefined }, { geometry: undefined }, { coordinates: undefined }, { coordinates: JSON.stringify([Array.from({ length: 300 }, (_, i) => [i / 2, i / 4]).concat([[0, 0]])]) }
    ]) assert.equal(geoQueryOf({ georel: 'within', geometry: 'Polygon', coordinates: square, ...wrong }, same).ok, false, JSON.stringify(wrong).slice(0, 60))
  })

  it('by time look at when each attribute was observed, or else the entity', () => {
    const fits = (given: Parameters<typeof temporalOf>[0], kept: KeptEntity): boolean => {
      const temporal = temporalOf(given)
      if (!temporal.ok || temporal.value === undefined) assert.fail('no range')
      return fitsTime(temporal.value, kept)
    }
    const [old, fresh] = [keptOf({ a: 1 }, { a: { observedAt: '2020-01-01T00:00:00Z' } }), keptOf({ a: 1 })]
    assert.deepEqual([old, fresh].map(each => fits({ timerel: 'before', timeAt: '2021-01-01T00:00:00Z' }, each)), [true, false])
    assert.deepEqual([old, fresh].map(each => fits({ timerel: 'after', timeAt: '2021-01-01T00:00:00Z', timeproperty: 'modifiedAt' }, each)), [true, true])
    assert.equal(fits({ timerel: 'between', timeAt: '2026-05-04T00:00:00Z', endTimeAt: '2026-05-04T00:00:01Z' }, fresh), true)
    assert.equal(fits({ timerel: 'between', timeAt: '2026-05-03T00:00:00Z', endTimeAt: '2026-05-04T00:00:00Z' }, fresh), false, 'its end is not in it')
    for (const wrong of [{ timeAt: '2021-01-01T00:00:00Z' }, { timerel: 'after' }, { timerel: 'during', timeAt: '2021-01-01T00:00:00Z' }, { timerel: 'between', timeAt: '2021-01-01T00:00:00Z' }, { timerel: 'after', timeAt: '2021' },
      { timerel: 'after', timeAt: '2021-01-01T00:00:00Z', endTimeAt: '2022-01-01T00:00:00Z' }, { timerel: 'after', timeAt: '2021-01-01T00:00:00Z', timeproperty: 'createdAt' }]) assert.equal(temporalOf(wrong).ok, false)
  })
})
