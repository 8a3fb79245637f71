import type { Geometry, Position } from '../../sdk/models/index.ts'
import { isCrossed, isOn, isSame, placeOf, type Place, type Segment, type Spot } from './grid.ts'

/** A geometry made ready to be asked about. */
export type Shape = {
  readonly dimension: 0 | 1 | 2
  readonly points: readonly Place[]
  /** Lines, or the edges of all rings with the inside to their left. */
  readonly segments: readonly Segment[]
  /** Edges by polygon. */
  readonly polygons: readonly (readonly Segment[])[]
  /** Ends of lines: one that an odd number of lines ends at is on the border (the mod-2 rule of Simple Features). */
  readonly ends: readonly Place[]
  readonly west: number
  readonly south: number
  readonly east: number
  readonly north: number
}

export type Location = 'inside' | 'border' | 'outside'

const shapes = new WeakMap<Geometry, Shape>()

export function shapeOf (geometry: Geometry): Shape {
  const known = shapes.get(geometry) ?? make(geometry)
  shapes.set(geometry, known)
  return known
}

function make (geometry: Geometry): Shape {
  switch (geometry.type) {
    case 'Point': return withBox(0, [placeOf(geometry.coordinates)], [], [], [])
    case 'MultiPoint': return withBox(0, geometry.coordinates.map(placeOf), [], [], [])
    case 'LineString': return lines([geometry.coordinates])
    case 'MultiLineString': return lines(geometry.coordinates)
    case 'Polygon': return polygons([geometry.coordinates])
    case 'MultiPolygon': return polygons(geometry.coordinates)
  }
}

function lines (given: readonly (readonly Position[])[]): Shape {
  const all = given.map(line => segmentsOf(line.map(placeOf)))
  const ends = all.flatMap(line => {
    const [first, last] = [line[0]?.a, line.at(-1)?.b]
    return first === undefined || last === undefined ? [] : [first, last]
  })
  const segments = all.flat()
  const [only] = given[0] ?? []
  // A line that is one point on the grid is that point.
  return segments.length === 0 && only !== undefined ? withBox(0, [placeOf(only)], [], [], []) : withBox(1, [], segments, [], ends)
}

function polygons (given: readonly (readonly (readonly Position[])[])[]): Shape {
  const all = given.map(rings => rings.flatMap((ring, at) => turned(segmentsOf(ring.map(placeOf)), at === 0)))
  return withBox(2, [], all.flat(), all, [])
}

function segmentsOf (places: readonly Place[]): readonly Segment[] {
  return places.flatMap((b, at) => {
    const a = places[at - 1]
    return a === undefined || isSame(a, b) ? [] : [{ a, b }]
  })
}

/** The outer ring against the clock and holes with it. */
function turned (ring: readonly Segment[], isOuter: boolean): readonly Segment[] {
  const area = ring.reduce((sum, { a, b }) => sum + BigInt(a.x) * BigInt(b.y) - BigInt(b.x) * BigInt(a.y), 0n)
  return area > 0n === isOuter ? ring : ring.map(({ a, b }) => ({ a: b, b: a })).toReversed()
}

function withBox (dimension: Shape['dimension'], points: readonly Place[], segments: readonly Segment[], polygonEdges: Shape['polygons'], ends: readonly Place[]): Shape {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity]
  for (const { x, y } of [...points, ...segments.flatMap(({ a, b }) => [a, b])]) {
    west = Math.min(west, x)
    south = Math.min(south, y)
    east = Math.max(east, x)
    north = Math.max(north, y)
  }
  return { dimension, points, segments, polygons: polygonEdges, ends, west, south, east, north }
}

export function locate (spot: Spot, shape: Shape): Location {
  const { x, y } = 'place' in spot ? spot.place : spot.about
  if (x < shape.west - 1 || x > shape.east + 1 || y < shape.south - 1 || y > shape.north + 1) return 'outside'
  if (shape.dimension === 0) return 'place' in spot && shape.points.some(point => isSame(point, spot.place)) ? 'inside' : 'outside'
  if (shape.dimension === 1) {
    if (!shape.segments.some(segment => isOn(spot, segment))) return 'outside'
    const ends = 'place' in spot ? shape.ends.filter(end => isSame(end, spot.place)).length : 0
    return ends % 2 === 1 ? 'border' : 'inside'
  }
  let isInside = false
  for (const edges of shape.polygons) {
    let crossed = 0
    for (const edge of edges) {
      // Most edges are passed above or below.
      if ((edge.a.y < y - 1 && edge.b.y < y - 1) || (edge.a.y > y + 1 && edge.b.y > y + 1)) continue
      if (isOn(spot, edge)) return 'border'
      if (isCrossed(spot, edge)) crossed++
    }
    isInside ||= crossed % 2 === 1
  }
  return isInside ? 'inside' : 'outside'
}
