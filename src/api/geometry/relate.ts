import { cutsOf, END, isOn, middle, sharesAt, sorted, spotAt, START, turn, type Segment, type Spot } from './grid.ts'
import { locate, type Shape } from './shape.ts'

/** What two shapes have in common, and what only one of them has. */
export type Relation = {
  /** Some point is of both. */
  readonly isMeeting: boolean
  /** Of what the interiors share; null where they share nothing. */
  readonly sharedDimension: 0 | 1 | 2 | null
  /** A part of the first lies outside of the second. */
  readonly isFirstOutside: boolean
  readonly isSecondOutside: boolean
}

/** What may still be done; once it is spent, what is answered means nothing, and the question is to be refused. */
export type Budget = { steps: number }

/** To see on which side of an edge a fraction lies, against a place. */
const FRACTION_STEPS = 3

/** Facts while they are gathered; `outside` of the one that is walked along, and of the other. */
type Found = { isMeeting: boolean, shared: -1 | 0 | 1 | 2, isOutside: boolean, isOtherOutside: boolean }

/**
 * Walks along both, in pieces that the other cuts: each piece lies in the other as a whole, so one point of it tells all. What
 * the areas of two polygons share follows from their borders: a common area, or one that only one has, is bounded by pieces of
 * either border, and each of these is seen on one of the walks. Borders that cut each other everywhere make as many pieces as
 * they have pairs of edges, and each piece is looked for in both: that is what the budget is for.
 */
export function relate (first: Shape, second: Shape, budget: Budget): Relation {
  const apart = first.east < second.west || second.east < first.west || first.north < second.south || second.north < first.south
  if (apart) return { isMeeting: false, sharedDimension: null, isFirstOutside: true, isSecondOutside: true }
  const one = walk(first, second, budget)
  const other = walk(second, first, budget)
  const shared = Math.max(one.shared, other.shared)
  return {
    isMeeting: one.isMeeting || other.isMeeting,
    sharedDimension: shared < 0 ? null : shared as 0 | 1 | 2,
    isFirstOutside: one.isOutside || other.isOtherOutside || first.dimension > second.dimension,
    isSecondOutside: other.isOutside || one.isOtherOutside || second.dimension > first.dimension
  }
}

function walk (shape: Shape, other: Shape, budget: Budget): Found {
  const found: Found = { isMeeting: false, shared: -1, isOutside: false, isOtherOutside: false }
  for (const place of shape.points) meetAt({ place }, shape, other, found)
  budget.steps -= shape.points.length * sizeOf(other)
  for (const segment of shape.segments) {
    if (budget.steps <= 0) return found
    // The end of one is the beginning of the next, or of its ring, except for lines.
    meetAt({ place: segment.a }, shape, other, found)
    if (shape.dimension === 1) meetAt({ place: segment.b }, shape, other, found)
    const cuts = cutsBy(segment, other)
    // Looked for: its beginning, each cut, and the middle of each piece.
    budget.steps -= (1 + FRACTION_STEPS * (2 * cuts.length + 1)) * (sizeOf(other) + (shape.dimension === 1 ? sizeOf(shape) : 0))
    if (budget.steps <= 0) return found
    for (const cut of cuts) meetAt(spotAt(segment, cut), shape, other, found)
    const stops = [START, ...cuts, END]
    for (const [at, stop] of stops.entries()) {
      const next = stops[at + 1]
      if (next !== undefined) lieAlong(segment, spotAt(segment, middle(stop, next)), shape, other, found)
    }
  }
  return found
}

function sizeOf ({ points, segments }: Shape): number {
  return points.length + segments.length + 1
}

function cutsBy (segment: Segment, { segments, points }: Shape): ReturnType<typeof sorted> {
  const [west, east] = segment.a.x < segment.b.x ? [segment.a.x, segment.b.x] : [segment.b.x, segment.a.x]
  const [south, north] = segment.a.y < segment.b.y ? [segment.a.y, segment.b.y] : [segment.b.y, segment.a.y]
  const cuts: ReturnType<typeof sorted>[number][] = []
  for (const each of segments) {
    const { a, b } = each
    if ((a.x < west && b.x < west) || (a.x > east && b.x > east) || (a.y < south && b.y < south) || (a.y > north && b.y > north)) continue
    cuts.push(...cutsOf(segment, each))
  }
  for (const point of points) if (turn(segment.a, segment.b, point) === 0) cuts.push(...sharesAt(segment, point))
  return sorted(cuts)
}

/** A single point of the shape. */
function meetAt (spot: Spot, shape: Shape, other: Shape, found: Found): void {
  const there = locate(spot, other)
  if (there === 'outside') {
    if (shape.dimension === 0) found.isOutside = true
    return
  }
  found.isMeeting = true
  if (there === 'inside' && shape.dimension < 2 && locate(spot, shape) === 'inside') found.shared = atLeast(found.shared, 0)
}

/** A piece of the shape without its ends, by a point in its middle. */
function lieAlong (segment: Segment, spot: Spot, shape: Shape, other: Shape, found: Found): void {
  const there = locate(spot, other)
  if (there === 'outside') {
    found.isOutside = true
    return
  }
  found.isMeeting = true
  if (shape.dimension === 1) {
    if (there === 'inside' && other.dimension > 0) found.shared = atLeast(found.shared, 1)
    return
  }
  if (other.dimension < 2) return
  if (there === 'inside') {
    // On its one side lies what is of both, on its other what is not of this shape.
    found.shared = 2
    found.isOtherOutside = true
    return
  }
  const along = other.segments.find(each => isOn(spot, each))
  if (along === undefined) return
  if (isSameWay(segment, along)) found.shared = 2
  else [found.isOutside, found.isOtherOutside] = [true, true]
}

function atLeast (known: Found['shared'], dimension: 0 | 1): Found['shared'] {
  return known > dimension ? known : dimension
}

/** Of two segments on one line. The insides of polygons lie to the left of both. */
function isSameWay (one: Segment, other: Segment): boolean {
  return Math.sign(one.b.x - one.a.x) === Math.sign(other.b.x - other.a.x) && Math.sign(one.b.y - one.a.y) === Math.sign(other.b.y - other.a.y)
}
