/** Reads the text of a pattern into a tree. */
import { fail, ok, type Result } from '../../base/index.ts'

export type CharacterSet = { readonly isNegated: boolean, readonly ranges: readonly (readonly [from: number, to: number])[] }
export type Tree =
  | { readonly type: 'set', readonly set: CharacterSet }
  | { readonly type: 'start' | 'end' }
  | { readonly type: 'sequence' | 'choice', readonly of: readonly Tree[] }
  | { readonly type: 'repeat', readonly of: Tree, readonly min: number, readonly max: number | null }

const DEPTH_MAX = 16
const COUNT_MAX = 100
const DIGITS = [[0x30, 0x39]] as const
const WORD = [[0x30, 0x39], [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]] as const
const BLANKS = [[0x09, 0x0d], [0x20, 0x20], [0xa0, 0xa0], [0x1680, 0x1680], [0x2000, 0x200a], [0x2028, 0x2029], [0x202f, 0x202f], [0x205f, 0x205f], [0x3000, 0x3000], [0xfeff, 0xfeff]] as const
const CLASSES: ReadonlyMap<string, CharacterSet['ranges']> = new Map<string, CharacterSet['ranges']>([['d', DIGITS], ['w', WORD], ['s', BLANKS]])
const CONTROLS: ReadonlyMap<string, string> = new Map([['t', '\t'], ['n', '\n'], ['r', '\r'], ['f', '\f'], ['v', '\v']])
const LINE_ENDS: CharacterSet = { isNegated: true, ranges: [[0x0a, 0x0a], [0x0d, 0x0d], [0x2028, 0x2029]] }

class Refused extends Error {}

export function treeOf (text: string): Result<Tree, string> {
  const reader = new Reader(text)
  try {
    const tree = reader.choice(0)
    return reader.isAtEnd ? ok(tree) : fail('a ) without a (')
  } catch (cause) {
    if (cause instanceof Refused) return fail(cause.message)
    throw cause
  }
}

class Reader {
  readonly #characters: readonly string[]
  #at = 0

  constructor (text: string) {
    this.#characters = Array.from(text)
  }

  get isAtEnd (): boolean {
    return this.#at >= this.#characters.length
  }

  choice (depth: number): Tree {
    if (depth > DEPTH_MAX) throw new Refused(`groups nested deeper than ${DEPTH_MAX}`)
    const of = [this.#sequence(depth)]
    while (this.#take('|')) of.push(this.#sequence(depth))
    return of.length === 1 && of[0] !== undefined ? of[0] : { type: 'choice', of }
  }

  #sequence (depth: number): Tree {
    const of: Tree[] = []
    while (!this.isAtEnd && this.#peek() !== '|' && this.#peek() !== ')') of.push(this.#piece(depth))
    return { type: 'sequence', of }
  }

  #piece (depth: number): Tree {
    const atom = this.#atom(depth)
    const counted = this.#count()
    if (counted === undefined) return atom
    // Whether it takes much or little first does not matter to whether it matches.
    this.#take('?')
    if (this.#count() !== undefined) throw new Refused('two counts behind each other')
    return { type: 'repeat', of: atom, ...counted }
  }

  #count (): { readonly min: number, readonly max: number | null } | undefined {
    if (this.#take('*')) return { min: 0, max: null }
    if (this.#take('+')) return { min: 1, max: null }
    if (this.#take('?')) return { min: 0, max: 1 }
    if (this.#peek() !== '{') return undefined
    const [whole, least, comma, most] = /^\{(\d{1,3})(,?)(\d{0,3})\}/.exec(this.#characters.slice(this.#at, this.#at + 9).join('')) ?? []
    if (whole === undefined || least === undefined) throw new Refused('a { that is no count; write \\{ for the sign')
    this.#at += whole.length
    const min = Number(least)
    const max = comma === '' ? min : most === '' || most === undefined ? null : Number(most)
    if (min > COUNT_MAX || (max ?? 0) > COUNT_MAX || (max !== null && max < min)) throw new Refused(`counts are from 0 to ${COUNT_MAX}, the smaller first`)
    return { min, max }
  }

  #atom (depth: number): Tree {
    const character = this.#next()
    switch (character) {
      case '(': return this.#group(depth)
      case '[': return { type: 'set', set: this.#class() }
      case '.': return { type: 'set', set: LINE_ENDS }
      case '^': return { type: 'start' }
      case '$': return { type: 'end' }
      case '\\': return { type: 'set', set: this.#escaped() }
      case '*': case '+': case '?': case '{': throw new Refused(`a ${character} with nothing before it`)
      case ']': case '}': throw new Refused(`a ${character} with nothing that it ends; write \\${character} for the sign`)
      default: return { type: 'set', set: only(character) }
    }
  }

  #group (depth: number): Tree {
    if (this.#take('?') && !this.#take(':')) throw new Refused('looking around and names of groups are not taken')
    const inner = this.choice(depth + 1)
    if (!this.#take(')')) throw new Refused('a ( without a )')
    return inner
  }

  #escaped (): CharacterSet {
    if (this.isAtEnd) throw new Refused('a \\ at the end')
    const character = this.#next()
    const ranges = CLASSES.get(character.toLowerCase())
    if (ranges !== undefined) return { isNegated: character !== character.toLowerCase(), ranges }
    const control = CONTROLS.get(character)
    if (control !== undefined) return only(control)
    if (/[1-9k]/.test(character)) throw new Refused('back-references are not taken')
    if (/[a-zA-Z0-9]/.test(character)) throw new Refused(`\\${character} is not taken`)
    return only(character)
  }

  #class (): CharacterSet {
    const isNegated = this.#take('^')
    const ranges: (readonly [number, number])[] = []
    for (;;) {
      if (this.isAtEnd) throw new Refused('a [ without a ]')
      if (this.#take(']')) return { isNegated, ranges }
      const first = this.#member()
      if (typeof first !== 'number') {
        ranges.push(...first)
        continue
      }
      const isRange = this.#peek() === '-' && this.#characters[this.#at + 1] !== ']' && this.#characters[this.#at + 1] !== undefined
      if (!isRange) {
        ranges.push([first, first])
        continue
      }
      this.#at++
      const last = this.#member()
      if (typeof last !== 'number' || last < first) throw new Refused('a range whose end is not behind its beginning')
      ranges.push([first, last])
    }
  }

  #member (): number | CharacterSet['ranges'] {
    const character = this.#next()
    if (character === '[' && /[:.=]/.test(this.#peek() ?? '')) throw new Refused('named classes are not taken')
    if (character !== '\\') return character.codePointAt(0) ?? 0
    if (this.#peek() === 'b') throw new Refused('\\b is not taken')
    const { isNegated, ranges } = this.#escaped()
    if (isNegated) throw new Refused('opposites of classes are not taken within [ ]')
    const [range] = ranges
    return ranges.length === 1 && range !== undefined && range[0] === range[1] ? range[0] : ranges
  }

  #peek (): string | undefined {
    return this.#characters[this.#at]
  }

  #next (): string {
    const character = this.#characters[this.#at++]
    if (character === undefined) throw new Refused('it ends too early')
    return character
  }

  #take (character: string): boolean {
    if (this.#peek() !== character) return false
    this.#at++
    return true
  }
}

function only (character: string): CharacterSet {
  const point = character.codePointAt(0) ?? 0
  return { isNegated: false, ranges: [[point, point]] }
}
