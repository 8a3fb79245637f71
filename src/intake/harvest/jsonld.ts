import { setImmediate } from 'node:timers/promises'
import { fail, ok, type Result } from '../../base/index.ts'
import { isObject, listOf, malformed, member, objectOf, parseJson, type JsonObject, type ReadFailure } from '../reader/index.ts'
import { isIri, RDF_TYPE, resolved, type Graph, type Term } from './graph.ts'
import { CONTEXT_TERMS_MAX, CONTEXTS_MAX, SLICE_NODES } from './limits.ts'

type TermDefinition = { readonly iri: string, readonly isNode: boolean, readonly container: string | null, readonly language: string | null }
type Context = { readonly terms: ReadonlyMap<string, TermDefinition>, readonly vocabulary: string | null, readonly language: string | null, readonly base: string | null }

const KEYWORDS: ReadonlySet<string> = new Set(['@id', '@type', '@value', '@language', '@graph', '@context', '@list', '@set', '@included', '@reverse'])

/** Steps from a term over prefixes to its IRI. */
const ROUNDS = 3

/** Stops the reading: what it needs is not in the document. */
class Unsupported extends Error {}

/**
 * JSON-LD into the graph, as far as catalogues use it: contexts that stand in the document (prefixes, terms with type, language and
 * container), `@graph`, nested nodes, sets and lists. A context that is only named by its address is not fetched, and refuses the document.
 */
export async function readJsonLd (bytes: Uint8Array, base: string | null, graph: Graph): Promise<Result<null, ReadFailure>> {
  const json = parseJson(bytes)
  if (!json.ok) return json
  if (!isObject(json.value) && !Array.isArray(json.value)) return malformed('it is JSON, but neither an object nor a list of nodes')
  try {
    const walk = new Walk(graph)
    const outermost = { terms: new Map(), vocabulary: null, language: null, base }
    for (const node of several(json.value)) if (isObject(node)) await walk.document(node, outermost)
    return ok(null)
  } catch (cause) {
    if (cause instanceof Unsupported) return fail({ code: 'unsupported', reason: cause.message, hint: 'take the Turtle or RDF/XML form of the catalogue' })
    throw cause
  }
}

class Walk {
  readonly #graph: Graph
  #contexts = 0
  #nodes = 0

  constructor (graph: Graph) {
    this.#graph = graph
  }

  /** An outermost node: those that its graph lists are read in turns. */
  async document (node: JsonObject, outer: Context): Promise<void> {
    if (++this.#nodes % SLICE_NODES === 0) await setImmediate()
    const { '@graph': listed, ...rest } = node
    if (!Array.isArray(listed)) {
      this.node(node, outer)
      return
    }
    const context = this.#contextIn(node, outer)
    const { '@context': _context, ...others } = rest
    this.node(others, context)
    for (const each of listOf(listed)) {
      if (++this.#nodes % SLICE_NODES === 0) await setImmediate()
      if (isObject(each)) this.node(each, context)
    }
  }

  #contextIn (node: JsonObject, outer: Context): Context {
    return Object.hasOwn(node, '@context') ? this.#contextOf(node['@context'], outer) : outer
  }

  /** The node's id. */
  node (node: JsonObject, outer: Context): string {
    const context = this.#contextIn(node, outer)
    const keys = Object.keys(node).map(key => [key, context.terms.get(key)?.iri ?? key] as const)
    const valueOf = (keyword: string): unknown => {
      const key = keys.find(([, iri]) => iri === keyword)?.[0]
      return key === undefined ? undefined : node[key]
    }
    const id = valueOf('@id')
    const subject = (typeof id === 'string' ? nodeId(id, context) : undefined) ?? this.#graph.blank()
    for (const type of several(valueOf('@type'))) {
      const iri = typeof type === 'string' ? expanded(type, context) : undefined
      if (iri !== undefined) this.#graph.add(subject, RDF_TYPE, { type: 'node', id: iri })
    }
    for (const inner of [...several(valueOf('@graph')), ...several(valueOf('@included'))]) if (isObject(inner)) this.node(inner, context)
    for (const [key, iri] of keys) {
      if (KEYWORDS.has(iri) || key.startsWith('@')) continue
      const predicate = expanded(key, context)
      if (predicate !== undefined) this.#values(subject, predicate, node[key], context.terms.get(key), context)
    }
    return subject
  }

  #contextOf (value: unknown, outer: Context): Context {
    let context = outer
    for (const each of several(value)) {
      if (typeof each === 'string') throw new Unsupported(`the document rests on the context ${each.slice(0, 200)}, which is not in it and is not fetched`)
      if (++this.#contexts > CONTEXTS_MAX) throw new Unsupported(`the document has more than ${CONTEXTS_MAX} contexts`)
      if (isObject(each)) context = extended(each, context)
    }
    return context
  }

  #values (subject: string, predicate: string, value: unknown, term: TermDefinition | undefined, context: Context): void {
    if (term?.container === '@language' && isObject(value)) {
      for (const [language, texts] of Object.entries(value)) {
        for (const text of several(texts)) if (typeof text === 'string') this.#graph.add(subject, predicate, { type: 'literal', text, language: language === '@none' ? null : language })
      }
      return
    }
    for (const each of several(value)) {
      const inner = member(each, '@list') ?? member(each, '@set')
      if (inner !== undefined) {
        this.#values(subject, predicate, inner, term, context)
        continue
      }
      const object = this.#object(each, term, context)
      if (object !== undefined) this.#graph.add(subject, predicate, object)
    }
  }

  #object (value: unknown, term: TermDefinition | undefined, context: Context): Term | undefined {
    if (typeof value === 'string' && term?.isNode === true) {
      const id = nodeId(value, context)
      return id === undefined ? undefined : { type: 'node', id }
    }
    if (typeof value === 'string') return { type: 'literal', text: value, language: term?.language ?? context.language }
    if (typeof value === 'number' || typeof value === 'boolean') return { type: 'literal', text: String(value), language: null }
    if (!isObject(value)) return undefined
    const [literal, language] = [member(value, '@value'), member(value, '@language')]
    if (literal === undefined) return { type: 'node', id: this.node(value, context) }
    if (typeof literal !== 'string' && typeof literal !== 'number' && typeof literal !== 'boolean') return undefined
    return { type: 'literal', text: String(literal), language: typeof language === 'string' ? language : null }
  }
}

function several (value: unknown): readonly unknown[] {
  return Array.isArray(value) ? listOf(value) : value === undefined || value === null ? [] : [value]
}

function extended (own: JsonObject, outer: Context): Context {
  const text = (name: string, otherwise: string | null): string | null => {
    const value = member(own, name)
    return typeof value === 'string' ? value : value === null ? null : otherwise
  }
  const terms = new Map(outer.terms)
  const base = text('@base', outer.base)
  const context: Context = {
    terms, vocabulary: text('@vocab', outer.vocabulary), language: text('@language', outer.language), base: base === null ? null : resolved(base, outer.base) ?? outer.base
  }
  // Terms may rest on prefixes that stand behind them: as many rounds as there are steps from one to the next.
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, definition] of Object.entries(own)) {
      if (name.startsWith('@')) continue
      const described = objectOf(definition)
      const iri = typeof definition === 'string' ? definition : member(described, '@id') ?? name
      if (typeof iri !== 'string') continue
      const full = KEYWORDS.has(iri) ? iri : expanded(iri, context, iri === name)
      if (full === undefined) continue
      const [type, container, language] = [member(described, '@type'), member(described, '@container'), member(described, '@language')]
      if (terms.size >= CONTEXT_TERMS_MAX && !terms.has(name)) throw new Unsupported(`a context of the document has more than ${CONTEXT_TERMS_MAX} terms`)
      terms.set(name, {
        iri: full, isNode: type === '@id' || type === '@vocab', container: typeof container === 'string' ? container : null, language: typeof language === 'string' ? language : null
      })
    }
  }
  return context
}

/** The IRI of a term, a compact IRI or an IRI. A term that stands for its own name is one of the latter two, or in the vocabulary. */
function expanded (text: string, { terms, vocabulary }: Context, isOwnName = false): string | undefined {
  const term = isOwnName ? undefined : terms.get(text)
  if (term !== undefined) return isIri(term.iri) ? term.iri : undefined
  const colon = text.indexOf(':')
  if (colon > 0) {
    const prefix = text.startsWith('//', colon + 1) ? undefined : terms.get(text.slice(0, colon))
    const full = prefix === undefined ? text : prefix.iri + text.slice(colon + 1)
    return isIri(full) ? full : undefined
  }
  const full = vocabulary === null ? undefined : vocabulary + text
  return full !== undefined && isIri(full) ? full : undefined
}

function nodeId (text: string, context: Context): string | undefined {
  if (text.startsWith('_:')) return `_:d${text.slice(2)}`
  const colon = text.indexOf(':')
  const prefix = colon > 0 && !text.startsWith('//', colon + 1) ? context.terms.get(text.slice(0, colon)) : undefined
  return prefix === undefined ? resolved(text, context.base) : resolved(prefix.iri + text.slice(colon + 1), context.base)
}
