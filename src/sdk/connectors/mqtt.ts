import { z } from 'zod'
import { commonDeclaration } from './common.ts'
import { mappingSchema } from './mapping.ts'

const CALIBRATIONS_MAX = 100_000
const LOOPBACK = /^mqtt:\/\/(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/

/** What messages are, and how they are read. */
export const readerDeclaration = {
  format: z.enum(['auto-lorawan', 'chirpstack', 'ttn', 'json', 'ndjson', 'csv', 'senml', 'sensorthings']).default('json')
    .describe('What comes: uplinks of ChirpStack v4 or The Things Stack v3, JSON, or observations.'),
  mapping: mappingSchema.optional().describe('How items of JSON become records; without it each is stored as it is, by its id.'),
  decoder: z.enum(['em400-mud', 'em310-udl', 'df702']).optional()
    .describe('Decoder of uplinks for devices whose profile names none.'),
  devices: z.record(z.string().regex(/^[0-9a-fA-F]{16}$/, '16 hexadecimal digits'), z.strictObject({
    decoder: z.enum(['em400-mud', 'em310-udl', 'df702']).optional().describe('Decoder of its payloads.'),
    empty_mm: z.number().positive().optional().describe('Distance to the bottom of the empty bin.'),
    full_mm: z.number().min(0).optional().describe('Distance at which it is full.'),
    id: z.string().min(1).max(128).optional().describe('Local id of the container; left out: the EUI of the device.'),
    latitude: z.number().min(-90).max(90).optional(),
    longitude: z.number().min(-180).max(180).optional()
  })).refine(devices => Object.keys(devices).length <= CALIBRATIONS_MAX, `at most ${CALIBRATIONS_MAX} devices`).default({})
    .describe('Calibration and place of devices, by EUI.')
}

export const mqttSchema = z.strictObject({
  kind: z.literal('mqtt'),
  ...commonDeclaration,
  ...readerDeclaration,
  broker: z.string().regex(/^(embedded|mqtts?:\/\/[^\s/@?#]{1,253})$/, 'mqtt://HOST:PORT, mqtts://HOST:PORT or embedded')
    .describe('Address of the broker, or embedded: gateways publish to this node.'),
  topics: z.array(z.string().min(1).max(1_024)).max(64).default([]).describe('Topics that are subscribed to. Empty: those of the format.'),
  version: z.enum(['3.1.1', '5']).default('5').describe('Version of the protocol.'),
  client_id: z.string().max(64).default('').describe('Empty: hanse- and the name of the connector. It names the session that the broker keeps.'),
  user: z.string().max(256).default('').describe('User name at the broker.'),
  password_file: z.string().max(4_096).default('').describe('A file whose first line is the password.'),
  ca_file: z.string().max(4_096).default('').describe('Certificates (PEM) that the broker is checked against, beside those of the system.'),
  insecure: z.boolean().default(false).describe('Sends the password without TLS to an address that is not this machine.')
}).refine(({ broker, user, password_file: passwordFile, insecure }) => (user === '' && passwordFile === '') || insecure || !broker.startsWith('mqtt://') || LOOPBACK.test(broker), {
  path: ['broker'], message: 'an mqtts:// address where a user or password is named: without TLS the password travels in clear, unless insecure = true says that it may'
})
export type MqttDeclaration = z.output<typeof mqttSchema>

export const pushSchema = z.strictObject({ kind: z.literal('push'), ...commonDeclaration, ...readerDeclaration })
export type PushDeclaration = z.output<typeof pushSchema>
