import { setImmediate } from 'node:timers/promises'
import { ok, type Result } from '../../base/index.ts'
import { malformed, parseXml, type ReadFailure, type XmlElement } from '../reader/index.ts'
import { RDF, RDF_TYPE, resolved, type Graph, type Term } from './graph.ts'
import { SLICE_NODES } from './limits.ts'

const XML = 'http://www.w3.org/XML/1998/namespace'

/** RDF/XML into the graph, https://www.w3.org/TR/rdf-syntax-grammar/, without reification and without XML literals, which become their text. */
export async function readRdfXml (bytes: Uint8Array, base: string | null, graph: Graph): Promise<Result<null, ReadFailure>> {
  const root = await parseXml(bytes)
  if (!root.ok) return root
  const { uri, name, children } = root.value
  if (uri !== RDF || name !== 'RDF') return malformed('it is XML, but not RDF/XML')
  const walk = new Walk(graph)
  for (const [at, child] of children.entries()) {
    if (at % SLICE_NODES === 0) await setImmediate()
    walk.node(child, attributeOf(root.value, XML, 'base') ?? base)
  }
  return ok(null)
}

class Walk {
  readonly #graph: Graph

  constructor (graph: Graph) {
    this.#graph = graph
  }

  /** A node element: its subject. */
  node (element: XmlElement, outerBase: string | null): string {
    const base = attributeOf(element, XML, 'base') ?? outerBase
    const subject = this.#subjectOf(element, base)
    if (element.uri !== RDF || element.name !== 'Description') this.#graph.add(subject, RDF_TYPE, { type: 'node', id: element.uri + element.name })
    this.#propertyAttributes(element, subject, base)
    let items = 0
    for (const child of element.children) {
      const isItem = child.uri === RDF && child.name === 'li'
      this.#property(child, subject, isItem ? `${RDF}_${++items}` : child.uri + child.name, base)
    }
    return subject
  }

  #subjectOf (element: XmlElement, base: string | null): string {
    const about = attributeOf(element, RDF, 'about')
    const id = attributeOf(element, RDF, 'ID')
    const nodeId = attributeOf(element, RDF, 'nodeID')
    if (nodeId !== undefined) return `_:d${nodeId}`
    const iri = about ?? (id === undefined ? undefined : `#${id}`)
    return (iri === undefined ? undefined : resolved(iri, base)) ?? this.#graph.blank()
  }

  /** Attributes in no namespace of RDF or XML are properties too. */
  #propertyAttributes (element: XmlElement, subject: string, base: string | null): void {
    for (const { uri, name, value } of element.attributes) {
      if (uri === RDF && name === 'type') this.#addNode(subject, RDF_TYPE, value, base)
      else if (uri !== RDF && uri !== XML && uri !== '' && uri !== 'http://www.w3.org/2000/xmlns/') this.#graph.add(subject, uri + name, { type: 'literal', text: value, language: element.language })
    }
  }

  #addNode (subject: string, predicate: string, iri: string, base: string | null): void {
    const id = resolved(iri, base)
    if (id !== undefined) this.#graph.add(subject, predicate, { type: 'node', id })
  }

  #property (element: XmlElement, subject: string, predicate: string, outerBase: string | null): void {
    const base = attributeOf(element, XML, 'base') ?? outerBase
    const resource = attributeOf(element, RDF, 'resource')
    const nodeId = attributeOf(element, RDF, 'nodeID')
    const parseType = attributeOf(element, RDF, 'parseType')
    if (resource !== undefined) {
      const id = resolved(resource, base)
      if (id === undefined) return
      this.#graph.add(subject, predicate, { type: 'node', id })
      this.#propertyAttributes(element, id, base)
    } else if (nodeId !== undefined) {
      this.#graph.add(subject, predicate, { type: 'node', id: `_:d${nodeId}` })
    } else if (parseType === 'Resource') {
      const inner = { ...element, uri: RDF, name: 'Description', attributes: [] }
      this.#graph.add(subject, predicate, { type: 'node', id: this.node(inner, base) })
    } else if (parseType === 'Collection') {
      for (const child of element.children) this.#graph.add(subject, predicate, { type: 'node', id: this.node(child, base) })
    } else if (element.children.length > 0 && parseType === undefined) {
      for (const child of element.children) this.#graph.add(subject, predicate, { type: 'node', id: this.node(child, base) })
    } else {
      this.#graph.add(subject, predicate, literalOf(element))
    }
  }
}

function literalOf (element: XmlElement): Term {
  return { type: 'literal', text: element.text, language: element.language }
}

function attributeOf (element: XmlElement, uri: string, name: string): string | undefined {
  return element.attributes.find(attribute => attribute.uri === uri && attribute.name === name)?.value
}
