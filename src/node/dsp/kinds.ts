import type { CodecFailure, Result } from '../../base/index.ts'
import {
  decodeContractNegotiation, decodeNegotiation, decodeTransfer, decodeTransferProcess, encodeContractNegotiation, encodeTransferProcess, stepNegotiation,
  stepTransfer, type JsonObject, type MessageFailure, type Negotiation, type NegotiationMessage, type NegotiationMove, type NegotiationState,
  type Process, type ProcessInput, type ProcessStep, type Transfer, type TransferMessage, type TransferMove, type TransferState
} from '../../core/agreement/index.ts'
import { negotiationRowKey, transferRowKey } from '../rows/index.ts'

export type Input<M, Move> = ProcessInput<M> | { readonly type: 'decided', readonly move: Move, readonly messageId: string, readonly nowMs: number }
export type Standing<S extends string> = { readonly providerPid: string, readonly consumerPid: string, readonly state: S }

/** What tells negotiations and transfers apart, for what is the same with both. */
export type Kind<S extends string, M, P extends Process<S, M>, Move> = {
  readonly collection: 'negotiations' | 'transfers'
  readonly errorType: 'ContractNegotiationError' | 'TransferError'
  readonly final: readonly S[]
  /** Whether a finished process is forgotten after a while; one that holds an agreement never is. */
  isForgotten (process: P): boolean
  step (process: P, input: Input<M, Move>): ProcessStep<S, P>
  rowKey (pid: string): Uint8Array
  decodeRow (row: Uint8Array): Result<P, CodecFailure>
  encodeStanding (standing: Standing<S>): JsonObject
  decodeStanding (json: unknown): Result<Standing<S>, MessageFailure>
}

export const NEGOTIATIONS: Kind<NegotiationState, NegotiationMessage, Negotiation, NegotiationMove> = {
  collection: 'negotiations',
  errorType: 'ContractNegotiationError',
  final: ['FINALIZED', 'TERMINATED'],
  isForgotten: ({ state }) => state !== 'FINALIZED',
  step: stepNegotiation,
  rowKey: negotiationRowKey,
  decodeRow: decodeNegotiation,
  encodeStanding: encodeContractNegotiation,
  decodeStanding: decodeContractNegotiation
}

export const TRANSFERS: Kind<TransferState, TransferMessage, Transfer, TransferMove> = {
  collection: 'transfers',
  errorType: 'TransferError',
  final: ['COMPLETED', 'TERMINATED'],
  isForgotten: () => true,
  step: stepTransfer,
  rowKey: transferRowKey,
  decodeRow: decodeTransfer,
  encodeStanding: encodeTransferProcess,
  decodeStanding: decodeTransferProcess
}
