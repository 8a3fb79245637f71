/** Exact plane geometry: whole coordinates, and points between them as fractions. */

/** Whole numbers of 1e-9 degrees; a difference of two is exact too. */
export type Place = { readonly x: number, readonly y: number }
export type Segment = { readonly a: Place, readonly b: Place }
/** `x / d` and `y / d`, with d above 0. */
type Fraction = { readonly x: bigint, readonly y: bigint, readonly d: bigint }
/** A place along a segment: 0 at its beginning, 1 at its end. */
type Share = { readonly n: bigint, readonly d: bigint }

const PER_DEGREE = 1e9
/** Above the rounding of two products and their difference. */
const DOUBT = 2 ** -50

export function placeOf ([longitude, latitude]: readonly [number, number, number?]): Place {
  return { x: Math.round(longitude * PER_DEGREE), y: Math.round(latitude * PER_DEGREE) }
}

export function degreesOf (units: number): number {
  return units / PER_DEGREE
}

export function isSame (one: Place, other: Place): boolean {
  return one.x === other.x && one.y === other.y
}

/** Above 0: `c` lies to the left of the way from `a` to `b`; 0: on its line. */
export function turn (a: Place, b: Place, c: Place): number {
  const one = (b.x - a.x) * (c.y - a.y)
  const other = (b.y - a.y) * (c.x - a.x)
  const difference = one - other
  if (Math.abs(difference) > DOUBT * (Math.abs(one) + Math.abs(other))) return Math.sign(difference)
  return sign(BigInt(b.x - a.x) * BigInt(c.y - a.y) - BigInt(b.y - a.y) * BigInt(c.x - a.x))
}

function turnAt (a: Place, b: Place, { x, y, d }: Fraction): number {
  return sign(BigInt(b.x - a.x) * (y - BigInt(a.y) * d) - BigInt(b.y - a.y) * (x - BigInt(a.x) * d))
}

function sign (value: bigint): number {
  return value > 0n ? 1 : value < 0n ? -1 : 0
}

/** One kind of point for the questions below: a place, or a fraction with about where it is. */
export type Spot = { readonly place: Place } | { readonly fraction: Fraction, readonly about: Place }

function sideOf (a: Place, b: Place, spot: Spot): number {
  return 'place' in spot ? turn(a, b, spot.place) : turnAt(a, b, spot.fraction)
}

/** Whether it lies on the segment, ends included. */
export function isOn (spot: Spot, { a, b }: Segment): boolean {
  const { x, y } = 'place' in spot ? spot.place : spot.about
  // What is about there is a unit off at most.
  if (x < Math.min(a.x, b.x) - 1 || x > Math.max(a.x, b.x) + 1 || y < Math.min(a.y, b.y) - 1 || y > Math.max(a.y, b.y) + 1) return false
  if (sideOf(a, b, spot) !== 0) return false
  if ('place' in spot) return x >= Math.min(a.x, b.x) && x <= Math.max(a.x, b.x) && y >= Math.min(a.y, b.y) && y <= Math.max(a.y, b.y)
  const { fraction: { x: fx, y: fy, d } } = spot
  const isBetween = (value: bigint, one: number, other: number): boolean =>
    value >= BigInt(Math.min(one, other)) * d && value <= BigInt(Math.max(one, other)) * d
  return isBetween(fx, a.x, b.x) && isBetween(fy, a.y, b.y)
}

/** Whether a ray from it to the east crosses the edge: counted for all edges of a polygon, an odd number is inside. */
export function isCrossed (spot: Spot, { a, b }: Segment): boolean {
  const isBelow = (place: Place): boolean => 'place' in spot ? place.y <= spot.place.y : BigInt(place.y) * spot.fraction.d <= spot.fraction.y
  const [isBelowA, isBelowB] = [isBelow(a), isBelow(b)]
  if (isBelowA === isBelowB) return false
  const side = sideOf(a, b, spot)
  return isBelowA ? side > 0 : side < 0
}

/** Where the segment `s` is cut or touched by `t`, between its ends; both ends of a common stretch. */
export function cutsOf (s: Segment, t: Segment): readonly Share[] {
  const [sideA, sideB] = [turn(s.a, s.b, t.a), turn(s.a, s.b, t.b)]
  if (sideA * sideB > 0) return []
  if (sideA === 0 && sideB === 0) return [...sharesAt(s, t.a), ...sharesAt(s, t.b)]
  if (turn(t.a, t.b, s.a) * turn(t.a, t.b, s.b) > 0) return []
  const [rx, ry, qx, qy] = [s.b.x - s.a.x, s.b.y - s.a.y, t.b.x - t.a.x, t.b.y - t.a.y].map(BigInt) as [bigint, bigint, bigint, bigint]
  const [cx, cy] = [BigInt(t.a.x - s.a.x), BigInt(t.a.y - s.a.y)]
  return between({ n: cx * qy - cy * qx, d: rx * qy - ry * qx })
}

/** Where along it a place lies that is on its line, if between its ends. */
export function sharesAt ({ a, b }: Segment, place: Place): readonly Share[] {
  const [rx, ry] = [BigInt(b.x - a.x), BigInt(b.y - a.y)]
  return between({ n: BigInt(place.x - a.x) * rx + BigInt(place.y - a.y) * ry, d: rx * rx + ry * ry })
}

function between ({ n, d }: Share): readonly Share[] {
  const share = d < 0n ? { n: -n, d: -d } : { n, d }
  return share.n > 0n && share.n < share.d ? [share] : []
}

/** The cuts in order, each once. */
export function sorted (shares: readonly Share[]): readonly Share[] {
  const order = shares.toSorted((one, other) => sign(one.n * other.d - other.n * one.d))
  return order.filter((share, at) => {
    const before = order[at - 1]
    return before === undefined || before.n * share.d !== share.n * before.d
  })
}

export const START: Share = { n: 0n, d: 1n }
export const END: Share = { n: 1n, d: 1n }

export function middle (one: Share, other: Share): Share {
  return { n: one.n * other.d + other.n * one.d, d: 2n * one.d * other.d }
}

export function spotAt ({ a, b }: Segment, { n, d }: Share): Spot {
  const fraction = { x: BigInt(a.x) * d + BigInt(b.x - a.x) * n, y: BigInt(a.y) * d + BigInt(b.y - a.y) * n, d }
  return { fraction, about: { x: Number(fraction.x / d), y: Number(fraction.y / d) } }
}
