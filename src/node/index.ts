/**
 * Runs one node: feeds inputs to the core and performs its effects on the host.
 *
 * `createNode` is the composition of everything here; what a program then does with the node is `HanseNode`. Checks that
 * need no running node are plain functions.
 */
export type {
  AgreementFailure, AgreementView, EndCode, NegotiationAnswer, NegotiationView, NodeAgreements,
  AnchorView, ApplicationView, AuditEntry, BlockView, LedgerCheck, LedgerMember, LedgerStatus, NodeLedger, OperationView, ProposalKind,
  ProposalRequest, ProposalView, SubmitFailure, Submitted, TransactionView,
  Box, BundleFailure, BundleReport, Column, Content, Dataset, DatasetDescription, DerivationOrder, DerivationStatus, Derived, DeriveFailure, Failure, FoundingFailure, FoundingStatus, HanseNode,
  ItemState, NodeEvent, NodeStatus, NotFound, NotReady, NumberedRecord, OnProgress, PeerStatus, Progress, PublishFailure, RecordInput, TermsOrder, Ticket,
  SqlAnswer, SqlFailure,
  EmergencyRequest, EmergencyView, EraseBasis, EraseScope, ErasureView, NodeDuties, UsedAgreement, UseEntry, UseReport, VerifyReport
} from './contract/index.ts'
export { keysOf, type Keys, type Seeds } from './founding/index.ts'
export { adoptStore, promisedFeeds } from './federation/index.ts'
export type { ProfileName } from './consensus/index.ts'
export { createNode } from './node.ts'
export type { NodeOptions } from './options.ts'
export { inspectBundle, PROOF_FILE_BYTES_MAX, verifyProof, type ProofReport } from './bundle/index.ts'
export { USE_PROOF_BYTES_MAX, verifyUseProof } from './duties/index.ts'
export { ANSWER_PROOF_BYTES_MAX, verifyAnswerProof } from './asking/index.ts'
export { LEDGER_PROOF_BYTES_MAX, verifyLedgerProof, type LedgerProofReport } from './lightProof.ts'
