/** Tables and fields of the GTFS Schedule reference, https://gtfs.org/documentation/schedule/reference/. */
import type { Column } from '../../sdk/index.ts'

export type GtfsTable = {
  readonly title: string
  /** Fields that name a row among the others. */
  readonly key: readonly string[]
  /** Fields by which a file without a name is known. */
  readonly marks: readonly string[]
}

export const TABLES: ReadonlyMap<string, GtfsTable> = new Map(Object.entries({
  agency: table('Transit agencies', ['agency_id'], ['agency_name', 'agency_timezone']),
  stops: table('Stops', ['stop_id'], ['stop_lat', 'stop_lon']),
  routes: table('Routes', ['route_id'], ['route_type']),
  trips: table('Trips', ['trip_id'], ['route_id', 'service_id']),
  stop_times: table('Times at stops', ['trip_id', 'stop_sequence'], ['stop_id']),
  calendar: table('Days of service', ['service_id'], ['monday', 'sunday']),
  calendar_dates: table('Exceptions to days of service', ['service_id', 'date'], ['exception_type']),
  shapes: table('Shapes of trips', ['shape_id', 'shape_pt_sequence'], ['shape_pt_lat', 'shape_pt_lon']),
  frequencies: table('Headways', ['trip_id', 'start_time'], ['headway_secs']),
  transfers: table('Transfers', ['from_stop_id', 'to_stop_id', 'from_route_id', 'to_route_id', 'from_trip_id', 'to_trip_id'], ['transfer_type']),
  fare_attributes: table('Fares', ['fare_id'], ['currency_type']),
  fare_rules: table('Rules of fares', ['fare_id', 'route_id', 'origin_id', 'destination_id', 'contains_id'], []),
  pathways: table('Pathways in stations', ['pathway_id'], ['pathway_mode']),
  levels: table('Levels of stations', ['level_id'], ['level_index']),
  feed_info: table('About the timetable', ['feed_publisher_name'], ['feed_lang']),
  attributions: table('Attributions', ['attribution_id'], ['organization_name']),
  translations: table('Translations', ['table_name', 'field_name', 'language', 'record_id', 'record_sub_id', 'field_value'], ['translation'])
}))

function table (title: string, key: readonly string[], marks: readonly string[]): GtfsTable {
  return { title, key, marks }
}

const INTEGERS: ReadonlySet<string> = new Set([
  'location_type', 'wheelchair_boarding', 'route_type', 'route_sort_order', 'continuous_pickup', 'continuous_drop_off', 'direction_id',
  'wheelchair_accessible', 'bikes_allowed', 'cars_allowed', 'stop_sequence', 'pickup_type', 'drop_off_type', 'timepoint', 'monday', 'tuesday', 'wednesday', 'thursday',
  'friday', 'saturday', 'sunday', 'exception_type', 'shape_pt_sequence', 'exact_times', 'transfer_type', 'payment_method', 'transfers', 'pathway_mode', 'is_bidirectional',
  'stair_count', 'is_producer', 'is_operator', 'is_authority', 'stop_access'
])
const NUMBERS: ReadonlySet<string> = new Set(['shape_dist_traveled', 'price', 'level_index'])
const UNITS: ReadonlyMap<string, string> = new Map([
  ['headway_secs', 's'], ['min_transfer_time', 's'], ['transfer_duration', 's'], ['traversal_time', 's'], ['length', 'm'], ['min_width', 'm']
])

/** Ids are text, also where all of them are digits. So are times and dates: 25:10:00 is a time of the day before, 20240229 a date. */
export function columnOf (name: string): Column {
  if (name.endsWith('_lat')) return { name, type: 'latitude', unit: null }
  if (name.endsWith('_lon')) return { name, type: 'longitude', unit: null }
  const unit = UNITS.get(name) ?? null
  if (INTEGERS.has(name) || unit === 's') return { name, type: 'integer', unit }
  return { name, type: NUMBERS.has(name) || unit !== null ? 'number' : 'text', unit }
}

/** The table that a file without a name is; its fields tell. */
export function tableOfFields (names: readonly string[]): string | undefined {
  const fields = new Set(names)
  for (const [name, { key, marks }] of TABLES) {
    if (marks.length > 0 && [key[0] ?? '', ...marks].every(field => fields.has(field))) return name
  }
  return undefined
}
