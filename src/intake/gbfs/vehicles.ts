import { hex, hmacSha256, sha256, utf8 } from '../../base/index.ts'
import type { Column } from '../../sdk/index.ts'
import { booleanIn, feedTimeMs, isoOf, known, member, numberIn, pointOf, textIn, type Gathering, type ReadContext } from '../reader/index.ts'
import { PLACE_COLUMNS } from './stations.ts'

const text = (name: string): Column => ({ name, type: 'text', unit: null })
const flag = (name: string): Column => ({ name, type: 'boolean', unit: null })

export const VEHICLE_COLUMNS: readonly Column[] = [
  text('vehicle_id'), ...PLACE_COLUMNS, flag('is_reserved'), flag('is_disabled'), text('vehicle_type_id'), text('station_id'), { name: 'current_range_meters', type: 'number', unit: 'm' },
  { name: 'current_fuel_percent', type: 'number', unit: null }, { name: 'last_reported', type: 'time', unit: null }
]

const DAY_MS = 86_400_000
const DIGEST_BYTES = 16
/** About ten metres: a vehicle that was rented stands elsewhere, the noise of a position does not move it. */
const PLACE_DIGITS = 4

/**
 * Vehicles that can be rented, under ids that nobody can follow: GBFS wants an id changed after each trip, and not all systems do it.
 * So an id stands for the vehicle at its place on this day; after a trip, and on the next day, it is another one.
 */
export function takeVehicles (items: readonly unknown[], { nowMs, secret }: ReadContext, vehicles: Gathering): void {
  const pseudonymOf = pseudonyms(secret, nowMs)
  for (const item of items) {
    const id = textIn(member(item, 'vehicle_id'), 256) ?? textIn(member(item, 'bike_id'), 256)
    if (id === undefined) {
      // Without the item: its fields may tell what the pseudonym hides.
      vehicles.reject('a vehicle has no vehicle_id', new Uint8Array(0))
      continue
    }
    const stationId = textIn(member(item, 'station_id'), 256)
    const point = pointOf(member(item, 'lon'), member(item, 'lat'))
    const [lon, lat] = point?.coordinates ?? []
    const pseudonym = pseudonymOf(`${id} ${lon?.toFixed(PLACE_DIGITS)} ${lat?.toFixed(PLACE_DIGITS)} ${stationId}`)
    const reportedMs = feedTimeMs(member(item, 'last_reported'))
    vehicles.put(pseudonym, reportedMs, known({
      vehicle_id: pseudonym, lat, lon, is_reserved: booleanIn(member(item, 'is_reserved')), is_disabled: booleanIn(member(item, 'is_disabled')),
      vehicle_type_id: textIn(member(item, 'vehicle_type_id'), 256), station_id: stationId, current_range_meters: numberIn(member(item, 'current_range_meters'), 0, 10_000_000),
      current_fuel_percent: numberIn(member(item, 'current_fuel_percent'), 0, 1), last_reported: reportedMs === undefined ? undefined : isoOf(reportedMs)
    }))
    if (lon !== undefined && lat !== undefined) vehicles.place(lon, lat)
  }
}

function pseudonyms (secret: Uint8Array, nowMs: number): (text: string) => string {
  const day = Math.floor(nowMs / DAY_MS)
  const keyed = hmacSha256(secret, 32)
  return said => {
    const target = new Uint8Array(32)
    keyed(target, 0, sha256(utf8(`${day} ${said}`)))
    return hex(target.subarray(0, DIGEST_BYTES))
  }
}
