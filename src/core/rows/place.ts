import { fieldsOf, textOf } from '../../base/index.ts'
import type { RowFormat } from './format.ts'
import { COORDINATES_MAX, COORDINATES_NESTING_MAX } from './limits.ts'
import { isHeaderKey, isObject, memberOf, objectOfRow, scalarOf, scalarOfJson, type JsonObject } from './read.ts'
import type { Scalar } from './scalar.ts'

/** Degrees, WGS 84; west above east crosses the antimeridian. */
export type PlaceBox = { readonly west: number, readonly south: number, readonly east: number, readonly north: number }

/** Where a row is: a point, or the middle of the box around a line or an area. Of a point the box is itself. */
export type Place = { readonly longitude: number, readonly latitude: number, readonly box: PlaceBox }

/** Members that hold a place as GeoJSON where no column is said to. */
const GEOMETRY_MEMBERS = ['geometry', 'location'] as const

/**
 * Where a row that was read is: by the first column of each, latitude and longitude, or by its geometry. Undefined where it does
 * not say, or says what is no place on earth.
 */
export function placeOf (format: RowFormat, values: ReadonlyMap<string, Scalar>): Place | undefined {
  const { latitude, longitude, geometry } = columnsOfPlace(format)
  const textAt = (name: string | undefined): string | undefined => {
    const value = name === undefined ? undefined : values.get(name)
    return value === null || value === undefined || value.type === 'boolean' ? undefined : value.text
  }
  const [lat, lon, shape] = [textAt(latitude), textAt(longitude), textAt(geometry)]
  return pointOf(lat, lon) ?? (shape === undefined ? undefined : placeOfGeometry(geometryIn(shape)))
}

/** The same from the bytes of a record, for whoever needs the places of millions and nothing else of them. */
export function placeOfBody (format: RowFormat, key: Uint8Array, body: Uint8Array): Place | undefined {
  const { latitude, longitude, geometry } = columnsOfPlace(format)
  if (format.delimiter !== null) {
    const text = textOf(body)
    if (text === undefined || isHeaderKey(key) || (geometry === undefined && latitude === undefined)) return undefined
    const fields = fieldsOf(text, format.delimiter)
    if (fields.length !== format.columns.length) return undefined
    const at = (name: string | undefined): string | undefined => name === undefined ? undefined : fields[format.columns.findIndex(column => column.name === name)]
    return pointOf(at(latitude), at(longitude)) ?? placeOfGeometry(geometryIn(at(geometry) ?? ''))
  }
  const object = objectOfRow(format, body)
  return object === undefined ? undefined : placeOfObject(format, object)
}

/** Where a JSON object is; also where no column is described: by `geometry` or `location`. */
function placeOfObject (format: RowFormat, object: JsonObject): Place | undefined {
  const { latitude, longitude, geometry } = columnsOfPlace(format)
  const point = latitude === undefined || longitude === undefined
    ? undefined
    : pointOf(textIn(memberOf(object, latitude, 1)), textIn(memberOf(object, longitude, 1)))
  return point ?? placeOfGeometry(geometryOfObject(geometry, object))
}

/** The GeoJSON geometry of a row's object, where it has one. */
function geometryOfObject (column: string | undefined, object: JsonObject): JsonObject | undefined {
  for (const name of column === undefined ? GEOMETRY_MEMBERS : [column]) {
    const value = memberOf(object, name, 1)
    if (isObject(value) && (Array.isArray(value['coordinates']) || Array.isArray(value['geometries']))) return value
    if (typeof value === 'string') return geometryIn(value)
  }
  return undefined
}

/** Whether rows of this format are said to be somewhere: by columns, or nobody described what is in the JSON. */
export function hasPlaces (format: RowFormat): boolean {
  const { latitude, longitude, geometry } = columnsOfPlace(format)
  return (format.delimiter === null && format.columns.length === 0) || geometry !== undefined || (latitude !== undefined && longitude !== undefined)
}

type PlaceColumns = { readonly latitude: string | undefined, readonly longitude: string | undefined, readonly geometry: string | undefined }

const placeColumns = new WeakMap<RowFormat, PlaceColumns>()

export function columnsOfPlace (format: RowFormat): PlaceColumns {
  const known = placeColumns.get(format)
  if (known !== undefined) return known
  const first = (type: string): string | undefined => format.columns.find(column => column.type === type)?.name
  const columns = { latitude: first('latitude'), longitude: first('longitude'), geometry: first('geometry') }
  placeColumns.set(format, columns)
  return columns
}

function textIn (value: unknown): string | undefined {
  const scalar = scalarOfJson(value)
  return scalar === null || scalar.type === 'boolean' ? undefined : scalar.text
}

function pointOf (latitude: string | undefined, longitude: string | undefined): Place | undefined {
  if (latitude === undefined || longitude === undefined) return undefined
  const [lat, lon] = [degreesOf(latitude, 'latitude', 90), degreesOf(longitude, 'longitude', 180)]
  return lat === undefined || lon === undefined ? undefined : { longitude: lon, latitude: lat, box: { west: lon, south: lat, east: lon, north: lat } }
}

function degreesOf (text: string, type: 'latitude' | 'longitude', max: number): number | undefined {
  const scalar = scalarOf(text, type)
  const degrees = scalar?.type === 'number' ? Number(scalar.text) : Number.NaN
  return Math.abs(degrees) <= max ? degrees : undefined
}

function geometryIn (text: string): JsonObject | undefined {
  if (!text.trimStart().startsWith('{')) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

// --- Geometries ----------------------------------------------------------------------------------------------------

/** Of each part (a point, a line, a ring) its west and east: parts do not cross the antimeridian, RFC 7946 section 3.1.9. */
type Extent = { readonly parts: (readonly [west: number, east: number])[], south: number, north: number, left: number, isWrong: boolean }

/** Where a GeoJSON geometry is; undefined where it has no coordinates, or some that are not on earth. */
export function placeOfGeometry (geometry: unknown): Place | undefined {
  if (!isObject(geometry)) return undefined
  const extent: Extent = { parts: [], south: 90, north: -90, left: COORDINATES_MAX, isWrong: false }
  addGeometry(geometry, extent, 1)
  if (extent.isWrong || extent.parts.length === 0) return undefined
  const { south, north } = extent
  const [west, east] = around(extent.parts)
  const middle = (west + (east < west ? east + 360 : east)) / 2
  return { longitude: middle > 180 ? middle - 360 : middle, latitude: (south + north) / 2, box: { west, south, east, north } }
}

function addGeometry (geometry: JsonObject, extent: Extent, depth: number): void {
  const { type, coordinates, geometries } = geometry
  if (Array.isArray(geometries)) {
    for (const each of geometries) if (isObject(each) && depth < COORDINATES_NESTING_MAX) addGeometry(each, extent, depth + 1)
  }
  if (type === 'Point') addPart([coordinates], extent)
  else if (type === 'MultiPoint' && Array.isArray(coordinates)) for (const each of coordinates) addPart([each], extent)
  else if (Array.isArray(coordinates)) addParts(coordinates, extent, 1)
}

function addParts (coordinates: readonly unknown[], extent: Extent, depth: number): void {
  const [first] = coordinates
  if (Array.isArray(first) && typeof first[0] === 'number') addPart(coordinates, extent)
  else if (depth < COORDINATES_NESTING_MAX) for (const each of coordinates) if (Array.isArray(each)) addParts(each, extent, depth + 1)
}

function addPart (positions: readonly unknown[], extent: Extent): void {
  let [west, east] = [180, -180]
  for (const position of positions) {
    const [lon, lat]: readonly unknown[] = Array.isArray(position) ? position : []
    if (typeof lon !== 'number' || typeof lat !== 'number' || Math.abs(lon) > 180 || Math.abs(lat) > 90 || --extent.left < 0) {
      extent.isWrong = true
      return
    }
    west = Math.min(west, lon)
    east = Math.max(east, lon)
    extent.south = Math.min(extent.south, lat)
    extent.north = Math.max(extent.north, lat)
  }
  if (west <= east) extent.parts.push([west, east])
}

/** The narrowest span of longitudes around all parts: it leaves out the widest gap. */
function around (parts: readonly (readonly [west: number, east: number])[]): readonly [west: number, east: number] {
  const sorted = parts.toSorted(([a], [b]) => a - b)
  const first = sorted[0]?.[0] ?? 0
  let east = sorted[0]?.[1] ?? 0
  let gap = { size: 0, west: first, east: first }
  for (const [west, end] of sorted) {
    if (west - east > gap.size) gap = { size: west - east, west: east, east: west }
    east = Math.max(east, end)
  }
  return gap.size > first + 360 - east ? [gap.east, gap.west] : [first, east]
}

/** Whether two boxes have a point in common. */
export function meets (a: PlaceBox, b: PlaceBox): boolean {
  if (a.south > b.north || b.south > a.north) return false
  return spansOf(a).some(([west, east]) => spansOf(b).some(([from, to]) => west <= to && from <= east))
}

/** Both sides of the antimeridian are one place. */
function spansOf ({ west, east }: PlaceBox): readonly (readonly [from: number, to: number])[] {
  const spans: readonly (readonly [number, number])[] = west <= east ? [[west, east]] : [[west, 180], [-180, east]]
  return spans.flatMap(([from, to]) => [
    [from, to] as const, ...to === 180 ? [[-180, -180] as const] : [], ...from === -180 ? [[180, 180] as const] : []
  ])
}
