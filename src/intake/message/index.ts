/**
 * Reads messages that are brought to a node, by MQTT or HTTP, and takes them into the stream of a connector.
 *
 * Formats: uplinks of LoRaWAN servers; JSON by a mapping, or by its `id`; NDJSON and CSV row by row; SenML (RFC 8428); observations of
 * OGC SensorThings. What the bringer calls it (media type) goes before what the connector is declared for. A message of which some items
 * cannot be read gives the others; each that cannot is a dead letter with its reason.
 *
 * Readers are pure: the time of arrival is an argument. Deviates from RFC 8428 in that a pack is resolved on arrival and `ut` is not kept.
 */
export { openIntake, type Intake } from './intake.ts'
export { createReader, type ReaderSettings } from './reader.ts'
export type { Batch, Message, MessageReader, Rejected } from './types.ts'
