import {
  openNegotiation, requestNegotiation, stepNegotiation, type ContractRequestMessage, type Negotiation, type NegotiationMessage, type NegotiationMove,
  type NegotiationStep, type TransferMessage
} from '../../src/core/agreement/index.ts'
import { CONSUMER_ADDRESS, CONSUMER_PID, NOW_MS, OFFER, OTHER_OFFER, PROVIDER_ADDRESS, PROVIDER_PID } from './agreement.fixture.ts'

export const PIDS: { readonly providerPid: string, readonly consumerPid: string } = { providerPid: PROVIDER_PID, consumerPid: CONSUMER_PID }
export const FIRST: ContractRequestMessage = {
  type: 'ContractRequestMessage', id: 'urn:uuid:first', consumerPid: CONSUMER_PID, providerPid: null, offer: OFFER, callbackAddress: CONSUMER_ADDRESS
}
export const kinds = ({ effects }: { readonly effects: readonly { readonly type: string }[] }): string => effects.map(({ type }) => type).join(' ')

export function opened (): NegotiationStep {
  return openNegotiation({ peer: 'did:web:consumer.example', peerAddress: CONSUMER_ADDRESS, ownPid: PROVIDER_PID, message: FIRST, nowMs: NOW_MS })
}

export function requested (): NegotiationStep {
  return requestNegotiation({
    peer: 'did:web:provider.example', peerAddress: PROVIDER_ADDRESS, ownAddress: CONSUMER_ADDRESS, consumerPid: CONSUMER_PID, offer: OFFER,
    messageId: 'urn:uuid:first', nowMs: NOW_MS
  })
}

export function decided (negotiation: Negotiation, move: NegotiationMove, messageId = 'urn:uuid:m', nowMs = NOW_MS): NegotiationStep {
  return stepNegotiation(negotiation, { type: 'decided', move, messageId, nowMs })
}

export function acked (negotiation: Negotiation, messageId = 'urn:uuid:m'): NegotiationStep {
  return stepNegotiation(negotiation, { type: 'acknowledged', messageId, pid: 'urn:uuid:of-the-peer', nowMs: NOW_MS })
}

export function got (negotiation: Negotiation, message: NegotiationMessage): NegotiationStep {
  return stepNegotiation(negotiation, { type: 'message', message, nowMs: NOW_MS })
}

export function failed (negotiation: Negotiation, how: 'refused' | 'unreachable', nowMs: number, jitter = 0.5, messageId = 'urn:uuid:m'): NegotiationStep {
  return stepNegotiation(negotiation, { type: 'failed', messageId, how, nowMs, jitter })
}

export function answerOf (step: NegotiationStep): { readonly status: number, readonly state: unknown } {
  const answer = step.effects.flatMap(each => each.type === 'answer' ? [each] : [])[0]
  return { status: answer?.status ?? 0, state: answer?.body['state'] }
}

export const offering = (): Negotiation => decided(opened().state, { do: 'offer', offer: OTHER_OFFER }).state
export const offered = (): Negotiation => acked(offering()).state
export const EVENT = { type: 'ContractNegotiationEventMessage', ...PIDS } as const
export const TERMINATION: NegotiationMessage = { type: 'ContractNegotiationTerminationMessage', id: 'urn:uuid:t', ...PIDS, code: 'x', reason: [] }

export const TRANSFER: Extract<TransferMessage, { type: 'TransferRequestMessage' }> = {
  type: 'TransferRequestMessage', id: 'urn:uuid:first', providerPid: null, consumerPid: CONSUMER_PID, agreementId: 'urn:uuid:a', format: 'HttpData-PULL',
  callbackAddress: CONSUMER_ADDRESS, dataAddress: null
}
