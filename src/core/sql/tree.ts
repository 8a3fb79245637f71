import { fail, textOf, utf8, type Result } from '../../base/index.ts'

/** A part of the syntax tree, in the words of DuckDB's parser. */
export type Part = Readonly<Record<string, unknown>>

/**
 * - `not-allowed`: more than a question may say. `aggregates-only`: more than may be told of a dataset in groups.
 * - `limit`: too long, too deep, too many.
 */
export type QuestionFault = {
  readonly code: 'not-allowed' | 'aggregates-only' | 'limit'
  readonly reason: string
  readonly hint: string
  /** Bytes of UTF-8 before it in the text; null where the parser does not say. */
  readonly byte: number | null
}

export function isPart (value: unknown): value is Part {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function textIn (part: Part, name: string): string {
  const value = part[name]
  return typeof value === 'string' ? value : ''
}

export function partIn (part: Part, name: string): Part | undefined {
  const value = part[name]
  return isPart(value) ? value : undefined
}

export function partsIn (part: Part, name: string): readonly Part[] {
  const value = part[name]
  return Array.isArray(value) ? value.filter(isPart) : []
}

export function textsIn (part: Part, name: string): readonly string[] {
  const value = part[name]
  return Array.isArray(value) ? value.filter(each => typeof each === 'string') : []
}

/** Where a part begins; what the parser made up itself stands nowhere. */
export function byteOf (part: Part): number | null {
  const at = part.query_location
  return typeof at === 'number' && Number.isSafeInteger(at) ? at : null
}

export function notAllowed (part: Part, reason: string, hint = 'see "hanse sql --help" for what a question may say'): Result<never, QuestionFault> {
  return fail({ code: 'not-allowed', reason, hint, byte: byteOf(part) })
}

export function onlyGroups (part: Part, reason: string, hint: string): Result<never, QuestionFault> {
  return fail({ code: 'aggregates-only', reason, hint, byte: byteOf(part) })
}

/** The number of the character (UTF-16) that so many bytes of a text end before. */
export function characterAt (text: string, byte: number): number {
  return (textOf(utf8(text).subarray(0, byte)) ?? '').length
}

/** Names are the same in any case of their ASCII letters, as the engine has it. */
export function folded (name: string): string {
  return name.replaceAll(/[A-Z]/g, letter => letter.toLowerCase())
}

/** The same expression, wherever it stands and whatever it is called. */
export function shapeOf (value: unknown): string {
  return JSON.stringify(value, (key, inner: unknown) => key === 'query_location' || key === 'alias' ? undefined : key === 'column_names' && Array.isArray(inner) ? inner.map(each => folded(String(each))) : inner)
}
