import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { boxAround, metresBetween as metresWithin, relate as relateWithin, shapeOf, type Budget, type Relation, type Shape } from '../../src/api/geometry/index.ts'
import type { Geometry, Position } from '../../src/sdk/models/index.ts'

const plenty = (): Budget => ({ steps: 50_000_000 })
const relate = (one: Shape, other: Shape): Relation => relateWithin(one, other, plenty())
const metresBetween = (one: Shape, other: Shape): number => metresWithin(one, other, plenty())

/**
 * The naive form: on squared paper of half steps, each corner, edge and square lies inside, on the border or outside of a drawing.
 * Cells are named by twice their middle: (even, even) a corner, one odd an edge, both odd a square.
 */
type Drawing = { readonly geometry: Geometry, readonly inside: ReadonlySet<string>, readonly border: ReadonlySet<string>, readonly dimension: 0 | 1 | 2 }
const SIDE = 6
const cell = (x: number, y: number): string => `${x},${y}`
const dimensionOf = (name: string): number => name.split(',').filter(each => Number(each) % 2 !== 0).length

const pointsDrawn = fc.uniqueArray(fc.tuple(fc.nat(SIDE), fc.nat(SIDE)), { minLength: 1, maxLength: 3, selector: String }).map((points): Drawing => {
  const [only] = points
  const geometry: Geometry = points.length === 1 && only !== undefined ? { type: 'Point', coordinates: only } : { type: 'MultiPoint', coordinates: points }
  return { geometry, inside: new Set(points.map(([x, y]) => cell(2 * x, 2 * y))), border: new Set(), dimension: 0 }
})

/** One way along the squares, not crossing itself: each next step to the right, up or down. */
const lineDrawn = fc.tuple(fc.nat(2), fc.nat(SIDE), fc.array(fc.constantFrom('right', 'up', 'down'), { minLength: 1, maxLength: 6 })).map(([x0, y0, steps]): Drawing | undefined => {
  let [x, y, before] = [x0, y0, 'right']
  const way: [number, number][] = [[x, y]]
  const cells: string[] = []
  for (const step of steps) {
    if ((step === 'up' && before === 'down') || (step === 'down' && before === 'up')) continue
    const [dx, dy] = step === 'right' ? [1, 0] : step === 'up' ? [0, 1] : [0, -1]
    if (x + dx > SIDE || y + dy > SIDE || y + dy < 0) continue
    cells.push(cell(2 * x + dx, 2 * y + dy), cell(2 * (x + dx), 2 * (y + dy)))
    ;[x, y, before] = [x + dx, y + dy, step]
    way.push([x, y])
  }
  if (way.length < 2) return undefined
  const border = [cell(2 * x0, 2 * y0), cell(2 * x, 2 * y)]
  return { geometry: { type: 'LineString', coordinates: way }, inside: new Set(cells.filter(each => !border.includes(each))), border: new Set(border), dimension: 1 }
}).filter(drawing => drawing !== undefined)

const rectangle = ([x, y, w, h]: readonly [number, number, number, number]): Position[] => [[x, y], [x + w, y], [x + w, y + h], [x, y + h], [x, y]]
const squares = ([x, y, w, h]: readonly [number, number, number, number]): string[] =>
  Array.from({ length: w * h }, (_, i) => cell(2 * (x + i % w) + 1, 2 * (y + Math.floor(i / w)) + 1))

/** From the set of its squares: an edge or corner with all of its squares in it is inside, with some of them on the border. */
function area (geometry: Geometry, filled: ReadonlySet<string>): Drawing {
  const [inside, border] = [new Set(filled), new Set<string>()]
  for (let x = 0; x <= 2 * SIDE + 4; x++) {
    for (let y = 0; y <= 2 * SIDE + 4; y++) {
      if (dimensionOf(cell(x, y)) === 2) continue
      const xs = x % 2 === 0 ? [x - 1, x + 1] : [x]
      const ys = y % 2 === 0 ? [y - 1, y + 1] : [y]
      const around = xs.flatMap(each => ys.map(other => filled.has(cell(each, other))))
      if (around.every(Boolean)) inside.add(cell(x, y))
      else if (around.some(Boolean)) border.add(cell(x, y))
    }
  }
  return { geometry, inside, border, dimension: 2 }
}
const rectangles = fc.tuple(fc.nat(4), fc.nat(4), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }))
const areaDrawn = fc.oneof(
  rectangles.map(at => area({ type: 'Polygon', coordinates: [rectangle(at)] }, new Set(squares(at)))),
  rectangles.map(([x, y]) => {
    const hole = [x + 1, y + 1, 1, 2] as const
    return area({ type: 'Polygon', coordinates: [rectangle([x, y, 3, 4]), rectangle(hole)] }, new Set(squares([x, y, 3, 4]).filter(each => !squares(hole).includes(each))))
  }),
  fc.tuple(fc.nat(1), fc.nat(3), fc.nat(3)).map(([x, y, other]) => {
    const [left, right] = [[x, y, 2, 2], [x + 3, other, 1, 3]] as const
    return area({ type: 'MultiPolygon', coordinates: [[rectangle(left)], [rectangle(right).toReversed()]] }, new Set([...squares(left), ...squares(right)]))
  })
)
const drawings = fc.oneof(pointsDrawn, lineDrawn, areaDrawn)

function naive (one: Drawing, other: Drawing): Relation {
  const all = (each: Drawing): readonly string[] => [...each.inside, ...each.border]
  const within = (each: Drawing): ReadonlySet<string> => new Set(all(each))
  const shared = [...one.inside].filter(name => other.inside.has(name)).map(dimensionOf)
  return {
    isMeeting: all(one).some(name => within(other).has(name)),
    sharedDimension: shared.length === 0 ? null : Math.max(...shared) as 0 | 1 | 2,
    isFirstOutside: all(one).some(name => !within(other).has(name)), isSecondOutside: all(other).some(name => !within(one).has(name))
  }
}

/** Squared paper leant over and stretched, so that edges run in all directions: how things lie to each other stays. */
type Slant = readonly [number, number, number, number]
const slants = fc.tuple(fc.integer({ min: -4, max: 4 }), fc.integer({ min: -4, max: 4 }), fc.integer({ min: -4, max: 4 }), fc.integer({ min: -4, max: 4 })).filter(([a, b, c, d]) => a * d !== b * c)
const lean = (geometry: Geometry, slant: Slant): Geometry => {
  const factor: Slant = [slant[0] / 10, slant[1] / 10, slant[2] / 10, slant[3] / 10]
  const change = (value: unknown): unknown => Array.isArray(value) && typeof value[0] === 'number'
    ? [factor[0] * Number(value[0]) + factor[1] * Number(value[1]) + 11, factor[2] * Number(value[0]) + factor[3] * Number(value[1]) + 50]
    : (value as readonly unknown[]).map(change)
  return { type: geometry.type, coordinates: change(geometry.coordinates) } as Geometry
}

describe('geometry', () => {
  it('says of any two drawings on squared paper, however it is leant over, what counting squares says', () => {
    const seen = new Map<string, number>()
    fc.assert(fc.property(drawings, drawings, slants, (one, other, slant) => {
      const relation = relate(shapeOf(lean(one.geometry, slant)), shapeOf(lean(other.geometry, slant)))
      seen.set(JSON.stringify(relation), (seen.get(JSON.stringify(relation)) ?? 0) + 1)
      assert.deepEqual(relation, naive(one, other), `${JSON.stringify(one.geometry)} and ${JSON.stringify(other.geometry)}`)
    }), { numRuns: 3_000 })
    assert.ok(seen.size > 8, 'all kinds of relations came')
  })

  it('knows what fills a hole from what covers it', () => {
    const hole: Position[] = [[1, 1], [2, 1], [2, 3], [1, 3], [1, 1]]
    const ring = shapeOf({ type: 'Polygon', coordinates: [[[0, 0], [3, 0], [3, 4], [0, 4], [0, 0]], hole] })
    const plug = shapeOf({ type: 'Polygon', coordinates: [hole] })
    assert.deepEqual(relate(plug, ring), { isMeeting: true, sharedDimension: null, isFirstOutside: true, isSecondOutside: true })
    assert.deepEqual(relate(plug, shapeOf({ type: 'Polygon', coordinates: [hole.toReversed()] })), { isMeeting: true, sharedDimension: 2, isFirstOutside: false, isSecondOutside: false })
  })

  it('is decided by no rounding where borders touch', () => {
    // Two parts in 10^22 beside the line: far below what products of doubles tell apart.
    const far = shapeOf({ type: 'LineString', coordinates: [[0, 0], [90, 89.999999999]] })
    assert.equal(relate(shapeOf({ type: 'Point', coordinates: [89.999999998, 89.999999997] }), far).isMeeting, false)
    assert.equal(relate(shapeOf({ type: 'Point', coordinates: [90, 89.999999999] }), far).isMeeting, true)

    const box: Geometry = { type: 'Polygon', coordinates: [[[0.1, 0.1], [0.4, 0.2], [0.3, 0.7], [0.1, 0.1]]] }
    // On the middle of its first edge, which no double is exactly: the grid's nearest place is outside or on it, never both.
    const on = relate(shapeOf({ type: 'Point', coordinates: [0.25, 0.15] }), shapeOf(box))
    assert.deepEqual(on, { isMeeting: true, sharedDimension: null, isFirstOutside: false, isSecondOutside: true })
    assert.equal(relate(shapeOf({ type: 'Point', coordinates: [0.25, 0.149999999] }), shapeOf(box)).isMeeting, false)
    assert.equal(relate(shapeOf({ type: 'Point', coordinates: [0.25, 0.150000001] }), shapeOf(box)).sharedDimension, 0)
  })

  it('measures along the Earth', () => {
    const metres = (one: Geometry, other: Geometry): number => metresBetween(shapeOf(one), shapeOf(other))
    const point = (x: number, y: number): Geometry => ({ type: 'Point', coordinates: [x, y] })
    // London to Paris, and half around the equator.
    assert.ok(Math.abs(metres(point(-0.1278, 51.5074), point(2.3522, 48.8566)) - 343_560) < 100)
    assert.ok(Math.abs(metres(point(-180, 0), point(0, 0)) - 20_015_115) < 10)
    assert.ok(metres(point(179.999, 0), point(-179.999, 0)) < 230, 'across the antimeridian')
    const street: Geometry = { type: 'LineString', coordinates: [[10, 50], [10.1, 50]] }
    assert.ok(Math.abs(metres(point(10.05, 50.001), street) - 111) < 3, 'to the street, not to its ends')
    assert.equal(metres(point(10.05, 50), { type: 'Polygon', coordinates: [[[10, 49.9], [10.1, 49.9], [10.1, 50.1], [10, 50.1], [10, 49.9]]] }), 0)
  })

  it('has boxes that leave out nothing near', () => {
    fc.assert(fc.property(fc.double({ min: -180, max: 180, noNaN: true }), fc.double({ min: -90, max: 90, noNaN: true }), fc.double({ min: -180, max: 180, noNaN: true }), fc.double({ min: -90, max: 90, noNaN: true }), fc.integer({ min: 1, max: 5_000_000 }), (x, y, x2, y2, m) => {
      const [one, other] = [shapeOf({ type: 'Point', coordinates: [x, y] }), shapeOf({ type: 'Point', coordinates: [x2, y2] })]
      if (metresBetween(one, other) > m) return
      const { west, south, east, north } = boxAround(one, m)
      assert.ok(west <= x2 && x2 <= east && south <= y2 && y2 <= north, `${x},${y} to ${x2},${y2} in ${m}`)
    }), { numRuns: 2_000 })
  })

  it('answers for two large borders', () => {
    const ring = (count: number, radius: number): Geometry => {
      const corners = Array.from({ length: count }, (_, i): Position => [10 + radius * Math.cos(2 * Math.PI * i / count), 50 + radius * Math.sin(2 * Math.PI * i / count) * (1 + 0.1 * (i % 2))])
      return { type: 'Polygon', coordinates: [[...corners, corners[0] ?? [0, 0]]] }
    }
    assert.deepEqual(relate(shapeOf(ring(4_000, 1)), shapeOf(ring(250, 1.02))).sharedDimension, 2)
  })

  it('ends when its budget is spent, where the borders of two areas cut each other everywhere', () => {
    const comb = (teeth: number, isUpright: boolean): Shape => {
      const along = Array.from({ length: teeth }, (_, at) => (at % 2 === 0 ? [0.5, 9.5] : [9.5, 0.5]).map(across => [1 + at * 8 / teeth, across] as const)).flat()
      const ring = [...along, [9.9, 9.9] as const, along[0] ?? [0, 0] as const].map(([x, y]): Position => isUpright ? [x, y] : [y, x])
      return shapeOf({ type: 'Polygon', coordinates: [ring] })
    }
    const budget = plenty()
    relateWithin(comb(120, true), comb(4_000, false), budget)
    assert.ok(budget.steps <= 0)
    const enough = plenty()
    assert.equal(relateWithin(comb(20, true), comb(50, false), enough).sharedDimension, 2)
    assert.ok(enough.steps > 0)
  })
})
