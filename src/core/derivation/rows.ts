import { textOf } from '../../base/index.ts'
import { decimalOf, textOfDecimal } from './decimal.ts'
import { NESTING_MAX } from './limits.ts'
import type { Recipe, SourceColumn } from './recipe.ts'

/** A value of a row: text, a number as exact text, a truth value, or nothing. */
export type Scalar = { readonly type: 'text', readonly text: string } | { readonly type: 'number', readonly text: string } | { readonly type: 'boolean', readonly value: boolean } | null

/** `header`: names the columns. `malformed`: no row of this table. */
export type Read =
  | { readonly type: 'row', readonly values: ReadonlyMap<string, Scalar> }
  | { readonly type: 'header' | 'other-header' | 'malformed' }

/** How publishers key the record that holds the first line of a table. */
const HEADER_KEY = /^header\//

/** What a record of the source says. Only columns of the recipe are looked at; lists and deep objects are no values. */
export function readRow (source: Recipe['source'], key: Uint8Array, body: Uint8Array): Read {
  const text = textOf(body)
  if (text === undefined) return { type: 'malformed' }
  return source.delimiter === null ? readObject(source.columns, text) : readFields(source.columns, source.delimiter, text, key)
}

/** A row with more or fewer fields than columns is refused: what stands where could not be told, and a shifted one would leak. */
function readFields (columns: readonly SourceColumn[], delimiter: string, text: string, key: Uint8Array): Read {
  const fields = fieldsOf(text.startsWith('\ufeff') ? text.slice(1) : text, delimiter)
  const isHeader = HEADER_KEY.test(textOf(key) ?? '')
  const isNames = fields.length === columns.length && columns.every(({ name }, at) => fields[at]?.trim() === name)
  if (isNames) return { type: 'header' }
  if (isHeader) return { type: 'other-header' }
  if (fields.length !== columns.length) return { type: 'malformed' }
  return { type: 'row', values: new Map(columns.map(({ name, type }, at) => [name, scalarOf(fields[at] ?? '', type)])) }
}

function scalarOf (field: string, type: SourceColumn['type']): Scalar {
  const trimmed = field.trim()
  if (trimmed === '') return null
  if (type === 'boolean' && /^(true|false)$/i.test(trimmed)) return { type: 'boolean', value: trimmed.toLowerCase() === 'true' }
  const isNumber = type === 'integer' || type === 'number' || type === 'latitude' || type === 'longitude'
  return isNumber ? numberOf(trimmed) ?? { type: 'text', text: trimmed } : { type: 'text', text: field }
}

function numberOf (text: string): Scalar | undefined {
  const decimal = decimalOf(text)
  return decimal === undefined ? undefined : { type: 'number', text: textOfDecimal(decimal) }
}

function readObject (columns: readonly SourceColumn[], text: string): Read {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { type: 'malformed' }
  }
  if (!isObject(value)) return { type: 'malformed' }
  const leaves = new Map<string, unknown>()
  collect(value, '', 1, leaves)
  return { type: 'row', values: new Map(columns.map(({ name }) => [name, scalarOfJson(leaves.get(name))])) }
}

/** Values under names like `location.lat`, as the description of a dataset names them. */
function collect (object: Readonly<Record<string, unknown>>, prefix: string, depth: number, leaves: Map<string, unknown>): void {
  for (const [key, value] of Object.entries(object)) {
    const name = `${prefix}${key}`
    if (isObject(value) && depth < NESTING_MAX) collect(value, `${name}.`, depth + 1, leaves)
    else if (!leaves.has(name)) leaves.set(name, value)
  }
}

function isObject (value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function scalarOfJson (value: unknown): Scalar {
  if (typeof value === 'string') return { type: 'text', text: value.toWellFormed() }
  if (typeof value === 'boolean') return { type: 'boolean', value }
  // ECMAScript names the shortest decimal for each number, so that all engines write the same one.
  return typeof value === 'number' ? numberOf(String(value)) ?? null : null
}

/** Fields of one row of CSV, unquoted, without the line end: RFC 4180 read leniently, as `intake/file` splits tables. */
function fieldsOf (text: string, delimiter: string): readonly string[] {
  const row = text.replace(/\r?\n$/, '')
  if (!row.includes('"')) return row.split(delimiter)
  const fields: string[] = []
  let at = 0
  for (;;) {
    let value = ''
    if (row[at] === '"') {
      at++
      for (;;) {
        const quote = row.indexOf('"', at)
        if (quote < 0) return [...fields, value + row.slice(at)]
        value += row.slice(at, quote)
        at = quote + 1
        if (row[at] !== '"') break
        value += '"'
        at++
      }
    }
    const next = row.indexOf(delimiter, at)
    if (next < 0) return [...fields, value + row.slice(at)]
    fields.push(value + row.slice(at, next))
    at = next + 1
  }
}

export function textOfScalar (value: Scalar): string | null {
  if (value === null) return null
  return value.type === 'boolean' ? String(value.value) : value.text
}

/** A line of NDJSON with these members in this order. Numbers are written as they are, exactly. */
export function lineOf (members: readonly (readonly [name: string, value: Scalar])[]): string {
  return `{${members.map(([name, value]) => `${JSON.stringify(name)}:${jsonOf(value)}`).join(',')}}\n`
}

function jsonOf (value: Scalar): string {
  if (value === null) return 'null'
  switch (value.type) {
    case 'text': return JSON.stringify(value.text)
    case 'number': return value.text
    case 'boolean': return String(value.value)
  }
}
