import { setImmediate } from 'node:timers/promises'
import bindings from 'gtfs-realtime-bindings'
import { fail, ok, type Result } from '../../base/index.ts'
import {
  Gathering, isoOf, oneDocument, type OutputDescription, type ReadContext, type Reader, type ReadFailure, type Reading
} from '../reader/index.ts'
import { ALERT_COLUMNS, alertOf } from './alert.ts'
import { ENTITY_BYTES_MAX, REALTIME_TTL_MS, SLICE_BYTES, SLICE_ENTITIES, STALE_AFTER_MS } from './limits.ts'
import { timeMsOf } from './values.ts'
import { TRIP_COLUMNS, tripUpdateOf } from './trip.ts'
import { VEHICLE_COLUMNS, vehicleOf } from './vehicle.ts'
import { fieldsOf } from './wire.ts'

const { FeedEntity, FeedHeader } = bindings.transit_realtime

const HEADER_FIELD = 1
const ENTITY_FIELD = 2

/** Whole feeds alone: the standard calls the behaviour of DIFFERENTIAL unsupported. */
const FULL_DATASET = 0

export type RealtimeKind = 'vehicles' | 'trips' | 'alerts'

/** `main`: what goes to the dataset itself; the others go to datasets with their name behind it. */
export function realtimeReader (main: RealtimeKind = 'vehicles'): Reader {
  const accept = 'application/x-protobuf, application/octet-stream;q=0.9, */*;q=0.1'
  return oneDocument('gtfs-realtime', accept, (bytes, context) => readRealtime(bytes, context, main))
}

/** The vehicles, trip updates and alerts of one feed, GTFS Realtime 2.0, read in turns. Entities that cannot be read do not stop the others. */
export async function readRealtime (bytes: Uint8Array, { nowMs }: Pick<ReadContext, 'nowMs'>, main: RealtimeKind = 'vehicles'): Promise<Result<Reading, ReadFailure>> {
  const fields = fieldsOf(bytes)
  if (!fields.ok) return wrong(fields.failure.reason)
  const header = headerOf(fields.value)
  if (header === undefined) return wrong('it has no header')
  if (header.isDifferential) {
    return fail({ code: 'unsupported', reason: 'the feed says that it is DIFFERENTIAL', hint: 'ask its publisher for the address of the full dataset: the standard leaves the other undefined' })
  }
  const gathered = { vehicles: new Gathering(nowMs), trips: new Gathering(nowMs), alerts: new Gathering(nowMs) }
  let [sliceBytes, sliceEntities] = [0, 0]
  for (const [number, value] of fields.value) {
    if (number !== ENTITY_FIELD) continue
    take(value, header.timestampMs ?? nowMs, gathered)
    sliceBytes += value.length
    if (++sliceEntities < SLICE_ENTITIES && sliceBytes < SLICE_BYTES) continue
    await setImmediate()
    sliceBytes = sliceEntities = 0
  }
  if (header.timestampMs !== undefined && nowMs - header.timestampMs > STALE_AFTER_MS) {
    gathered[main].warn('stale', `The feed stands still since ${isoOf(header.timestampMs)}.`)
  }
  const kinds: readonly RealtimeKind[] = ['vehicles', 'trips', 'alerts']
  return ok({
    outputs: kinds.map(kind => ({ ...described(kind, kind === main, gathered[kind]), form: 'records', complete: true, records: gathered[kind].records })),
    found: [], ttlMs: REALTIME_TTL_MS, updatedMs: header.timestampMs ?? null,
    warnings: kinds.flatMap(kind => gathered[kind].warnings), rejected: kinds.flatMap(kind => gathered[kind].rejected)
  })
}

const ABOUT: Readonly<Record<RealtimeKind, Pick<OutputDescription, 'title' | 'columns' | 'model'>>> = {
  vehicles: { title: 'Positions of vehicles', columns: VEHICLE_COLUMNS, model: 'Vehicle' },
  trips: { title: 'Changes to trips', columns: TRIP_COLUMNS, model: null },
  alerts: { title: 'Alerts of public transport', columns: ALERT_COLUMNS, model: null }
}

function described (kind: RealtimeKind, isMain: boolean, { box }: Gathering): OutputDescription {
  return { ...ABOUT[kind], suffix: isMain ? null : kind, spatial: box, licence: null, personal: null, simulated: false }
}

function wrong (reason: string): Result<never, ReadFailure> {
  return fail({ code: 'malformed', reason: `the document is no GTFS-RT feed: ${reason}`, hint: 'look whether the address gives protobuf, and no page or JSON' })
}

function headerOf (fields: readonly (readonly [number, Uint8Array])[]): { readonly timestampMs: number | undefined, readonly isDifferential: boolean } | undefined {
  const bytes = fields.find(([number]) => number === HEADER_FIELD)?.[1]
  if (bytes === undefined || bytes.length > ENTITY_BYTES_MAX) return undefined
  try {
    const header = FeedHeader.decode(bytes)
    return { timestampMs: timeMsOf(header, 'timestamp'), isDifferential: header.incrementality !== FULL_DATASET }
  } catch {
    return undefined
  }
}

function take (bytes: Uint8Array, observedMs: number, { vehicles, trips, alerts }: Readonly<Record<'vehicles' | 'trips' | 'alerts', Gathering>>): void {
  if (bytes.length > ENTITY_BYTES_MAX) {
    vehicles.reject(`an entity is larger than ${ENTITY_BYTES_MAX} bytes`, bytes)
    return
  }
  try {
    const { id, isDeleted, vehicle, tripUpdate, alert } = FeedEntity.decode(bytes)
    // In a full dataset what is deleted is what is missing.
    if (isDeleted === true) return
    if (vehicle) vehicleOf(vehicle, id, observedMs, vehicles, bytes)
    if (tripUpdate) tripUpdateOf(tripUpdate, id, observedMs, trips, bytes)
    if (alert) alertOf(alert, id, observedMs, alerts, bytes)
  } catch {
    vehicles.reject('an entity is no protobuf of GTFS-RT', bytes)
  }
}
