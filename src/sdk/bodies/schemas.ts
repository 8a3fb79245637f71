/** The schemas of all bodies and answers, once. Answers may carry fields that are newer than this client; bodies may not. */
import { z } from 'zod'
import { datasetTermsSchema, termsFileSchema, type TermsFile } from '../terms/index.ts'
import type {
  Box, BundleReport, Dataset, DatasetDescription, DatasetPage, Derived, FoundingStatus, InviteOptions, MemberProfile, MemberStatus, NodeEvent, NodeStatus, Place,
  PeerStatus, Problem, Progress, ScrubReport, Ticket, VerifyReport
} from './types.ts'

const KEYWORDS_MAX = 64
const COLUMNS_MAX = 10_000
const REFERENCES_MAX = 1_024

const count = z.int().min(0)
const timeMs = z.int()
const mediaType = z.string().regex(/^[\w!#$&^.+-]{1,60}\/[\w!#$&^.+-]{1,60}(; ?[\w=."+-]{1,60})?$/, 'a media type')
const text = (max: number): z.ZodString => z.string().max(max)
const named = z.object({ did: z.string(), name: z.string() })

const box = z.strictObject({
  west: z.number().min(-180).max(180),
  south: z.number().min(-90).max(90),
  east: z.number().min(-180).max(180),
  north: z.number().min(-90).max(90)
}).refine(({ south, north }) => south <= north, 'south must not lie north of north')

export const boxSchema: z.ZodType<Box> = box

const columnType = z.enum(['text', 'integer', 'number', 'boolean', 'time', 'latitude', 'longitude', 'geometry'])

export const descriptionSchema: z.ZodType<DatasetDescription> = z.strictObject({
  datasetId: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'lower case letters, digits and hyphens, at most 64'),
  title: text(256).min(1),
  description: text(8_192),
  theme: text(256),
  keywords: z.array(text(64)).max(KEYWORDS_MAX),
  licence: text(512),
  spatial: box.nullable(),
  temporal: z.strictObject({ fromMs: timeMs, toMs: timeMs }).nullable(),
  schema: z.array(z.strictObject({ name: text(256), type: columnType, unit: text(64).nullable() })).max(COLUMNS_MAX),
  access: z.enum(['public', 'members', 'restricted']),
  simulated: z.boolean(),
  model: text(128).min(1).nullable().exactOptional()
})

const fileName = text(255).min(1)

/** The first line of a publish body: what follows it, and how it is described. */
export type PublishStart = {
  readonly description: DatasetDescription
  /** As a file of terms holds them; left out: those that the dataset has, or none. */
  readonly terms?: TermsFile | undefined
  readonly content:
    | { readonly form: 'table' | 'file', readonly mediaType: string, readonly fileName: string }
    | { readonly form: 'stream', readonly mediaType: string }
}
export const publishStartSchema: z.ZodType<PublishStart> = z.strictObject({
  description: descriptionSchema,
  terms: termsFileSchema.optional(),
  content: z.discriminatedUnion('form', [
    z.strictObject({ form: z.enum(['table', 'file']), mediaType, fileName }),
    z.strictObject({ form: z.literal('stream'), mediaType })
  ])
})

/** Of a description that is already published only the form is checked: its limits are the publisher's node's affair. */
const published = {
  datasetId: z.string(),
  title: z.string(),
  description: z.string(),
  theme: z.string(),
  keywords: z.array(z.string()),
  licence: z.string(),
  spatial: z.object({ west: z.number(), south: z.number(), east: z.number(), north: z.number() }).nullable(),
  temporal: z.object({ fromMs: timeMs, toMs: timeMs }).nullable(),
  schema: z.array(z.object({ name: z.string(), type: columnType, unit: z.string().nullable() })),
  access: z.enum(['public', 'members', 'restricted']),
  simulated: z.boolean(),
  /** Nodes of before name none. */
  model: z.string().nullable().default(null)
}

export const datasetSchema: z.ZodType<Dataset> = z.object({
  ...published,
  id: z.string(),
  publisher: named,
  version: count,
  issuedMs: timeMs,
  modifiedMs: timeMs,
  distribution: z.object({
    feed: z.string(),
    form: z.enum(['table', 'file', 'stream']),
    mediaType: z.string(),
    fileName: z.string(),
    firstRecord: count,
    records: count.nullable(),
    sizeBytes: count.nullable(),
    sha256: z.string().nullable()
  }),
  sources: z.array(z.string()),
  terms: datasetTermsSchema.nullable(),
  held: z.object({
    phase: z.enum(['complete', 'fetching', 'waiting', 'not-wanted', 'frozen']),
    segmentsHave: count,
    segmentsKnown: count,
    records: count,
    bytes: count,
    sources: count,
    because: z.string().nullable(),
    state: z.enum(['local', 'replicated', 'ordered', 'final']),
    replicas: count
  })
})

export const derivedSchema: z.ZodType<Derived> = z.object({ dataset: datasetSchema, warnings: z.array(z.string()) })

export const datasetPageSchema: z.ZodType<DatasetPage> = z.object({ datasets: z.array(datasetSchema), next: z.string().nullable() })

const founding = z.object({
  name: z.string(), have: count, want: count, convener: z.string(), newcomers: z.array(z.object({ name: z.string(), words: z.array(z.string()) }))
})
export const foundingSchema: z.ZodType<FoundingStatus> = founding

export const statusSchema: z.ZodType<NodeStatus> = z.object({
  member: named,
  state: z.enum(['alone', 'founding', 'ready', 'stopping']),
  federation: z.object({ id: z.string(), name: z.string(), members: count }).nullable(),
  founding: founding.nullable(),
  peerId: z.string(),
  addresses: z.array(z.string()),
  neighbours: z.object({ reachable: count, known: count }),
  datasets: z.object({ own: count, others: count }),
  feeds: z.object({ own: count, replicated: count, frozen: count, recovering: count }),
  records: count,
  storedBytes: count,
  segmentsMissing: count,
  startedMs: timeMs,
  certificateNotAfterMs: timeMs.nullable(),
  alarms: z.array(z.string())
})

export const peersSchema: z.ZodType<readonly PeerStatus[]> = z.array(z.object({
  member: named,
  peerId: z.string(),
  reachable: z.boolean(),
  sinceMs: timeMs.nullable(),
  addresses: z.array(z.string()),
  feedsOffered: count,
  receivedBytes: count,
  sentBytes: count
}))

const placeSchema: z.ZodType<Place> = z.strictObject({ latitude: z.number().min(-90).max(90), longitude: z.number().min(-180).max(180) })

export const membersSchema: z.ZodType<readonly MemberStatus[]> =
  z.array(z.object({ did: z.string(), name: z.string(), revoked: z.boolean(), place: placeSchema.nullable() }))

export const profileSchema: z.ZodType<MemberProfile> = z.object({ name: z.string(), place: placeSchema.nullable() })

export const profileChangeSchema: z.ZodType<{ readonly place: Place }> = z.strictObject({ place: placeSchema })

export const inviteSchema: z.ZodType<InviteOptions> = z.strictObject({
  federationName: text(128).min(1),
  /** 0 where the federation exists: a ticket for new members. */
  want: z.int().min(0).max(64),
  validMs: z.int().min(1_000).max(365 * 86_400_000)
})

export const joinSchema: z.ZodType<{ readonly ticket: string }> = z.strictObject({ ticket: text(4_096).min(1) })

export const ticketSchema: z.ZodType<Ticket> =
  z.object({ ticket: z.string(), expiresMs: timeMs, federationName: z.string(), want: count })

export const referencesSchema: z.ZodType<{ readonly references: readonly string[], readonly recipient?: string | undefined }> =
  z.strictObject({ references: z.array(text(512).min(1)).min(1).max(REFERENCES_MAX), recipient: text(512).min(1).optional() })

export const appendedSchema: z.ZodType<{ readonly first: number, readonly count: number }> = z.object({ first: count, count })

export const progressSchema: z.ZodType<Progress> = z.object({
  phase: z.enum(['looking', 'fetching', 'verifying', 'storing', 'stalled', 'done']),
  done: count,
  total: count.nullable(),
  unit: z.enum(['bytes', 'records', 'segments'])
})

export const verifyReportSchema: z.ZodType<VerifyReport> = z.object({
  dataset: z.string(),
  verified: z.boolean(),
  segments: count,
  records: count,
  bytes: count,
  checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })),
  publisher: z.string(),
  headSignedMs: timeMs
})

export const bundleReportSchema: z.ZodType<BundleReport> = z.object({
  federation: z.string(),
  federationName: z.string(),
  feeds: count,
  segments: count,
  records: count,
  bytes: count,
  files: count,
  added: count,
  datasets: z.array(z.string()),
  names: z.array(z.string())
})

export const scrubReportSchema: z.ZodType<ScrubReport> =
  z.object({ segments: count, damaged: count, refetched: count, lost: count })

export const eventSchema: z.ZodType<NodeEvent> = z.discriminatedUnion('type', [
  z.object({ type: z.literal('peer'), did: z.string(), name: z.string(), reachable: z.boolean() }),
  z.object({ type: z.literal('dataset'), id: z.string(), change: z.enum(['new', 'changed', 'complete', 'frozen']) }),
  z.object({ type: z.literal('progress'), feed: z.string(), segmentsHave: count, segmentsWanted: count }),
  z.object({ type: z.literal('founding'), have: count, want: count }),
  z.object({ type: z.literal('ready'), federation: z.string() }),
  z.object({ type: z.literal('alarm'), sentence: z.string() }),
  z.object({ type: z.literal('resync') })
])

export const problemSchema: z.ZodType<Problem> = z.object({
  type: z.string(), title: z.string(), status: z.int(), detail: z.string(), code: z.string(), hint: z.string(), reasons: z.array(z.string()).optional(),
  position: z.int().min(0).optional()
})

/** A record as lines and events carry it: bytes that are no UTF-8 stand as hex. */
export const recordTextSchema: z.ZodType<{
  readonly number: number, readonly timeMs: number, readonly operation: 'put' | 'delete', readonly mediaType: string
  readonly key?: string | undefined, readonly keyHex?: string | undefined, readonly body?: string | undefined, readonly bodyHex?: string | undefined
}> = z.object({
  number: count,
  timeMs: count,
  operation: z.enum(['put', 'delete']),
  mediaType: z.string(),
  key: z.string().optional(),
  keyHex: z.string().optional(),
  body: z.string().optional(),
  bodyHex: z.string().optional()
})

/** What is wrong with a value, in one sentence. */
export function complaintOf (error: z.core.$ZodError): string {
  const issue = error.issues[0]
  const path = issue?.path.map(String).join('.') ?? ''
  return `${path === '' ? '' : `${path}: `}${issue?.message ?? 'not what was expected'}`
}
