import { POSITIONS_MAX } from './limits.ts'

/** Longitude, latitude and perhaps height, WGS 84, in degrees and metres (RFC 7946, section 3.1.1). */
export type Position = readonly [longitude: number, latitude: number, height?: number]

export type Geometry =
  | { readonly type: 'Point', readonly coordinates: Position }
  | { readonly type: 'MultiPoint' | 'LineString', readonly coordinates: readonly Position[] }
  | { readonly type: 'MultiLineString' | 'Polygon', readonly coordinates: readonly (readonly Position[])[] }
  | { readonly type: 'MultiPolygon', readonly coordinates: readonly (readonly (readonly Position[])[])[] }
export type GeometryType = Geometry['type']

/** What is wrong, and where, as a JSON pointer within the geometry. */
export type GeometryFault = { readonly position: string, readonly reason: string }

/** Lists within lists, down to positions, and the least number of positions in the innermost list. */
const SHAPES: Readonly<Record<GeometryType, { readonly depth: number, readonly least: number, readonly isRing: boolean }>> = {
  Point: { depth: 0, least: 1, isRing: false },
  MultiPoint: { depth: 1, least: 1, isRing: false },
  LineString: { depth: 1, least: 2, isRing: false },
  MultiLineString: { depth: 2, least: 2, isRing: false },
  Polygon: { depth: 2, least: 4, isRing: true },
  MultiPolygon: { depth: 3, least: 4, isRing: true }
}

export function isGeometry (value: unknown): value is Geometry {
  return geometryFault(value) === undefined
}

/** Undefined for a geometry of RFC 7946 within bounds. Collections of geometries are none here, as NGSI-LD has it. */
export function geometryFault (value: unknown): GeometryFault | undefined {
  if (typeof value !== 'object' || value === null || !('type' in value) || !('coordinates' in value)) {
    return { position: '', reason: 'not a GeoJSON geometry with type and coordinates' }
  }
  const { type, coordinates } = value
  const shape = typeof type === 'string' && Object.hasOwn(SHAPES, type) ? SHAPES[type as GeometryType] : undefined
  if (shape === undefined) return { position: '/type', reason: `none of ${Object.keys(SHAPES).join(', ')}` }
  const budget = { positions: POSITIONS_MAX }
  return listFault(coordinates, '/coordinates', shape.depth, shape, budget)
}

function listFault (
  value: unknown, position: string, depth: number, shape: { readonly least: number, readonly isRing: boolean }, budget: { positions: number }
): GeometryFault | undefined {
  if (depth === 0) return positionFault(value, position, budget)
  if (!Array.isArray(value) || value.length === 0) return { position, reason: 'not a list of coordinates' }
  if (depth === 1 && value.length < shape.least) return { position, reason: `fewer than ${shape.least} positions` }
  for (const [index, each] of value.entries()) {
    const fault = listFault(each, `${position}/${index}`, depth - 1, shape, budget)
    if (fault !== undefined) return fault
  }
  return depth === 1 && shape.isRing && !isClosed(value as readonly Position[]) ? { position, reason: 'a ring that does not end where it begins' } : undefined
}

function positionFault (value: unknown, position: string, budget: { positions: number }): GeometryFault | undefined {
  if (--budget.positions < 0) return { position, reason: `more than ${POSITIONS_MAX} positions` }
  if (!Array.isArray(value) || value.length < 2 || value.length > 3 || !value.every(each => typeof each === 'number' && Number.isFinite(each))) {
    return { position, reason: 'not [longitude, latitude]' }
  }
  const [longitude, latitude] = value as readonly number[]
  if (Math.abs(longitude ?? 999) > 180) return { position: `${position}/0`, reason: 'a longitude beyond 180 degrees' }
  return Math.abs(latitude ?? 999) > 90 ? { position: `${position}/1`, reason: 'a latitude beyond 90 degrees; the longitude stands first' } : undefined
}

function isClosed (ring: readonly Position[]): boolean {
  const [first, last] = [ring[0], ring.at(-1)]
  return first?.[0] === last?.[0] && first?.[1] === last?.[1]
}
