import { nullable, unreachable, type CodecFailure, type Result } from '../../base/index.ts'
import { idSchema } from './json.ts'
import { askPerson, sendMessage, stepProcess, type ProcessEffect, type ProcessInput, type ProcessOf, type ProcessStep, type Rules } from './process.ts'
import { decodeProcessRow, encodeProcessRow, jsonBytes, jsonIn } from './rows.ts'
import {
  actOfTransferMessage, dataAddressJson, dataAddressSchema, encodeTransferMessage, encodeTransferProcess, transferMessageSchema,
  type DataAddress, type TransferMessage, type TransferRequestMessage
} from './transferMessage.ts'
import { TRANSFER_STATES, TRANSFER_TABLE, type Role, type TransferAct, type TransferState } from './transitions.ts'

type TransferKind = {
  readonly state: TransferState
  readonly act: TransferAct
  readonly message: TransferMessage
  readonly own: {
    readonly agreementId: string
    readonly format: string
    /** Of a push, from the consumer: where to. */
    readonly destination: DataAddress | null
    /** Of a pull, from the provider: where from. That of the latest start. */
    readonly source: DataAddress | null
  }
}

/** A transfer as one of its two sides sees it. */
export type Transfer = ProcessOf<TransferKind>

export type TransferStep = ProcessStep<TransferState, Transfer>
export type TransferEffect = ProcessEffect<TransferState>

type Sent =
  /** `dataAddress` when the provider starts a pull, else null. */
  | { readonly do: 'start', readonly dataAddress: DataAddress | null }
  | { readonly do: 'complete' }
  | { readonly do: 'suspend' | 'terminate', readonly code: string, readonly reason: readonly string[] }

export type TransferMove = Sent | { readonly do: 'ask' } | { readonly do: 'wait' }

export type TransferInput =
  | ProcessInput<TransferMessage>
  | { readonly type: 'decided', readonly move: TransferMove, readonly messageId: string, readonly nowMs: number }

const NEW = { state: null, visits: [], movedBy: null, outgoing: null, answered: [], isAsked: false, ended: null, source: null } as const

/** Begins as consumer: the request is under way in the first step. */
export function requestTransfer (
  { peer, peerAddress, ownAddress, consumerPid, agreementId, format, dataAddress, messageId, nowMs }: {
    readonly peer: string, readonly peerAddress: string, readonly ownAddress: string, readonly consumerPid: string
    readonly agreementId: string, readonly format: string, readonly dataAddress: DataAddress | null
    readonly messageId: string, readonly nowMs: number
  }
): TransferStep {
  const opened: Transfer = {
    ...NEW, role: 'consumer', peer, peerAddress, providerPid: null, consumerPid, agreementId, format, destination: dataAddress, changedMs: nowMs
  }
  const message: TransferRequestMessage = {
    type: 'TransferRequestMessage', id: messageId, providerPid: null, consumerPid, agreementId, format, callbackAddress: ownAddress, dataAddress
  }
  return sendMessage(RULES, opened, message, nowMs)
}

/** Takes the request of `peer`, whose callback address was found to be its own. `ownPid` is fresh. */
export function openTransfer (
  { peer, peerAddress, ownPid, message, nowMs }: {
    readonly peer: string, readonly peerAddress: string, readonly ownPid: string, readonly message: TransferRequestMessage, readonly nowMs: number
  }
): TransferStep {
  const { consumerPid, agreementId, format, dataAddress } = message
  const opened: Transfer = {
    ...NEW, role: 'provider', peer, peerAddress, providerPid: ownPid, consumerPid, agreementId, format, destination: dataAddress, changedMs: nowMs
  }
  return stepProcess(RULES, opened, { type: 'message', message, nowMs })
}

/** By what a request is known again when it comes twice: the same key, the same process. */
export function transferKey (peer: string, { consumerPid }: TransferRequestMessage): string {
  return JSON.stringify([peer, consumerPid])
}

/** Data may move: started, and nothing of ours under way that would stop it. */
export function isFlowing ({ state, outgoing }: Transfer): boolean {
  return state === 'STARTED' && outgoing === null
}

export function stepTransfer (transfer: Transfer, input: TransferInput): TransferStep {
  if (input.type !== 'decided') return stepProcess(RULES, transfer, input)
  const { move, messageId, nowMs } = input
  if (move.do === 'wait') return { state: transfer, effects: [] }
  if (move.do === 'ask') return askPerson(RULES, transfer)
  const { providerPid, consumerPid } = transfer
  if (providerPid === null || consumerPid === null) return { state: transfer, effects: [{ type: 'declined', code: 'busy' }] }
  return sendMessage(RULES, transfer, messageOf(move, { id: messageId, providerPid, consumerPid }), nowMs)
}

/** The row of a transfer. */
export function encodeTransfer (transfer: Transfer): Uint8Array {
  const { agreementId, format, destination, source } = transfer
  return encodeProcessRow(transfer, encodeTransferMessage, {
    agreementId, format,
    destination: destination === null ? null : jsonBytes(dataAddressJson(destination)),
    source: source === null ? null : jsonBytes(dataAddressJson(source))
  })
}

export function decodeTransfer (row: Uint8Array): Result<Transfer, CodecFailure> {
  return decodeProcessRow(row, TRANSFER_STATES, transferMessageSchema, ROW_FIELDS)
}

const ROW_FIELDS = {
  agreementId: idSchema, format: idSchema, destination: nullable(jsonIn(dataAddressSchema)), source: nullable(jsonIn(dataAddressSchema))
}

function messageOf (move: Sent, pids: { readonly id: string, readonly providerPid: string, readonly consumerPid: string }): TransferMessage {
  switch (move.do) {
    case 'start': return { type: 'TransferStartMessage', ...pids, dataAddress: move.dataAddress }
    case 'complete': return { type: 'TransferCompletionMessage', ...pids }
    case 'suspend': return { type: 'TransferSuspensionMessage', ...pids, code: move.code, reason: move.reason }
    case 'terminate': return { type: 'TransferTerminationMessage', ...pids, code: move.code, reason: move.reason }
  }
}

function take (transfer: Transfer, message: TransferMessage, sender: Role): Transfer {
  switch (message.type) {
    case 'TransferStartMessage': return sender === 'provider' && message.dataAddress !== null ? { ...transfer, source: message.dataAddress } : transfer
    case 'TransferTerminationMessage': {
      const { code, reason } = message
      return { ...transfer, ended: { by: sender === transfer.role ? 'us' : 'peer', code, reason } }
    }
    case 'TransferRequestMessage':
    case 'TransferCompletionMessage':
    case 'TransferSuspensionMessage': return transfer
    default: return unreachable(message)
  }
}

function tailOf (message: TransferMessage): string {
  switch (message.type) {
    case 'TransferRequestMessage': return 'request'
    case 'TransferStartMessage': return 'start'
    case 'TransferCompletionMessage': return 'completion'
    case 'TransferSuspensionMessage': return 'suspension'
    case 'TransferTerminationMessage': return 'termination'
    default: return unreachable(message)
  }
}

const RULES: Rules<TransferKind> = {
  table: TRANSFER_TABLE,
  terminated: 'TERMINATED',
  collection: 'transfers',
  errorType: 'TransferError',
  // A stream stays started until somebody ends it.
  idleMsMax: null,
  actOf: actOfTransferMessage,
  tailOf,
  encode: encodeTransferMessage,
  encodeStanding: encodeTransferProcess,
  take,
  terminate: ({ providerPid, consumerPid }, id, code) => ({
    type: 'TransferTerminationMessage', id, providerPid: providerPid ?? '', consumerPid: consumerPid ?? '', code, reason: []
  }),
  encodeRow: encodeTransfer
}
