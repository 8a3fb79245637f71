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
export { answerSchema, END_CODES, endSchema, requestSchema, type AgreementView, type NegotiationAnswer, type NegotiationView } from './agreements/index.ts'
export { CSRF_HEADER, type Entry, type Session } from './sessions/index.ts'
export { PASSPHRASE_LENGTH_MIN, ROLES, type AccountRequest, type AccountView, type Role } from './accounts/index.ts'
export type { Diagnosis, HealthCheck } from './diagnosis/index.ts'
export type { MadeToken, TokenRequest, TokenView } from './tokens/index.ts'
export { createClient, type Client } from './client.ts'
export {
  commonDeclaration, CONNECTOR_NAME, CONNECTORS_MAX, connectorSchema, connectorsSchema, datasetDeclaration, declarationSchema, lettersSchema, mappingSchema, readerDeclaration,
  takenSchema, type ConnectorCounters, type ConnectorDeclaration, type ConnectorKind, type Connectors, type ConnectorState, type ConnectorStatus, type ConnectorView,
  type DatasetDeclaration, type DeadLetter, type MappedColumn, type Mapping, type MqttDeclaration, type FeedFormat, type FolderDeclaration, type PushDeclaration, type UrlDeclaration, type Taken
} from './connectors/index.ts'
export {
  confirmSchema, declareSchema, EMERGENCY_KINDS, ERASE_BASES, eraseSchema, type EmergencyRequest, type EmergencyView, type EraseBasis, type EraseScope,
  type ErasureView, type UseEntry, type UseReport
} from './duties/index.ts'
export { PROPOSAL_ID, proposalRequestSchema, voteSchema } from './ledger/index.ts'
export type {
  ApplicationView, AuditEntry, BlockPage, BlockView, LedgerCheck, LedgerMember, LedgerStatus, OperationView, ProposalKind, ProposalRequest,
  ProposalView, Proposed, PublicCheckpoint, Submitted, TransactionView
} from './ledger/index.ts'
export type { DatasetHistory, HolderView, RecipeView, SourceView, VersionChange, VersionView } from './history/index.ts'
export { filtersSchema, QUERY_LIMIT_MAX, type FilterText, type QueriedRow, type QueryRequest, type QueryRows } from './query/index.ts'
export { API_PATH, CHECKPOINT_PATH, datasetPath, MEDIA_TYPES, PURPOSE_HEADER } from './bodies/index.ts'
export {
  encodeRecord, encodeRecordsEnd, RECORD_BODY_BYTES_MAX, recordComplaint, RecordStreamReader
} from './recordStream.ts'
export { recordOfLine, recordOfText, textOfRecord } from './recordText.ts'
export {
  boxSchema, inviteSchema, joinSchema, problemSchema, publishStartSchema, referencesSchema, type PublishStart
} from './bodies/index.ts'
export {
  deriveSchema, DOORS, MEASURES, PURPOSE_NS, PURPOSES, reviewSchema, termsFileSchema, type DatasetTerms, type DerivationStatus, type DeriveRequest, type ExplainQuery, type Purpose, type TermsExplanation,
  type TermsFile, type TermsReason, type TermsReview, type TermsSentence
} from './terms/index.ts'
export { eventBytes, eventsOf, linesOf, StreamBroken } from './textStreams.ts'
export type { SqlQuestion, SqlResult, SqlTable } from './sql/index.ts'
export type { Inspection, InspectionWarning } from './inspection/index.ts'
export { Transport, type Answer, type Failure } from './transport.ts'
export type {
  Box, BundleReport, Column, Content, Dataset, DatasetDescription, DatasetPage, Derived, FoundingStatus, MemberProfile, MemberStatus, NodeEvent, NodeStatus, NumberedRecord, OnProgress,
  PeerStatus, Place, Problem, Progress, Readiness, RecordInput, Ticket, VerifyReport
} from './bodies/index.ts'
