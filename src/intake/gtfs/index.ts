/**
 * Reads public transport: timetables of GTFS Schedule, and GTFS Realtime 2.0.
 *
 * GTFS Schedule: each table of a zip is a dataset of its own (`<id>-stops`, `<id>-stop-times`, …), byte for byte; a bare table, such
 * as `stops.txt`, is known by its fields and is the dataset itself. Rows are keyed by their ids, where they have some. Columns have
 * the types of the reference: ids are text, also where they are numbers, and so are dates (20240229) and times (25:10:00).
 *
 * GTFS Realtime: vehicle positions (entities of the model Vehicle, by vehicle id), trip updates (by trip id and day) and alerts
 * (by entity id), whole feeds alone. Members have the names of the standard in camel case, times are ISO 8601, speeds km/h.
 * A field that was not sent is left out, and never taken for the zero that its type defaults to. A header older than five
 * minutes is said to stand still. An entity that cannot be read does not stop the others.
 */
export { readRealtime, realtimeReader, type RealtimeKind } from './realtime.ts'
export { scheduleReader } from './schedule.ts'
