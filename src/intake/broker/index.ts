/**
 * Is the MQTT 3.1.1 broker of a node: gateways publish straight to connectors, and programs subscribe to datasets.
 *
 * - Who connects shows an API token as its password. One that may operate the node may publish; what a token reads, the doors decide.
 * - In: `hanse/in/<connector>` (and below), and the topics of connectors that name this broker. PUBACK goes out when what the message holds
 *   is durable; a message that cannot be taken now ends the connection, unacknowledged, and its sender brings it again. What no connector
 *   asks for is acknowledged and dropped, as any broker does without subscribers; under `hanse/`, and where one of the connectors that
 *   ask for it is not at work, it is refused.
 * - Out: `hanse/v1/<dataset>/<key>`, all keys by `#`. The door decides at SUBSCRIBE; the last value of each key comes first, marked as
 *   retained, then what comes, with quality of service 1. A deletion is an empty message. When the right ends, so does the connection.
 *   `/ + # %` in ids and keys are percent-encoded. Between two connections nothing is kept: who comes back gets the last values again.
 *
 * Deviates from MQTT in that sessions are always clean, wills and retained messages of clients are not kept, and nobody subscribes to
 * what others publish.
 */
export { Broker, type ListenFailure } from './broker.ts'
export { levelOfKey, matches, outFilterOf } from './topics.ts'
export type { BrokerCaller, BrokerOptions, Outflow } from './types.ts'
