/**
 * Says what a connector is to its declarer and to whoever looks after it: tables [[connector]] of hanse.toml, status, dead letters.
 *
 * A declaration is the same thing in the file and on the wire, so its keys are written as in the file. Secrets are never in it:
 * it names the files that hold them.
 */
export type { FeedFormat, FolderDeclaration, UrlDeclaration } from './arrival.ts'
export { CONNECTOR_OPERATIONS, type ConnectorCalls } from './calls.ts'
export { commonDeclaration, CONNECTOR_NAME, datasetDeclaration, type DatasetDeclaration } from './common.ts'
export { CONNECTORS_MAX, declarationSchema, type ConnectorDeclaration, type ConnectorKind } from './declaration.ts'
export { mappingSchema, type MappedColumn, type Mapping } from './mapping.ts'
export { readerDeclaration, type MqttDeclaration, type PushDeclaration } from './mqtt.ts'
export { connectorSchema, connectorsSchema, lettersSchema, takenSchema } from './schemas.ts'
export type {
  Connectors, ConnectorCounters, ConnectorState, ConnectorStatus, ConnectorView, DeadLetter, Taken
} from './types.ts'
