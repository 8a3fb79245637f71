import { fail, ok, type Result } from '../../base/index.ts'
import { isObject } from './kept.ts'

/** Short names to full IRIs. */
export type TermMap = ReadonlyMap<string, string>

/** Names as somebody writes them, and as they are kept. */
export type Names = {
  /** What comes back with an answer: URLs of contexts, or terms that were given in a body. */
  readonly context: unknown
  readonly kept: (name: string) => string
  readonly shown: (name: string) => string
}

export type ContextFailure = { readonly code: 'unknown', readonly url: string } | { readonly code: 'malformed', readonly reason: string }

export const CORE_CONTEXT = 'https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld'
/** Contexts whose terms are the names that are kept, whatever their IRIs. */
const BUILT_IN = [
  /^https?:\/\/uri\.etsi\.org\/ngsi-ld\/v1\/ngsi-ld-core-context(-v1\.\d{1,2})?\.jsonld$/,
  /^https:\/\/(www\.)?smartdatamodels\.org\/([\w.-]+\/)?context\.jsonld$/,
  /^https:\/\/raw\.githubusercontent\.com\/smart-data-models\/[\w.-]+\/(master|main)\/context\.jsonld$/,
  /^https:\/\/smart-data-models\.github\.io\/([\w.-]+\/)?context\.jsonld$/
]
/** Vocabularies whose names are kept without them: the core's, the default one, and those of the Smart Data Models, new and old. */
const VOCABULARIES = [
  'https://uri.etsi.org/ngsi-ld/default-context/', 'https://uri.etsi.org/ngsi-ld/', 'https://uri.fiware.org/ns/data-models#', 'https://uri.fiware.org/ns/dataModels#'
]
const MODEL_VOCABULARY = /^https:\/\/smartdatamodels\.org\/(?:dataModel\.\w+\/)?(?=[\w-]+$)/
const CONTEXTS_MAX = 8
const TERMS_MAX = 1_024
const IRI_LENGTH_MAX = 512

export const PLAIN_NAMES: Names = { context: CORE_CONTEXT, kept: shortOf, shown: name => name }

/** The contexts that are known here. */
export class Contexts {
  readonly #added: ReadonlyMap<string, TermMap>

  constructor (added: ReadonlyMap<string, TermMap> = new Map()) {
    this.#added = added
  }

  /** The names that a context gives: a URL, a map of terms, or a list of them, later ones first. */
  namesOf (context: unknown): Result<Names, ContextFailure> {
    const parts = Array.isArray(context) ? context as readonly unknown[] : [context]
    if (parts.length > CONTEXTS_MAX) return fail({ code: 'malformed', reason: `more than ${CONTEXTS_MAX} contexts` })
    const iriOf = new Map<string, string>()
    for (const part of parts) {
      const terms = this.#termsOf(part)
      if (!terms.ok) return terms
      for (const [term, iri] of terms.value) iriOf.set(term, iri)
    }
    if (iriOf.size === 0) return ok({ ...PLAIN_NAMES, context })
    const termOf = new Map([...iriOf].map(([term, iri]) => [shortOf(iri), term]))
    return ok({ context, kept: name => shortOf(iriOf.get(name) ?? name), shown: name => termOf.get(name) ?? name })
  }

  #termsOf (part: unknown): Result<TermMap, ContextFailure> {
    if (typeof part === 'string') {
      const added = this.#added.get(part)
      if (added !== undefined) return ok(added)
      return BUILT_IN.some(known => known.test(part)) ? ok(new Map()) : fail({ code: 'unknown', url: part.slice(0, IRI_LENGTH_MAX) })
    }
    return isObject(part) ? termsOf(part) : fail({ code: 'malformed', reason: 'a context is a URL, a map of terms, or a list of these' })
  }
}

/** The terms of a document that holds a context, `{"@context": {…}}`, or a list of flat maps; or what is wrong with it. */
export function termMapOf (text: string): Result<TermMap, string> {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    return fail('it is no JSON')
  }
  const context = isObject(document) ? document['@context'] : undefined
  const all = new Map<string, string>()
  for (const part of Array.isArray(context) ? context as readonly unknown[] : [context]) {
    const terms = isObject(part) ? termsOf(part) : fail({ code: 'malformed', reason: 'it has no flat map of terms under @context' } as const)
    if (!terms.ok) return fail(terms.failure.code === 'malformed' ? terms.failure.reason : 'it names another context')
    for (const [term, iri] of terms.value) all.set(term, iri)
  }
  return ok(all)
}

/** A flat map: a term is an IRI, or an object whose `@id` is one. Prefixes are taken apart, `a:b` with `a` in the map. */
function termsOf (context: Readonly<Record<string, unknown>>): Result<TermMap, ContextFailure> {
  const entries = Object.entries(context)
  if (entries.length > TERMS_MAX) return fail({ code: 'malformed', reason: `more than ${TERMS_MAX} terms in a context` })
  const terms = new Map<string, string>()
  for (const [term, given] of entries) {
    const iri = typeof given === 'string' ? given : isObject(given) ? given['@id'] : undefined
    if (term.startsWith('@') || typeof iri !== 'string' || iri.length > IRI_LENGTH_MAX || /[\s\p{C}]/u.test(iri)) {
      return fail({ code: 'malformed', reason: `the context gives no IRI for ${JSON.stringify(term.slice(0, 64))}; only flat maps of terms are taken` })
    }
    terms.set(term, iri)
  }
  const whole = (iri: string): string => {
    const [, prefix = '', rest = ''] = /^([\w-]+):(?!\/\/)(.+)$/.exec(iri) ?? []
    const base = terms.get(prefix)
    return base === undefined ? iri : `${base}${rest}`
  }
  return ok(new Map([...terms].map(([term, iri]) => [term, whole(iri)])))
}

function shortOf (name: string): string {
  if (!name.startsWith('http')) return name
  const vocabulary = VOCABULARIES.find(each => name.startsWith(each)) ?? MODEL_VOCABULARY.exec(name)?.[0]
  const rest = vocabulary === undefined ? '' : name.slice(vocabulary.length)
  return /^[\w-]+$/.test(rest) ? rest : name
}
