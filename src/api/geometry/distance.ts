import { degreesOf, type Place, type Segment } from './grid.ts'
import { relate, type Budget } from './relate.ts'
import type { Shape } from './shape.ts'

/** The mean radius of the Earth (IUGG). */
export const EARTH_RADIUS_M = 6_371_008.8

/** Three angles for each pair of points: many times what it takes to look at an edge. */
const PAIR_STEPS = 10

type Vector = readonly [number, number, number]

/** The shortest way from the one to the other along the surface; 0 where they meet. Edges are arcs of great circles here. */
export function metresBetween (one: Shape, other: Shape, budget: Budget): number {
  if (relate(one, other, budget).isMeeting) return 0
  const [ownPoints, otherPoints] = [pointsOf(one), pointsOf(other)]
  budget.steps -= PAIR_STEPS * ownPoints.length * otherPoints.length
  if (budget.steps <= 0) return 0
  let nearest = Math.PI
  for (const point of ownPoints) for (const each of otherPoints) nearest = Math.min(nearest, angle(point, each))
  for (const [points, { segments }] of [[ownPoints, other], [otherPoints, one]] as const) {
    const arcs = segments.map(arcOf)
    for (const point of points) for (const arc of arcs) nearest = Math.min(nearest, angleToArc(point, arc))
  }
  return nearest * EARTH_RADIUS_M
}

function pointsOf ({ points, segments }: Shape): readonly Vector[] {
  return [...points.map(vectorOf), ...segments.flatMap(({ a, b }) => [vectorOf(a), vectorOf(b)])]
}

function vectorOf ({ x, y }: Place): Vector {
  const [longitude, latitude] = [degreesOf(x) * Math.PI / 180, degreesOf(y) * Math.PI / 180]
  return [Math.cos(latitude) * Math.cos(longitude), Math.cos(latitude) * Math.sin(longitude), Math.sin(latitude)]
}

/** By the arc tangent: exact for near points and for opposite ones. */
function angle (one: Vector, other: Vector): number {
  return Math.atan2(length(cross(one, other)), dot(one, other))
}

type Arc = { readonly a: Vector, readonly b: Vector, readonly normal: Vector, readonly size: number }

function arcOf ({ a, b }: Segment): Arc {
  const [from, to] = [vectorOf(a), vectorOf(b)]
  const normal = cross(from, to)
  return { a: from, b: to, normal, size: length(normal) }
}

/** To the foot of the perpendicular where that lies on the arc; its ends are measured apart. */
function angleToArc (point: Vector, { a, b, normal, size }: Arc): number {
  if (size < 1e-15) return Math.PI
  const isBeside = dot(cross(normal, a), point) > 0 && dot(cross(b, normal), point) > 0
  return isBeside ? Math.abs(Math.asin(Math.max(-1, Math.min(1, dot(normal, point) / size)))) : Math.PI
}

function cross ([ax, ay, az]: Vector, [bx, by, bz]: Vector): Vector {
  return [ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx]
}

function dot ([ax, ay, az]: Vector, [bx, by, bz]: Vector): number {
  return ax * bx + ay * by + az * bz
}

function length (vector: Vector): number {
  return Math.hypot(...vector)
}
