/**
 * Says what blocks mean: members vote, bind keys, register and anchor datasets, and who votes next follows from that.
 */
export {
  BLOCK_OPERATIONS_MAX, BLOCK_TRANSACTIONS_MAX, bodyRootOf, BODY_BYTES_MAX, createLedger, decodeBody, encodeBody, stateOfRows,
  type CheckFailure, type Executed, type Ledger, type LedgerOptions, type NextEpoch
} from './ledger.ts'
export {
  decodeTransaction, handler, proposalId, readOperation, signTransaction, transactionBody, transactionId, TRANSACTION_BYTES_MAX,
  TRANSACTION_OPERATIONS_MAX, type Handler, type LedgerTransaction, type ReadOperation, type Registry, type TransactionFailure,
  type TransactionFields, type Turn
} from './transaction.ts'
export {
  decodePayload, encodeOperation, encodePayload, operation, OPERATIONS, PROPOSAL_KINDS, type FieldsOf, type Operation, type OperationFields,
  type OperationName, type Payload, type ProposalKind, type SignerKind
} from './operations.ts'
export { CERTIFICATE_SKEW_MS, keyProofBytes } from './members.ts'
export { agreementBytes, DAY_MS } from './records.ts'
export { CLASSES, PARAMETER_RANGES, PARAMETERS, PURPOSES, type ParameterName, type Parameters, type Purpose } from './rows.ts'
export { type BlockContext, type LedgerState, type StateRow, type Verdict } from './state.ts'
