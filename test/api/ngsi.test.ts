/**
 * NGSI-LD as the test suite of ETSI ISG CIM asks for it (forge.etsi.org, BSD-like licence): cases told anew by hand, each named by
 * its number there. What is not named is not claimed.
 */
import { strict as assert } from 'node:assert'
import type { Served } from '../support/apiServer.ts'
import { CORE, errorOf, LD_JSON, servedEntities, type Ask } from '../support/entities.ts'

const CONTEXT = 'https://smartdatamodels.org/dataModel.Building/context.jsonld'
const LINK = `<${CONTEXT}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"`
const linked = { link: LINK }
const ld = { 'content-type': LD_JSON }
const property = (value: unknown, more: object = {}): object => ({ type: 'Property', value, ...more })
const id = (name: string): string => `urn:ngsi-ld:Building:${name}`
const minimal = (name: string): object => ({ id: id(name), type: 'Building', name: property('Eiffel Tower') })
const simple = (name: string, title = 'Eiffel Tower', level = 4, almostFull = false): object => ({
  ...minimal(name), name: property(title), subCategory: property('tourism'), airQualityLevel: property(level, { unitCode: 'C62', observedAt: '2020-09-09T16:40:00.000Z' }), almostFull: property(almostFull)
})
const located = (name: string, geometry: object): object => ({ ...minimal(name), location: { type: 'GeoProperty', value: geometry } })
const point = (...coordinates: readonly number[]): object => ({ type: 'Point', coordinates })

describe('NGSI-LD', () => {
  let [served, ask]: [Served, Ask] = [undefined as never, undefined as never]
  const counted = async (query: string): Promise<number> => {
    const answer = await ask('GET', `/entities?type=Building&limit=0&count=true&${query}`, undefined, linked)
    assert.equal(answer.status, 200, `${query}: ${JSON.stringify(answer.body)}`)
    return Number(answer.headers.get('ngsild-results-count'))
  }
  const refusedWith = async (status: number, type: string, ...request: Parameters<Ask>): Promise<void> => {
    const answer = await ask(...request)
    assert.deepEqual([answer.status, errorOf(answer)], [status, type], JSON.stringify(request).slice(0, 200))
  }
  beforeEach(async () => { ({ served, ask } = await servedEntities()) })
  afterEach(async () => {
    await served.api.stop()
    assert.deepEqual(served.errors, [])
  })

  it('001: creates an entity once, and only one that is none of another kind', async () => {
    const relation = { type: 'Relationship', object: 'urn:ngsi-ld:City:Paris', since: property('1889'), by: { type: 'Relationship', object: 'urn:ngsi-ld:Person:Gustave' } }
    for (const [name, entity] of [['01_01', minimal('01_01')], ['01_02', simple('01_02')], ['01_03', { ...minimal('01_03'), locatedIn: relation }], ['01_04', located('01_04', point(13.3986, 52.5547))]] as const) {
      const created = await ask('POST', '/entities', { ...entity, '@context': CONTEXT }, ld)
      assert.deepEqual([created.status, created.headers.get('location')], [201, `/ngsi-ld/v1/entities/${id(name)}`])
      assert.deepEqual((await ask('GET', `/entities/${id(name)}`)).body, entity)
    }
    await refusedWith(400, 'InvalidRequest', 'POST', '/entities', '{"id":', ld) // 001_02_01
    await refusedWith(400, 'InvalidRequest', 'POST', '/entities', '', ld) // 001_02_02
    await refusedWith(400, 'BadRequestData', 'POST', '/entities', minimal('02_03'), ld) // 001_02_03
    await refusedWith(400, 'BadRequestData', 'POST', '/entities', { ...minimal('02_04'), type: 7, '@context': CONTEXT }, ld) // 001_02_04
    await refusedWith(409, 'AlreadyExists', 'POST', '/entities', minimal('01_01')) // 001_03
    await refusedWith(400, 'BadRequestData', 'POST', '/entities', { ...minimal('06'), '@context': CONTEXT }) // 001_06
    await refusedWith(400, 'BadRequestData', 'POST', '/entities', minimal('08'), ld) // 001_08
    await refusedWith(400, 'BadRequestData', 'POST', '/entities', { ...minimal('09'), '@context': CONTEXT }, { ...ld, ...linked }) // 001_09
    for (const more of [{ name: { type: 'LanguageProperty', languageMap: { en: 'Tower' } } }, { scope: '/Paris' }, { name: { type: 'JsonProperty', json: {} } }, { name: { type: 'VocabProperty', vocab: 'x' } }]) {
      await refusedWith(400, 'OperationNotSupported', 'POST', '/entities', { ...minimal('10'), ...more }) // 001_10, 11, 14, 15: not offered
    }
    assert.equal((await ask('POST', '/entities', minimal('415'), { 'content-type': 'text/plain' })).status, 415)
  })

  it('001_04, 05, 07: takes names from the context that is given, and keeps them short', async () => {
    const mine = { Haus: 'https://uri.etsi.org/ngsi-ld/default-context/Building', titel: 'https://smartdatamodels.org/name' }
    const created = await ask('POST', '/entities', { id: id('7'), type: 'Haus', titel: 'Holstentor', '@context': [mine, CORE] }, ld)
    assert.equal(created.status, 201)
    assert.deepEqual((await ask('GET', `/entities/${id('7')}?options=keyValues`)).body, { id: id('7'), type: 'Building', name: 'Holstentor' })
    assert.equal((await ask('POST', '/entities', { id: id('8'), type: 'https://uri.etsi.org/ngsi-ld/default-context/Building', 'https://my.example/x': 1 })).status, 201)
    assert.deepEqual((await ask('GET', `/entities/${id('8')}?options=keyValues`)).body, { id: id('8'), type: 'Building', 'https://my.example/x': 1 })
    const other = { link: LINK.replace(CONTEXT, 'https://somewhere.example/context.jsonld') }
    for (const [method, path, body] of [['POST', '/entities', minimal('9')], ['GET', '/entities?type=Building'], ['GET', `/entities/${id('7')}`], ['GET', '/subscriptions']] as const) await refusedWith(504, 'LdContextNotAvailable', method, path, body, other)
    await refusedWith(504, 'LdContextNotAvailable', 'POST', '/entities', { ...minimal('9'), '@context': 'https://somewhere.example/context.jsonld' }, ld)
  })

  it('002: removes an entity', async () => {
    await ask('POST', '/entities', minimal('1'))
    assert.equal((await ask('DELETE', `/entities/${id('1')}`)).status, 204) // 002_01
    await refusedWith(404, 'ResourceNotFound', 'GET', `/entities/${id('1')}`)
    await refusedWith(400, 'BadRequestData', 'DELETE', '/entities/thisisaninvaliduri') // 002_02
    await refusedWith(404, 'ResourceNotFound', 'DELETE', `/entities/${id('1')}`) // 002_03
    assert.equal((await ask('POST', '/entities', minimal('1'))).status, 201, 'and it may come again')
  })

  it('003: creates entities together, and tells of each that it did not', async () => {
    const all = await ask('POST', '/entityOperations/create', [minimal('1'), minimal('2')])
    assert.deepEqual([all.status, all.body], [201, [id('1'), id('2')]]) // 003_01
    const some = await ask('POST', '/entityOperations/create', [minimal('3'), minimal('1'), { ...minimal('4'), type: undefined }, minimal('3')]) // 003_02, 003_10
    const { success, errors } = some.body as { readonly success: readonly string[], readonly errors: readonly { readonly entityId: string, readonly error: object }[] }
    assert.deepEqual([some.status, success], [207, [id('3')]])
    assert.deepEqual(errors.map(({ entityId, error }) => [entityId, errorOf({ body: error })]), [[id('1'), 'AlreadyExists'], [id('4'), 'BadRequestData'], [id('3'), 'AlreadyExists']])
    await refusedWith(400, 'InvalidRequest', 'POST', '/entityOperations/create', '[{"id"', ld) // 003_03_01
    await refusedWith(400, 'BadRequestData', 'POST', '/entityOperations/create', []) // 003_03_02
    const within = await ask('POST', '/entityOperations/create', [{ ...minimal('6'), '@context': CONTEXT }])
    assert.equal(within.status, 207) // 003_06
    assert.equal((await ask('POST', '/entityOperations/create', [{ ...minimal('7'), '@context': CONTEXT }], ld)).status, 201) // 003_07
    assert.equal((await ask('POST', '/entityOperations/create', [minimal('8')], ld)).status, 207) // 003_08
    assert.equal((await ask('POST', '/entityOperations/create', [{ ...minimal('9'), '@context': CONTEXT }], { ...ld, ...linked })).status, 400) // 003_09
  })

  it('004: adds or replaces entities together', async () => {
    const upsert = (entities: unknown, options = ''): ReturnType<Ask> => ask('POST', `/entityOperations/upsert${options}`, entities)
    const fresh = await upsert([simple('1'), simple('2')])
    assert.deepEqual([fresh.status, fresh.body], [201, [id('1'), id('2')]]) // 004_01
    const mixed = await upsert([minimal('2'), minimal('3')])
    assert.deepEqual([mixed.status, mixed.body], [201, [id('3')]]) // 004_02
    assert.deepEqual((await ask('GET', `/entities/${id('2')}`)).body, minimal('2'), 'replaced as a whole')
    assert.equal((await upsert([minimal('2'), minimal('3')])).status, 204) // 004_03
    assert.equal((await upsert([{ ...minimal('1'), name: property('Big Ben') }], '?options=update')).status, 204) // 004_04
    assert.deepEqual((await ask('GET', `/entities/${id('1')}`)).body, simple('1', 'Big Ben'))
    const some = await upsert([minimal('4'), minimal('5'), { id: id('6'), name: property(1) }])
    assert.deepEqual([some.status, (some.body as { readonly success: unknown }).success], [207, [id('4'), id('5')]]) // 004_05
    await refusedWith(400, 'InvalidRequest', 'POST', '/entityOperations/upsert', '[', ld) // 004_06_01
    assert.equal((await upsert([minimal('7'), { ...minimal('7'), name: property('The later') }])).status, 201) // 004_07
    assert.deepEqual((await ask('GET', `/entities/${id('7')}?options=keyValues`)).body, { id: id('7'), type: 'Building', name: 'The later' })
    const otherType = await upsert([{ id: id('1'), type: 'Tower', name: property('x') }])
    assert.equal(otherType.status, 207, 'an id names one thing')
  })

  it('005, 006: changes and removes entities together', async () => {
    await ask('POST', '/entityOperations/create', [simple('1'), minimal('2')])
    const update = (entities: unknown, options = ''): ReturnType<Ask> => ask('POST', `/entityOperations/update${options}`, entities)
    assert.equal((await update([{ id: id('1'), type: 'Building', almostFull: property(true), height: property(330) }])).status, 204) // 005_01
    assert.deepEqual((await ask('GET', `/entities/${id('1')}`)).body, { ...simple('1', 'Eiffel Tower', 4, true), height: property(330) })
    assert.equal((await update([{ id: id('2'), type: 'Building', height: property(1) }], '?options=noOverwrite')).status, 204) // 005_02_02
    assert.equal((await update([{ id: id('2'), type: 'Building', height: property(2), depth: property(2) }], '?options=noOverwrite')).status, 207) // 005_02_03
    assert.deepEqual((await ask('GET', `/entities/${id('2')}`)).body, { ...minimal('2'), height: property(1), depth: property(2) })
    const some = await update([minimal('1'), minimal('none')])
    assert.deepEqual([some.status, (some.body as { readonly success: unknown }).success], [207, [id('1')]]) // 005_03
    await refusedWith(400, 'InvalidRequest', 'POST', '/entityOperations/update', '{]', ld) // 005_04
    const gone = await ask('POST', '/entityOperations/delete', [id('1'), id('none')])
    assert.deepEqual([gone.status, (gone.body as { readonly success: unknown }).success], [207, [id('1')]]) // 006_02
    assert.equal((await ask('POST', '/entityOperations/delete', [id('2')])).status, 204) // 006_01
    await refusedWith(400, 'BadRequestData', 'POST', '/entityOperations/delete', []) // 006_03
    assert.equal(await counted(''), 0)
  })

  it('010, 011: appends and changes attributes', async () => {
    await ask('POST', '/entities', simple('1'))
    const attrs = `/entities/${id('1')}/attrs`
    assert.equal((await ask('POST', attrs, { height: property(330) })).status, 204) // 010_01_01
    for (const method of ['POST', 'PATCH']) {
      await refusedWith(400, 'BadRequestData', method, '/entities/thisisaninvaliduri/attrs', { height: property(1) }) // 010_02_02, 011_02_02
      await refusedWith(404, 'ResourceNotFound', method, `/entities/${id('none')}/attrs`, { height: property(1) }) // 010_03, 011_03
      await refusedWith(400, 'InvalidRequest', method, attrs, '{"height":', ld) // 010_05, 011_04
      await refusedWith(400, 'BadRequestData', method, attrs, {})
      await refusedWith(400, 'OperationNotSupported', method, attrs, { height: property(1, { datasetId: 'urn:x:y' }) })
    }
    const kept = await ask('POST', `${attrs}?options=noOverwrite`, { height: property(1), depth: property(2) }) // 010_04
    assert.equal(kept.status, 207)
    assert.deepEqual(kept.body, { updated: ['depth'], notUpdated: [{ attributeName: 'height', reason: 'it is there already, and noOverwrite was asked for' }] })
    assert.equal((await ask('PATCH', attrs, { height: property(324), name: property('La tour') })).status, 204) // 011_01_01
    const partly = await ask('PATCH', attrs, { height: property(300), width: property(125) })
    assert.deepEqual([partly.status, (partly.body as { readonly updated: unknown }).updated], [207, ['height']])
    assert.equal((await ask('PATCH', attrs, { depth: property('urn:ngsi-ld:null') }, { 'content-type': 'application/merge-patch+json' })).status, 204) // 011_07
    assert.deepEqual((await ask('GET', `/entities/${id('1')}`)).body, { ...simple('1', 'La tour'), height: property(300) })
  })

  it('018: gives one entity in each form', async () => {
    const entity = { ...simple('1'), location: { type: 'GeoProperty', value: point(13.4, 52.5) }, builtAt: property({ '@type': 'DateTime', '@value': '1889-03-31T00:00:00Z' }) }
    await ask('POST', '/entities', entity)
    const path = `/entities/${id('1')}`
    assert.deepEqual((await ask('GET', path)).body, entity) // 018_01_01
    assert.deepEqual((await ask('GET', `${path}?attrs=airQualityLevel,subCategory`, undefined, linked)).body, { id: id('1'), type: 'Building', subCategory: property('tourism'), airQualityLevel: (entity as Record<string, unknown>)['airQualityLevel'] }) // 018_01_02
    await refusedWith(400, 'BadRequestData', 'GET', '/entities/thisisaninvaliduri') // 018_02
    await refusedWith(404, 'ResourceNotFound', 'GET', `/entities/${id('none')}`) // 018_03_01
    await refusedWith(404, 'ResourceNotFound', 'GET', `${path}?attrs=nothing`) // 018_03_02
    const short = { name: 'Eiffel Tower', subCategory: 'tourism', airQualityLevel: 4, almostFull: false, location: point(13.4, 52.5), builtAt: '1889-03-31T00:00:00Z' }
    for (const form of ['keyValues', 'simplified']) assert.deepEqual((await ask('GET', `${path}?options=${form}`)).body, { id: id('1'), type: 'Building', ...short }) // 018_04
    const feature = await ask('GET', `${path}?options=keyValues`, undefined, { accept: 'application/geo+json' })
    assert.equal(feature.headers.get('content-type'), 'application/geo+json')
    assert.deepEqual(feature.body, { id: id('1'), type: 'Feature', geometry: point(13.4, 52.5), properties: { type: 'Building', ...short } }) // 018_05
    const plain = await ask('GET', path, undefined, linked)
    assert.equal(plain.headers.get('link'), LINK) // 018_06
    assert.ok((await ask('GET', path)).headers.get('link')?.includes(CORE))
    const within = await ask('GET', path, undefined, { ...linked, accept: LD_JSON })
    assert.deepEqual([within.headers.get('content-type'), (within.body as Record<string, unknown>)['@context'], within.headers.get('link')], [LD_JSON, CONTEXT, null])
    assert.equal((await ask('GET', path, undefined, { accept: 'image/png' })).status, 406)
    for (const query of ['options=sysAttrs', 'options=keyValues,normalized', 'join=inline', 'lang=fr', 'pick=name', 'omit=name', 'datasetId=x']) await refusedWith(400, 'BadRequestData', 'GET', `${path}?${query}`) // 018_07, 10 to 21: not offered
  })

  it('019: finds entities by id, type, pattern and attributes, in pages', async () => {
    await ask('POST', '/entityOperations/create', [simple('1'), simple('2', 'Pisa Tower', 6, true), minimal('3'), { id: 'urn:ngsi-ld:Vehicle:1', type: 'Vehicle', speed: property(3) }])
    const found = async (query: string): Promise<readonly string[]> => ((await ask('GET', `/entities?${query}`, undefined, linked)).body as readonly { readonly id: string }[]).map(each => each.id)
    assert.deepEqual(await found(`type=Building&id=${id('1')},${id('3')}`), [id('1'), id('3')]) // 019_01_01
    assert.deepEqual(await found('type=Vehicle,Building'), [id('1'), id('2'), id('3'), 'urn:ngsi-ld:Vehicle:1'].toSorted()) // 019_01_02
    assert.deepEqual(await found(`type=https://uri.etsi.org/ngsi-ld/default-context/Building&idPattern=${encodeURIComponent('.*:[12]$')}`), [id('1'), id('2')]) // 019_01_03
    assert.deepEqual(await found('attrs=almostFull,speed'), [id('1'), id('2'), 'urn:ngsi-ld:Vehicle:1']) // 019_01_04
    await refusedWith(400, 'BadRequestData', 'GET', '/entities?type=Building&id=thisisaninvaliduri1') // 019_03_01
    await refusedWith(400, 'BadRequestData', 'GET', '/entities?type=Building&idPattern=invalid**') // 019_03_02
    await refusedWith(400, 'BadRequestData', 'GET', '/entities?attrs=id,type') // 019_03_03
    await refusedWith(400, 'BadRequestData', 'GET', '/entities?type=Building&georel=invalid&geometry=Point&coordinates=[-8.503,41.202]') // 019_03_04
    for (const query of ['', `?id=${id('1')}`, '?idPattern=x', '?limit=5']) await refusedWith(400, 'BadRequestData', 'GET', `/entities${query}`) // 019_03_05
    assert.deepEqual((await ask('GET', `/entities?type=Building&id=${id('3')}&options=keyValues`)).body, [{ id: id('3'), type: 'Building', name: 'Eiffel Tower' }]) // 019_04
    const features = await ask('GET', `/entities?type=Building&id=${id('3')}&options=keyValues`, undefined, { accept: 'application/geo+json' })
    assert.deepEqual(features.body, { type: 'FeatureCollection', features: [{ id: id('3'), type: 'Feature', geometry: null, properties: { type: 'Building', name: 'Eiffel Tower' } }] }) // 019_05
    const page = await ask('GET', '/entities?type=Building&limit=2&count=true') // 019_06, 019_07
    assert.deepEqual([(page.body as readonly unknown[]).length, page.headers.get('ngsild-results-count')], [2, '3'])
    const next = /<\/ngsi-ld\/v1([^>]+)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1] ?? assert.fail('no next page')
    const last = await ask('GET', next)
    assert.deepEqual((last.body as readonly { readonly id: string }[]).map(each => each.id), [id('3')])
    assert.ok(last.headers.get('link')?.includes('rel="prev"') === true && !last.headers.get('link')?.includes('rel="next"'))
    for (const query of ['limit=0', 'limit=1001', 'limit=x', 'offset=-1', 'count=yes', 'scopeQ=/a', 'orderBy=name', 'local=true', 'csf=x', 'join=flat', 'type=A|B', 'q=a==', 'timerel=after']) await refusedWith(400, 'BadRequestData', 'GET', `/entities?type=Building&${query}`.replace('type=Building&type', 'type'))
    for (const [method, path] of [['GET', '/temporal/entities'], ['GET', '/types'], ['GET', '/csourceRegistrations'], ['GET', '/jsonldContexts'], ['DELETE', '/entities'], ['DELETE', `/entities/${id('1')}/attrs/name`]] as const) await refusedWith(400, 'OperationNotSupported', method, path)
    await refusedWith(400, 'OperationNotSupported', 'GET', '/entities?type=Building', undefined, { 'ngsild-tenant': 'a' })
  })

  it('019_09, 28: finds entities by what they say', async () => {
    await ask('POST', '/entityOperations/create', [simple('1'), simple('2', 'Pisa Tower', 6, true), { ...simple('3', 'Pisa Tower', 7), locatedIn: { type: 'Relationship', object: 'urn:ngsi-ld:City:Pisa' } }])
    for (const [q, count] of [
      ['name=="Eiffel Tower"', 1], ['name=="Pisa Tower";almostFull==false', 1], ['name=="Pisa Tower"|almostFull==false', 3], ['(name=="Pisa Tower"|name=="Eiffel Tower");almostFull==false', 2], ['airQualityLevel==4', 1],
      ['airQualityLevel>=4;airQualityLevel<7', 2], ['locatedIn==urn:ngsi-ld:City:Pisa', 1], ['locatedIn==urn:ngsi-ld:City:Paris', 0], ['locatedIn==urn:ngsi-ld:City:Pisa|locatedIn==urn:ngsi-ld:City:Paris', 1],
      ['airQualityLevel==4..5', 1], ['airQualityLevel!=4..6', 1], ['name=="Eiffel Tower","Pisa Tower"', 3], ['name!="Eiffel Tower","Big Ben"', 2], ['name!~="^Eiffel"', 2], ['airQualityLevel.observedAt>2020-01-01T00:00:00Z', 3], ['modifiedAt>2020-01-01T00:00:00Z', 3]
    ] as const) assert.equal(await counted(`q=${encodeURIComponent(q)}`), count, q)
    await refusedWith(400, 'BadRequestData', 'GET', `/entities?type=Building&q=${encodeURIComponent('airQualityLevel>4..5')}`)
    assert.equal(await counted('timerel=before&timeAt=2020-09-10T00:00:00Z'), 3)
    assert.equal(await counted('timerel=between&timeAt=2020-09-09T16:40:00Z&endTimeAt=2020-09-09T16:40:01Z&timeproperty=modifiedAt'), 3)
    assert.equal(await counted('timerel=after&timeAt=2020-09-10T00:00:00Z'), 0)
  })

  it('019_10, 11: finds entities by where they are', async () => {
    const berlin = '[[[13.1616211,52.5438124],[13.597641,52.4840224],[13.5948944,52.3402782],[13.142395,52.386428],[13.1616211,52.5438124]]]'
    const geo = (georel: string, geometry: string, coordinates: string): string => `georel=${georel}&geometry=${geometry}&coordinates=${encodeURIComponent(coordinates)}`
    await ask('POST', '/entityOperations/create', [located('1', point(13.3986, 52.5547)), located('2', point(13.509818, 52.363457)), located('3', point(13.215983, 52.470441)), minimal('4')])
    for (const [georel, geometry, coordinates, count] of [
      ['equals', 'Point', '[13.3986, 52.5547]', 1], ['near;maxDistance==15000', 'Point', '[13.388930, 52.534473]', 2], ['near;minDistance==15000', 'Point', '[13.388930, 52.534473]', 1], ['within', 'Polygon', berlin, 2],
      ['disjoint', 'Polygon', berlin, 1], ['disjoint', 'Point', '[13.3986, 52.5547]', 2], ['contains', 'Point', '[13.3986, 52.5547]', 1], ['intersects', 'Point', '[13.3986, 52.5547]', 1]
    ] as const) assert.equal(await counted(geo(georel, geometry, coordinates)), count, `${georel} ${geometry}`)
    await ask('POST', '/entityOperations/delete', ['1', '2', '3', '4'].map(id))
    const large = [[[13.2865906, 52.5648645], [13.2879639, 52.5648645], [13.2797241, 52.4988679], [13.477478, 52.4712703], [13.5049438, 52.5373084], [13.2865906, 52.5648645]]]
    const small = [[[13.315773, 52.4757209], [13.339119, 52.4443421], [13.3892441, 52.4669371], [13.315773, 52.4757209]]]
    await ask('POST', '/entityOperations/create', [located('5', { type: 'Polygon', coordinates: large }), located('6', { type: 'Polygon', coordinates: small })])
    const near = '[[[13.3456421,52.4794848],[13.3641815,52.4428773],[13.4177399,52.4730023],[13.3459854,52.479903],[13.3456421,52.4794848]]]'
    const away = '[[[13.1369019,52.5198225],[13.1365585,52.5200314],[13.131752,52.4980907],[13.1832504,52.5026887],[13.1369019,52.5198225]]]'
    for (const [georel, geometry, coordinates, count] of [
      ['equals', 'Polygon', JSON.stringify(large), 1], ['intersects', 'Polygon', near, 1], ['contains', 'Polygon', '[[[13.3844376,52.5356966],[13.3844376,52.5356966],[13.381691,52.5123012],[13.4235764,52.5100027],[13.4331894,52.5273425],[13.3844376,52.5356966]]]', 1],
      ['contains', 'Polygon', away, 0], ['disjoint', 'Polygon', away, 2], ['within', 'Polygon', '[[[13.3023834,52.4903066],[13.3027267,52.4905156],[13.2745743,52.465632],[13.3343124,52.4185447],[13.4311295,52.47107],[13.3023834,52.4903066]]]', 1],
      ['overlaps', 'Polygon', near, 1], ['contains', 'Point', '[13.3442688,52.4650045]', 1]
    ] as const) assert.equal(await counted(geo(georel, geometry, coordinates)), count, `${georel} ${geometry}`)
  })

  it('leaves the node its turns, whatever a pattern costs', async () => {
    const names = Array.from({ length: 100 }, (_, at) => String(at))
    await ask('POST', '/entityOperations/create', names.map(name => simple(name, 'a'.repeat(200))))
    let [turns, isOver] = [0, false]
    const turn = (): void => {
      turns++
      if (!isOver) setImmediate(turn)
    }
    turn()
    const costly = encodeURIComponent(`name~="${'(a|a){20}'.repeat(8)}z"`)
    assert.equal(await counted(`q=${costly}`), 0)
    isOver = true
    assert.ok(turns >= 25, `${turns} turns of the event loop while a hundred texts were looked at`)
    await refusedWith(400, 'BadRequestData', 'GET', `/entities?type=Building&q=${encodeURIComponent(`name~="${'(|||||){30}'.repeat(6)}z"|${`name~="${'(|||||){30}'.repeat(6)}y"|`.repeat(6)}name~="x"`)}`)
  })
})
