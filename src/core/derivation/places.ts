import { cellToLatLng, latLngToCell, POLYGON_TO_CELLS_FLAGS, polygonToCellsExperimental } from 'h3-js'
import { decimalOf, type Decimal, type PlaceBox } from '../rows/index.ts'

/** The cell of a place: its id and its centre, to about a metre. */
export type Cell = { readonly id: string, readonly latitude: Decimal, readonly longitude: Decimal }

/**
 * The H3 cell of a place in degrees (WGS 84); undefined where the two texts name no place. A place within a millimetre of a border
 * may fall into either cell, since h3-js reckons with the sines of its engine: a publisher makes the records, nobody votes on them.
 */
export function cellOf (latitude: string, longitude: string, resolution: number): Cell | undefined {
  const [lat, lon] = [degreesOf(latitude, 90), degreesOf(longitude, 180)]
  if (lat === undefined || lon === undefined) return undefined
  const id = latLngToCell(lat, lon, resolution)
  const [centreLatitude, centreLongitude] = cellToLatLng(id)
  return { id, latitude: metres(centreLatitude), longitude: metres(centreLongitude) }
}

function degreesOf (text: string, max: number): number | undefined {
  if (decimalOf(text) === undefined) return undefined
  const degrees = Number(text)
  return Math.abs(degrees) <= max ? degrees : undefined
}

function metres (degrees: number): Decimal {
  return decimalOf(degrees.toFixed(5)) ?? { units: 0n, scale: 0 }
}

/** Cells that name an area; finer ones are taken as long as there are no more. */
const AREA_CELLS_MAX = 256
const FINEST = 9
/** Wider boxes than this are not cut into cells: H3 joins corners by the shorter way around the globe. */
const DEGREES_MAX = 120

/** The H3 cells that a box touches, the finest that are few enough; undefined where it is too wide to be an area at all. */
export function cellsOfBox ({ west, south, east, north }: PlaceBox): readonly string[] | undefined {
  const right = east < west ? east + 360 : east
  if (right - west > DEGREES_MAX || north - south > DEGREES_MAX) return undefined
  if (right - west === 0 && north - south === 0) return [latLngToCell(south, west, FINEST)]
  const turned = (degrees: number): number => degrees > 180 ? degrees - 360 : degrees
  // A box without extent in one direction is no polygon: a hair's breadth makes it one.
  const [top, end] = [Math.max(north, south + 1e-6), turned(Math.max(right, west + 1e-6))]
  for (let resolution = FINEST; resolution >= 0; resolution--) {
    if (roughCells(right - west, top, south, resolution) > 8 * AREA_CELLS_MAX) continue
    const cells = polygonToCellsExperimental([[south, west], [south, end], [top, end], [top, west]], resolution, POLYGON_TO_CELLS_FLAGS.containmentOverlapping)
    if (cells.length > 0 && cells.length <= AREA_CELLS_MAX) return cells.toSorted()
  }
  return undefined
}

/** About how many cells an area of the globe has: only to leave out what would be far too many. */
function roughCells (widthDegrees: number, north: number, south: number, resolution: number): number {
  const share = widthDegrees / 360 * Math.abs(Math.sin(north * Math.PI / 180) - Math.sin(south * Math.PI / 180)) / 2
  return share * (2 + 120 * 7 ** resolution)
}
