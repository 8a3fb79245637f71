import { EARTH_RADIUS_M } from './distance.ts'
import { degreesOf } from './grid.ts'
import type { Shape } from './shape.ts'

/** Degrees, WGS 84. */
export type Box = { readonly west: number, readonly south: number, readonly east: number, readonly north: number }

export function boxOf ({ west, south, east, north }: Shape): Box {
  return { west: degreesOf(west), south: degreesOf(south), east: degreesOf(east), north: degreesOf(north) }
}

/** A box that holds whatever is not further away than so many metres; wider than need be, never narrower. */
export function boxAround (shape: Shape, metres: number): Box {
  const { west, south, east, north } = boxOf(shape)
  const heights = metres * 1.001 / EARTH_RADIUS_M * 180 / Math.PI
  const [lowest, highest] = [Math.max(-90, south - heights), Math.min(90, north + heights)]
  const narrowest = Math.cos(Math.max(Math.abs(lowest), Math.abs(highest)) * Math.PI / 180)
  const widths = narrowest < 1e-6 ? 360 : heights / narrowest
  const isAround = west - widths < -180 || east + widths > 180
  return { west: isAround ? -180 : west - widths, south: lowest, east: isAround ? 180 : east + widths, north: highest }
}
