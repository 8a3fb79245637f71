import { Parser, type Quad } from 'n3'
import { ok, textOf, type Result } from '../../base/index.ts'
import { malformed, type ReadFailure } from '../reader/index.ts'
import type { Graph, Term } from './graph.ts'

/** Turtle and N-Triples into the graph. */
export function readTurtle (bytes: Uint8Array, base: string | null, graph: Graph): Result<null, ReadFailure> {
  const text = textOf(bytes)
  if (text === undefined) return malformed('its text is not UTF-8')
  const parser = new Parser({ format: 'text/turtle', blankNodePrefix: 'n', ...base === null ? {} : { baseIRI: base } })
  let quads: readonly Quad[]
  try {
    quads = parser.parse(text)
  } catch (cause) {
    return malformed(`it is no Turtle: ${cause instanceof Error ? cause.message.slice(0, 200) : ''}`)
  }
  for (const { subject, predicate, object } of quads) {
    const term: Term = object.termType === 'Literal'
      ? { type: 'literal', text: object.value, language: object.language === '' ? null : object.language }
      : { type: 'node', id: object.termType === 'BlankNode' ? `_:${object.value}` : object.value }
    graph.add(subject.termType === 'BlankNode' ? `_:${subject.value}` : subject.value, predicate.value, term)
  }
  return ok(null)
}
