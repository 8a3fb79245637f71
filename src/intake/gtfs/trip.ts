import bindings, { type transit_realtime } from 'gtfs-realtime-bindings'
import type { Column } from '../../sdk/index.ts'
import { isoOf, known, type Gathering, type JsonObject } from '../reader/index.ts'
import { nameOf, numberOf, textOf, timeMsOf } from './values.ts'
import { tripOf } from './vehicle.ts'

const { TripDescriptor, TripUpdate } = bindings.transit_realtime

const text = (name: string): Column => ({ name, type: 'text', unit: null })

export const TRIP_COLUMNS: readonly Column[] = [
  text('id'), text('tripId'), text('routeId'), { name: 'directionId', type: 'integer', unit: null }, text('startDate'), text('startTime'), text('scheduleRelationship'),
  text('vehicleId'), { name: 'timestamp', type: 'time', unit: null }, { name: 'delay', type: 'integer', unit: 's' }, text('stopTimeUpdates')
]

const DELAY_SECONDS_MAX = 7 * 86_400

/**
 * A trip update under its trip id, with the day it starts on where the feed says so: around midnight both run. One without an id is
 * known by its route and direction and when it starts; at one time many start.
 */
export function tripUpdateOf (update: transit_realtime.ITripUpdate, entityId: string, observedMs: number, trips: Gathering, bytes: Uint8Array): void {
  const trip = tripOf(update.trip)
  const name = trip.tripId ?? (trip.routeId === undefined ? undefined : `${trip.routeId}/${trip.directionId ?? ''}`)
  const id = name === undefined ? entityId : [name, trip.startDate, trip.startTime].filter(part => part !== undefined).join('/')
  if (id === '') {
    trips.reject('a trip update names no trip', bytes)
    return
  }
  const timeMs = timeMsOf(update, 'timestamp') ?? observedMs
  trips.put(id, timeMs, known({
    id, ...trip, scheduleRelationship: nameOf(update.trip, 'scheduleRelationship', TripDescriptor.ScheduleRelationship),
    vehicleId: textOf(update.vehicle, 'id'), timestamp: isoOf(timeMs), delay: numberOf(update, 'delay', -DELAY_SECONDS_MAX, DELAY_SECONDS_MAX),
    stopTimeUpdates: (update.stopTimeUpdate ?? []).map(stopTimeOf)
  }))
}

function stopTimeOf (update: transit_realtime.TripUpdate.IStopTimeUpdate): JsonObject {
  return known({
    stopSequence: numberOf(update, 'stopSequence', 0, 4_294_967_295), stopId: textOf(update, 'stopId'), arrival: eventOf(update.arrival),
    departure: eventOf(update.departure), scheduleRelationship: nameOf(update, 'scheduleRelationship', TripUpdate.StopTimeUpdate.ScheduleRelationship)
  })
}

function eventOf (event: transit_realtime.TripUpdate.IStopTimeEvent | null | undefined): JsonObject | undefined {
  const time = timeMsOf(event, 'time')
  const seen = known({
    delay: numberOf(event, 'delay', -DELAY_SECONDS_MAX, DELAY_SECONDS_MAX), time: time === undefined ? undefined : isoOf(time),
    uncertainty: numberOf(event, 'uncertainty', 0, DELAY_SECONDS_MAX)
  })
  return Object.keys(seen).length === 0 ? undefined : seen
}
