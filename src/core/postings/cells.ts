import { assert } from '../../base/index.ts'
import type { PlaceBox } from '../rows/index.ts'
import { CELL_BITS, RANGES_MAX } from './limits.ts'

const CELLS = 2 ** CELL_BITS
const HALF = CELL_BITS / 2
const MORTON = CELLS * CELLS

/** A number below 2^49 that is near where places are near: how large the place is, then its middle's cell along the Z-order curve. */
export type PlaceTerm = number

/** Terms from `from` to `to`, both included. */
export type TermRange = { readonly from: number, readonly to: number }

/** Cells [x, endX] and [y, endY]; x may lie beyond the globe, and then goes around it. */
type Rectangle = { readonly x: number, readonly endX: number, readonly y: number, readonly endY: number }

export function termOfPlace (box: PlaceBox): PlaceTerm {
  const { x, endX, y, endY } = rectangleOf(box)
  const size = Math.max(endX - x, endY - y)
  const sizeClass = size === 0 ? 0 : Math.ceil(Math.log2(size + 1))
  return sizeClass * MORTON + mortonOf((x + ((endX - x) >> 1)) % CELLS, y + ((endY - y) >> 1))
}

/** The class of a place's size: 0 for one within a cell, `c` for less than 2^c cells more in each direction. */
export function sizeClassOf (term: PlaceTerm): number {
  return Math.floor(term / MORTON)
}

/** Whether a place of this term may touch the box: true of all that do, and of few that lie in a cell with its edge or, of its size, half a class beside. */
export function mayTouch (box: PlaceBox): (term: PlaceTerm) => boolean {
  const wanted = rectangleOf(box)
  const bySize = new Map<number, Rectangle>()
  return term => {
    const sizeClass = sizeClassOf(term)
    let wide = bySize.get(sizeClass)
    if (wide === undefined) bySize.set(sizeClass, wide = widened(wanted, sizeClass))
    const morton = term - sizeClass * MORTON
    const high = Math.floor(morton / CELLS)
    const low = morton - high * CELLS
    const y = (gather(high >> 1) << HALF) | gather(low >> 1)
    if (y < wide.y || y > wide.endY) return false
    const x = (gather(high) << HALF) | gather(low)
    return (x >= wide.x && x <= wide.endX) || (x + CELLS >= wide.x && x + CELLS <= wide.endX) || (x - CELLS >= wide.x && x - CELLS <= wide.endX)
  }
}

/** Ranges of terms, ascending, that hold all places which touch the box; `classes` has a bit for each size that there is. */
export function rangesOfBox (box: PlaceBox, classes: number): readonly TermRange[] {
  const wanted = rectangleOf(box)
  const ranges: TermRange[] = []
  for (let sizeClass = 0; 2 ** sizeClass <= classes; sizeClass++) {
    if (Math.floor(classes / 2 ** sizeClass) % 2 === 0) continue
    for (const each of onGlobe(widened(wanted, sizeClass))) {
      for (const { from, to } of mortonRanges(each)) ranges.push({ from: sizeClass * MORTON + from, to: sizeClass * MORTON + to })
    }
  }
  return joined(ranges.toSorted((a, b) => a.from - b.from))
}

function rectangleOf ({ west, south, east, north }: PlaceBox): Rectangle {
  const x = cellOf(west + 180, 360)
  const end = cellOf(east + 180, 360)
  return { x, endX: west <= east ? end : end + CELLS, y: cellOf(south + 90, 180), endY: cellOf(north + 90, 180) }
}

function cellOf (degrees: number, all: number): number {
  return Math.max(0, Math.min(CELLS - 1, Math.floor(degrees / all * CELLS)))
}

/**
 * By half of the largest size of the class: so far may the middle of a place be that touches the box. Cells follow degrees, so that what
 * touches lies in no cell beside; but for the antimeridian, where both sides are one place.
 */
function widened ({ x, endX, y, endY }: Rectangle, sizeClass: number): Rectangle {
  const by = sizeClass === 0 ? 0 : 2 ** (sizeClass - 1)
  const [west, east] = [x === 0 ? -1 : x, endX === CELLS - 1 ? CELLS : endX]
  return { x: west - by, endX: east + by, y: Math.max(0, y - by), endY: Math.min(CELLS - 1, endY + by) }
}

function onGlobe ({ x, endX, y, endY }: Rectangle): readonly Rectangle[] {
  if (endX - x + 1 >= CELLS) return [{ x: 0, endX: CELLS - 1, y, endY }]
  const [from, to] = [(x + CELLS) % CELLS, (endX + CELLS) % CELLS]
  return from <= to ? [{ x: from, endX: to, y, endY }] : [{ x: from, endX: CELLS - 1, y, endY }, { x: 0, endX: to, y, endY }]
}

// --- Z-order -------------------------------------------------------------------------------------------------------

/** Bits of x at even, of y at odd places. */
function mortonOf (x: number, y: number): number {
  const mask = (1 << HALF) - 1
  const high = spread(x >> HALF) | (spread(y >> HALF) << 1)
  return high * CELLS + (spread(x & mask) | (spread(y & mask) << 1))
}

/** A zero before each of 11 bits. */
function spread (value: number): number {
  let bits = (value | (value << 8)) & 0x00ff00ff
  bits = (bits | (bits << 4)) & 0x0f0f0f0f
  bits = (bits | (bits << 2)) & 0x33333333
  return (bits | (bits << 1)) & 0x55555555
}

function gather (value: number): number {
  let bits = value & 0x55555555
  bits = (bits | (bits >> 1)) & 0x33333333
  bits = (bits | (bits >> 2)) & 0x0f0f0f0f
  bits = (bits | (bits >> 4)) & 0x00ff00ff
  return (bits | (bits >> 8)) & 0x0000ffff
}

type Quad = { readonly x: number, readonly y: number, readonly size: number }

/** Squares of the curve that cover the rectangle: the largest is cut in four for as long as there are few. */
function mortonRanges (wanted: Rectangle): readonly TermRange[] {
  const whole: Quad[] = []
  let cut: readonly Quad[] = [{ x: 0, y: 0, size: CELLS }]
  while (cut.length > 0) {
    const next: Quad[] = []
    for (const { x, y, size } of cut) {
      const half = size / 2
      for (const [left, low] of [[x, y], [x + half, y], [x, y + half], [x + half, y + half]] as const) {
        const quad = { x: left, y: low, size: half }
        if (isApart(quad, wanted)) continue
        if (half === 1 || isWithin(quad, wanted)) whole.push(quad)
        else next.push(quad)
      }
    }
    // One further cut makes at most four of each.
    if (whole.length + 4 * next.length > RANGES_MAX && cut[0]?.size !== CELLS) {
      whole.push(...next)
      break
    }
    cut = next
  }
  assert(whole.length > 0, 'a rectangle on the globe is somewhere')
  return joined(whole.map(({ x, y, size }) => ({ from: mortonOf(x, y), to: mortonOf(x, y) + size * size - 1 })).toSorted((a, b) => a.from - b.from))
}

function isApart ({ x, y, size }: Quad, wanted: Rectangle): boolean {
  return x > wanted.endX || x + size - 1 < wanted.x || y > wanted.endY || y + size - 1 < wanted.y
}

function isWithin ({ x, y, size }: Quad, wanted: Rectangle): boolean {
  return x >= wanted.x && x + size - 1 <= wanted.endX && y >= wanted.y && y + size - 1 <= wanted.endY
}

function joined (sorted: readonly TermRange[]): readonly TermRange[] {
  const ranges: TermRange[] = []
  for (const range of sorted) {
    const last = ranges.at(-1)
    if (last !== undefined && range.from <= last.to + 1) ranges[ranges.length - 1] = { from: last.from, to: Math.max(last.to, range.to) }
    else ranges.push(range)
  }
  return ranges
}
