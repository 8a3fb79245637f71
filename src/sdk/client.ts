import { z } from 'zod'
import { ok } from '../base/index.ts'
import { accessClient, type AccessClient } from './accessClient.ts'
import { connectorClient, type ConnectorClient } from './connectorClient.ts'
import {
  agreementSchema, agreementsSchema, negotiationSchema, negotiationsSchema, type AgreementView, type EndCode, type NegotiationAnswer, type NegotiationView
} from './agreements/index.ts'
import {
  emergenciesSchema, emergencySchema, erasuresSchema, receiptsSchema, useReportSchema,
  type EmergencyRequest, type EmergencyView, type EraseBasis, type EraseScope, type ErasureView, type UseEntry, type UseReport
} from './duties/index.ts'
import { BASEMAP_PATH, basemapSchema, type BasemapLayer } from './basemap/index.ts'
import { bytesOf, ledgerClient, type LedgerClient } from './ledgerClient.ts'
import type { DatasetHistory } from './history/index.ts'
import { openLive, type LiveOptions } from './live.ts'
import { API_PATH, datasetPath, MEDIA_TYPES, PURPOSE_HEADER } from './bodies/index.ts'
import { queryPageSchema, type QueryRequest, type QueryRows } from './query/index.ts'
import { recordOfText } from './recordText.ts'
import { sqlClient, type SqlClient } from './sqlClient.ts'
import {
  appendedSchema, bundleReportSchema, datasetPageSchema, datasetSchema, derivedSchema, eventSchema, foundingSchema, membersSchema, profileSchema, peersSchema,
  scrubReportSchema, statusSchema, ticketSchema, verifyReportSchema
} from './bodies/index.ts'
import {
  derivationsSchema, explanationSchema, termsFileSchema, termsReviewSchema, type DerivationStatus, type DeriveRequest, type ExplainQuery, type TermsExplanation,
  type TermsFile, type TermsReview
} from './terms/index.ts'
import { linesOf, StreamBroken } from './textStreams.ts'
import { chunksOf, nothing, Transport, type Answer, type Call, type Fetch } from './transport.ts'
import type {
  BundleReport, Content, Dataset, DatasetDescription, DatasetPage, DatasetQuery, Derived, FoundingStatus, InviteOptions, MemberProfile, MemberStatus,
  NodeEvent, NodeStatus, NumberedRecord, OnProgress, PeerStatus, Place, RecordInput, ScrubReport, Ticket, VerifyReport
} from './bodies/index.ts'

type ContentStream = {
  /** Null where the node does not know it beforehand. */
  readonly sizeBytes: number | null
  readonly mediaType: string
  readonly bytes: AsyncIterable<Uint8Array>
}

/** What a program does about agreements. */
type AgreementClient = {
  /** Asks the publisher for an agreement; answers when it is decided, or after `withinMs` with how it stands. `untilMs`: for no longer than that. */
  requestAgreement (dataset: string, purpose: string, withinMs: number, untilMs?: number): Answer<NegotiationView>
  negotiations (): Answer<readonly NegotiationView[]>
  answerNegotiation (id: string, answer: NegotiationAnswer): Answer<NegotiationView>
  agreements (): Answer<readonly AgreementView[]>
  endAgreement (id: string, code: EndCode): Answer<AgreementView>
}


const AGREEMENTS = `${API_PATH}/agreements`

/** What a program does about erasure, receipts and emergencies. */
type DutiesClient = {
  /** Has all or parts of an own dataset erased by everybody who holds it; answers when it is gone from the node's disk. */
  erase (reference: string, scope: EraseScope, basis: EraseBasis): Answer<readonly ErasureView[]>
  erasures (): Answer<readonly ErasureView[]>
  /** Newest first. */
  receipts (query: { readonly limit: number, readonly dataset?: string | undefined }): Answer<readonly UseEntry[]>
  /** Who had a dataset, when, under what terms. */
  uses (reference: string): Answer<UseReport>
  /** The proof of one entry of `uses`, by its feed and record. */
  proveUse (feed: string, record: number): Answer<Uint8Array>
  declareEmergency (request: EmergencyRequest): Answer<EmergencyView>
  emergencies (): Answer<readonly EmergencyView[]>
  endEmergency (reference: string): Answer<null>
  confirmEmergency (reference: string, dataset: string): Answer<null>
  reviewEmergency (reference: string): Answer<null>
}

const EMERGENCIES = `${API_PATH}/emergencies`
const NEGOTIATIONS = `${API_PATH}/negotiations`

/** What a program does with a node over HTTP. Iterables end with `StreamBroken` where the connection breaks. */
export type Client = AccessClient & SqlClient & ConnectorClient & LedgerClient & AgreementClient & DutiesClient & {
  status (): Answer<NodeStatus>
  peers (): Answer<readonly PeerStatus[]>
  members (): Answer<readonly MemberStatus[]>
  /** What this member says of itself. */
  profile (): Answer<MemberProfile>
  setPlace (place: Place): Answer<MemberProfile>
  invite (options: InviteOptions): Answer<Ticket>
  join (ticket: string): Answer<FoundingStatus>
  revoke (envelope: Uint8Array): Answer<null>

  datasets (query: DatasetQuery): Answer<DatasetPage>
  dataset (reference: string): Answer<Dataset>
  /** What was said of it over time, what it was made of, who holds it. */
  history (reference: string): Answer<DatasetHistory>
  publish (description: DatasetDescription, content: Content, onProgress?: OnProgress, terms?: TermsFile): Answer<Dataset>
  append (datasetId: string, records: readonly RecordInput[], options: { readonly flush: boolean }): Answer<{ readonly first: number, readonly count: number }>
  withdraw (datasetId: string): Answer<null>

  /** Waits until the node holds all of the dataset. */
  fetch (reference: string, options: { readonly timeoutMs: number, readonly signal?: AbortSignal }, onProgress?: OnProgress): Answer<Dataset>
  /** `purpose`: what for, where several agreements hold; so with `follow` and `content`. */
  read (reference: string, options: { readonly from: number, readonly limit: number, readonly purpose?: string, readonly signal?: AbortSignal }): Answer<AsyncIterable<NumberedRecord>>
  /** One page of rows that meet all that is asked; `next` leads to the one behind it. */
  query (reference: string, query: QueryRequest, purpose?: string): Answer<QueryRows>
  /** The last `last` records and then every new one, also across broken connections, until the signal aborts. */
  follow (reference: string, options: LiveOptions & { readonly last: number, readonly purpose?: string }): Answer<AsyncIterable<NumberedRecord>>
  content (reference: string, range?: { readonly from: number, readonly to: number }, purpose?: string): Answer<ContentStream>

  /** A file of terms to begin with: a template of this name, with its lists of members and purposes to be filled. */
  termsTemplate (name: string): Answer<TermsFile>
  /** Who could read what, were these the terms of the dataset now. Nothing is changed. */
  reviewTerms (terms: TermsFile, dataset?: string): Answer<TermsReview>
  setTerms (datasetId: string, terms: TermsFile): Answer<Dataset>
  explain (reference: string, query: ExplainQuery): Answer<TermsExplanation>
  /** Publishes a dataset with less detail, made of the one that `reference` names; the node keeps it up to date from then on. */
  derive (reference: string, request: DeriveRequest): Answer<Derived>
  derivations (): Answer<readonly DerivationStatus[]>

  verify (reference: string, onProgress?: OnProgress): Answer<VerifyReport>
  proof (reference: string, number: number): Answer<Uint8Array>
  /** Of what every member may have, or of what `recipient` may, by did or name. */
  makeBundle (references: readonly string[], recipient?: string): Answer<AsyncIterable<Uint8Array>>
  openBundle (source: AsyncIterable<Uint8Array> | Blob, sizeBytes: number | null, onProgress?: OnProgress, signal?: AbortSignal): Answer<BundleReport>

  scrub (onProgress?: OnProgress): Answer<ScrubReport>
  /** The operator's own maps. */
  basemap (): Answer<readonly BasemapLayer[]>
  events (options: LiveOptions): Answer<AsyncIterable<NodeEvent>>
  /** Asks the node to stop; answers before it does. */
  stop (): Answer<null>
}

/** Aborting `signal` ends what may take long; what is short, or asks for an end itself, runs to its end. */
export function createClient (
  options: { readonly baseUrl: string, readonly token?: string, readonly fetch?: Fetch, readonly signal?: AbortSignal }
): Client {
  const transport = new Transport(options)
  const { signal: given } = options
  const get = <T>(path: string, schema: z.ZodType<T>, query: Call['query'] = {}): Answer<T> =>
    transport.json({ method: 'GET', path: `${API_PATH}/${path}`, query }, schema)
  const post = <T>(path: string, body: unknown, schema: z.ZodType<T>): Answer<T> =>
    transport.json({ method: 'POST', path: `${API_PATH}/${path}`, ...jsonBody(body) }, schema)
  return {
    status: () => get('status', statusSchema),
    peers: () => get('peers', peersSchema),
    members: () => get('members', membersSchema),
    profile: () => get('profile', profileSchema),
    setPlace: place => transport.json({ method: 'PUT', path: `${API_PATH}/profile`, ...jsonBody({ place }) }, profileSchema),
    invite: invitation => post('federation/invite', invitation, ticketSchema),
    join: ticket => post('federation/join', { ticket }, foundingSchema),
    revoke: envelope => nothing(transport, {
      method: 'POST', path: `${API_PATH}/federation/revocations`, headers: { 'content-type': MEDIA_TYPES.cbor }, body: envelope
    }),
    datasets: ({ box, ...query }) => get('datasets', datasetPageSchema, {
      ...query, box: box === undefined ? undefined : [box.west, box.south, box.east, box.north].join(',')
    }),
    dataset: reference => transport.json({ method: 'GET', path: datasetPath(reference) }, datasetSchema),
    history: async reference => await transport.json({ method: 'GET', path: datasetPath(reference, 'history') }, (await import('./history/index.ts')).historySchema),
    publish: async (description, content, onProgress, terms) => await transport.json({
      method: 'POST', path: `${API_PATH}/datasets`, headers: { 'content-type': MEDIA_TYPES.publish },
      body: (await uploads()).publishBody(description, content, terms, onProgress), signal: given
    }, datasetSchema),
    append: async (datasetId, records, { flush }) => await transport.json({
      method: 'POST', path: datasetPath(datasetId, 'records'), query: { flush }, headers: { 'content-type': MEDIA_TYPES.records },
      body: (await uploads()).recordFrames(records)
    }, appendedSchema),
    withdraw: datasetId => nothing(transport, { method: 'DELETE', path: datasetPath(datasetId) }),
    fetch: (reference, { timeoutMs, signal = given }, onProgress) => transport.progressing(
      { method: 'POST', path: datasetPath(reference, 'fetch'), query: { timeoutMs }, signal }, datasetSchema, onProgress
    ),
    verify: (reference, onProgress) => transport.progressing(
      { method: 'POST', path: datasetPath(reference, 'verify'), signal: given }, verifyReportSchema, onProgress
    ),
    openBundle: async (source, sizeBytes, onProgress, signal = given) => await transport.json({
      method: 'PUT', path: `${API_PATH}/bundles`, headers: { 'content-type': MEDIA_TYPES.car }, signal,
      ...source instanceof Blob
        ? { body: source, onSent: (done: number) => { onProgress?.({ phase: 'verifying', done, total: sizeBytes, unit: 'bytes' }) } }
        : { body: await withProgress(source, sizeBytes, onProgress) }
    }, bundleReportSchema),
    scrub: onProgress => transport.progressing({ method: 'POST', path: `${API_PATH}/scrub`, signal: given }, scrubReportSchema, onProgress),
    basemap: () => transport.json({ method: 'GET', path: BASEMAP_PATH, signal: given }, basemapSchema),
    stop: () => nothing(transport, { method: 'POST', path: `${API_PATH}/stop` }),
    ...streams(transport, given),
    termsTemplate: name => get(`terms/templates/${encodeURIComponent(name)}`, termsFileSchema),
    reviewTerms: (terms, dataset) => post('terms/review', { terms, ...dataset === undefined ? {} : { dataset } }, termsReviewSchema),
    setTerms: (datasetId, terms) => transport.json({ method: 'PUT', path: datasetPath(datasetId, 'terms'), ...jsonBody(terms) }, datasetSchema),
    explain: (reference, { member, outside, door, purpose }) => transport.json({
      method: 'GET', path: datasetPath(reference, 'explain'), query: { member, outside, door, purpose }
    }, explanationSchema),
    derive: (reference, request) => transport.json({ method: 'POST', path: datasetPath(reference, 'derivations'), ...jsonBody(request) }, derivedSchema),
    derivations: () => get('derivations', derivationsSchema),
    ...accessClient(transport), ...sqlClient(transport, given),
    ...connectorClient(transport, given),
    ...agreementClient(transport, given),
    ...dutiesClient(transport, given),
    ...ledgerClient(transport, given)
  }
}

function agreementClient (transport: Transport, signal: AbortSignal | undefined): AgreementClient {
  const json = (body: unknown): Pick<Call, 'headers' | 'body' | 'signal'> => ({ ...jsonBody(body), signal })
  return {
    requestAgreement: (dataset, purpose, withinMs, untilMs) =>
      transport.json({ method: 'POST', path: NEGOTIATIONS, query: { withinMs }, ...json({ dataset, purpose, untilMs }) }, negotiationSchema),
    negotiations: () => transport.json({ method: 'GET', path: NEGOTIATIONS }, negotiationsSchema),
    answerNegotiation: (id, answer) => transport.json({ method: 'POST', path: `${NEGOTIATIONS}/${encodeURIComponent(id)}`, ...json(answer) }, negotiationSchema),
    agreements: () => transport.json({ method: 'GET', path: AGREEMENTS }, agreementsSchema),
    endAgreement: (id, code) => transport.json({ method: 'POST', path: `${AGREEMENTS}/${encodeURIComponent(id)}/end`, ...json({ code }) }, agreementSchema)
  }
}

function dutiesClient (transport: Transport, signal: AbortSignal | undefined): DutiesClient {
  const post = (path: string, body: unknown): Call => ({
    method: 'POST', path, headers: { 'content-type': MEDIA_TYPES.json }, body: JSON.stringify(body), signal
  })
  const done = async (call: Call): Answer<null> => {
    const answered = await transport.json(call, z.object({}))
    return answered.ok ? ok(null) : answered
  }
  const of = (reference: string, what: string): string => `${EMERGENCIES}/${encodeURIComponent(reference)}/${what}`
  return {
    erase: (reference, scope, basis) => transport.json(post(datasetPath(reference, 'erase'), { scope, basis }), erasuresSchema),
    erasures: () => transport.json({ method: 'GET', path: `${API_PATH}/erasures` }, erasuresSchema),
    receipts: query => transport.json({ method: 'GET', path: `${API_PATH}/receipts`, query }, receiptsSchema),
    uses: reference => transport.json({ method: 'GET', path: datasetPath(reference, 'uses'), signal }, useReportSchema),
    proveUse: (feed, record) => bytesOf(transport, { method: 'GET', path: `${API_PATH}/uses/proof`, query: { feed, record } }),
    declareEmergency: request => transport.json(post(EMERGENCIES, request), emergencySchema),
    emergencies: () => transport.json({ method: 'GET', path: EMERGENCIES }, emergenciesSchema),
    endEmergency: reference => done(post(of(reference, 'end'), {})),
    confirmEmergency: (reference, dataset) => done(post(of(reference, 'confirm'), { dataset })),
    reviewEmergency: reference => done(post(of(reference, 'review'), {}))
  }
}

function streams (transport: Transport, given: AbortSignal | undefined): Pick<Client, 'read' | 'query' | 'follow' | 'content' | 'proof' | 'makeBundle' | 'events'> {
  return {
    read: async (reference, { from, limit, purpose, signal }) => {
      const response = await transport.call({ method: 'GET', path: datasetPath(reference, 'records'), query: { from, limit }, headers: purposeHeader(purpose), signal })
      return response.ok ? ok(recordsOf(response.value)) : response
    },
    query: (reference, { key, latest, fromMs, toMs, box, where, number, limit, after }, purpose) => transport.json({
      method: 'GET', path: datasetPath(reference, 'query'), headers: purposeHeader(purpose), signal: given,
      query: {
        key, latest, from: fromMs, to: toMs, bbox: box === undefined ? undefined : [box.west, box.south, box.east, box.north].join(','),
        where: where === undefined ? undefined : JSON.stringify(where), number, limit, after
      }
    }, queryPageSchema),
    follow: async (reference, { last, purpose, ...live }) => {
      const opened = await openLive(transport, { method: 'GET', path: datasetPath(reference, 'live'), query: { last }, headers: purposeHeader(purpose) }, live)
      return opened.ok ? ok(parsedEvents(opened.value, value => recordOfText(value))) : opened
    },
    content: async (reference, range, purpose) => {
      const headers = { ...purposeHeader(purpose), ...range === undefined ? {} : { range: `bytes=${range.from}-${range.to - 1}` } }
      const response = await transport.call({ method: 'GET', path: datasetPath(reference, 'content'), headers, signal: given })
      if (!response.ok) return response
      const size = response.value.headers.get('content-length')
      const mediaType = response.value.headers.get('content-type') ?? 'application/octet-stream'
      return ok({ sizeBytes: size === null ? null : Number(size), mediaType, bytes: chunksOf(response.value) })
    },
    proof: (reference, number) => bytesOf(transport, { method: 'GET', path: datasetPath(reference, 'proof'), query: { record: number } }),
    makeBundle: async (references, recipient) => {
      const body = jsonBody({ references, ...recipient === undefined ? {} : { recipient } })
      const response = await transport.call({ method: 'POST', path: `${API_PATH}/bundles`, ...body, signal: given })
      return response.ok ? ok(chunksOf(response.value)) : response
    },
    events: async live => {
      const opened = await openLive(transport, { method: 'GET', path: `${API_PATH}/events` }, live)
      return opened.ok ? ok(parsedEvents(opened.value, value => eventSchema.safeParse(value).data)) : opened
    }
  }
}

function purposeHeader (purpose: string | undefined): Readonly<Record<string, string>> {
  return purpose === undefined ? {} : { [PURPOSE_HEADER]: purpose }
}

function jsonBody (body: unknown): Pick<Call, 'headers' | 'body'> {
  return { headers: { 'content-type': MEDIA_TYPES.json }, body: JSON.stringify(body) }
}

/** Most programs, and most pages of a browser, send nothing large. */
const uploads = (): Promise<typeof import('./upload.ts')> => import('./upload.ts')

async function withProgress (
  source: AsyncIterable<Uint8Array>, total: number | null, onProgress: OnProgress | undefined
): Promise<AsyncIterable<Uint8Array>> {
  let done = 0
  return (await uploads()).counted(source, sizeBytes => {
    done += sizeBytes
    onProgress?.({ phase: 'verifying', done, total, unit: 'bytes' })
  })
}

async function * recordsOf (response: Response): AsyncGenerator<NumberedRecord> {
  for await (const line of linesOf(chunksOf(response))) yield understood(line, recordOfText)
}

async function * parsedEvents<T> (
  events: AsyncIterable<{ readonly event: string, readonly data: string }>, parse: (value: unknown) => T | undefined
): AsyncGenerator<T> {
  for await (const { data } of events) yield understood(data, parse)
}

function understood<T> (text: string, parse: (value: unknown) => T | undefined): T {
  const value = parse(jsonOf(text))
  if (value === undefined) throw new StreamBroken('protocol', `the node sent what this client does not understand: ${text.slice(0, 80)}`)
  return value
}

function jsonOf (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
