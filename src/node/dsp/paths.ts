import type { NegotiationMessage, TransferMessage } from '../../core/agreement/index.ts'

/** Segments of a path; undefined where one cannot be read. */
export function segmentsOf (path: string): readonly string[] | undefined {
  try {
    return path.replace(/^\//, '').split('/').map(decodeURIComponent)
  } catch {
    return undefined
  }
}

/** What a path below `/negotiations/:pid/` takes; without a pid: what opens one. */
export const NEGOTIATION_TAILS: Readonly<Record<string, NegotiationMessage['type']>> = {
  'request': 'ContractRequestMessage',
  'offers': 'ContractOfferMessage',
  'agreement': 'ContractAgreementMessage',
  'agreement/verification': 'ContractAgreementVerificationMessage',
  'events': 'ContractNegotiationEventMessage',
  'termination': 'ContractNegotiationTerminationMessage'
}

export const TRANSFER_TAILS: Readonly<Record<string, TransferMessage['type']>> = {
  start: 'TransferStartMessage',
  completion: 'TransferCompletionMessage',
  suspension: 'TransferSuspensionMessage',
  termination: 'TransferTerminationMessage'
}

export const NEGOTIATION_FIRSTS: Readonly<Record<string, 'ContractRequestMessage' | 'ContractOfferMessage'>> = {
  request: 'ContractRequestMessage', offers: 'ContractOfferMessage'
}
export const TRANSFER_FIRSTS: Readonly<Record<string, 'TransferRequestMessage'>> = { request: 'TransferRequestMessage' }
