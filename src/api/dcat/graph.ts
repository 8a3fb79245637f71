/** What a triple says about: an IRI, or a literal with its datatype. */
export type Term = { readonly iri: string } | { readonly text: string, readonly datatype?: string }

/** A thing with its types and what is said of it; predicates are prefixed names of `PREFIXES`. */
export type Resource = { readonly iri: string, readonly types: readonly string[], readonly properties: readonly (readonly [predicate: string, value: Term])[] }

/** Namespaces of all that is written, by their usual prefixes. */
export const PREFIXES = {
  adms: 'http://www.w3.org/ns/adms#',
  dcat: 'http://www.w3.org/ns/dcat#',
  dct: 'http://purl.org/dc/terms/',
  foaf: 'http://xmlns.com/foaf/0.1/',
  geo: 'http://www.opengis.net/ont/geosparql#',
  hydra: 'http://www.w3.org/ns/hydra/core#',
  odrl: 'http://www.w3.org/ns/odrl/2/',
  prov: 'http://www.w3.org/ns/prov#',
  rdf: 'http://www.w3.org/1999/02/22-rdf-syntax-ns#',
  rdfs: 'http://www.w3.org/2000/01/rdf-schema#',
  skos: 'http://www.w3.org/2004/02/skos/core#',
  spdx: 'http://spdx.org/rdf/terms#',
  xsd: 'http://www.w3.org/2001/XMLSchema#'
} as const

/** Gathers what is said; the same thing said twice stands once, so that a shared licence or theme is one resource. */
export class Graph {
  readonly #resources = new Map<string, { readonly types: Set<string>, readonly properties: Map<string, readonly [string, Term]> }>()

  say (iri: string, types: readonly string[], properties: readonly (readonly [predicate: string, value: Term | undefined])[] = []): Term {
    const known = this.#resources.get(iri) ?? { types: new Set<string>(), properties: new Map<string, readonly [string, Term]>() }
    this.#resources.set(iri, known)
    for (const type of types) known.types.add(type)
    for (const [predicate, value] of properties) if (value !== undefined) known.properties.set(JSON.stringify([predicate, value]), [predicate, value])
    return { iri }
  }

  resources (): readonly Resource[] {
    return [...this.#resources].map(([iri, { types, properties }]) => ({ iri, types: [...types], properties: [...properties.values()] }))
  }
}

export function text (value: string, datatype?: string): Term {
  return datatype === undefined ? { text: value } : { text: value, datatype }
}

export function time (timeMs: number): Term {
  return text(new Date(timeMs).toISOString(), 'xsd:dateTime')
}

/** Characters that no IRI holds, percent-encoded: RFC 3987 as Turtle's IRIREF has it. */
export function safeIri (iri: string): string {
  return iri.toWellFormed().replaceAll(/[\p{Cc} <>"{}|\\^`]/gu, character => encodeURIComponent(character))
}

/** A prefixed name in full. */
export function expanded (name: string): string {
  const [prefix = '', local = ''] = name.split(':')
  return `${PREFIXES[prefix as keyof typeof PREFIXES]}${local}`
}
