import { CHARACTERS_MAX, IRI_LENGTH_MAX, STATEMENTS_MAX } from './limits.ts'

export type Term =
  /** Blank nodes are named `_:…`. */
  | { readonly type: 'node', readonly id: string }
  | { readonly type: 'literal', readonly text: string, readonly language: string | null }

/** Stops a reader of RDF: there are more statements than are kept, or they are too long. */
export class TooManyStatements extends Error {}

/** The statements of one page of a catalogue, by subject. */
export class Graph {
  readonly #subjects = new Map<string, Map<string, Term[]>>()
  #statements = 0
  #characters = 0
  #blanks = 0

  add (subject: string, predicate: string, object: Term): void {
    if (++this.#statements > STATEMENTS_MAX) throw new TooManyStatements(`it has more than ${STATEMENTS_MAX} statements`)
    this.count(subject.length + predicate.length + (object.type === 'node' ? object.id.length : object.text.length))
    // V8 tells texts of such lengths from each other by comparing them: a table of them takes the square of their number.
    if ([subject, predicate, object.type === 'node' ? object.id : ''].some(iri => iri.length > IRI_LENGTH_MAX)) return
    const predicates = this.#subjects.get(subject) ?? new Map<string, Term[]>()
    this.#subjects.set(subject, predicates)
    const objects = predicates.get(predicate)
    if (objects === undefined) predicates.set(predicate, [object])
    else objects.push(object)
  }

  /** Counts what a page says, before it is kept. */
  count (characters: number): void {
    this.#characters += characters
    if (this.#characters > CHARACTERS_MAX) throw new TooManyStatements(`its statements have more than ${CHARACTERS_MAX} characters`)
  }

  /** The name of a blank node that the document does not name. */
  blank (): string {
    return `_:g${++this.#blanks}`
  }

  objects (subject: string, ...predicates: readonly string[]): readonly Term[] {
    return predicates.flatMap(predicate => this.#subjects.get(subject)?.get(predicate) ?? [])
  }

  * subjectsOf (type: string): Generator<string> {
    for (const [subject, predicates] of this.#subjects) {
      if (predicates.get(RDF_TYPE)?.some(term => term.type === 'node' && term.id === type) === true) yield subject
    }
  }

  * objectsOf (predicate: string): Generator<Term> {
    for (const predicates of this.#subjects.values()) yield * predicates.get(predicate) ?? []
  }
}

export const RDF = 'http://www.w3.org/1999/02/22-rdf-syntax-ns#'
export const RDF_TYPE = `${RDF}type`

/** An absolute IRI: what has no scheme, or something that no IRI holds, is none. */
export function isIri (text: string): boolean {
  return text.length <= IRI_LENGTH_MAX && /^[A-Za-z][A-Za-z0-9+.-]*:[^\s<>"{}|\\^`]*$/.test(text)
}

/** Relative IRIs against the address of the document. */
export function resolved (iri: string, base: string | null): string | undefined {
  // A long base would be gone through for each address.
  const url = isIri(iri) ? iri : iri.length > IRI_LENGTH_MAX ? undefined : URL.parse(iri, base === null || base.length > IRI_LENGTH_MAX ? undefined : base)?.href
  return url !== undefined && isIri(url) ? url : undefined
}
