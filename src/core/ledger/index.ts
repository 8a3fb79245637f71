/**
 * Says what blocks mean: members vote, bind keys, register and anchor datasets, and who votes next follows from that.
 *
 * `createLedger` is what consensus orders blocks for: pure, synchronous and total. The state is a Merkle map of rows
 * (`TABLES`); keys are canonical `[code, ...parts]`, values canonical DAG-CBOR, its root stands in every header.
 *
 * A transaction is canonical `{body, cert, signature, ops: [bytes, ...]}`; 1 to 256 operations, 64 KiB. Its author signs
 * `body = {v, federation, kind: 'tx', author, seq, notAfterMs, opsRoot, opsCount}`; the id is SHA-256 of canonical
 * `{body, cert, signature}`. `cert` is the certificate of the node that signs, on the ledger or carried by a `node.put` of
 * the same transaction, or the raw CID of a key of the author: its root key, or one bound for govern, consensus or a role.
 * `seq` is the last of that key plus one, which alone prevents replay. A block's body is a canonical list of envelopes, or
 * zero bytes; `bodyRoot` is the Merkle root over ids.
 *
 * Inclusion means effect: a block with a transaction that fails is invalid, so that a proof of inclusion proves the effect.
 * Each operation is an array `[code, ...fields]` of the closed table `OPERATIONS`; other rooms pass handlers for codes of
 * their own. No field is free text, and none names a person. Time is the block's; certificates count 24 h around their period.
 *
 * Seats: `due` is the content of the next seal, a function of the state alone. Per seal at most max(1, f) seats change, in
 * order of acceptance: members that left, those voted, proven or long absent to be parked, learners and returning ones that
 * said `validator.ready` within a day. A fresh consensus key alone is no reason for a seal; a revoked one is, and costs no
 * seat. Parameters, thresholds and protocol change with a seal as well, each checked when proposed and when applied.
 *
 * Proposals pass by the rules of the charter: more than two thirds, for the charter itself also three quarters and both
 * thresholds. Only ballots of those who are members when a ballot decides count. A new root key is a new member in the old
 * one's place (`rebind`). Ballots stand in the proposal's row. Statements beside transactions are signed over
 * `["hanse", 1, federation, kind, ...fields]`: `agreement` by the counterparty's node key, `key` by a key to be bound.
 *
 * A feed belongs to whoever lists it first: its declaration is off the ledger, and a claim that contradicts it is void for
 * all who hold it. That no feed of class `pair` is anchored is its publisher's duty, for the same reason.
 */
export {
  BLOCK_OPERATIONS_MAX, BLOCK_TRANSACTIONS_MAX, bodyRootOf, createLedger, decodeBody, encodeBody, stateOfRows,
  type CheckFailure, type Executed, type Ledger, type LedgerOptions, type NextEpoch
} from './ledger.ts'
export {
  decodeTransaction, decodeTransactionBody, handler, proposalId, readOperation, signTransaction, transactionBody, transactionId, TRANSACTION_BYTES_MAX,
  TRANSACTION_OPERATIONS_MAX, type Handler, type LedgerTransaction, type ReadOperation, type Registry, type TransactionFailure,
  type TransactionBody, type TransactionFields, type Turn
} from './transaction.ts'
export {
  decodeOperation, decodePayload, encodeOperation, encodePayload, operation, OPERATION_BYTES_MAX, OPERATIONS, PROPOSAL_KINDS,
  type FieldsOf, type Operation, type OperationFields, type OperationName, type Payload, type ProposalKind, type SignerKind
} from './operations.ts'
export { keyProofBytes } from './members.ts'
export { agreementBytes, DAY_MS } from './records.ts'
export {
  CLASSES, decodeRow, encodeRow, PARAMETER_RANGES, PARAMETERS, PURPOSES, rowKey, TABLES,
  type CertificateRow, type KeyPart, type ParameterName, type Parameters, type Purpose, type RowOf, type Seat, type Table
} from './rows.ts'
export { type LedgerState, type StateRow } from './state.ts'
export type { BlockContext, Verdict } from '../finality/index.ts'
export {
  agreementOf, certificateOf, datasetOf, feedOf, isReadyWanted, keysOf, LedgerIndex, memberOf, membershipFacts, membersOf, nextSequence,
  proposalOf, proposalsOf, seatOf, standingOf,
  type DatasetEntry, type FeedEntry, type MemberEntry, type MembershipFacts, type NodeEntry, type ProposalEntry, type Standing
} from './queries.ts'
export {
  decodeOperationProof, encodeOperationProof, makeOperationProof, proveRow, verifyOperationProof, verifyRow,
  type OperationProof, type OperationProofFailure, type ProvenOperation, type RowProof
} from './proofs.ts'
