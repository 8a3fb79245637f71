import { strict as assert } from 'node:assert'
import { ckanReader, dcatReader } from '../../src/intake/harvest/index.ts'
import { changesOf, type Reader, type Reading } from '../../src/intake/reader/index.ts'
import { catalogOf, write, type Syntax } from '../../src/api/dcat/index.ts'
import { MemoryNode } from '../support/memoryNode.ts'
import { ckanPage, JSON_LD, RDF_XML, TURTLE } from './catalogues.fixture.ts'
import { NOW_MS, readPages, thingsOf, type Pages } from './reading.fixture.ts'

const CATALOGUE = 'https://portal.example/catalog.rdf?format=any'

async function read (reader: Reader, pages: Pages | string, first = CATALOGUE): Promise<Reading> {
  const result = await readPages(reader, typeof pages === 'string' ? { [first]: pages } : pages, first)
  assert.ok(result.ok, JSON.stringify(result))
  return result.value
}

async function refusal (reader: Reader, content: string): Promise<string> {
  const result = await readPages(reader, { [CATALOGUE]: content }, CATALOGUE)
  assert.ok(!result.ok, 'it is refused')
  return result.failure.code
}

describe('harvest', () => {
  describe('of DCAT', () => {
    for (const [syntax, document] of [['Turtle', TURTLE], ['RDF/XML', RDF_XML], ['JSON-LD', JSON_LD]] as const) {
      it(`reads a catalogue in ${syntax} and keeps licence, landing page, publisher and place`, async () => {
        const reading = await read(dcatReader({ fetch: true }), document)
        const [entry, ...others] = await thingsOf(reading, null)
        assert.equal(others.length, 0)
        assert.match(entry?.key ?? '', /^[0-9a-f]{32}$/)
        assert.deepEqual(entry?.body, {
          identifier: 'https://portal.example/dataset/bins', publisher: 'City of Example', licence: 'https://creativecommons.org/licenses/by/4.0/', landingPage: 'https://portal.example/bins.html',
          id: entry?.key, source: 'https://portal.example/catalog.rdf', title: 'Bins', description: 'Where they stand', keywords: ['waste', 'bins'], themes: [], issued: '2020-05-01T00:00:00.000Z',
          modified: '2023-11-01T09:00:00.000Z', temporal: { from: '2020-01-01T00:00:00.000Z', to: '2020-12-31T00:00:00.000Z' },
          geometry: { type: 'Polygon', coordinates: [[[9.7, 53.4], [10.3, 53.4], [10.3, 53.7], [9.7, 53.7], [9.7, 53.4]]] },
          distributions: [{
            title: 'Table', accessUrl: 'https://portal.example/bins.html', downloadUrl: 'https://portal.example/bins.csv', mediaType: 'text/csv',
            licence: 'https://creativecommons.org/licenses/by/4.0/', sizeBytes: 1234
          }]
        })
        assert.deepEqual(reading.rejected.map(({ reason }) => reason), ['a dataset has neither an address nor an identifier'])
        assert.deepEqual(reading.found.map(({ url, kind, licence }) => [url, kind, licence]), [['https://portal.example/bins.csv', 'csv', 'https://creativecommons.org/licenses/by/4.0/']])
      })
    }

    for (const syntax of ['turtle', 'rdfxml', 'jsonld'] satisfies Syntax[]) {
      it(`reads the catalogue of another node in ${syntax}`, async () => {
        const node = new MemoryNode()
        const described = {
          title: 'Bins & "more" <x>', description: 'Line one\nLine two', theme: 'environment', keywords: ['waste'], licence: 'https://creativecommons.org/licenses/by/4.0/',
          spatial: { west: 9.7, south: 53.4, east: 10.3, north: 53.7 }, temporal: null, schema: [], access: 'public', simulated: false
        } as const
        for (const datasetId of ['bins', 'streets']) await node.publish({ ...described, datasetId }, { form: 'stream', mediaType: 'application/json' })
        const datasets = node.datasets({ limit: 10 })
        const document = write(catalogOf({
          publisher: node.status().member, datasets, origin: 'https://node.example', self: 'https://node.example/catalog', next: null
        }), syntax)
        const entries = await thingsOf(await read(dcatReader(), document), null)
        assert.deepEqual(entries.map(({ body }) => (body as { identifier: string }).identifier).sort(), datasets.map(({ id }) => id).sort())
        for (const { body } of entries) {
          const { title, description, licence, publisher, geometry, keywords } = body as Record<string, unknown>
          assert.deepEqual([title, description, licence, publisher, keywords], ['Bins & "more" <x>', 'Line one\nLine two', described.licence, 'Bellevue', ['waste']])
          assert.equal((geometry as { type: string }).type, 'Polygon')
        }
      })
    }

    it('follows the pages of hydra, once each', async () => {
      const page = (id: string, next: string): string => `@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> . @prefix hydra: <http://www.w3.org/ns/hydra/core#> .
        <https://p.example/d/${id}> a dcat:Dataset ; dct:title "${id}" . <> hydra:next <${next}> .`
      const pages = { 'https://p.example/c': page('a', '?page=2'), 'https://p.example/c?page=2': page('b', '?page=2') }
      assert.equal((await thingsOf(await read(dcatReader(), pages, 'https://p.example/c'), null)).length, 2)
    })

    it('takes an entry that stands on two pages once', async () => {
      const pages = { [CATALOGUE]: `${TURTLE}<https://portal.example/catalog> <http://www.w3.org/ns/hydra/core#next> <?page=2> .`, 'https://portal.example/catalog.rdf?page=2': TURTLE }
      assert.equal((await thingsOf(await read(dcatReader(), pages), null)).length, 1)
    })

    it('bounds nested brackets of Turtle, and takes none in texts, addresses and comments for one', async () => {
      assert.equal(await refusal(dcatReader(), `${TURTLE}<x:a> <x:b> ${'('.repeat(100_000)}`), 'malformed')
      const said = `${'['.repeat(40)}" ' \\\\`
      const quoted = TURTLE.replace('"Where they stand"@en', `"""${said}"""@en`) + `# ${said}\n<x:${'('.repeat(40)}> <x:b> '${'('.repeat(40)}\\'' .`
      const [entry] = await thingsOf(await read(dcatReader(), quoted), null)
      assert.equal((entry?.body as { description?: string } | undefined)?.description, `${'['.repeat(40)}" ' \\`)
    })

    it('bounds what prefixes and bases make of short names', async () => {
      const long = `http://a.example/${'a'.repeat(200_000)}/`
      const begun = '@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .\n'
      const many = (make: (at: number) => string): string => Array.from({ length: 20_000 }, (_, at) => `${make(at)} a dcat:Dataset .`).join('\n')
      assert.equal(await refusal(dcatReader(), `${begun}@prefix p: <${long}> .\n${many(at => `p:${at}`)}`), 'malformed')
      assert.equal(await refusal(dcatReader(), `${begun}@base <${long}> .\n${many(at => `<${at}>`)}`), 'malformed')
      assert.equal(await refusal(dcatReader(), `${begun}${'BASE <http://a.example/> '.repeat(101)}${TURTLE}`), 'malformed')
      // What is too long to be an address is left out, and the others stand.
      const some = `${TURTLE}@prefix p: <http://a.example/${'a'.repeat(4_096)}/> . p:1 a dcat:Dataset ; dct:title "base base base" .`
      assert.deepEqual((await thingsOf(await read(dcatReader(), some), null)).map(({ body }) => (body as { title: string }).title), ['Bins'])
    })

    it('looks once for what a node is called, however many lead to it', async () => {
      const count = 40_000
      const document = `@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> .
        <x:theme> skos:prefLabel ${Array.from({ length: count }, (_, at) => `"${at}"`).join(', ')} .
        <x:d> a dcat:Dataset ; dct:title "Bins" ; dcat:theme ${Array.from({ length: count }, () => '<x:theme>').join(', ')} .`
      const [entry] = await thingsOf(await read(dcatReader(), document), null)
      assert.deepEqual(entry?.body !== undefined && (entry.body as { themes: readonly string[] }).themes, ['0'])
    })

    it('bounds the attributes of an element', async () => {
      const attributes = (count: number): string => Array.from({ length: count }, (_, at) => ` a${at}=""`).join('')
      assert.equal(await refusal(dcatReader(), RDF_XML.replace('<dct:title', `<dct:title${attributes(257)}`)), 'malformed')
      assert.equal((await thingsOf(await read(dcatReader(), RDF_XML.replace('<dct:title', `<dct:title${attributes(200)}`)), null)).length, 1)
    })

    it('bounds what contexts of JSON-LD may grow to', async () => {
      const contexts = Array.from({ length: 501 }, () => ({ '@context': { a: 'http://a/' } }))
      const terms = Object.fromEntries(Array.from({ length: 2_001 }, (_, at) => [`t${at}`, 'http://a/']))
      assert.equal(await refusal(dcatReader(), JSON.stringify({ '@graph': contexts })), 'unsupported')
      assert.equal(await refusal(dcatReader(), JSON.stringify({ '@context': terms, '@id': 'a:b' })), 'unsupported')
    })

    it('refuses what is no catalogue, what is empty, and contexts that it would have to fetch', async () => {
      for (const content of ['<!DOCTYPE html><html></html>', '', '{}', '[]', '<rdf:RDF', '@prefix _: <http://a/> . <x:a> <x:b> 1 .', TURTLE.slice(0, 900), JSON_LD.replaceAll('dcat:Dataset', 'dcat:Other')]) {
        assert.equal(await refusal(dcatReader(), content), 'malformed', content.slice(0, 40))
      }
      assert.equal(await refusal(dcatReader(), '{"@context":"https://other.example/context.jsonld","@id":"a:b"}'), 'unsupported')
    })
  })

  describe('of CKAN', () => {
    const FIRST = 'https://ckan.example/api/3/action/package_search'

    it('reads all pages, and names what could be fetched', async () => {
      const reading = await read(ckanReader({ fetch: true }), {
        [FIRST]: ckanPage(['a', 'b'], 3), [`${FIRST}?rows=100&start=2`]: ckanPage(['c'], 3)
      }, FIRST)
      const entries = await thingsOf(reading, null)
      assert.equal(entries.length, 3)
      assert.deepEqual(entries[0]?.body, {
        identifier: 'a', publisher: 'City', licence: 'https://creativecommons.org/licenses/by/4.0/', landingPage: 'https://ckan.example/dataset/name-a', id: entries[0]?.key, source: FIRST,
        title: 'Title a', description: 'About', keywords: ['Waste'], themes: ['Environment'], issued: '2020-05-01T08:00:00.123Z', modified: '2023-11-01T09:00:00.000Z', temporal: {},
        geometry: { type: 'Point', coordinates: [10.1, 53.5] },
        distributions: [
          { title: 'PDF', accessUrl: 'https://ckan.example/a.pdf', downloadUrl: 'https://ckan.example/a.pdf', format: 'PDF' },
          { title: 'Map', accessUrl: 'https://ckan.example/a.json', downloadUrl: 'https://ckan.example/a.json', format: 'GeoJSON', sizeBytes: 99 }
        ]
      })
      assert.deepEqual(reading.found.map(({ url, kind }) => [url, kind]), ['a', 'b', 'c'].map(id => [`https://ckan.example/${id}.json`, 'geojson']))
    })

    it('gives the same ids again, appends nothing for what did not change, and sees what is gone', async () => {
      let known = {}
      const appended = async (ids: readonly string[], change: (page: string) => string = page => page): Promise<readonly string[]> => {
        const [output] = (await read(ckanReader(), change(ckanPage(ids, ids.length)), FIRST)).outputs
        assert.ok(output?.form === 'records')
        const changes = changesOf(known, output.records, output.complete, NOW_MS)
        known = changes.known
        return changes.records.map(({ operation }) => operation)
      }
      assert.deepEqual(await appended(['a', 'b']), ['put', 'put'])
      assert.deepEqual(await appended(['b', 'a']), [])
      assert.deepEqual(await appended(['a', 'b'], page => page.replace('Title b', 'Title B')), ['put'])
      assert.deepEqual(await appended(['a']), ['delete'])
    })

    it('keeps a package that cannot be read apart, and hides what its portal hides', async () => {
      const hiding = ckanPage(['a', 'b', 'c'], 3).replace('"private":false', '"private":true').replace(/"state":"active"(?!.*"state":"active")/, '"state":"deleted"')
      const hidden = await read(ckanReader(), hiding, FIRST)
      assert.deepEqual((await thingsOf(hidden, null)).map(({ body }) => (body as { identifier: string }).identifier), ['b'])
      assert.deepEqual(hidden.rejected, [])
      const broken = await read(ckanReader(), ckanPage(['a', 'b'], 2).replace('"id":"a"', '"id":[]'), FIRST)
      assert.deepEqual(broken.rejected.map(({ reason }) => reason), ['a package has no id'])
    })

    it('reads a single package, and takes an empty answer for a broken one', async () => {
      const single = JSON.stringify({ success: true, result: (JSON.parse(ckanPage(['a'], 1)) as { result: { results: unknown[] } }).result.results[0] })
      assert.equal((await thingsOf(await read(ckanReader(), single, 'https://ckan.example/api/3/action/package_show?id=a'), null)).length, 1)
      assert.equal(await refusal(ckanReader(), ckanPage([], 0)), 'malformed')
      assert.equal(await refusal(ckanReader(), '{"success":false,"error":{}}'), 'malformed')
    })
  })
})
