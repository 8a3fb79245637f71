import { assert, nullable, unreachable, type CodecFailure, type Result } from '../../base/index.ts'
import { agreementJson, agreementSchema, offerJson, offerSchema, type Agreement, type Countersignature, type Offer } from './agreement.ts'
import {
  actOfNegotiationMessage, encodeContractNegotiation, encodeNegotiationMessage, negotiationMessageSchema,
  type ContractOfferMessage, type ContractRequestMessage, type NegotiationMessage
} from './negotiationMessage.ts'
import { askPerson, sendMessage, stepProcess, type ProcessEffect, type ProcessInput, type ProcessOf, type ProcessStep, type Rules } from './process.ts'
import { decodeProcessRow, encodeProcessRow, jsonBytes, jsonIn } from './rows.ts'
import { NEGOTIATION_STATES, NEGOTIATION_TABLE, type NegotiationAct, type NegotiationState, type Role } from './transitions.ts'

type NegotiationKind = {
  readonly state: NegotiationState
  readonly act: NegotiationAct
  readonly message: NegotiationMessage
  readonly own: {
    /** The last request that the consumer made, and the last offer that the provider made in this negotiation. */
    readonly requested: Offer | null
    readonly offered: Offer | null
    readonly agreement: Agreement | null
  }
}

/** A contract negotiation as one of its two sides sees it. */
export type Negotiation = ProcessOf<NegotiationKind>

export type NegotiationStep = ProcessStep<NegotiationState, Negotiation>
export type NegotiationEffect = ProcessEffect<NegotiationState>

/** What a strategy or a person decided, with everything the message needs. */
export type NegotiationMove = Sent | { readonly do: 'ask' } | { readonly do: 'wait' }

type Sent =
  | { readonly do: 'offer', readonly offer: Offer }
  | { readonly do: 'counter', readonly offer: Offer }
  /** With the provider's signature, unless the consumer is a foreign connector. */
  | { readonly do: 'agree', readonly agreement: Agreement }
  | { readonly do: 'verify', readonly countersignature: Countersignature | null }
  | { readonly do: 'accept' }
  | { readonly do: 'finalize' }
  | { readonly do: 'terminate', readonly code: string, readonly reason: readonly string[] }

export type NegotiationInput =
  | ProcessInput<NegotiationMessage>
  | { readonly type: 'decided', readonly move: NegotiationMove, readonly messageId: string, readonly nowMs: number }

export const NEGOTIATION_IDLE_MS_MAX = 2_592_000_000

const NEW = {
  state: null, visits: [], movedBy: null, outgoing: null, answered: [], isAsked: false, ended: null, requested: null, offered: null, agreement: null
} as const

/** Begins as consumer: the request is under way in the first step. */
export function requestNegotiation (
  { peer, peerAddress, ownAddress, consumerPid, offer, messageId, nowMs }: {
    readonly peer: string, readonly peerAddress: string, readonly ownAddress: string, readonly consumerPid: string
    readonly offer: Offer, readonly messageId: string, readonly nowMs: number
  }
): NegotiationStep {
  const opened: Negotiation = { ...NEW, role: 'consumer', peer, peerAddress, providerPid: null, consumerPid, changedMs: nowMs }
  const message: ContractRequestMessage = {
    type: 'ContractRequestMessage', id: messageId, consumerPid, providerPid: null, offer, callbackAddress: ownAddress
  }
  return sendMessage(RULES, opened, message, nowMs)
}

/** Takes a first message of `peer`, whose callback address was found to be its own. `ownPid` is fresh. */
export function openNegotiation (
  { peer, peerAddress, ownPid, message, nowMs }: {
    readonly peer: string, readonly peerAddress: string, readonly ownPid: string
    readonly message: ContractRequestMessage | ContractOfferMessage, readonly nowMs: number
  }
): NegotiationStep {
  assert(message.callbackAddress !== null, 'a negotiation is opened by a first message')
  const role: Role = message.type === 'ContractRequestMessage' ? 'provider' : 'consumer'
  const pids = role === 'provider' ? { providerPid: ownPid, consumerPid: message.consumerPid } : { providerPid: message.providerPid, consumerPid: ownPid }
  const opened: Negotiation = { ...NEW, role, peer, peerAddress, ...pids, changedMs: nowMs }
  return stepProcess(RULES, opened, { type: 'message', message, nowMs })
}

/** What is agreed on if the provider agrees now: the offer that was accepted, else what was asked for. */
export function agreedTerms ({ visits, offered, requested }: Negotiation): Offer | null {
  return visits.includes('ACCEPTED') ? offered : requested
}

/** By what a first message is known again when it comes twice: the same key, the same process. */
export function negotiationKey (peer: string, message: ContractRequestMessage | ContractOfferMessage): string {
  const pid = message.type === 'ContractRequestMessage' ? message.consumerPid : message.providerPid
  return JSON.stringify([peer, message.type, pid, message.offer.id])
}

export function stepNegotiation (negotiation: Negotiation, input: NegotiationInput): NegotiationStep {
  return input.type === 'decided' ? onDecision(negotiation, input) : stepProcess(RULES, negotiation, input)
}

/** The row of a negotiation. */
export function encodeNegotiation (negotiation: Negotiation): Uint8Array {
  const { requested, offered, agreement } = negotiation
  return encodeProcessRow(negotiation, encodeNegotiationMessage, {
    requested: requested === null ? null : jsonBytes(offerJson(requested)),
    offered: offered === null ? null : jsonBytes(offerJson(offered)),
    agreement: agreement === null ? null : jsonBytes(agreementJson(agreement))
  })
}

export function decodeNegotiation (row: Uint8Array): Result<Negotiation, CodecFailure> {
  return decodeProcessRow(row, NEGOTIATION_STATES, negotiationMessageSchema, ROW_FIELDS)
}

const ROW_FIELDS = { requested: nullable(jsonIn(offerSchema)), offered: nullable(jsonIn(offerSchema)), agreement: nullable(jsonIn(agreementSchema)) }

function onDecision (
  negotiation: Negotiation, { move, messageId, nowMs }: Extract<NegotiationInput, { type: 'decided' }>
): NegotiationStep {
  if (move.do === 'wait') return { state: negotiation, effects: [] }
  if (move.do === 'ask') return askPerson(RULES, negotiation)
  const { providerPid, consumerPid } = negotiation
  // Nothing but the first message leaves before both are known.
  if (providerPid === null || consumerPid === null) return { state: negotiation, effects: [{ type: 'declined', code: 'busy' }] }
  return sendMessage(RULES, negotiation, messageOf(move, { id: messageId, providerPid, consumerPid }), nowMs)
}

function messageOf (
  move: Sent, pids: { readonly id: string, readonly providerPid: string, readonly consumerPid: string }
): NegotiationMessage {
  switch (move.do) {
    case 'offer': return { type: 'ContractOfferMessage', ...pids, offer: move.offer, callbackAddress: null }
    case 'counter': return { type: 'ContractRequestMessage', ...pids, offer: move.offer, callbackAddress: null }
    case 'accept': return { type: 'ContractNegotiationEventMessage', ...pids, eventType: 'ACCEPTED' }
    case 'agree': return { type: 'ContractAgreementMessage', ...pids, agreement: move.agreement }
    case 'verify': return { type: 'ContractAgreementVerificationMessage', ...pids, countersignature: move.countersignature }
    case 'finalize': return { type: 'ContractNegotiationEventMessage', ...pids, eventType: 'FINALIZED' }
    case 'terminate': return { type: 'ContractNegotiationTerminationMessage', ...pids, code: move.code, reason: move.reason }
  }
}

function take (negotiation: Negotiation, message: NegotiationMessage, sender: Role): Negotiation {
  switch (message.type) {
    case 'ContractRequestMessage': return { ...negotiation, requested: message.offer }
    case 'ContractOfferMessage': return { ...negotiation, offered: message.offer }
    case 'ContractAgreementMessage': return { ...negotiation, agreement: message.agreement }
    case 'ContractAgreementVerificationMessage': {
      const { agreement } = negotiation
      return agreement === null ? negotiation : { ...negotiation, agreement: { ...agreement, consumerSignature: message.countersignature } }
    }
    case 'ContractNegotiationEventMessage': return negotiation
    case 'ContractNegotiationTerminationMessage': {
      const { code, reason } = message
      return { ...negotiation, ended: { by: sender === negotiation.role ? 'us' : 'peer', code, reason } }
    }
    default: return unreachable(message)
  }
}

function tailOf (message: NegotiationMessage): string {
  switch (message.type) {
    case 'ContractRequestMessage': return 'request'
    case 'ContractOfferMessage': return 'offers'
    case 'ContractAgreementMessage': return 'agreement'
    case 'ContractAgreementVerificationMessage': return 'agreement/verification'
    case 'ContractNegotiationEventMessage': return 'events'
    case 'ContractNegotiationTerminationMessage': return 'termination'
    default: return unreachable(message)
  }
}

const RULES: Rules<NegotiationKind> = {
  table: NEGOTIATION_TABLE,
  terminated: 'TERMINATED',
  collection: 'negotiations',
  errorType: 'ContractNegotiationError',
  idleMsMax: NEGOTIATION_IDLE_MS_MAX,
  actOf: actOfNegotiationMessage,
  tailOf,
  encode: encodeNegotiationMessage,
  encodeStanding: encodeContractNegotiation,
  take,
  terminate: ({ providerPid, consumerPid }, id, code) => ({
    type: 'ContractNegotiationTerminationMessage', id, providerPid: providerPid ?? '', consumerPid: consumerPid ?? '', code, reason: []
  }),
  encodeRow: encodeNegotiation
}
