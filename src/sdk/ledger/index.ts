/**
 * Says what client and server exchange about the federation's ledger: types and schemas, once for both ends.
 *
 * Bodies are strict, answers may carry fields that are newer than the client. Ids, digests and roots are lower case hex.
 */
export {
  applicationsSchema, auditSchema, blockPageSchema, ledgerCheckSchema, ledgerMembersSchema, ledgerStatusSchema, PROPOSAL_ID, proposalRequestSchema,
  proposalsSchema, proposedSchema, publicCheckpointSchema, submittedSchema, voteSchema
} from './schemas.ts'
export type {
  ApplicationView, AuditEntry, BlockPage, BlockView, LedgerCheck, LedgerMember, LedgerStatus, OperationView, ProposalKind, ProposalRequest,
  ProposalView, Proposed, PublicCheckpoint, Submitted, TransactionView
} from './types.ts'
