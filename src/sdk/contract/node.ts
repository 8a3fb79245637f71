import { z } from 'zod'
import {
  API_PATH, bundleReportSchema, eventSchema, foundingSchema, inviteSchema, joinSchema, MEDIA_TYPES, membersSchema, peersSchema, profileChangeSchema, profileSchema, referencesSchema,
  scrubReportSchema, statusSchema, ticketSchema, type InviteOptions, type Place
} from '../bodies/index.ts'
import { applicationsSchema } from '../ledger/index.ts'
import { bytes, events, json, kept, type Call, type Operations } from '../operation/index.ts'
import { progressLines } from './progress.ts'
import { reference } from './queries.ts'

const STATEMENT_BYTES_MAX = 65_536
const REFERENCES_LENGTH_MAX = 8_192

/** `references`: separated by commas. */
type BundleWish = { readonly references: string, readonly recipient?: string }
const bundleWish: z.ZodType<BundleWish> = z.strictObject({ references: z.string().max(REFERENCES_LENGTH_MAX).regex(/^[^,]+(?:,[^,]+){0,63}$/, 'references of datasets, separated by commas'), recipient: reference.exactOptional() })

/** The node itself and its federation: status, members, founding, bundles, scrub, stop. */
export type NodeCalls = {
  'api.describe': Call
  'node.health': Call
  'node.readiness': Call
  'node.status': Call
  'node.peers': Call
  'node.members': Call
  'profile.show': Call
  'profile.change': Call<undefined, { readonly place: Place }>
  'node.events': Call
  'node.scrub': Call
  'node.stop': Call
  'bundles.make': Call<undefined, { readonly references: readonly string[], readonly recipient?: string | undefined }>
  'bundles.download': Call<BundleWish>
  'bundles.open': Call
  'federation.invite': Call<undefined, InviteOptions>
  'federation.join': Call<undefined, { readonly ticket: string }>
  'federation.revoke': Call<undefined, Uint8Array>
  'federation.applications': Call
}

const readiness = z.object({ ready: z.boolean(), reasons: z.array(z.object({ code: z.string(), reason: z.string() })) })

const node = { tag: 'Node', scope: 'read' } as const
const federation = { tag: 'Federation', scope: 'decide', method: 'POST' } as const

export const NODE_OPERATIONS: Operations<NodeCalls> = {
  'api.describe': {
    ...node, method: 'GET', path: `${API_PATH}/openapi.json`, scope: null, summary: 'This description, as OpenAPI 3.1',
    answers: { 200: json(z.record(z.string(), z.unknown())), 304: null }
  },
  'node.health': {
    ...node, method: 'GET', path: '/healthz', scope: null, summary: 'Whether the process answers', answers: { 200: json(z.object({ alive: z.boolean() })) }
  },
  'node.readiness': {
    ...node, method: 'GET', path: '/readyz', scope: null, summary: 'Whether the node does its work, and why not',
    answers: { 200: json(readiness), 503: json(readiness) }
  },
  'node.status': { ...node, method: 'GET', path: `${API_PATH}/status`, summary: 'How the node is', answers: { 200: json(statusSchema) } },
  'node.peers': { ...node, method: 'GET', path: `${API_PATH}/peers`, summary: 'Nodes of other members, and whether they are reachable', answers: kept(peersSchema) },
  'node.members': { ...node, method: 'GET', path: `${API_PATH}/members`, summary: 'Members of the federation', answers: kept(membersSchema) },
  'profile.show': { ...node, method: 'GET', path: `${API_PATH}/profile`, summary: 'What this member says of itself', answers: { 200: json(profileSchema) } },
  'profile.change': {
    ...node, method: 'PUT', path: `${API_PATH}/profile`, scope: 'operate', summary: 'Say where this member is; all members are told',
    body: { as: 'json', schema: profileChangeSchema }, answers: { 200: json(profileSchema) }
  },
  'node.events': {
    ...node, method: 'GET', path: `${API_PATH}/events`, summary: 'What happens on the node, live', live: true,
    headers: { 'last-event-id': 'resumes behind this event' }, answers: { 200: events(eventSchema) }
  },
  'node.scrub': {
    ...node, method: 'POST', path: `${API_PATH}/scrub`, scope: 'operate', summary: 'Check all stored data and fetch anew what is damaged',
    answers: { 200: progressLines(scrubReportSchema) }
  },
  'node.stop': { ...node, method: 'POST', path: `${API_PATH}/stop`, scope: 'decide', byAdmin: true, summary: 'Stop the node', answers: { 204: null } },
  'bundles.make': {
    ...node, tag: 'Bundles', method: 'POST', path: `${API_PATH}/bundles`, summary: 'A file with datasets and their proofs, to carry by hand',
    body: { as: 'json', schema: referencesSchema }, answers: { 200: bytes(MEDIA_TYPES.car) }, problems: [404, 409]
  },
  'bundles.download': {
    ...node, tag: 'Bundles', method: 'GET', path: `${API_PATH}/bundles`, summary: 'The same, for a browser that saves it',
    query: bundleWish, answers: { 200: bytes(MEDIA_TYPES.car) }, problems: [404, 409]
  },
  'bundles.open': {
    ...node, tag: 'Bundles', method: 'PUT', path: `${API_PATH}/bundles`, scope: 'operate', summary: 'Take up what a bundle brings',
    body: { as: 'stream', mediaTypes: [MEDIA_TYPES.car] }, answers: { 200: json(bundleReportSchema) }, problems: [404, 409]
  },
  'federation.invite': {
    ...federation, path: `${API_PATH}/federation/invite`, summary: 'Found a federation, or make a ticket for new members',
    body: { as: 'json', schema: inviteSchema }, answers: { 201: json(ticketSchema) }, problems: [409, 410, 504]
  },
  'federation.join': {
    ...federation, path: `${API_PATH}/federation/join`, summary: 'Apply with a ticket', body: { as: 'json', schema: joinSchema },
    answers: { 200: json(foundingSchema) }, problems: [409, 410, 504]
  },
  'federation.revoke': {
    ...federation, path: `${API_PATH}/federation/revocations`, summary: 'Revoke a certificate or a member by a signed statement',
    body: { as: 'bytes', mediaTypes: [MEDIA_TYPES.cbor], sizeBytesMax: STATEMENT_BYTES_MAX }, answers: { 204: null }, problems: [409]
  },
  'federation.applications': {
    ...federation, method: 'GET', path: `${API_PATH}/applications`, scope: 'read', summary: 'Who applied for membership and waits for a vote',
    answers: kept(applicationsSchema), problems: [409]
  }
}
