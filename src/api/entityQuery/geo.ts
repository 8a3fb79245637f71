import { fail, ok, type Result } from '../../base/index.ts'
import { geometryFault, isGeometry, type Geometry } from '../../sdk/models/index.ts'
import type { KeptEntity } from '../entities/index.ts'
import { boxAround, boxOf, metresBetween, relate, shapeOf, type Box, type Shape } from '../geometry/index.ts'
import type { Effort } from './evaluate.ts'

type Georel = 'within' | 'contains' | 'intersects' | 'equals' | 'disjoint' | 'overlaps'

export type GeoQuery = {
  readonly relation: { readonly type: Georel } | { readonly type: 'near', readonly minMetres: number, readonly maxMetres: number }
  readonly shape: Shape
  /** Kept name of the attribute that holds the place. */
  readonly property: string
  /** Whatever fits touches it; undefined where what fits may lie anywhere. */
  readonly box: Box | undefined
}

const COORDINATES_LENGTH_MAX = 16_384
const POSITIONS_MAX = 256
const RELATIONS: ReadonlySet<string> = new Set<Georel>(['within', 'contains', 'intersects', 'equals', 'disjoint', 'overlaps'])
const NEAR = /^near;(max|min)Distance==(\d{1,9}(?:\.\d{1,6})?)$/

export function geoQueryOf (
  given: { readonly georel?: string | undefined, readonly geometry?: string | undefined, readonly coordinates?: unknown, readonly geoproperty?: string | undefined },
  kept: (name: string) => string
): Result<GeoQuery | undefined, string> {
  const { georel, geometry: type, coordinates, geoproperty } = given
  if (georel === undefined && type === undefined && coordinates === undefined) {
    return geoproperty === undefined ? ok(undefined) : fail('geoproperty goes with georel, geometry and coordinates')
  }
  if (georel === undefined || type === undefined || coordinates === undefined) return fail('georel, geometry and coordinates go together')
  const relation = relationOf(georel)
  if (relation === undefined) return fail(`georel is near;maxDistance==METRES, near;minDistance==METRES, ${[...RELATIONS].join(', ')}`)
  const geometry = geometryOf(type, coordinates)
  if (!geometry.ok) return geometry
  const shape = shapeOf(geometry.value)
  if (shape.points.length + shape.segments.length > POSITIONS_MAX) return fail(`the geometry has more than ${POSITIONS_MAX} positions`)
  const box = relation.type === 'near' ? (relation.maxMetres < Infinity ? boxAround(shape, relation.maxMetres) : undefined) : relation.type === 'disjoint' ? undefined : boxOf(shape)
  return ok({ relation, shape, property: geoproperty === undefined ? 'location' : kept(geoproperty), box })
}

function relationOf (georel: string): GeoQuery['relation'] | undefined {
  if (RELATIONS.has(georel)) return { type: georel as Georel }
  const [, bound, metres] = NEAR.exec(georel) ?? []
  if (bound === undefined) return undefined
  return bound === 'max' ? { type: 'near', minMetres: 0, maxMetres: Number(metres) } : { type: 'near', minMetres: Number(metres), maxMetres: Infinity }
}

function geometryOf (type: string, coordinates: unknown): Result<Geometry, string> {
  let list = coordinates
  if (typeof coordinates === 'string') {
    if (coordinates.length > COORDINATES_LENGTH_MAX) return fail(`coordinates are longer than ${COORDINATES_LENGTH_MAX} characters`)
    try {
      list = JSON.parse(coordinates)
    } catch {
      return fail('coordinates are a JSON list')
    }
  }
  const geometry: unknown = { type, coordinates: list }
  const fault = geometryFault(geometry)
  return fault === undefined ? ok(geometry as Geometry) : fail(`geometry and coordinates: ${fault.position === '/type' ? 'the type is ' : ''}${fault.reason}`)
}

export function fitsGeo ({ relation, shape, property }: GeoQuery, { entity }: KeptEntity, effort: Effort): boolean {
  const place = Object.hasOwn(entity, property) ? entity[property] : undefined
  if (!isGeometry(place)) return false
  const own = shapeOf(place)
  effort.steps -= own.segments.length + own.points.length + 10
  if (relation.type === 'near') {
    const metres = metresBetween(own, shape, effort)
    return effort.steps > 0 && metres >= relation.minMetres && metres <= relation.maxMetres
  }
  const { isMeeting, sharedDimension, isFirstOutside, isSecondOutside } = relate(own, shape, effort)
  if (effort.steps <= 0) return false
  switch (relation.type) {
    case 'intersects': return isMeeting
    case 'disjoint': return !isMeeting
    case 'within': return sharedDimension !== null && !isFirstOutside
    case 'contains': return sharedDimension !== null && !isSecondOutside
    case 'equals': return !isFirstOutside && !isSecondOutside
    case 'overlaps': return own.dimension === shape.dimension && sharedDimension === own.dimension && isFirstOutside && isSecondOutside
  }
}
