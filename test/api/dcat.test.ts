import { strict as assert } from 'node:assert'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { Parser, Store } from 'n3'
import Validator from 'rdf-validate-shacl'
import { SaxesParser } from 'saxes'
import { catalogOf, write, type CatalogPage } from '../../src/api/dcat/index.ts'
import type { Dataset } from '../../src/node/contract/index.ts'
import { describeDataset, serve } from '../support/apiServer.ts'

const SHAPES = join(process.env['HANSE_VECTORS'] ?? join(import.meta.dirname, '../../../shared/vectors'), 'dcat-ap-3.0.1')
const DID = 'did:key:z6MkBellevue'
const RDF = 'http://www.w3.org/1999/02/22-rdf-syntax-ns#'
const DCAT = 'http://www.w3.org/ns/dcat#'

function datasetOf (datasetId: string, fields: Partial<Dataset> = {}): Dataset {
  return {
    datasetId, title: `Title of ${datasetId}`, description: 'What it is.', theme: 'transport', keywords: ['bins', 'wheels'], licence: 'CC-BY-4.0',
    spatial: { west: -122.3, south: 47.5, east: -122.1, north: 47.7 }, temporal: { fromMs: 1_451_606_400_000, toMs: 1_483_228_800_000 },
    schema: [], access: 'public', simulated: false, model: 'WasteContainer', id: `${DID}/${datasetId}`, publisher: { did: DID, name: 'Bellevue' }, version: 3,
    issuedMs: 1_700_000_000_000, modifiedMs: 1_700_000_600_000,
    distribution: { feed: 'bafyfeed', form: 'table', mediaType: 'text/csv', fileName: 'a.csv', firstRecord: 0, records: 10, sizeBytes: 1_000, sha256: 'ab'.repeat(32) },
    sources: [`${DID}/raw`], terms: null,
    held: { phase: 'complete', segmentsHave: 1, segmentsKnown: 1, records: 10, bytes: 1_000, sources: 0, because: null, state: 'local', replicas: 0 },
    ...fields
  }
}

const stream = datasetOf('live', {
  access: 'restricted', theme: 'Märkte & "more"', licence: 'Ask the clerk', model: null, spatial: { west: 170, south: -20, east: -170, north: -10 }, temporal: null, description: '',
  distribution: { feed: 'bafyfeed', form: 'stream', mediaType: 'application/json', fileName: '', firstRecord: 0, records: null, sizeBytes: null, sha256: null },
  terms: { policyCid: 'bafyreipolicy', policy: {}, sentences: [], findings: [], visibility: 'members', replicas: 'members', legalNotice: null }
})
const bare = datasetOf('bare', { theme: '', keywords: [], licence: '', spatial: null, temporal: null, model: null, sources: [] })

function pageOf (datasets: readonly Dataset[], next: string | null = null): CatalogPage {
  return { publisher: { did: DID, name: 'Bellevue <&> "Co"' }, datasets, origin: 'http://127.0.0.1:7480', self: 'http://127.0.0.1:7480/catalog.ttl', next }
}

describe('dcat', () => {
  it('has no complaint from the public shapes of DCAT-AP 3.0.1, and they look at every class', async function () {
    if (!existsSync(SHAPES)) {
      console.log(`skipped: the shapes of DCAT-AP are not present at ${SHAPES}`)
      this.skip()
    }
    const data = storeOf(write(catalogOf(pageOf([datasetOf('bins'), stream, bare], 'http://127.0.0.1:7480/catalog.ttl?after=x')), 'turtle'))
    for (const [type, count] of [['Catalog', 1], ['Dataset', 3], ['Distribution', 3], ['CatalogRecord', 3], ['DataService', 1]] as const) {
      assert.equal(data.getSubjects(`${RDF}type`, `${DCAT}${type}`, null).length, count, type)
    }
    assert.deepEqual(await complaints(data), [])
    const broken = storeOf(write(catalogOf(pageOf([datasetOf('bins')])), 'turtle').replaceAll(/ {2}dct:title [^\n]+;\n/g, ''))
    assert.notDeepEqual(await complaints(broken), [], 'the shapes see what is missing')
  })

  it('says the same in all three syntaxes, whatever people write', () => {
    const words = fc.string({ unit: 'binary', maxLength: 40 }).map(text => text.replaceAll(/[^\t\n\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, ''))
    fc.assert(fc.property(words, words, words, words, (title, theme, licence, keyword) => {
      const resources = catalogOf(pageOf([datasetOf('bins', { title, theme, licence, keywords: [keyword] }), stream, bare]))
      const turtle = triples(storeOf(write(resources, 'turtle')))
      assert.deepEqual(jsonTriples(write(resources, 'jsonld')), turtle)
      assert.deepEqual(xmlTriples(write(resources, 'rdfxml')), turtle)
    }), { numRuns: 200 })
  })

  it('writes what XML cannot hold in a way that it stays XML', () => {
    const resources = catalogOf(pageOf([datasetOf('bins', { title: 'a\u0001\ufffeb' })]))
    assert.ok(xmlTriples(write(resources, 'rdfxml')).some(triple => triple.includes('a\ufffd\ufffdb')))
  })

  it('names a download only where anybody may fetch it, and otherwise where to read how to get it', () => {
    const data = storeOf(write(catalogOf(pageOf([datasetOf('bins'), stream])), 'turtle'))
    const objects = (datasetId: string, predicate: string): readonly string[] => data.getObjects(`${DID}/${datasetId}#distribution`, `${DCAT}${predicate}`, null).map(({ value }) => value)
    const content = `http://127.0.0.1:7480/api/v1/datasets/${encodeURIComponent(`${DID}/bins`)}/content`
    assert.deepEqual(objects('bins', 'downloadURL'), [content])
    assert.deepEqual(objects('bins', 'accessURL'), [content])
    assert.deepEqual(objects('live', 'downloadURL'), [])
    assert.deepEqual(objects('live', 'accessURL'), [`http://127.0.0.1:7480/datasets/${encodeURIComponent(`${DID}/live`)}`])
  })

  it('is served for whoever asks, with a tag, page by page', async () => {
    const { node, api, tokens } = await serve()
    try {
      for (let index = 0; index < 501; index++) await node.publish(describeDataset(`open-${String(index).padStart(3, '0')}`), { form: 'stream', mediaType: 'application/json' })
      await node.publish({ ...describeDataset('secret'), access: 'restricted' }, { form: 'stream', mediaType: 'application/json' })
      const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
        fetch(`${api.url}${path}`, { headers: { authorization: `Bearer ${tokens.read}`, ...headers } })
      const first = await get('/catalog.ttl')
      assert.equal(first.headers.get('content-type'), 'text/turtle; charset=utf-8')
      const turtle = await first.text()
      const next = storeOf(turtle).getObjects(null, 'http://www.w3.org/ns/hydra/core#next', null)[0]?.value ?? ''
      const last = storeOf(await (await get(next.replace(api.url, ''))).text())
      assert.equal(storeOf(turtle).getSubjects(`${RDF}type`, `${DCAT}Dataset`, null).length, 500)
      assert.equal(last.getSubjects(`${RDF}type`, `${DCAT}Dataset`, null).length, 2)
      assert.equal((await get('/catalog.ttl', { 'if-none-match': first.headers.get('etag') ?? '' })).status, 304)
      for (const path of ['/catalog.jsonld', '/catalog.rdf']) assert.equal((await get(path)).status, 200)
    } finally {
      await api.stop()
    }
  })

  it('never changes an identifier with the address that was asked', () => {
    const subjects = (origin: string): readonly string[] => catalogOf({ ...pageOf([datasetOf('bins'), stream]), origin }).map(({ iri }) => iri).filter(iri => iri.startsWith('did:'))
    assert.deepEqual(subjects('http://127.0.0.1:7480'), subjects('https://hanse.bellevue.example'))
    assert.ok(subjects('http://127.0.0.1:7480').includes(`${DID}/bins`))
  })
})

function storeOf (turtle: string): Store {
  return new Store(new Parser().parse(turtle))
}

async function complaints (data: Store): Promise<readonly string[]> {
  const shapes = new Store(['dcat-ap-SHACL.ttl', 'ranges.ttl'].flatMap(name => new Parser().parse(readFileSync(join(SHAPES, name), 'utf8'))))
  const { results } = await new Validator(shapes, { allowNamedNodeInList: true }).validate(data)
  return results.map(({ focusNode, path, sourceConstraintComponent }) => `${focusNode?.value} ${path?.value} ${sourceConstraintComponent?.value}`)
}

function triples (store: Store): readonly string[] {
  return store.getQuads(null, null, null, null).map(({ subject, predicate, object }) =>
    tripleOf(subject.value, predicate.value, object.termType === 'Literal' ? { value: object.value, datatype: object.datatype.value } : { iri: object.value })).toSorted()
}

type Value = { readonly iri: string } | { readonly value: string, readonly datatype: string }

function tripleOf (subject: string, predicate: string, object: Value): string {
  return JSON.stringify('iri' in object ? [subject, predicate, object.iri] : [subject, predicate, object.value, object.datatype])
}

const STRING = 'http://www.w3.org/2001/XMLSchema#string'

/** Enough of JSON-LD 1.1 for a context of prefixes and a flat graph. */
function jsonTriples (text: string): readonly string[] {
  const { '@context': context, '@graph': graph } = JSON.parse(text) as { '@context': Record<string, string>, '@graph': readonly Record<string, unknown>[] }
  const full = (name: string): string => name.replace(/^(\w+):/, (_, prefix: string) => context[prefix] ?? `${prefix}:`)
  return graph.flatMap(({ '@id': id, '@type': types, ...members }) => [
    ...(types as readonly string[]).map(type => tripleOf(String(id), `${RDF}type`, { iri: full(type) })),
    ...Object.entries(members).flatMap(([predicate, values]) => (values as readonly Record<string, string>[]).map(value => tripleOf(String(id), full(predicate),
      value['@id'] === undefined ? { value: value['@value'] ?? '', datatype: value['@type'] === undefined ? STRING : full(value['@type']) } : { iri: value['@id'] })))
  ]).toSorted()
}

/** Enough of RDF/XML for flat descriptions. */
function xmlTriples (text: string): readonly string[] {
  const found: string[] = []
  let subject = ''
  let said = ''
  const parser = new SaxesParser({ xmlns: true })
  parser.on('error', error => { throw error })
  parser.on('text', part => { said += part })
  parser.on('opentag', ({ uri, local, attributes }) => {
    said = ''
    if (uri + local === `${RDF}Description`) subject = attributes['rdf:about']?.value ?? ''
    const resource = attributes['rdf:resource']?.value
    if (resource !== undefined) found.push(tripleOf(subject, uri + local, { iri: resource }))
  })
  parser.on('closetag', ({ uri, local, attributes }) => {
    if (uri === RDF && local !== 'type') return
    if (attributes['rdf:resource'] === undefined) found.push(tripleOf(subject, uri + local, { value: said, datatype: attributes['rdf:datatype']?.value ?? STRING }))
  })
  parser.write(text).close()
  return found.toSorted()
}
