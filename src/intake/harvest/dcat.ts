import { textIn } from '../reader/index.ts'
import { boxOf, type Distribution, type Entry, type Harvest } from './entry.ts'
import { isIri, type Graph, type Term } from './graph.ts'

const DCAT = 'http://www.w3.org/ns/dcat#'
const DCT = 'http://purl.org/dc/terms/'
const FOAF = 'http://xmlns.com/foaf/0.1/'
const HYDRA = 'http://www.w3.org/ns/hydra/core#'
const LABELS = [
  'http://www.w3.org/2004/02/skos/core#prefLabel', 'http://www.w3.org/2000/01/rdf-schema#label', `${FOAF}name`, `${DCT}title`, 'http://www.w3.org/2006/vcard/ns#fn', 'http://schema.org/name'
]
const LANGUAGES = ['en', null]
const CODES = /^https?:\/\/(www\.)?(iana\.org\/assignments\/media-types|publications\.europa\.eu\/resource\/authority\/file-type)\//

/** The datasets of one page of a DCAT catalogue into the harvest; returns the address of the next page, where there is one. */
export function harvestGraph (graph: Graph, harvest: Harvest): string | undefined {
  for (const subject of graph.subjectsOf(`${DCAT}Dataset`)) {
    const entry = entryOf(graph, subject)
    if (typeof entry === 'string') harvest.reject(entry, { dataset: subject.startsWith('_:') ? null : subject })
    else harvest.take(entry)
  }
  for (const term of [...graph.objectsOf(`${HYDRA}next`), ...graph.objectsOf(`${HYDRA}nextPage`)]) {
    const url = term.type === 'node' ? term.id : term.text
    if (isIri(url)) return url
  }
  return undefined
}

/** Why it is none, where it is none. */
function entryOf (graph: Graph, subject: string): Entry | string {
  const said = (...predicates: readonly string[]): string | undefined => sayingOf(graph.objects(subject, ...predicates))
  // The address is what never changes (ckanext-dcat 15, 261); identifiers in the text may be anybody's.
  const identifier = subject.startsWith('_:') ? said(`${DCT}identifier`) : subject
  const title = said(`${DCT}title`)
  if (identifier === undefined) return 'a dataset has neither an address nor an identifier'
  if (title === undefined) return 'a dataset has no title'
  const distributions = graph.objects(subject, `${DCAT}distribution`).flatMap(term => term.type === 'node' ? [distributionOf(graph, term.id)] : [])
  const [period] = graph.objects(subject, `${DCT}temporal`)
  return {
    identifier, title, description: said(`${DCT}description`), publisher: nameOf(graph, graph.objects(subject, `${DCT}publisher`)[0]),
    licence: addressOf(graph, graph.objects(subject, `${DCT}license`)[0]) ?? distributions.find(({ licence }) => licence !== undefined)?.licence,
    landingPage: said(`${DCAT}landingPage`, `${FOAF}page`) ?? addressOf(graph, graph.objects(subject, `${DCAT}landingPage`, `${FOAF}page`)[0]),
    keywords: unique(graph.objects(subject, `${DCAT}keyword`).flatMap(term => term.type === 'literal' ? [term.text.trim()] : [])),
    themes: unique(graph.objects(subject, `${DCAT}theme`).flatMap(term => nameOf(graph, term) ?? [])),
    issued: said(`${DCT}issued`), modified: said(`${DCT}modified`), accrualPeriodicity: addressOf(graph, graph.objects(subject, `${DCT}accrualPeriodicity`)[0]),
    temporal: period?.type === 'node' ? {
      from: sayingOf(graph.objects(period.id, `${DCAT}startDate`, 'http://schema.org/startDate')), to: sayingOf(graph.objects(period.id, `${DCAT}endDate`, 'http://schema.org/endDate'))
    } : undefined,
    spatial: graph.objects(subject, `${DCT}spatial`).flatMap(term => placeOf(graph, term) ?? [])[0], distributions
  }
}

function distributionOf (graph: Graph, subject: string): Distribution {
  const address = (predicate: string): string | undefined => addressOf(graph, graph.objects(subject, `${DCAT}${predicate}`)[0])
  const code = (predicate: string): string | undefined => addressOf(graph, graph.objects(subject, predicate)[0])?.replace(CODES, '')
  const size = Number(sayingOf(graph.objects(subject, `${DCAT}byteSize`)))
  return {
    title: sayingOf(graph.objects(subject, `${DCT}title`)), accessUrl: address('accessURL'), downloadUrl: address('downloadURL'), mediaType: code(`${DCAT}mediaType`), format: code(`${DCT}format`),
    licence: addressOf(graph, graph.objects(subject, `${DCT}license`)[0]), sizeBytes: Number.isSafeInteger(size) && size > 0 ? size : undefined
  }
}

/** In English, else in no language, else in whichever comes first. */
function sayingOf (terms: readonly Term[]): string | undefined {
  const literals = terms.filter(term => term.type === 'literal')
  const chosen = LANGUAGES.map(language => literals.find(each => language === null ? each.language === null : each.language?.toLowerCase().startsWith(language) === true)).find(each => each !== undefined)
  return textIn((chosen ?? literals[0])?.text)
}

/** What a node is called; its address, where nothing is said of it; a text as it is. */
function nameOf (graph: Graph, term: Term | undefined): string | undefined {
  if (term?.type === 'literal') return textIn(term.text, 1_024)
  return term === undefined ? undefined : sayingOf(graph.objects(term.id, ...LABELS)) ?? addressOf(graph, term)
}

/** The address of a node, or the text in its place; of a blank node its name. */
function addressOf (graph: Graph, term: Term | undefined): string | undefined {
  if (term?.type === 'literal') return textIn(term.text, 1_024)
  if (term === undefined) return undefined
  return term.id.startsWith('_:') ? sayingOf(graph.objects(term.id, ...LABELS)) : term.id.slice(0, 4_096)
}

function placeOf (graph: Graph, term: Term): ReturnType<typeof boxOf> {
  if (term.type === 'literal') return undefined
  const notations = graph.objects(term.id, `${DCAT}bbox`, 'http://www.w3.org/ns/locn#geometry', `${DCAT}centroid`)
  return notations.flatMap(each => each.type === 'literal' ? boxOf(each.text) ?? [] : [])[0]
}

function unique (texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].filter(text => text !== '').map(text => text.slice(0, 256))
}
