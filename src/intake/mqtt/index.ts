/**
 * Brings messages from MQTT brokers: a client of 3.1.1 and 5, over TCP or TLS, or the broker of this node.
 *
 * The session is one that the broker keeps (clean false, a client id that stays), subscribed with quality of service 1. PUBACK is sent
 * when what a message holds is durable in the node, in the order in which messages came; many messages share one commit. Where the node
 * does not take them, the connection ends with nothing acknowledged, and the broker sends them again. What comes again is known by the
 * inlet. Memory is bounded: so many messages and bytes are under way at most, and a packet that is too large ends the connection from
 * its first bytes.
 */
export { createMqttConnector, embeddedFilters } from './connector.ts'
export { PACKET_BYTES_MAX } from './limits.ts'
export { runSession, type SessionOptions } from './session.ts'
export { publishOnce, type CheckAddress, type Publication, type PublishFailure } from './publish.ts'
export { PacketSizes } from './sizes.ts'
export type { EmbeddedBroker } from './types.ts'
