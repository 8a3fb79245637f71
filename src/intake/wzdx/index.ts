/**
 * Reads road works: the WorkZone feed of WZDx 4.0 to 4.2, GeoJSON with one feature for each road event.
 *
 * A record is the feature's `properties` as they are, with its `id` and `geometry` beside them, keyed by the id. An event without
 * what the schema demands of `core_details` (event_type, data_source_id, direction, road_names) goes to the dead letters. The
 * feed is whole: an event that is missing is over. Feeds of devices are another thing and refused.
 */
import { fail, ok, type Result } from '../../base/index.ts'
import type { Column } from '../../sdk/index.ts'
import { geometryFault } from '../../sdk/models/index.ts'
import {
  feedTimeMs, Gathering, isObject, known, listOf, malformed, member, numberIn, objectOf, oneDocument, parseJson, textIn, type ReadContext, type Reader, type ReadFailure, type Reading
} from '../reader/index.ts'

const CORE = ['event_type', 'data_source_id', 'direction'] as const
const TTL_SECONDS_MAX = 86_400

const text = (name: string): Column => ({ name, type: 'text', unit: null })
const time = (name: string): Column => ({ name, type: 'time', unit: null })

const COLUMNS: readonly Column[] = [
  text('id'), ...CORE.map(name => text(`core_details.${name}`)), text('core_details.name'), text('core_details.description'), time('core_details.creation_date'),
  time('core_details.update_date'), time('start_date'), time('end_date'), { name: 'is_start_date_verified', type: 'boolean', unit: null },
  { name: 'is_end_date_verified', type: 'boolean', unit: null }, text('vehicle_impact'), text('location_method'), text('beginning_cross_street'), text('ending_cross_street'),
  { name: 'reduced_speed_limit_kph', type: 'number', unit: 'km/h' }, { name: 'geometry', type: 'geometry', unit: null }
]

export function wzdxReader (): Reader {
  return oneDocument('wzdx', 'application/geo+json, application/json;q=0.9, */*;q=0.1', readWzdx)
}

function readWzdx (bytes: Uint8Array, { nowMs }: Pick<ReadContext, 'nowMs'>): Result<Reading, ReadFailure> {
  const json = parseJson(bytes)
  if (!json.ok) return json
  const feed = objectOf(json.value)
  // Before version 4 it had another name and another shape.
  const info = member(feed, 'feed_info')
  if (member(feed, 'type') !== 'FeatureCollection' || !isObject(info)) return malformed('it is no feature collection with feed_info')
  const version = textIn(member(info, 'version')) ?? ''
  if (!/^4(\.\d+)?$/.test(version)) {
    return fail({ code: 'unsupported', reason: `the feed is WZDx ${version.slice(0, 16) || 'of no version'}, and versions 4.0 to 4.2 are read`, hint: 'ask its publisher for the newer version' })
  }
  // All would be over otherwise.
  if (!Array.isArray(member(feed, 'features'))) return malformed('it has no list of features')
  const events = new Gathering(nowMs)
  const updatedMs = feedTimeMs(member(info, 'update_date'))
  for (const feature of listOf(member(feed, 'features'))) take(feature, updatedMs, events)
  const frequency = numberIn(member(info, 'update_frequency'), 1, TTL_SECONDS_MAX)
  return ok({
    outputs: [{
      suffix: null, title: 'Road works', columns: COLUMNS, model: null, spatial: events.box, licence: textIn(member(info, 'license'), 512) ?? null, personal: null,
      simulated: false, form: 'records', complete: true, records: events.records
    }],
    found: [], ttlMs: frequency === undefined ? null : frequency * 1000, updatedMs: updatedMs ?? null, warnings: events.warnings, rejected: events.rejected
  })
}

function take (feature: unknown, updatedMs: number | undefined, events: Gathering): void {
  const id = textIn(member(feature, 'id'), 256)
  const properties = objectOf(member(feature, 'properties'))
  const core = member(properties, 'core_details')
  const geometry = member(feature, 'geometry')
  const fault = complaintOf(id, core, geometry)
  if (fault !== undefined || id === undefined) {
    events.reject(fault ?? 'a road event has no id', feature)
    return
  }
  const timeMs = feedTimeMs(member(core, 'update_date')) ?? feedTimeMs(member(core, 'creation_date')) ?? updatedMs
  events.put(id, timeMs, known({ ...properties, id, geometry }))
  for (const [longitude, latitude] of pairsOf(member(geometry, 'coordinates'))) events.place(longitude, latitude)
}

function complaintOf (id: string | undefined, core: unknown, geometry: unknown): string | undefined {
  if (id === undefined) return 'a road event has no id'
  if (member(core, 'device_type') !== undefined) return 'it is a device, and no road event'
  const missing = CORE.find(name => textIn(member(core, name)) === undefined)
  if (missing !== undefined) return `a road event has no core_details.${missing}`
  const roads = member(core, 'road_names')
  if (!Array.isArray(roads) || roads.length === 0 || !roads.every(road => typeof road === 'string')) return 'a road event has no core_details.road_names'
  const fault = geometryFault(geometry)
  return fault === undefined ? undefined : `the geometry of a road event is wrong: ${fault.reason}`
}

/** Positions are lists that begin with numbers, at whatever depth: `geometryFault` found nothing wrong with them. */
function pairsOf (coordinates: unknown): readonly (readonly [number, number])[] {
  const [first, second] = listOf(coordinates)
  if (typeof first === 'number' && typeof second === 'number') return [[first, second]]
  return listOf(coordinates).flatMap(pairsOf)
}
