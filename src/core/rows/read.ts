import { fieldsOf, isNestedBeyond, textOf } from '../../base/index.ts'
import { decimalOf, textOfDecimal } from './decimal.ts'
import type { RowColumn, RowFormat } from './format.ts'
import { DEPTH_MAX, NESTING_MAX } from './limits.ts'
import type { Scalar } from './scalar.ts'

/** `header`: names the columns. `other-header`: names others. `malformed`: no row of this table. */
export type Read =
  | { readonly type: 'row', readonly values: ReadonlyMap<string, Scalar> }
  | { readonly type: 'header' | 'other-header' | 'malformed' }

/** What the row of a record says, in the order of the columns; or why it says nothing. */
export type ReadValues = readonly Scalar[] | 'header' | 'other-header' | 'malformed'

/** What a record says. Only columns of the format are looked at; lists and deep objects are no values, geometries are as GeoJSON. */
export function readRow (format: RowFormat, key: Uint8Array, body: Uint8Array): Read {
  const values = readValues(format, key, body)
  return typeof values === 'string' ? { type: values } : { type: 'row', values: new Map(format.columns.map(({ name }, at) => [name, values[at] ?? null])) }
}

/** As `readRow`, for whoever reads millions: without a map. */
export function readValues (format: RowFormat, key: Uint8Array, body: Uint8Array): ReadValues {
  if (format.delimiter === null) {
    const object = objectOfRow(format, body)
    return object === undefined ? 'malformed' : format.columns.map(column => scalarOfMember(object, column))
  }
  const text = textOf(body)
  return text === undefined ? 'malformed' : valuesOfFields(format.columns, format.delimiter, text, key)
}

// --- CSV -----------------------------------------------------------------------------------------------------------

/** A row with more or fewer fields than columns is refused: what stands where could not be told, and a shifted one would leak. */
function valuesOfFields (columns: readonly RowColumn[], delimiter: string, text: string, key: Uint8Array): ReadValues {
  const fields = fieldsOf(text.startsWith('\ufeff') ? text.slice(1) : text, delimiter)
  const isNames = fields.length === columns.length && columns.every(({ name }, at) => fields[at]?.trim() === name)
  if (isNames) return 'header'
  if (isHeaderKey(key)) return 'other-header'
  return fields.length === columns.length ? columns.map(({ type }, at) => scalarOf(fields[at] ?? '', type)) : 'malformed'
}

/** "header/" */
const HEADER_KEY = [0x68, 0x65, 0x61, 0x64, 0x65, 0x72, 0x2f] as const

/** How publishers key the record that holds the first line of a table. */
export function isHeaderKey (key: Uint8Array): boolean {
  return HEADER_KEY.every((byte, at) => key[at] === byte)
}

export function scalarOf (field: string, type: RowColumn['type']): Scalar {
  const trimmed = field.trim()
  if (trimmed === '') return null
  if (type === 'boolean' && /^(true|false)$/i.test(trimmed)) return { type: 'boolean', value: trimmed.toLowerCase() === 'true' }
  const isNumber = type === 'integer' || type === 'number' || type === 'latitude' || type === 'longitude'
  return isNumber ? numberOf(trimmed) ?? { type: 'text', text: trimmed } : { type: 'text', text: field }
}

/** Numbers that are written in their one form already: nearly all. */
const PLAIN_NUMBER = /^(?:0|-?[1-9]\d{0,14}|-?(?:0|[1-9]\d{0,14})\.\d{0,14}[1-9])$/

function numberOf (text: string): Scalar | undefined {
  if (PLAIN_NUMBER.test(text)) return { type: 'number', text }
  const decimal = decimalOf(text)
  return decimal === undefined ? undefined : { type: 'number', text: textOfDecimal(decimal) }
}

// --- JSON ----------------------------------------------------------------------------------------------------------

export type JsonObject = Readonly<Record<string, unknown>>

export function isObject (value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The object that a body is, or the feature; undefined for anything else. */
export function objectOfRow ({ isFeature }: RowFormat, body: Uint8Array): JsonObject | undefined {
  const text = textOf(body)
  if (text === undefined || isNestedBeyond(body, DEPTH_MAX)) return undefined
  let value: unknown
  try {
    value = JSON.parse(isFeature === true ? withoutComma(text) : text)
  } catch {
    return undefined
  }
  if (!isObject(value)) return undefined
  if (isFeature !== true) return value
  // Members of a feature that are not among its properties are named by no column, but for its geometry.
  return value['type'] === 'Feature' ? { ...isObject(value['properties']) ? value['properties'] : {}, geometry: value['geometry'] } : undefined
}

/** Features of a file are cut behind the comma that parts them. */
function withoutComma (text: string): string {
  const trimmed = text.trimEnd()
  return trimmed.endsWith(',') ? trimmed.slice(0, -1) : trimmed
}

function scalarOfMember (object: JsonObject, { name, type }: RowColumn): Scalar {
  const value = memberOf(object, name, 1)
  return type === 'geometry' && isObject(value) ? { type: 'text', text: JSON.stringify(value) } : scalarOfJson(value)
}

/** The value under a name like `location.lat`, as the description of a dataset names it; objects only where nothing lies deeper. */
export function memberOf (object: JsonObject, name: string, depth: number): unknown {
  if (Object.hasOwn(object, name)) return object[name]
  if (depth === NESTING_MAX) return undefined
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
    const inner = Object.hasOwn(object, name.slice(0, dot)) ? object[name.slice(0, dot)] : undefined
    const found = isObject(inner) ? memberOf(inner, name.slice(dot + 1), depth + 1) : undefined
    if (found !== undefined) return found
  }
  return undefined
}

export function scalarOfJson (value: unknown): Scalar {
  if (typeof value === 'string') return { type: 'text', text: value.toWellFormed() }
  if (typeof value === 'boolean') return { type: 'boolean', value }
  // ECMAScript names the shortest decimal for each number, so that all engines write the same one.
  return typeof value === 'number' ? numberOf(String(value)) ?? null : null
}
