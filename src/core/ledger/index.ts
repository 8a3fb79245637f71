/**
 * Says what blocks mean: members vote, bind keys, register and anchor datasets, and who votes next follows from that.
 */
export {
  BLOCK_OPERATIONS_MAX, BLOCK_TRANSACTIONS_MAX, bodyRootOf, BODY_BYTES_MAX, createLedger, decodeBody, encodeBody, stateOfRows,
  type CheckFailure, type Executed, type Ledger, type LedgerOptions, type NextEpoch
} from './ledger.ts'
export {
  decodeTransaction, decodeTransactionBody, handler, proposalId, readOperation, signTransaction, transactionBody, transactionId, TRANSACTION_BYTES_MAX,
  TRANSACTION_OPERATIONS_MAX, type Handler, type LedgerTransaction, type ReadOperation, type Registry, type TransactionFailure,
  type TransactionBody, type TransactionFields, type Turn
} from './transaction.ts'
export {
  decodeOperation, decodePayload, encodeOperation, encodePayload, operation, OPERATION_BYTES_MAX, OPERATIONS, PROPOSAL_KINDS, type FieldsOf, type Operation, type OperationFields,
  type OperationName, type Payload, type ProposalKind, type SignerKind
} from './operations.ts'
export { CERTIFICATE_SKEW_MS, keyProofBytes } from './members.ts'
export { agreementBytes, DAY_MS } from './records.ts'
export {
  CLASSES, decodeRow, PARAMETER_RANGES, PARAMETERS, PURPOSES, rowKey, TABLES,
  type CertificateRow, type KeyPart, type ParameterName, type Parameters, type Purpose, type RowOf, type Seat, type Table
} from './rows.ts'
export { type BlockContext, type LedgerState, type StateRow, type Verdict } from './state.ts'
export {
  agreementOf, certificateOf, datasetOf, feedOf, isReadyWanted, keysOf, knowsVerdict, LedgerIndex, memberOf, membershipFacts, membersOf, nextSequence,
  proposalOf, proposalsOf, seatOf, standingOf,
  type DatasetEntry, type FeedEntry, type MemberEntry, type MembershipFacts, type NodeEntry, type ProposalEntry, type Standing
} from './queries.ts'
export {
  decodeOperationProof, encodeOperationProof, makeOperationProof, OPERATION_PROOF_BYTES_MAX, proveRow, verifyOperationProof, verifyRow,
  type OperationProof, type OperationProofFailure, type ProvenOperation, type RowProof
} from './proofs.ts'
