import { ok } from '../base/index.ts'
import { CONNECTORS_PATH, datasetSchema, MEDIA_TYPES, PUSH_PATH, type Dataset, type OnProgress } from './bodies/index.ts'
import type { ConnectorView, DeadLetter, Taken } from './connectors/index.ts'
import { INSPECT_PATH, inspectionSchema, type Inspection, type PublishInspected } from './inspection/index.ts'
import { nothing, type Answer, type Call, type Transport } from './transport.ts'

/** `onSent`: how much of the file has gone, in a browser. `onProgress`: how far the node has read it. */
type InspectOptions = { readonly onProgress?: OnProgress, readonly onSent?: (sentBytes: number) => void, readonly signal?: AbortSignal }

/** What a program does with what brings data in: the connectors of a node, and files that are looked at before they are published. */
export type ConnectorClient = {
  connectors (): Answer<readonly ConnectorView[]>
  connector (name: string): Answer<ConnectorView>
  /** A declaration as in hanse.toml; what is left out has its default. */
  addConnector (declaration: Readonly<Record<string, unknown>>): Answer<ConnectorView>
  removeConnector (name: string): Answer<null>
  restartConnector (name: string): Answer<ConnectorView>
  deadLetters (name: string, limit: number): Answer<readonly DeadLetter[]>
  /** Sends a file to be looked at. */
  inspect (file: NonNullable<Call['body']>, fileName: string, options?: InspectOptions): Answer<Inspection>
  /** Publishes a file that was looked at, by the name that it has there. */
  publishInspected (name: string, publication: PublishInspected, onProgress?: OnProgress): Answer<Dataset>
  removeInspected (name: string): Answer<null>
  /** Answers when everything is durable. */
  push (name: string, mediaType: string, body: NonNullable<Call['body']>): Answer<Taken>
}

/** Declarations are the largest of all schemas, and most programs ask for none: they come when they are needed. */
const schemas = (): Promise<Pick<typeof import('./connectors/index.ts'), 'connectorSchema' | 'connectorsSchema' | 'lettersSchema' | 'takenSchema'>> => import('./connectors/index.ts')

export function connectorClient (transport: Transport, signal: AbortSignal | undefined): ConnectorClient {
  const pathOf = (name: string, part = ''): string => `${CONNECTORS_PATH}/${encodeURIComponent(name)}${part}`
  return {
    connectors: async () => await transport.json({ method: 'GET', path: CONNECTORS_PATH }, (await schemas()).connectorsSchema),
    connector: async name => await transport.json({ method: 'GET', path: pathOf(name) }, (await schemas()).connectorSchema),
    addConnector: async declaration => await transport.json({
      method: 'POST', path: CONNECTORS_PATH, headers: { 'content-type': MEDIA_TYPES.json }, body: JSON.stringify(declaration)
    }, (await schemas()).connectorSchema),
    removeConnector: async name => {
      const response = await transport.call({ method: 'DELETE', path: pathOf(name) })
      return response.ok ? ok(null) : response
    },
    restartConnector: async name => await transport.json({ method: 'POST', path: pathOf(name, '/restart') }, (await schemas()).connectorSchema),
    deadLetters: async (name, limit) => await transport.json({ method: 'GET', path: pathOf(name, '/letters'), query: { limit } }, (await schemas()).lettersSchema),
    inspect: (file, fileName, { onProgress, onSent, signal: given = signal } = {}) => transport.progressing({
      method: 'POST', path: INSPECT_PATH, query: { fileName }, headers: { 'content-type': 'application/octet-stream' }, body: file, signal: given, onSent
    }, inspectionSchema, onProgress),
    publishInspected: (name, publication, onProgress) => transport.progressing({
      method: 'POST', path: `${INSPECT_PATH}/${encodeURIComponent(name)}/publish`, headers: { 'content-type': MEDIA_TYPES.json }, body: JSON.stringify(publication), signal
    }, datasetSchema, onProgress),
    removeInspected: name => nothing(transport, { method: 'DELETE', path: `${INSPECT_PATH}/${encodeURIComponent(name)}` }),
    push: async (name, mediaType, body) => await transport.json({
      method: 'POST', path: `${PUSH_PATH}/${encodeURIComponent(name)}`, headers: { 'content-type': mediaType }, body, signal
    }, (await schemas()).takenSchema)
  }
}
