import type { Column } from '../../sdk/index.ts'
import {
  booleanIn, feedTimeMs, isoOf, known, listOf, member, numberIn, pointOf, textIn, type Gathering, type JsonObject
} from '../reader/index.ts'

const text = (name: string): Column => ({ name, type: 'text', unit: null })
const integer = (name: string): Column => ({ name, type: 'integer', unit: null })
const flag = (name: string): Column => ({ name, type: 'boolean', unit: null })

export const PLACE_COLUMNS: readonly Column[] = [{ name: 'lat', type: 'latitude', unit: null }, { name: 'lon', type: 'longitude', unit: null }]

export const STATION_COLUMNS: readonly Column[] = [
  text('station_id'), text('name'), text('address'), ...PLACE_COLUMNS, integer('capacity'), flag('is_virtual_station'), flag('is_installed'), flag('is_renting'), flag('is_returning'),
  { name: 'last_reported', type: 'time', unit: null }, integer('num_vehicles_available'), integer('num_vehicles_disabled'), integer('num_docks_available'), integer('num_docks_disabled')
]

const COUNT_MAX = 1_000_000

/** What a station is and how it stands, as one record under its id, in the names of GBFS 3. A station without a place stays out. */
export function takeStations (information: readonly unknown[], status: readonly unknown[], stations: Gathering): void {
  const statusById = new Map(status.map(each => [textIn(member(each, 'station_id'), 256), each]))
  let unreported = 0
  for (const station of information) {
    const id = textIn(member(station, 'station_id'), 256)
    const point = pointOf(member(station, 'lon'), member(station, 'lat'))
    if (id === undefined || point === undefined) {
      stations.reject(id === undefined ? 'a station has no station_id' : 'a station has no place on the earth', station)
      continue
    }
    const state = statusById.get(id)
    if (state === undefined) unreported++
    const reportedMs = feedTimeMs(member(state, 'last_reported'))
    const [lon, lat] = point.coordinates
    stations.put(id, reportedMs, known({
      station_id: id, name: localText(member(station, 'name')), address: localText(member(station, 'address')), lat, lon,
      capacity: count(station, 'capacity'), is_virtual_station: booleanIn(member(station, 'is_virtual_station')), ...stateOf(state, reportedMs)
    }))
    stations.place(lon, lat)
  }
  if (unreported > 0) stations.warn('unreported', `${unreported} stations have no status.`)
}

function stateOf (state: unknown, reportedMs: number | undefined): JsonObject {
  return {
    is_installed: booleanIn(member(state, 'is_installed')), is_renting: booleanIn(member(state, 'is_renting')), is_returning: booleanIn(member(state, 'is_returning')),
    last_reported: reportedMs === undefined ? undefined : isoOf(reportedMs),
    // Version 2 counts bikes, whatever they are.
    num_vehicles_available: count(state, 'num_vehicles_available') ?? count(state, 'num_bikes_available'),
    num_vehicles_disabled: count(state, 'num_vehicles_disabled') ?? count(state, 'num_bikes_disabled'),
    num_docks_available: count(state, 'num_docks_available'), num_docks_disabled: count(state, 'num_docks_disabled'),
    vehicle_types_available: typesOf(state)
  }
}

function typesOf (state: unknown): readonly JsonObject[] | undefined {
  const types = member(state, 'vehicle_types_available')
  return Array.isArray(types)
    ? listOf(types).map(type => known({ vehicle_type_id: textIn(member(type, 'vehicle_type_id'), 256), count: count(type, 'count') }))
    : undefined
}

function count (object: unknown, name: string): number | undefined {
  return numberIn(member(object, name), 0, COUNT_MAX)
}

/** Version 3 has a text for each language, and the first is the system's own; version 2 has one text. */
function localText (value: unknown): string | undefined {
  const [first] = listOf(value)
  return Array.isArray(value) ? textIn(member(first, 'text'), 1_024) : textIn(value, 1_024)
}
