import { type Dataset } from '../../node/contract/index.ts'
import { API_PATH, datasetPath } from '../../sdk/index.ts'
import { Graph, text, time, type Resource, type Term } from './graph.ts'
import { accessRightsOf, continuous, formatOf, licenceOf, mediaTypeOf, themeOf } from './vocabulary.ts'

export type CatalogPage = {
  readonly publisher: { readonly did: string, readonly name: string }
  readonly datasets: readonly Dataset[]
  /** How harvesters reach this node: scheme, host and port. Identifiers never depend on it. */
  readonly origin: string
  /** Addresses of this page and of the next. */
  readonly self: string
  readonly next: string | null
}

/** One page of the catalogue of a member, as DCAT-AP 3.0.1 wants it said. */
export function catalogOf ({ publisher, datasets, origin, self, next }: CatalogPage): readonly Resource[] {
  const graph = new Graph()
  const agent = graph.say(publisher.did, ['foaf:Agent'], [['foaf:name', text(publisher.name)]])
  const catalog = `${publisher.did}/catalog`
  const service = serviceOf(graph, publisher.did, origin, datasets)
  const modifiedMs = datasets.reduce((newest, dataset) => Math.max(newest, dataset.modifiedMs), 0)
  graph.say(catalog, ['dcat:Catalog'], [
    ['dct:title', text(`Data of ${publisher.name}`)], ['dct:description', text(`Datasets that ${publisher.name} shares with its neighbours.`)],
    ['dct:publisher', agent], ['dct:modified', modifiedMs === 0 ? undefined : time(modifiedMs)], ['dcat:service', service],
    ...datasets.flatMap((dataset): (readonly [string, Term])[] => {
      describe(graph, dataset, { origin, agent, service })
      const record = graph.say(`${dataset.id}#record`, ['dcat:CatalogRecord'], [
        ['foaf:primaryTopic', { iri: dataset.id }], ['dct:issued', time(dataset.issuedMs)], ['dct:modified', time(dataset.modifiedMs)]
      ])
      return [['dcat:dataset', { iri: dataset.id }], ['dcat:record', record]]
    })
  ])
  if (next !== null) graph.say(self, ['hydra:PartialCollectionView'], [['hydra:next', { iri: next }]])
  return graph.resources()
}

function serviceOf (graph: Graph, did: string, origin: string, datasets: readonly Dataset[]): Term {
  const endpoint = graph.say(`${origin}${API_PATH}`, ['rdfs:Resource'])
  const description = graph.say(`${origin}${API_PATH}/openapi.json`, ['rdfs:Resource'])
  return graph.say(`${did}/services/read`, ['dcat:DataService'], [
    ['dct:title', text('Reading and following datasets over HTTP')], ['dcat:endpointURL', endpoint], ['dcat:endpointDescription', description],
    ...datasets.map(({ id }): readonly [string, Term] => ['dcat:servesDataset', { iri: id }])
  ])
}

type Around = { readonly origin: string, readonly agent: Term, readonly service: Term }

function describe (graph: Graph, dataset: Dataset, around: Around): void {
  const { id, title, description, keywords, theme, access, distribution, temporal, version, model } = dataset
  const page = graph.say(landingPage(around.origin, id), ['foaf:Document'])
  // Shapes do not reason about classes: what a record is about has to be called a resource too.
  graph.say(id, ['dcat:Dataset', 'dcat:Resource'], [
    ['dct:title', text(title)], ['dct:description', text(description.trim() === '' ? title : description)], ['dct:identifier', text(id)],
    ['dct:publisher', around.agent], ['dct:issued', time(dataset.issuedMs)], ['dct:modified', time(dataset.modifiedMs)],
    ['dcat:version', text(String(version))], ['dct:accessRights', accessRightsOf(graph, access)], ['dcat:landingPage', page],
    ['dcat:theme', themeOf(graph, theme)], ...keywords.map((keyword): readonly [string, Term] => ['dcat:keyword', text(keyword)]),
    ['dct:accrualPeriodicity', distribution.form === 'stream' ? continuous(graph) : undefined],
    ['dct:spatial', spatialOf(graph, dataset)], ['dct:temporal', temporal === null ? undefined : periodOf(graph, id, temporal)],
    ['dct:conformsTo', model === null ? undefined : graph.say(`https://smartdatamodels.org/${model}`, ['dct:Standard'], [['dct:title', text(model)]])],
    ...dataset.sources.map((source): readonly [string, Term] => ['prov:wasDerivedFrom', graph.say(source, ['prov:Entity'])]),
    ['dcat:distribution', distributionOf(graph, dataset, page, around)]
  ])
}

/** Where a person reads about a dataset. */
function landingPage (origin: string, id: string): string {
  return `${origin}/datasets/${encodeURIComponent(id)}`
}

function spatialOf (graph: Graph, { id, spatial }: Dataset): Term | undefined {
  if (spatial === null) return undefined
  return graph.say(`${id}#place`, ['dct:Location'], [['dcat:bbox', text(wktOf(spatial), 'geo:wktLiteral')]])
}

/** Longitude before latitude, as WKT in CRS84. A box over the antimeridian is two polygons. */
function wktOf ({ west, south, east, north }: NonNullable<Dataset['spatial']>): string {
  const ring = (from: number, to: number): string => `((${from} ${south},${to} ${south},${to} ${north},${from} ${north},${from} ${south}))`
  return west <= east ? `POLYGON${ring(west, east)}` : `MULTIPOLYGON(${ring(west, 180)},${ring(-180, east)})`
}

function periodOf (graph: Graph, id: string, { fromMs, toMs }: NonNullable<Dataset['temporal']>): Term {
  return graph.say(`${id}#period`, ['dct:PeriodOfTime'], [['dcat:startDate', time(fromMs)], ['dcat:endDate', time(toMs)]])
}

function distributionOf (graph: Graph, dataset: Dataset, page: Term, { origin, service }: Around): Term {
  const { id, access, distribution, licence, terms } = dataset
  const { form, mediaType, sizeBytes, sha256 } = distribution
  const way = graph.say(`${origin}${datasetPath(id, form === 'stream' ? 'live' : 'content')}`, ['rdfs:Resource'])
  const isOpen = access === 'public' && terms === null
  const checksum = sha256 === null ? undefined : graph.say(`${id}#checksum`, ['spdx:Checksum'], [
    ['spdx:algorithm', graph.say('http://spdx.org/rdf/terms#checksumAlgorithm_sha256', ['spdx:ChecksumAlgorithm'])], ['spdx:checksumValue', text(sha256, 'xsd:hexBinary')]
  ])
  return graph.say(`${id}#distribution`, ['dcat:Distribution'], [
    ['dcat:accessURL', isOpen ? way : page], ['dcat:downloadURL', isOpen && form !== 'stream' ? way : undefined], ['dcat:accessService', service],
    ['dct:format', formatOf(graph, mediaType)], ['dcat:mediaType', mediaTypeOf(graph, mediaType)], ['dct:license', licenceOf(graph, licence, id)],
    ['dcat:byteSize', sizeBytes === null ? undefined : text(String(sizeBytes), 'xsd:nonNegativeInteger')], ['spdx:checksum', checksum],
    ['odrl:hasPolicy', terms?.policyCid == null ? undefined : graph.say(`urn:hanse:offer:${terms.policyCid}`, ['odrl:Policy'])]
  ])
}
