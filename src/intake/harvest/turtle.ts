import { EventEmitter } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { Parser, type Quad } from 'n3'
import { ok, textOf, type Result } from '../../base/index.ts'
import { DEPTH_MAX, malformed, type ReadFailure } from '../reader/index.ts'
import { TooManyStatements, type Graph, type Term } from './graph.ts'
import { BASES_MAX } from './limits.ts'

/** Characters that are read before others have their turn. */
const SLICE_LENGTH = 65_536

/** Turtle and N-Triples into the graph. Throws what the graph throws. */
export async function readTurtle (bytes: Uint8Array, base: string | null, graph: Graph): Promise<Result<null, ReadFailure>> {
  const text = textOf(bytes)
  if (text === undefined) return malformed('its text is not UTF-8')
  const { isDeep, bases } = shapeOf(text)
  if (isDeep) return malformed(`its nodes are nested deeper than ${DEPTH_MAX}`)
  if (bases > BASES_MAX) return malformed(`it has more than ${BASES_MAX} bases`)
  const source = new EventEmitter()
  let failure: Result<never, ReadFailure> | undefined
  const refuse = (error: unknown): void => {
    if (error instanceof TooManyStatements) throw error
    failure ??= malformed(`it is no Turtle: ${error instanceof Error ? error.message.slice(0, 200) : ''}`)
  }
  new Parser({ format: 'text/turtle', blankNodePrefix: 'n', ...base === null ? {} : { baseIRI: base } }).parse(source, (error, quad) => {
    if (error instanceof Error) refuse(error)
    else if (quad !== null && quad !== undefined) add(quad, graph)
  }, (_prefix, { value }) => { graph.count(value.length) })
  try {
    for (let at = 0; at < text.length && failure === undefined; at += SLICE_LENGTH) {
      source.emit('data', text.slice(at, at + SLICE_LENGTH))
      await setImmediate()
    }
    if (failure === undefined) source.emit('end')
  } catch (cause) {
    // Of some documents the library tells by its callback that they are wrong, of others it throws.
    refuse(cause)
  }
  return failure ?? ok(null)
}

function add ({ subject, predicate, object }: Quad, graph: Graph): void {
  const term: Term = object.termType === 'Literal'
    ? { type: 'literal', text: object.value, language: object.language === '' ? null : object.language }
    : { type: 'node', id: object.termType === 'BlankNode' ? `_:${object.value}` : object.value }
  graph.add(subject.termType === 'BlankNode' ? `_:${subject.value}` : subject.value, predicate.value, term)
}

/** The word alone, as Turtle and SPARQL have it. */
const BASE = /(?<![\w:.-])base(?![\w:.-])/iy

/** The library keeps a state for each open bracket, and a document may open millions. Those in texts, addresses and comments are none. */
function shapeOf (text: string): { readonly isDeep: boolean, readonly bases: number } {
  let depth = 0
  let bases = 0
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '(' || character === '[') {
      if (++depth > DEPTH_MAX) return { isDeep: true, bases }
    } else if (character === ')' || character === ']') {
      depth--
    } else if (character === '"' || character === '\'') {
      at = endOfText(text, at, character)
    } else if (character === '<' || character === '#') {
      at = endOf(text, at, character === '<' ? '>' : '\n')
    } else if (character === 'b' || character === 'B') {
      BASE.lastIndex = at
      if (BASE.test(text)) bases++
    }
  }
  return { isDeep: false, bases }
}

function endOf (text: string, from: number, closing: string): number {
  const end = text.indexOf(closing, from)
  return end < 0 ? text.length : end
}

/** The last character of a text in one or three quotes, Turtle section 2.5.1. */
function endOfText (text: string, from: number, quote: string): number {
  const long = quote.repeat(3)
  const closing = text.startsWith(long, from) ? long : quote
  for (let at = from + closing.length; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text.startsWith(closing, at)) return at + closing.length - 1
  }
  return text.length
}
