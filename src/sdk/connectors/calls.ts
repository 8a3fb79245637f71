import { z } from 'zod'
import { CONNECTORS_PATH, MEDIA_TYPES, PUSH_PATH } from '../bodies/index.ts'
import { json, type Call, type Operations } from '../operation/index.ts'
import { declarationSchema, type ConnectorDeclaration } from './declaration.ts'
import { connectorSchema, connectorsSchema, lettersSchema, takenSchema } from './schemas.ts'

const LETTERS_LISTED = 100
const LETTERS_LISTED_MAX = 1_000

export type ConnectorCalls = {
  'connectors.list': Call
  'connectors.add': Call<undefined, ConnectorDeclaration>
  'connectors.show': Call
  'connectors.remove': Call
  'connectors.restart': Call
  'connectors.letters': Call<{ readonly limit: number }>
  'connectors.push': Call
}

/** What may be pushed; what it means is the connector's affair where it is plain JSON. */
const PUSH_MEDIA_TYPES: readonly string[] = [
  MEDIA_TYPES.json, MEDIA_TYPES.lines, 'text/csv', 'application/senml+json', 'application/geo+json', 'application/octet-stream'
]

const tag = { tag: 'Connectors' } as const
const one = `${CONNECTORS_PATH}/:name`

export const CONNECTOR_OPERATIONS: Operations<ConnectorCalls> = {
  'connectors.list': { ...tag, method: 'GET', path: CONNECTORS_PATH, scope: 'read', summary: 'The connectors of this node, and how they do', answers: { 200: json(connectorsSchema) }, problems: [409] },
  'connectors.add': {
    ...tag, method: 'POST', path: CONNECTORS_PATH, scope: 'decide', summary: 'Add a connector and write it to hanse.toml',
    description: 'It names servers that are called, so it takes somebody who decides for the member; one that names files or a folder of the machine takes an admin.',
    body: { as: 'json', schema: declarationSchema }, answers: { 201: json(connectorSchema) }, problems: [409, 503]
  },
  'connectors.show': { ...tag, method: 'GET', path: one, scope: 'read', summary: 'One connector', answers: { 200: json(connectorSchema) }, problems: [409] },
  'connectors.remove': { ...tag, method: 'DELETE', path: one, scope: 'decide', summary: 'End a connector and take it from hanse.toml; its dataset stays', answers: { 204: null }, problems: [409, 503] },
  'connectors.restart': { ...tag, method: 'POST', path: `${one}/restart`, scope: 'operate', summary: 'End a connector and begin it again', answers: { 200: json(connectorSchema) }, problems: [409] },
  'connectors.letters': {
    ...tag, method: 'GET', path: `${one}/letters`, scope: 'operate', summary: 'Input that it could not take, newest first',
    query: z.strictObject({ limit: z.coerce.number<string>().int().min(1).max(LETTERS_LISTED_MAX).default(LETTERS_LISTED) }), answers: { 200: json(lettersSchema) }, problems: [409]
  },
  'connectors.push': {
    ...tag, method: 'POST', path: `${PUSH_PATH}/:name`, scope: 'operate', summary: 'Push data to a connector of kind push; the answer comes when they are durable',
    body: { as: 'stream', mediaTypes: PUSH_MEDIA_TYPES }, answers: { 200: json(takenSchema) }, problems: [409, 503, 507]
  }
}
