import type { Column, QueriedRow } from '../../sdk/index.ts'
import type { Points } from '../chart/index.ts'
import type { MapFeature } from '../map/index.ts'

const COLUMNS_SHOWN_MAX = 40
const TEXT_SHOWN_MAX = 160

export type Cell =
  | { readonly kind: 'empty' }
  | { readonly kind: 'number' | 'text', readonly text: string }
  /** `day`: a date without a time, by its beginning in UTC. */
  | { readonly kind: 'time' | 'day', readonly timeMs: number, readonly text: string }
  | { readonly kind: 'truth', readonly isTrue: boolean }

/** The columns that are described, or else those that rows of JSON have. */
export function columnsOf (schema: readonly Column[], rows: readonly QueriedRow[]): readonly Column[] {
  // A stranger may name two alike: rows have one value of a name, and it is shown once.
  if (schema.length > 0) return [...new Map(schema.map(column => [column.name, column])).values()].slice(0, COLUMNS_SHOWN_MAX)
  const names = new Set(rows.flatMap(({ values }) => Object.keys(values)))
  return [...names].slice(0, COLUMNS_SHOWN_MAX).map(name => ({ name, unit: null, type: typeIn(rows, name) }))
}

function typeIn (rows: readonly QueriedRow[], name: string): Column['type'] {
  const value = rows.map(row => valueIn(row, name)).find(each => each !== null && each !== undefined)
  return typeof value === 'number' ? 'number' : typeof value === 'boolean' ? 'boolean' : timeOf(value) === null ? 'text' : 'time'
}

/** What a row says under a name: nothing of what every object has, for a stranger may call a column `constructor`. */
export function valueIn ({ values }: Pick<QueriedRow, 'values'>, name: string): unknown {
  return Object.hasOwn(values, name) ? values[name] : undefined
}

/** Numbers stand as they were published: what is shown is what would be downloaded. */
export function cellOf (value: unknown, type: Column['type']): Cell {
  if (value === null || value === undefined || value === '') return { kind: 'empty' }
  if (typeof value === 'boolean') return { kind: 'truth', isTrue: value }
  if (typeof value === 'number') return { kind: 'number', text: String(value) }
  const text = shortened(typeof value === 'string' ? value : JSON.stringify(value))
  const timeMs = type === 'time' ? timeOf(value) : null
  if (timeMs !== null) return { kind: isDay(value) ? 'day' : 'time', timeMs, text }
  return { kind: isNumeric(type) && Number.isFinite(Number(text)) ? 'number' : 'text', text }
}

function shortened (text: string): string {
  return text.length > TEXT_SHOWN_MAX ? `${text.slice(0, TEXT_SHOWN_MAX)} …` : text
}

export function isNumeric (type: Column['type']): boolean {
  return type === 'number' || type === 'integer' || type === 'latitude' || type === 'longitude'
}

/** Columns that can be drawn over time. */
export function measuresOf (columns: readonly Column[]): readonly Column[] {
  return columns.filter(({ type }) => type === 'number' || type === 'integer')
}

/** Only by ISO 8601: in other forms nobody can tell days from months. Without a zone it is taken for UTC. */
export function timeOf (value: unknown): number | null {
  if (typeof value !== 'string') return null
  const [, day, time, zone] = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:?\d{2})?)?$/.exec(value.trim()) ?? []
  if (day === undefined) return null
  const timeMs = Date.parse(`${day}T${time ?? '00:00'}${zone ?? 'Z'}`)
  return Number.isNaN(timeMs) ? null : timeMs
}

const DAY = /^\d{4}-\d{2}-\d{2}$/

/** A date without a time. */
function isDay (value: unknown): boolean {
  return typeof value === 'string' && DAY.test(value.trim())
}

/** A column over time, of all rows or of one key, in order of time: by the first column of times, or by when the record was made. */
export function pointsOf (rows: readonly QueriedRow[], columns: readonly Column[], measure: string, key: string | null): Points {
  const clock = columns.find(({ type }) => type === 'time')?.name
  const found = rows.flatMap(row => {
    if (key !== null && row.key !== key) return []
    const timeMs = clock === undefined ? row.timeMs : timeOf(valueIn(row, clock))
    const value = valueIn(row, measure)
    const number = value === null || value === undefined || value === '' ? NaN : Number(value)
    return timeMs === null ? [] : [{ timeMs, value: Number.isFinite(number) ? number : null, isDay: clock !== undefined && isDay(valueIn(row, clock)) }]
  }).toSorted((one, other) => one.timeMs - other.timeMs)
  return { timesMs: found.map(({ timeMs }) => timeMs), values: found.map(({ value }) => value), isByDay: found.length > 0 && found.every(each => each.isDay) }
}

export function keysOf (rows: readonly QueriedRow[]): readonly string[] {
  return [...new Set(rows.flatMap(({ key }) => key ?? []))].toSorted()
}

/** How deep the positions of each lie. */
const GEOMETRIES: ReadonlyMap<unknown, number> = new Map([['Point', 0], ['MultiPoint', 1], ['LineString', 1], ['MultiLineString', 2], ['Polygon', 2], ['MultiPolygon', 3]])

/** Where a row is: its geometry where it has one, else its point. */
export function featureOf (row: QueriedRow, geometryColumn: string | undefined): MapFeature | null {
  if (row.place === null) return null
  const shape = geometryColumn === undefined ? undefined : geometryIn(valueIn(row, geometryColumn))
  return { id: String(row.number), geometry: shape ?? { type: 'Point', coordinates: [row.place.longitude, row.place.latitude] } }
}

function geometryIn (value: unknown): MapFeature['geometry'] | undefined {
  const geometry = typeof value === 'string' ? parsed(value) : value
  if (typeof geometry !== 'object' || geometry === null || !('type' in geometry) || !('coordinates' in geometry)) return undefined
  const depth = GEOMETRIES.get(geometry.type)
  return depth !== undefined && arePositions(geometry.coordinates, depth) ? geometry as MapFeature['geometry'] : undefined
}

function parsed (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The node may have told the place by other columns, and read nothing of these. */
function arePositions (value: unknown, depth: number): boolean {
  if (!Array.isArray(value)) return false
  return depth === 0 ? value.length > 1 && value.every(each => Number.isFinite(each)) : value.every(each => arePositions(each, depth - 1))
}
