import { fail, ok, type Result } from '../../base/index.ts'
import { dateTimeMsOf } from '../../sdk/models/index.ts'
import { compilePattern } from '../pattern/index.ts'
import { DEPTH_MAX, LIST_MAX, Q_LENGTH_MAX, TERMS_MAX, type Literal, type Operator, type Path, type Query, type Wanted } from './query.ts'

const OPERATORS = ['!~=', '~=', '==', '!=', '>=', '<=', '>', '<'] as const
/** Ends an attribute or a value that is not in quotes. */
const STOPS = ';|()<>=!~'
const NAME = /^[\p{L}_@][\p{L}\p{N}_:/#@-]*$/u
const NUMBER = /^[+-]?(\d+(\.\d+)?|\.\d+)([eE][+-]?\d{1,3})?$/
const DATE = /^\d{4}-\d{2}-\d{2}$/
const TIME_OF_DAY = /^\d{2}:\d{2}:\d{2}([.,]\d{1,6})?Z?$/
const URI = /^[A-Za-z][A-Za-z0-9+.-]*:\S+$/

class Refused extends Error {}

/** A question ready to be asked of entities, or what is wrong with it. `kept` gives the kept name of an attribute. */
export function parseQuery (text: string, kept: (name: string) => string): Result<Query, string> {
  if (text.length > Q_LENGTH_MAX) return fail(`q is longer than ${Q_LENGTH_MAX} characters`)
  const reader = new Reader(text, kept)
  try {
    const query = reader.any(1)
    return reader.isAtEnd ? ok(query) : fail(`q ends at character ${reader.at + 1}: ; or | is expected there`)
  } catch (cause) {
    if (cause instanceof Refused) return fail(`q, at character ${reader.at + 1}: ${cause.message}`)
    throw cause
  }
}

class Reader {
  readonly #text: string
  readonly #kept: (name: string) => string
  #terms = 0
  at = 0

  constructor (text: string, kept: (name: string) => string) {
    this.#text = text
    this.#kept = kept
  }

  get isAtEnd (): boolean {
    return this.at >= this.#text.length
  }

  any (depth: number): Query {
    const of = [this.#all(depth)]
    while (this.#take('|')) of.push(this.#all(depth))
    return only(of) ?? { type: 'any', of }
  }

  #all (depth: number): Query {
    const of = [this.#factor(depth)]
    while (this.#take(';')) of.push(this.#factor(depth))
    return only(of) ?? { type: 'all', of }
  }

  #factor (depth: number): Query {
    if (!this.#take('(')) return this.#term()
    if (depth >= DEPTH_MAX) throw new Refused(`parentheses deeper than ${DEPTH_MAX}`)
    const inner = this.any(depth + 1)
    if (!this.#take(')')) throw new Refused('a ) is missing')
    return inner
  }

  #term (): Query {
    if (++this.#terms > TERMS_MAX) throw new Refused(`more than ${TERMS_MAX} terms`)
    const isNegated = this.#take('!')
    const path = this.#path()
    const operator = OPERATORS.find(each => this.#take(each))
    if (isNegated && operator !== undefined) throw new Refused('! stands before an attribute alone')
    if (operator === undefined) return { type: 'exists', path, isNegated }
    if (operator === '~=' || operator === '!~=') return this.#pattern(path, operator === '!~=')
    const wanted = operator === '==' || operator === '!=' ? this.#list() : [{ value: this.#comparable(operator) }]
    return { type: 'compare', path, operator, wanted }
  }

  #path (): Path {
    const start = this.at
    while (!this.isAtEnd && !STOPS.includes(this.#text[this.at] ?? '') && this.#text[this.at] !== '[') this.at++
    const written = decoded(this.#text.slice(start, this.at).trim())
    // A full IRI has dots of its own.
    const names = /^https?:/.test(written) ? [written] : written.split('.')
    const members = this.#take('[') ? this.#members() : []
    const [attribute, ...rest] = names
    if (attribute === undefined || !(NAME.test(attribute) || /^https?:/.test(attribute)) || !rest.every(name => NAME.test(name)) || names.length + members.length > DEPTH_MAX) {
      throw new Refused(`${JSON.stringify(written.slice(0, 64))} is not the name of an attribute`)
    }
    if (names.includes('createdAt')) throw new Refused('createdAt is not kept here; ask for modifiedAt')
    return { names: [this.#kept(attribute), ...rest.map(name => this.#kept(name))], members }
  }

  #members (): readonly string[] {
    const end = this.#text.indexOf(']', this.at)
    if (end < 0) throw new Refused('a ] is missing')
    const written = decoded(this.#text.slice(this.at, end))
    this.at = end + 1
    const members = written.split('.')
    if (members.some(name => name === '' || name.length > 128)) throw new Refused('not the name of a member')
    return members
  }

  #pattern (path: Path, isNegated: boolean): Query {
    const quoted = this.#text[this.at] === '"' ? this.#quoted() : undefined
    const pattern = compilePattern(quoted ?? this.#bare())
    if (!pattern.ok) throw new Refused(pattern.failure)
    return { type: 'pattern', path, pattern: pattern.value, isNegated }
  }

  /** A pattern without quotes ends where the term does; parentheses of its own are in pairs. */
  #bare (): string {
    const start = this.at
    let open = 0
    for (; !this.isAtEnd; this.at++) {
      const character = this.#text[this.at]
      if (character === '\\') this.at++
      else if (character === '(') open++
      else if (character === ')' && open-- === 0) break
      else if ((character === ';' || character === '|') && open <= 0) break
    }
    this.at = Math.min(this.at, this.#text.length)
    return this.#text.slice(start, this.at)
  }

  #list (): readonly Wanted[] {
    const wanted = [this.#range()]
    while (this.#take(',')) {
      wanted.push(this.#range())
      if (wanted.length > LIST_MAX) throw new Refused(`more than ${LIST_MAX} values in a list`)
    }
    return wanted
  }

  #range (): Wanted {
    const value = this.#literal()
    if (!this.#take('..')) return { value }
    const to = this.#literal()
    if (value.type !== to.type || value.type === 'boolean') throw new Refused('a range goes from one number, text or date to another of its kind')
    return { from: value, to }
  }

  #comparable (operator: Operator): Literal {
    const value = this.#literal()
    if (value.type === 'boolean') throw new Refused(`${operator} does not go with true or false`)
    return value
  }

  #literal (): Literal {
    if (this.#text[this.at] === '"') return { type: 'text', value: this.#quoted() }
    const start = this.at
    while (!this.isAtEnd && !`${STOPS},"`.includes(this.#text[this.at] ?? '') && !this.#text.startsWith('..', this.at)) this.at++
    const written = decoded(this.#text.slice(start, this.at).trim())
    if (written === 'true' || written === 'false') return { type: 'boolean', value: written === 'true' }
    if (NUMBER.test(written) && Number.isFinite(Number(written))) return { type: 'number', value: Number(written) }
    const timeMs = dateTimeMsOf(written)
    if (timeMs !== undefined) return { type: 'time', value: timeMs }
    if (DATE.test(written) || TIME_OF_DAY.test(written) || URI.test(written)) return { type: 'text', value: written }
    this.at = start
    throw new Refused('a value is expected: a number, "text", true, false, a date or a URI')
  }

  /** Quotes and backslashes in it are escaped as JSON has it. */
  #quoted (): string {
    const start = this.at++
    while (!this.isAtEnd && this.#text[this.at] !== '"') this.at += this.#text[this.at] === '\\' ? 2 : 1
    if (this.at >= this.#text.length) throw new Refused('a " is missing')
    const written = this.#text.slice(start, ++this.at)
    try {
      return String(JSON.parse(written))
    } catch {
      // A pattern has backslashes of its own: only quotes are escaped in it.
      return written.slice(1, -1).replaceAll('\\"', '"')
    }
  }

  #take (token: string): boolean {
    if (!this.#text.startsWith(token, this.at)) return false
    this.at += token.length
    return true
  }
}

function only (of: readonly Query[]): Query | undefined {
  return of.length === 1 ? of[0] : undefined
}

/** Names and URIs may be percent-encoded once more, so that they hold none of the signs of this language. */
function decoded (text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
