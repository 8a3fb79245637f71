/**
 * Gives programs a node over HTTP: the contract (types, schemas, paths, streams) once for both ends, and a typed client.
 *
 * Failures are values with `code`, `reason` and `hint`; on the wire they are problem documents of RFC 9457. Long work
 * answers with NDJSON lines, each of them `{progress}`, `{result}` or `{problem}`; empty lines keep the connection alive.
 * Live streams are server-sent events with an id each, resumed by `Last-Event-ID`. What is too big for JSON is streamed:
 * files as they are, records as frames (`recordStream.ts`). Runs in the browser too.
 *
 * Deviates from RFC 9457 in that `type` is a URN of the code: there is no page to look up without the internet.
 */
export { createClient, type Client, type ContentStream } from './client.ts'
export type { LiveOptions } from './live.ts'
export { API_PATH, datasetPath, MEDIA_TYPES } from './paths.ts'
export {
  encodeRecord, encodeRecordsEnd, RECORD_BODY_BYTES_MAX, RECORD_KEY_BYTES_MAX, recordComplaint, RecordStreamReader,
  type RecordStreamFailure
} from './recordStream.ts'
export { recordOfLine, recordOfText, textOfRecord, type RecordText } from './recordText.ts'
export {
  appendedSchema, boxSchema, bundleReportSchema, complaintOf, datasetPageSchema, datasetSchema, descriptionSchema, eventSchema,
  foundingSchema, inviteSchema, joinSchema, membersSchema, peersSchema, problemSchema, progressSchema, publishStartSchema,
  readinessSchema, referencesSchema, scrubReportSchema, statusSchema, ticketSchema, verifyReportSchema, type PublishStart
} from './schemas.ts'
export { eventBytes, eventsOf, LINE_BYTES_MAX, linesOf, StreamBroken, type ServerSentEvent } from './textStreams.ts'
export type { Answer, Failure, Fetch } from './transport.ts'
export type {
  Box, BundleReport, Column, Content, Dataset, DatasetDescription, DatasetPage, DatasetQuery, Form, FoundingStatus, InviteOptions,
  MemberStatus, NodeEvent, NodeStatus, NumberedRecord, OnProgress, PeerStatus, Problem, Progress, Readiness, RecordInput,
  ScrubReport, Ticket, VerifyReport
} from './types.ts'
