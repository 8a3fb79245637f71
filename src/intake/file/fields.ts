import { fieldsOf as fieldsOfText, isNestedBeyond, withoutLineEnd } from '../../base/index.ts'
import { COLUMN_NAME_LENGTH_MAX, DEPTH_MAX, NESTING_MAX } from './limits.ts'
import type { Dialect, Encoding, FileKind } from './types.ts'

const decoders: Readonly<Record<Encoding, TextDecoder>> = {
  'utf-8': new TextDecoder('utf-8'),
  'windows-1252': new TextDecoder('windows-1252')
}

/** The text of a slice, without a byte order mark. */
export function textOfSlice (bytes: Uint8Array, encoding: Encoding): string {
  return decoders[encoding].decode(bytes)
}

/** The field values of one row of a CSV table. */
export function fieldsOf (bytes: Uint8Array, { encoding, delimiter }: Dialect): string[] {
  return fieldsOfText(textOfSlice(bytes, encoding), delimiter)
}

const QUOTE = 0x22

/** One of these values: of a row without quotes before it, the others are not even decoded. */
export function fieldAt (bytes: Uint8Array, dialect: Dialect, index: number): string | undefined {
  const delimiter = dialect.delimiter.charCodeAt(0)
  let [start, field] = [0, 0]
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === QUOTE) return fieldsOf(bytes, dialect)[index]
    if (byte !== delimiter) continue
    if (field === index) return textOfSlice(bytes.subarray(start, at), dialect.encoding)
    field++
    start = at + 1
  }
  return field === index ? withoutLineEnd(textOfSlice(bytes.subarray(start), dialect.encoding)) : undefined
}

/** Whether a field of this row begins a quote that never ends. Mirrors the scan that found the row's end: see `csvScan`. */
export function hasOpenQuote (bytes: Uint8Array, dialect: Dialect): boolean {
  const row = withoutLineEnd(textOfSlice(bytes, dialect.encoding))
  let at = 0
  for (;;) {
    if (row[at] === '"') {
      do {
        at = row.indexOf('"', at + 1) + 1
        if (at === 0) return true
      } while (row[at] === '"')
    }
    at = row.indexOf(dialect.delimiter, at) + 1
    if (at === 0) return false
  }
}

export type JsonObject = { readonly [key: string]: unknown }

export function isObject (value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The object of a JSON text; undefined for anything else. */
export function objectOf (text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** The object of one line of NDJSON, or of one feature with the comma behind it. */
export function objectOfSlice (text: string): JsonObject | undefined {
  const trimmed = text.trim()
  return objectOf(trimmed.endsWith(',') ? trimmed.slice(0, -1) : trimmed)
}

/** What no row and no message may be. */
export function isNestedDeeply (bytes: Uint8Array): boolean {
  return isNestedBeyond(bytes, DEPTH_MAX)
}

/** Visits the plain values of an object under names like `location.lat`; lists and deep objects count as one value. */
export function visitLeaves (object: JsonObject, visit: (name: string, value: unknown) => void, prefix = '', depth = 1): void {
  for (const [key, value] of Object.entries(object)) {
    const name = `${prefix}${key}`.slice(0, COLUMN_NAME_LENGTH_MAX)
    if (isObject(value) && depth < NESTING_MAX && !isGeometry(value)) visitLeaves(value, visit, `${name}.`, depth + 1)
    else visit(name, value)
  }
}

const GEOMETRY_TYPES: ReadonlySet<unknown> = new Set([
  'Point', 'MultiPoint', 'LineString', 'MultiLineString', 'Polygon', 'MultiPolygon', 'GeometryCollection'
])

/** A GeoJSON geometry, RFC 7946 section 3.1. */
export function isGeometry (value: unknown): value is JsonObject {
  return isObject(value) && GEOMETRY_TYPES.has(value['type']) && (Array.isArray(value['coordinates']) || Array.isArray(value['geometries']))
}

/** What a row says in each of these columns, as text, for people to look at. */
export function cellsOf (bytes: Uint8Array, kind: FileKind, columns: readonly string[]): readonly string[] {
  if (kind.type === 'csv') {
    const fields = fieldsOf(bytes, kind.dialect)
    return columns.map((_name, at) => fields[at] ?? '')
  }
  const object = objectOfSlice(textOfSlice(bytes, 'utf-8'))
  const leaves = kind.type === 'geojson' ? object?.['properties'] : object
  const values = new Map<string, unknown>()
  if (isObject(leaves)) visitLeaves(leaves, (name, value) => { values.set(name, value) })
  if (kind.type === 'geojson' && isObject(object?.['geometry'])) values.set('geometry', object['geometry']['type'])
  return columns.map(name => {
    const value = values.get(name)
    return value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value)
  })
}
