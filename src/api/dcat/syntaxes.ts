/** A graph in the three syntaxes that harvesters read: Turtle, JSON-LD 1.1 and RDF/XML 1.1. */
import { expanded, PREFIXES, safeIri, type Resource, type Term } from './graph.ts'

export type Syntax = 'turtle' | 'jsonld' | 'rdfxml'

export const SYNTAX_MEDIA_TYPES: Readonly<Record<Syntax, string>> = {
  turtle: 'text/turtle', jsonld: 'application/ld+json', rdfxml: 'application/rdf+xml'
}

export function write (resources: readonly Resource[], syntax: Syntax): string {
  switch (syntax) {
    case 'turtle': return turtle(resources)
    case 'jsonld': return jsonLd(resources)
    case 'rdfxml': return rdfXml(resources)
  }
}

// --- Turtle --------------------------------------------------------------------------------------------------------

function turtle (resources: readonly Resource[]): string {
  const prefixes = Object.entries(PREFIXES).map(([prefix, namespace]) => `@prefix ${prefix}: <${namespace}> .\n`).join('')
  return `${prefixes}\n${resources.map(turtleResource).join('\n')}`
}

function turtleResource ({ iri, types, properties }: Resource): string {
  const lines = [`a ${types.join(', ')}`, ...properties.map(([predicate, value]) => `${predicate} ${turtleTerm(value)}`)]
  return `<${safeIri(iri)}>\n  ${lines.join(' ;\n  ')} .\n`
}

function turtleTerm (term: Term): string {
  if ('iri' in term) return `<${safeIri(term.iri)}>`
  const quoted = `"${term.text.toWellFormed().replaceAll(/["\\\p{Cc}]/gu, escaped)}"`
  return term.datatype === undefined ? quoted : `${quoted}^^${term.datatype}`
}

function escaped (character: string): string {
  if (character === '"' || character === '\\') return `\\${character}`
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

// --- JSON-LD -------------------------------------------------------------------------------------------------------

function jsonLd (resources: readonly Resource[]): string {
  return JSON.stringify({ '@context': PREFIXES, '@graph': resources.map(jsonResource) })
}

function jsonResource ({ iri, types, properties }: Resource): Readonly<Record<string, unknown>> {
  const grouped = Map.groupBy(properties, ([predicate]) => predicate)
  const members = [...grouped].map(([predicate, values]): [string, unknown] => [predicate, values.map(([, value]) => jsonTerm(value))])
  return { '@id': safeIri(iri), '@type': types, ...Object.fromEntries(members) }
}

function jsonTerm (term: Term): Readonly<Record<string, string>> {
  if ('iri' in term) return { '@id': safeIri(term.iri) }
  return term.datatype === undefined ? { '@value': term.text } : { '@value': term.text, '@type': term.datatype }
}

// --- RDF/XML -------------------------------------------------------------------------------------------------------

function rdfXml (resources: readonly Resource[]): string {
  const namespaces = Object.entries(PREFIXES).map(([prefix, namespace]) => `\n  xmlns:${prefix}="${namespace}"`).join('')
  return `<?xml version="1.0" encoding="UTF-8"?>\n<rdf:RDF${namespaces}>\n${resources.map(xmlResource).join('')}</rdf:RDF>\n`
}

function xmlResource ({ iri, types, properties }: Resource): string {
  const typed = types.map(type => `    <rdf:type rdf:resource="${expanded(type)}"/>\n`)
  const said = properties.map(([predicate, value]) => `    ${xmlProperty(predicate, value)}\n`)
  return `  <rdf:Description rdf:about="${xmlText(safeIri(iri))}">\n${typed.join('')}${said.join('')}  </rdf:Description>\n`
}

function xmlProperty (predicate: string, term: Term): string {
  if ('iri' in term) return `<${predicate} rdf:resource="${xmlText(safeIri(term.iri))}"/>`
  const datatype = term.datatype === undefined ? '' : ` rdf:datatype="${expanded(term.datatype)}"`
  return `<${predicate}${datatype}>${xmlText(term.text)}</${predicate}>`
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\r': '&#13;' }

/** What XML 1.0 cannot hold at all is replaced by the character that stands for it. */
function xmlText (value: string): string {
  return value.toWellFormed().replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd').replaceAll(/[&<>"\r]/g, character => ENTITIES[character] ?? character)
}
