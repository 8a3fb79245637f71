import { cellToLatLng, latLngToCell } from 'h3-js'
import { decimalOf, type Decimal } from './decimal.ts'

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
