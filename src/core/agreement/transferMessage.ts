import { fail, ok, type Result, type Schema } from '../../base/index.ts'
import {
  addressSchema, CODE_CHARACTERS_MAX, exactly, idSchema, isObject, items, messageJson, messageSchema, object, prose, read, reasonSchema,
  type Json, type JsonObject, type MessageFailure
} from './json.ts'
import { TRANSFER_STATES, type TransferAct, type TransferState } from './transitions.ts'

/** Where data is fetched (given by the provider of a pull) or wanted (given by the consumer of a push). */
export type DataAddress = {
  readonly endpointType: string
  readonly endpoint: string | null
  readonly properties: ReadonlyArray<{ readonly name: string, readonly value: string }>
}

type Pids = { readonly id: string | null, readonly providerPid: string, readonly consumerPid: string }

/** Always a first message. */
export type TransferRequestMessage = {
  readonly type: 'TransferRequestMessage'
  readonly id: string | null
  readonly providerPid: null
  readonly consumerPid: string
  readonly agreementId: string
  readonly format: string
  readonly callbackAddress: string
  /** Of a push. */
  readonly dataAddress: DataAddress | null
}

export type TransferStartMessage = Pids & { readonly type: 'TransferStartMessage', readonly dataAddress: DataAddress | null }
export type TransferCompletionMessage = Pids & { readonly type: 'TransferCompletionMessage' }
export type TransferSuspensionMessage = Pids & {
  readonly type: 'TransferSuspensionMessage', readonly code: string | null, readonly reason: readonly string[]
}
export type TransferTerminationMessage = Pids & {
  readonly type: 'TransferTerminationMessage', readonly code: string | null, readonly reason: readonly string[]
}

export type TransferMessage =
  | TransferRequestMessage | TransferStartMessage | TransferCompletionMessage | TransferSuspensionMessage | TransferTerminationMessage

/** The answer to every message that is taken, and to a question how a transfer stands. */
export type TransferProcess = { readonly providerPid: string, readonly consumerPid: string, readonly state: TransferState }

const PROPERTIES_MAX = 32
const PROPERTY_CHARACTERS_MAX = 4096
const pids = { providerPid: idSchema, consumerPid: idSchema }
const coded = { code: prose(CODE_CHARACTERS_MAX), reason: reasonSchema }

export const dataAddressSchema: Schema<DataAddress> = (value, path) => {
  const property = object({
    '@type': exactly('EndpointProperty'), 'name': prose(CODE_CHARACTERS_MAX), 'value': prose(PROPERTY_CHARACTERS_MAX)
  }, {})
  const parsed = object({ '@type': exactly('DataAddress'), 'endpointType': addressSchema }, {
    endpoint: addressSchema, endpointProperties: items(property, PROPERTIES_MAX, 1)
  })(value, path)
  if (!parsed.ok) return parsed
  const { endpointType, endpoint, endpointProperties } = parsed.value
  return ok({ endpointType, endpoint, properties: (endpointProperties ?? []).map(({ name, value: text }) => ({ name, value: text })) })
}

export function dataAddressJson ({ endpointType, endpoint, properties }: DataAddress): JsonObject {
  return {
    '@type': 'DataAddress', endpointType, ...endpoint === null ? {} : { endpoint },
    ...properties.length === 0 ? {} : { endpointProperties: properties.map(({ name, value }) => ({ '@type': 'EndpointProperty', name, value })) }
  }
}

const SCHEMAS: { readonly [T in TransferMessage['type']]: Schema<Extract<TransferMessage, { type: T }>> } = {
  TransferRequestMessage: (value, path) => {
    const parsed = messageSchema(
      { consumerPid: idSchema, agreementId: idSchema, format: idSchema, callbackAddress: addressSchema }, { dataAddress: dataAddressSchema }
    )(value, path)
    if (!parsed.ok) return parsed
    const { '@id': id, consumerPid, agreementId, format, callbackAddress, dataAddress } = parsed.value
    return ok({ type: 'TransferRequestMessage', id, providerPid: null, consumerPid, agreementId, format, callbackAddress, dataAddress })
  },
  TransferStartMessage: (value, path) => {
    const parsed = messageSchema(pids, { dataAddress: dataAddressSchema })(value, path)
    if (!parsed.ok) return parsed
    const { '@id': id, providerPid, consumerPid, dataAddress } = parsed.value
    return ok({ type: 'TransferStartMessage', id, providerPid, consumerPid, dataAddress })
  },
  TransferCompletionMessage: (value, path) => {
    const parsed = messageSchema(pids, {})(value, path)
    if (!parsed.ok) return parsed
    const { '@id': id, providerPid, consumerPid } = parsed.value
    return ok({ type: 'TransferCompletionMessage', id, providerPid, consumerPid })
  },
  TransferSuspensionMessage: (value, path) => {
    const parsed = messageSchema(pids, coded)(value, path)
    if (!parsed.ok) return parsed
    const { '@id': id, providerPid, consumerPid, code, reason } = parsed.value
    return ok({ type: 'TransferSuspensionMessage', id, providerPid, consumerPid, code, reason: reason ?? [] })
  },
  TransferTerminationMessage: (value, path) => {
    const parsed = messageSchema(pids, coded)(value, path)
    if (!parsed.ok) return parsed
    const { '@id': id, providerPid, consumerPid, code, reason } = parsed.value
    return ok({ type: 'TransferTerminationMessage', id, providerPid, consumerPid, code, reason: reason ?? [] })
  }
}

/** Any message, by its own `@type`. */
export const transferMessageSchema: Schema<TransferMessage> = (value, path) => {
  const type = isObject(value) ? Object.keys(SCHEMAS).find((each): each is TransferMessage['type'] => each === value['@type']) : undefined
  return type === undefined ? fail({ path: `${path}/@type`, expected: 'the type of a message' }) : SCHEMAS[type](value, path)
}

/** `json` is what was parsed, `types` what the path that it came by is for. */
export function decodeTransferMessage<T extends TransferMessage['type']> (
  json: unknown, types: readonly T[]
): Result<Extract<TransferMessage, { type: T }>, MessageFailure> {
  const type = isObject(json) ? types.find(each => each === json['@type']) : undefined
  if (type === undefined) return fail({ code: 'message', position: '/@type', reason: `expected ${types.join(' or ')}` })
  return read(SCHEMAS[type], json)
}

export function encodeTransferMessage (message: TransferMessage): JsonObject {
  const { type, id, providerPid, consumerPid } = message
  switch (type) {
    case 'TransferRequestMessage': {
      const { agreementId, format, callbackAddress, dataAddress } = message
      return messageJson(type, id, { consumerPid, agreementId, format, callbackAddress, dataAddress: optional(dataAddress) })
    }
    case 'TransferStartMessage': return messageJson(type, id, { providerPid, consumerPid, dataAddress: optional(message.dataAddress) })
    case 'TransferCompletionMessage': return messageJson(type, id, { providerPid, consumerPid })
    case 'TransferSuspensionMessage':
    case 'TransferTerminationMessage':
      return messageJson(type, id, { providerPid, consumerPid, code: message.code, reason: message.reason.length === 0 ? null : message.reason })
  }
}

export function decodeTransferProcess (json: unknown): Result<TransferProcess, MessageFailure> {
  const parsed = read(object({ '@type': exactly('TransferProcess'), ...pids, state: exactly(...TRANSFER_STATES) }, {}), json)
  if (!parsed.ok) return parsed
  const { providerPid, consumerPid, state } = parsed.value
  return ok({ providerPid, consumerPid, state })
}

export function encodeTransferProcess ({ providerPid, consumerPid, state }: TransferProcess): JsonObject {
  return messageJson('TransferProcess', null, { providerPid, consumerPid, state })
}

export function actOfTransferMessage (message: TransferMessage): TransferAct {
  switch (message.type) {
    case 'TransferRequestMessage': return 'request'
    case 'TransferStartMessage': return 'start'
    case 'TransferCompletionMessage': return 'complete'
    case 'TransferSuspensionMessage': return 'suspend'
    case 'TransferTerminationMessage': return 'terminate'
  }
}

function optional (address: DataAddress | null): Json {
  return address === null ? null : dataAddressJson(address)
}
