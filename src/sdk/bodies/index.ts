/**
 * Says what client and server exchange about the node and its datasets: types and schemas, once for both ends, with the paths and
 * media types that both must agree on. Bodies are strict, answers may carry fields that are newer than the client.
 */
export { API_PATH, CHECKPOINT_PATH, CONNECTORS_PATH, datasetPath, MEDIA_TYPES, PURPOSE_HEADER, PUSH_PATH } from './paths.ts'
export {
  appendedSchema, boxSchema, bundleReportSchema, complaintOf, datasetPageSchema, datasetSchema, derivedSchema, descriptionSchema, eventSchema, foundingSchema, inviteSchema,
  joinSchema, membersSchema, peersSchema, problemSchema, profileChangeSchema, profileSchema, progressSchema, publishStartSchema, recordTextSchema, referencesSchema, scrubReportSchema, statusSchema, ticketSchema,
  verifyReportSchema, type PublishStart
} from './schemas.ts'
export type {
  Box, BundleReport, Column, Content, Dataset, DatasetDescription, DatasetPage, DatasetQuery, Derived, FoundingStatus, InviteOptions, MemberProfile, MemberStatus,
  NodeEvent, NodeStatus, NumberedRecord, OnProgress, PeerStatus, Place, Problem, Progress, Readiness, RecordInput, ScrubReport, Ticket, VerifyReport
} from './types.ts'
