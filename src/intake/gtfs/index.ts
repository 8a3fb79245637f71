/**
 * Reads public transport: timetables of GTFS Schedule, and GTFS Realtime 2.0.
 *
 * GTFS Realtime: vehicle positions (entities of the model Vehicle, by vehicle id), trip updates (by trip id and day) and alerts
 * (by entity id), whole feeds alone. Members have the names of the standard in camel case, times are ISO 8601, speeds km/h.
 * A field that was not sent is left out, and never taken for the zero that its type defaults to. A header older than five
 * minutes is said to stand still. An entity that cannot be read does not stop the others.
 */
export { readRealtime, realtimeReader } from './realtime.ts'
