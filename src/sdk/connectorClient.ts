import { ok } from '../base/index.ts'
import { MEDIA_TYPES } from './bodies/index.ts'
import {
  CONNECTORS_PATH, connectorSchema, connectorsSchema, lettersSchema, PUSH_PATH, takenSchema, type ConnectorView, type DeadLetter, type Taken
} from './connectors/index.ts'
import type { Answer, Call, Transport } from './transport.ts'

/** What a program does with the connectors of a node. */
export type ConnectorClient = {
  connectors (): Answer<readonly ConnectorView[]>
  connector (name: string): Answer<ConnectorView>
  /** A declaration as in hanse.toml; what is left out has its default. */
  addConnector (declaration: Readonly<Record<string, unknown>>): Answer<ConnectorView>
  removeConnector (name: string): Answer<null>
  restartConnector (name: string): Answer<ConnectorView>
  deadLetters (name: string, limit: number): Answer<readonly DeadLetter[]>
  /** Answers when everything is durable. */
  push (name: string, mediaType: string, body: NonNullable<Call['body']>): Answer<Taken>
}

export function connectorClient (transport: Transport, signal: AbortSignal | undefined): ConnectorClient {
  const pathOf = (name: string, part = ''): string => `${CONNECTORS_PATH}/${encodeURIComponent(name)}${part}`
  return {
    connectors: () => transport.json({ method: 'GET', path: CONNECTORS_PATH }, connectorsSchema),
    connector: name => transport.json({ method: 'GET', path: pathOf(name) }, connectorSchema),
    addConnector: declaration => transport.json({
      method: 'POST', path: CONNECTORS_PATH, headers: { 'content-type': MEDIA_TYPES.json }, body: JSON.stringify(declaration)
    }, connectorSchema),
    removeConnector: async name => {
      const response = await transport.call({ method: 'DELETE', path: pathOf(name) })
      return response.ok ? ok(null) : response
    },
    restartConnector: name => transport.json({ method: 'POST', path: pathOf(name, '/restart') }, connectorSchema),
    deadLetters: (name, limit) => transport.json({ method: 'GET', path: pathOf(name, '/letters'), query: { limit } }, lettersSchema),
    push: (name, mediaType, body) => transport.json({
      method: 'POST', path: `${PUSH_PATH}/${encodeURIComponent(name)}`, headers: { 'content-type': mediaType }, body, signal
    }, takenSchema)
  }
}
