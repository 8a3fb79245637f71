import { setImmediate } from 'node:timers/promises'
import { textIn } from '../reader/index.ts'
import { boxOf, type Distribution, type Entry, type Harvest } from './entry.ts'
import { isIri, type Graph, type Term } from './graph.ts'
import { IRI_LENGTH_MAX, SLICE_NODES } from './limits.ts'

const DCAT = 'http://www.w3.org/ns/dcat#'
const DCT = 'http://purl.org/dc/terms/'
const FOAF = 'http://xmlns.com/foaf/0.1/'
const HYDRA = 'http://www.w3.org/ns/hydra/core#'
const LABELS = [
  'http://www.w3.org/2004/02/skos/core#prefLabel', 'http://www.w3.org/2000/01/rdf-schema#label', `${FOAF}name`, `${DCT}title`, 'http://www.w3.org/2006/vcard/ns#fn', 'http://schema.org/name'
]
const LANGUAGES = ['en', null]
const CODES = /^https?:\/\/(www\.)?(iana\.org\/assignments\/media-types|publications\.europa\.eu\/resource\/authority\/file-type)\//

/** The datasets of one page of a DCAT catalogue into the harvest, in turns; the address of the next page, where there is one. */
export async function harvestGraph (graph: Graph, harvest: Harvest): Promise<string | undefined> {
  const page = new Page(graph)
  let nodes = 0
  for (const subject of graph.subjectsOf(`${DCAT}Dataset`)) {
    if (++nodes % SLICE_NODES === 0) await setImmediate()
    const entry = page.entryOf(subject)
    if (typeof entry === 'string') harvest.reject(entry, { dataset: subject.startsWith('_:') ? null : subject })
    else harvest.take(entry)
  }
  for (const term of [...graph.objectsOf(`${HYDRA}next`), ...graph.objectsOf(`${HYDRA}nextPage`)]) {
    const url = term.type === 'node' ? term.id : term.text
    if (isIri(url)) return url
  }
  return undefined
}

/** What the statements of a page come to. What is said of a node is looked up once, however many datasets lead to it. */
class Page {
  readonly #graph: Graph
  readonly #labels = new Map<string, string | undefined>()
  readonly #distributions = new Map<string, Distribution>()
  readonly #periods = new Map<string, Entry['temporal']>()
  readonly #places = new Map<string, Entry['spatial']>()

  constructor (graph: Graph) {
    this.#graph = graph
  }

  /** Why it is none, where it is none. */
  entryOf (subject: string): Entry | string {
    const all = (...predicates: readonly string[]): readonly Term[] => this.#graph.objects(subject, ...predicates)
    const said = (...predicates: readonly string[]): string | undefined => sayingOf(all(...predicates))
    // The address is what never changes (ckanext-dcat 15, 261); identifiers in the text may be anybody's.
    const identifier = subject.startsWith('_:') ? said(`${DCT}identifier`) : subject
    const title = said(`${DCT}title`)
    if (identifier === undefined) return 'a dataset has neither an address nor an identifier'
    if (title === undefined) return 'a dataset has no title'
    const distributions = all(`${DCAT}distribution`).flatMap(term => term.type === 'node' ? [once(this.#distributions, term.id, id => this.#distributionOf(id))] : [])
    const [period] = all(`${DCT}temporal`)
    return {
      identifier, title, description: said(`${DCT}description`), publisher: this.#nameOf(all(`${DCT}publisher`)[0]),
      licence: this.#addressOf(all(`${DCT}license`)[0]) ?? distributions.find(({ licence }) => licence !== undefined)?.licence,
      landingPage: said(`${DCAT}landingPage`, `${FOAF}page`) ?? this.#addressOf(all(`${DCAT}landingPage`, `${FOAF}page`)[0]),
      keywords: unique(all(`${DCAT}keyword`).flatMap(term => term.type === 'literal' ? [term.text.trim()] : [])),
      themes: unique(all(`${DCAT}theme`).flatMap(term => this.#nameOf(term) ?? [])),
      issued: said(`${DCT}issued`), modified: said(`${DCT}modified`), accrualPeriodicity: this.#addressOf(all(`${DCT}accrualPeriodicity`)[0]),
      temporal: period?.type === 'node' ? once(this.#periods, period.id, id => this.#periodOf(id)) : undefined,
      spatial: all(`${DCT}spatial`).flatMap(term => term.type === 'node' ? once(this.#places, term.id, id => this.#placeOf(id)) ?? [] : [])[0], distributions
    }
  }

  #distributionOf (subject: string): Distribution {
    const first = (predicate: string): string | undefined => this.#addressOf(this.#graph.objects(subject, predicate)[0])
    const code = (predicate: string): string | undefined => first(predicate)?.replace(CODES, '')
    const size = Number(sayingOf(this.#graph.objects(subject, `${DCAT}byteSize`)))
    return {
      title: sayingOf(this.#graph.objects(subject, `${DCT}title`)), accessUrl: first(`${DCAT}accessURL`), downloadUrl: first(`${DCAT}downloadURL`), mediaType: code(`${DCAT}mediaType`),
      format: code(`${DCT}format`), licence: first(`${DCT}license`), sizeBytes: Number.isSafeInteger(size) && size > 0 ? size : undefined
    }
  }

  #periodOf (subject: string): Entry['temporal'] {
    const day = (name: string): string | undefined => sayingOf(this.#graph.objects(subject, `${DCAT}${name}`, `http://schema.org/${name}`))
    return { from: day('startDate'), to: day('endDate') }
  }

  #placeOf (subject: string): Entry['spatial'] {
    for (const each of this.#graph.objects(subject, `${DCAT}bbox`, 'http://www.w3.org/ns/locn#geometry', `${DCAT}centroid`)) {
      const box = each.type === 'literal' ? boxOf(each.text) : undefined
      if (box !== undefined) return box
    }
    return undefined
  }

  #labelOf (subject: string): string | undefined {
    return once(this.#labels, subject, id => sayingOf(this.#graph.objects(id, ...LABELS)))
  }

  /** What a node is called; its address, where nothing is said of it; a text as it is. */
  #nameOf (term: Term | undefined): string | undefined {
    if (term?.type === 'literal') return textIn(term.text, 1_024)
    return term === undefined ? undefined : this.#labelOf(term.id) ?? this.#addressOf(term)
  }

  /** The address of a node, or the text in its place; of a blank node its name. */
  #addressOf (term: Term | undefined): string | undefined {
    if (term?.type === 'literal') return textIn(term.text, 1_024)
    if (term === undefined) return undefined
    return term.id.startsWith('_:') ? this.#labelOf(term.id) : term.id.slice(0, IRI_LENGTH_MAX)
  }
}

function once<T> (known: Map<string, T>, id: string, make: (id: string) => T): T {
  const found = known.get(id)
  if (found !== undefined || known.has(id)) return found as T
  const made = make(id)
  known.set(id, made)
  return made
}

/** In English, else in no language, else in whichever comes first. */
function sayingOf (terms: readonly Term[]): string | undefined {
  const literals = terms.filter(term => term.type === 'literal')
  const chosen = LANGUAGES.map(language => literals.find(each => language === null ? each.language === null : each.language?.toLowerCase().startsWith(language) === true)).find(each => each !== undefined)
  return textIn((chosen ?? literals[0])?.text)
}

function unique (texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].filter(text => text !== '').map(text => text.slice(0, 256))
}
