import { z } from 'zod'
import { folderSchema, urlSchema } from './arrival.ts'
import { mqttSchema, pushSchema } from './mqtt.ts'

export const CONNECTORS_MAX = 256

/**
 * What a table [[connector]] of hanse.toml, and the body that adds one, says: one strict schema for each kind. A new kind is a
 * file beside this one and a line here; its room makes connectors of it, and `cli/start/intake.ts` brings them together.
 */
export const declarationSchema = z.discriminatedUnion('kind', [mqttSchema, pushSchema, urlSchema, folderSchema])
export type ConnectorDeclaration = z.output<typeof declarationSchema>
export type ConnectorKind = ConnectorDeclaration['kind']
