/**
 * Harvests the catalogues of other portals: CKAN (`package_search`, `package_show`), and DCAT-AP in Turtle, RDF/XML or JSON-LD.
 *
 * Each dataset of the portal is a record of one catalogue dataset here, under an id that follows from the address of the catalogue and the
 * dataset's own identifier, and so never changes. A harvest is whole: what the portal no longer lists is gone; an unchanged entry
 * appends nothing. Licence, landing page, publisher and place are kept. An entry without identifier or title goes to the dead letters,
 * and the others stand. A catalogue that comes empty is taken for broken, and removes nothing. Where `fetch` is set, the first CSV or
 * GeoJSON of each dataset is named, to be pulled as a dataset of its own.
 *
 * Turtle is read by a library; RDF/XML and JSON-LD here, as far as catalogues use them: `rdfxml.ts` and `jsonld.ts` say what is left out.
 */
import { ok, type Result } from '../../base/index.ts'
import {
  listOf, malformed, member, objectOf, parseJson, type Asked, type Document, type ReadContext, type Reader, type ReadFailure, type Reading, type ReadSession
} from '../reader/index.ts'
import { entryOfPackage } from './ckan.ts'
import { harvestGraph } from './dcat.ts'
import { Harvest } from './entry.ts'
import { Graph, TooManyStatements } from './graph.ts'
import { readJsonLd } from './jsonld.ts'
import { PAGE_BYTES_MAX, PAGES_MAX, ROWS_PER_PAGE } from './limits.ts'
import { readRdfXml } from './rdfxml.ts'
import { readTurtle } from './turtle.ts'

export type HarvestOptions = { readonly fetch: boolean }

export function dcatReader (options: HarvestOptions = { fetch: false }): Reader {
  const accept = 'text/turtle, application/rdf+xml;q=0.9, application/ld+json;q=0.8, application/n-triples;q=0.7, */*;q=0.1'
  return { kind: 'dcat', accept, begin: context => new HarvestSession(context, options, takeDcat) }
}

export function ckanReader (options: HarvestOptions = { fetch: false }): Reader {
  return { kind: 'ckan', accept: 'application/json', begin: context => new HarvestSession(context, options, takeCkan) }
}

/** Takes one page; says the address of the next, where there is one. */
type TakePage = (bytes: Uint8Array, document: Document, harvest: Harvest, received: number) => Promise<Result<{ readonly next: string | undefined, readonly entries: number }, ReadFailure>>

class HarvestSession implements ReadSession {
  readonly #context: ReadContext
  readonly #options: HarvestOptions
  readonly #takePage: TakePage
  readonly #urls = new Set<string>()
  #harvest: Harvest | undefined
  #received = 0

  constructor (context: ReadContext, options: HarvestOptions, takePage: TakePage) {
    this.#context = context
    this.#options = options
    this.#takePage = takePage
  }

  async take (document: Document): Promise<Result<readonly Asked[], ReadFailure>> {
    const bytes = await document.bytes(PAGE_BYTES_MAX)
    if (!bytes.ok) return bytes
    const harvest = this.#harvest ??= new Harvest({ nowMs: this.#context.nowMs, source: sourceOf(document.url), fetch: this.#options.fetch })
    const page = await this.#takePage(bytes.value, document, harvest, this.#received)
    if (!page.ok) return page
    this.#received += page.value.entries
    const next = page.value.next === undefined ? null : URL.parse(page.value.next, document.url ?? undefined)
    if (next === null || this.#urls.has(next.href)) return ok([])
    this.#urls.add(next.href)
    if (this.#urls.size >= PAGES_MAX) return malformed(`the catalogue has more than ${PAGES_MAX} pages`)
    return ok([{ name: `page ${this.#urls.size + 1}`, url: next.href, optional: false }])
  }

  async finish (): Promise<Result<Reading, ReadFailure>> {
    const harvest = this.#harvest
    return harvest === undefined || harvest.entries === 0 ? malformed('it lists no dataset that can be read') : ok(harvest.reading())
  }

  close (): void {}
}

/** Without what tells pages apart. */
function sourceOf (address: string | null): string {
  const url = address === null ? null : URL.parse(address)
  return url === null ? '' : url.origin + url.pathname
}

async function takeDcat (bytes: Uint8Array, document: Document, harvest: Harvest): ReturnType<TakePage> {
  const graph = new Graph()
  try {
    const read = await syntaxOf(bytes, document.mediaType)(bytes, document.url, graph)
    return read.ok ? ok({ next: await harvestGraph(graph, harvest), entries: 0 }) : read
  } catch (cause) {
    if (cause instanceof TooManyStatements) return malformed(cause.message)
    throw cause
  }
}

/** The content tells; portals name media types as they like. */
function syntaxOf (bytes: Uint8Array, mediaType: string | null): (bytes: Uint8Array, base: string | null, graph: Graph) => Promise<Result<null, ReadFailure>> {
  const head = new TextDecoder().decode(bytes.subarray(0, 512)).replace(/^\ufeff/, '').trimStart()
  if (head.startsWith('{') || (head.startsWith('[') && mediaType?.includes('json') !== false)) return readJsonLd
  return /^<(\?xml|!--|[a-z]+:RDF)/i.test(head) ? readRdfXml : readTurtle
}

async function takeCkan (bytes: Uint8Array, document: Document, harvest: Harvest, received: number): ReturnType<TakePage> {
  const json = parseJson(bytes)
  if (!json.ok) return json
  const result = member(json.value, 'result')
  if (member(json.value, 'success') !== true || result === undefined) return malformed('it is no answer of package_search or package_show')
  const isList = Array.isArray(member(result, 'results'))
  const items = isList ? listOf(member(result, 'results')) : [result]
  const portal = document.url === null ? undefined : /^(https?:\/\/[^?#]*?)\/api\//.exec(document.url)?.[1]
  for (const item of items) {
    const entry = entryOfPackage(item, portal)
    if (typeof entry === 'string') harvest.reject(entry, objectOf(item))
    else if (entry !== null) harvest.take(entry)
  }
  const count = member(result, 'count')
  const done = received + items.length
  const url = isList && items.length > 0 && typeof count === 'number' && done < count ? URL.parse(document.url ?? '') : null
  url?.searchParams.set('rows', String(ROWS_PER_PAGE))
  url?.searchParams.set('start', String(done))
  return ok({ next: url?.href, entries: items.length })
}
