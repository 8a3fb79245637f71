import { fail, ok, type Result, type Schema } from '../../base/index.ts'
import {
  agreementJson, agreementSchema, countersignatureJson, countersignatureSchema, offerJson, offerSchema, type Agreement, type Countersignature, type Offer
} from './agreement.ts'
import {
  addressSchema, CODE_CHARACTERS_MAX, exactly, idSchema, isObject, messageJson, messageSchema, object, prose, read, reasonSchema,
  type JsonObject, type MessageFailure
} from './json.ts'
import { NEGOTIATION_STATES, type NegotiationAct, type NegotiationState } from './transitions.ts'

/** What every message has. `id` is the message's own; a peer may leave it out, and then it cannot be told from its repetition. */
type Pids = { readonly id: string | null, readonly providerPid: string, readonly consumerPid: string }

/** A first request opens a negotiation and says where to answer; a later one names the provider's process. Never both. */
export type ContractRequestMessage = {
  readonly type: 'ContractRequestMessage', readonly id: string | null, readonly consumerPid: string, readonly offer: Offer
} & FirstOr<'providerPid'>

export type ContractOfferMessage = {
  readonly type: 'ContractOfferMessage', readonly id: string | null, readonly providerPid: string, readonly offer: Offer
} & FirstOr<'consumerPid'>

type FirstOr<Pid extends string> =
  | { readonly callbackAddress: string } & { readonly [P in Pid]: null }
  | { readonly callbackAddress: null } & { readonly [P in Pid]: string }

export type ContractAgreementMessage = Pids & { readonly type: 'ContractAgreementMessage', readonly agreement: Agreement }

export type ContractAgreementVerificationMessage = Pids & {
  readonly type: 'ContractAgreementVerificationMessage'
  /** null from a foreign connector. */
  readonly countersignature: Countersignature | null
}

export type ContractNegotiationEventMessage = Pids & {
  readonly type: 'ContractNegotiationEventMessage', readonly eventType: 'ACCEPTED' | 'FINALIZED'
}

export type ContractNegotiationTerminationMessage = Pids & {
  readonly type: 'ContractNegotiationTerminationMessage', readonly code: string | null, readonly reason: readonly string[]
}

export type NegotiationMessage =
  | ContractRequestMessage | ContractOfferMessage | ContractAgreementMessage | ContractAgreementVerificationMessage
  | ContractNegotiationEventMessage | ContractNegotiationTerminationMessage

/** The answer to every message that is taken, and to a question how a negotiation stands. */
export type ContractNegotiation = { readonly providerPid: string, readonly consumerPid: string, readonly state: NegotiationState }

const pids = { providerPid: idSchema, consumerPid: idSchema }

const SCHEMAS: { readonly [T in NegotiationMessage['type']]: Schema<Extract<NegotiationMessage, { type: T }>> } = {
  ContractRequestMessage: (value, path) => {
    const parsed = messageSchema({ consumerPid: idSchema, offer: offerSchema }, { providerPid: idSchema, callbackAddress: addressSchema })(value, path)
    if (!parsed.ok) return parsed
    const { '@id': id, consumerPid, offer, providerPid, callbackAddress } = parsed.value
    const common = { type: 'ContractRequestMessage', id, consumerPid, offer } as const
    if (providerPid === null && callbackAddress !== null) return ok({ ...common, providerPid, callbackAddress })
    if (providerPid !== null && callbackAddress === null) return ok({ ...common, providerPid, callbackAddress })
    return fail({ path, expected: 'either callbackAddress (a first request) or providerPid (a later one)' })
  },
  ContractOfferMessage: (value, path) => {
    const parsed = messageSchema({ providerPid: idSchema, offer: offerSchema }, { consumerPid: idSchema, callbackAddress: addressSchema })(value, path)
    if (!parsed.ok) return parsed
    const { '@id': id, providerPid, offer, consumerPid, callbackAddress } = parsed.value
    if (offer.target === null) return fail({ path: `${path}/offer/target`, expected: 'this member to be present' })
    const common = { type: 'ContractOfferMessage', id, providerPid, offer } as const
    if (consumerPid === null && callbackAddress !== null) return ok({ ...common, consumerPid, callbackAddress })
    if (consumerPid !== null && callbackAddress === null) return ok({ ...common, consumerPid, callbackAddress })
    return fail({ path, expected: 'either callbackAddress (a first offer) or consumerPid (a later one)' })
  },
  ContractAgreementMessage: (value, path) => {
    const parsed = messageSchema({ ...pids, agreement: agreementSchema }, {})(value, path)
    if (!parsed.ok) return parsed
    const { '@id': id, providerPid, consumerPid, agreement } = parsed.value
    return ok({ type: 'ContractAgreementMessage', id, providerPid, consumerPid, agreement })
  },
  ContractAgreementVerificationMessage: (value, path) => {
    const parsed = messageSchema(pids, {})(value, path)
    if (!parsed.ok) return parsed
    const { '@id': id, providerPid, consumerPid } = parsed.value
    const countersignature = countersignatureSchema(value, path)
    if (!countersignature.ok) return countersignature
    return ok({ type: 'ContractAgreementVerificationMessage', id, providerPid, consumerPid, countersignature: countersignature.value })
  },
  ContractNegotiationEventMessage: (value, path) => {
    const parsed = messageSchema({ ...pids, eventType: exactly('ACCEPTED', 'FINALIZED') }, {})(value, path)
    if (!parsed.ok) return parsed
    const { '@id': id, providerPid, consumerPid, eventType } = parsed.value
    return ok({ type: 'ContractNegotiationEventMessage', id, providerPid, consumerPid, eventType })
  },
  ContractNegotiationTerminationMessage: (value, path) => {
    const parsed = messageSchema(pids, { code: prose(CODE_CHARACTERS_MAX), reason: reasonSchema })(value, path)
    if (!parsed.ok) return parsed
    const { '@id': id, providerPid, consumerPid, code, reason } = parsed.value
    return ok({ type: 'ContractNegotiationTerminationMessage', id, providerPid, consumerPid, code, reason: reason ?? [] })
  }
}

/** Any message, by its own `@type`. */
export const negotiationMessageSchema: Schema<NegotiationMessage> = (value, path) => {
  const type = isObject(value) ? Object.keys(SCHEMAS).find((each): each is NegotiationMessage['type'] => each === value['@type']) : undefined
  return type === undefined ? fail({ path: `${path}/@type`, expected: 'the type of a message' }) : SCHEMAS[type](value, path)
}

/** `json` is what was parsed, `types` what the path that it came by is for. */
export function decodeNegotiationMessage<T extends NegotiationMessage['type']> (
  json: unknown, types: readonly T[]
): Result<Extract<NegotiationMessage, { type: T }>, MessageFailure> {
  const type = isObject(json) ? types.find(each => each === json['@type']) : undefined
  if (type === undefined) return fail({ code: 'message', position: '/@type', reason: `expected ${types.join(' or ')}` })
  return read(SCHEMAS[type], json)
}

export function encodeNegotiationMessage (message: NegotiationMessage): JsonObject {
  const { type, id, providerPid, consumerPid } = message
  switch (type) {
    case 'ContractRequestMessage':
    case 'ContractOfferMessage': {
      const { offer, callbackAddress } = message
      return messageJson(type, id, { providerPid, consumerPid, offer: offerJson(offer), callbackAddress })
    }
    case 'ContractAgreementMessage': return messageJson(type, id, { providerPid, consumerPid, agreement: agreementJson(message.agreement) })
    case 'ContractAgreementVerificationMessage':
      return messageJson(type, id, { providerPid, consumerPid, ...countersignatureJson(message.countersignature) })
    case 'ContractNegotiationEventMessage': return messageJson(type, id, { providerPid, consumerPid, eventType: message.eventType })
    case 'ContractNegotiationTerminationMessage':
      return messageJson(type, id, { providerPid, consumerPid, code: message.code, reason: message.reason.length === 0 ? null : message.reason })
  }
}

export function decodeContractNegotiation (json: unknown): Result<ContractNegotiation, MessageFailure> {
  const parsed = read(object({ '@type': exactly('ContractNegotiation'), ...pids, state: exactly(...NEGOTIATION_STATES) }, {}), json)
  if (!parsed.ok) return parsed
  const { providerPid, consumerPid, state } = parsed.value
  return ok({ providerPid, consumerPid, state })
}

export function encodeContractNegotiation ({ providerPid, consumerPid, state }: ContractNegotiation): JsonObject {
  return messageJson('ContractNegotiation', null, { providerPid, consumerPid, state })
}

export function actOfNegotiationMessage (message: NegotiationMessage): NegotiationAct {
  switch (message.type) {
    case 'ContractRequestMessage': return 'request'
    case 'ContractOfferMessage': return 'offer'
    case 'ContractAgreementMessage': return 'agree'
    case 'ContractAgreementVerificationMessage': return 'verify'
    case 'ContractNegotiationEventMessage': return message.eventType === 'ACCEPTED' ? 'accept' : 'finalize'
    case 'ContractNegotiationTerminationMessage': return 'terminate'
  }
}
