import type { Box } from '../../sdk/index.ts'

type Geometry = GeoJSON.Geometry
type Position = GeoJSON.Position

/** Something on the map: its id is unique within its layer; `label` is drawn beside it where there is room. */
export type MapFeature = { readonly id: string, readonly geometry: Geometry, readonly label?: string }
/** What the map fetched by itself: how many are on it, around what, and whether there are more. */
export type Fetched = { readonly count: number, readonly extent: Box | null, readonly isPart: boolean, readonly isFailed: boolean }
export type FeatureOfMap = GeoJSON.Feature<Geometry, { readonly id: string, readonly label: string }>

/** How maplibre wants it: the id as a property, which it promotes, since it knows numbers alone as ids. */
export function featureOf ({ id, geometry, label = '' }: MapFeature): FeatureOfMap {
  return { type: 'Feature', geometry, properties: { id, label } }
}

/** The area of a box. One that crosses the antimeridian goes on beyond 180 degrees. */
export function areaOf ({ west, south, east, north }: Box): Geometry {
  const right = east < west ? east + 360 : east
  return { type: 'Polygon', coordinates: [[[west, south], [right, south], [right, north], [west, north], [west, south]]] }
}

/** The middle of a box, within the world: what lies beyond it no cluster of the map takes in. */
export function middleOf ({ west, south, east, north }: Box): Geometry {
  const middle = (west + (east < west ? east + 360 : east)) / 2
  return pointOf(middle > 180 ? middle - 360 : middle, (south + north) / 2)
}

export function pointOf (longitude: number, latitude: number): Geometry {
  return { type: 'Point', coordinates: [longitude, latitude] }
}

/** The smallest box around all of them that does not cross the antimeridian; null where there is nothing. */
export function extentOf (features: Iterable<Pick<MapFeature, 'geometry'>>): Box | null {
  const extent = { west: Infinity, south: Infinity, east: -Infinity, north: -Infinity }
  for (const { geometry } of features) for (const position of positionsOf(geometry)) widen(extent, position)
  return extent.west <= extent.east ? extent : null
}

function widen (extent: { west: number, south: number, east: number, north: number }, [longitude = 0, latitude = 0]: Position): void {
  extent.west = Math.min(extent.west, longitude)
  extent.east = Math.max(extent.east, longitude)
  extent.south = Math.min(extent.south, latitude)
  extent.north = Math.max(extent.north, latitude)
}

function * positionsOf (geometry: Geometry): Generator<Position> {
  switch (geometry.type) {
    case 'Point': return yield geometry.coordinates
    case 'MultiPoint': case 'LineString': return yield * geometry.coordinates
    case 'MultiLineString': case 'Polygon': for (const line of geometry.coordinates) yield * line; return
    case 'MultiPolygon': for (const area of geometry.coordinates) for (const ring of area) yield * ring; return
    case 'GeometryCollection': for (const each of geometry.geometries) yield * positionsOf(each)
  }
}

const DECIMALS = 1e5

/** The box between two corners, in whichever order they were drawn: to about a metre, and within the world. */
export function boxBetween (one: { readonly lng: number, readonly lat: number }, other: { readonly lng: number, readonly lat: number }): Box | null {
  const rounded = (value: number, limit: number): number => Math.round(Math.min(limit, Math.max(-limit, value)) * DECIMALS) / DECIMALS
  const [west, east] = [one.lng, other.lng].map(value => rounded(value, 180)).toSorted((a, b) => a - b)
  const [south, north] = [one.lat, other.lat].map(value => rounded(value, 90)).toSorted((a, b) => a - b)
  if (west === undefined || east === undefined || south === undefined || north === undefined) return null
  return west < east && south < north ? { west, south, east, north } : null
}

/** The box that four fields say: null while they say none, or one that cannot be. */
export function boxOfFields (fields: { readonly west: string, readonly south: string, readonly east: string, readonly north: string }): Box | null {
  const numbers = [fields.west, fields.south, fields.east, fields.north].map(text => text.trim() === '' ? NaN : Number(text.trim().replace(',', '.')))
  const [west = NaN, south = NaN, east = NaN, north = NaN] = numbers
  const isBox = [west, east].every(value => Math.abs(value) <= 180) && [south, north].every(value => Math.abs(value) <= 90) && south <= north
  return isBox ? { west, south, east, north } : null
}

export function sameBox (one: Box | null, other: Box | null): boolean {
  return one === other || (one !== null && other !== null && one.west === other.west && one.south === other.south && one.east === other.east && one.north === other.north)
}
