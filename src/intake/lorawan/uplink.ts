import { fail, hex, ok, type Result } from '../../base/index.ts'
import { bytesOfBase64, countAt, isObject, numberAt, objectAt, objectsAt, textAt, timeAt, at, type JsonObject } from './json.ts'
import { CLOCK_DIFFERENCE_MS_MAX, GATEWAYS_MAX, NAME_LENGTH_MAX, PAYLOAD_BYTES_MAX, UPLINK_BYTES_MAX } from './limits.ts'

/** One uplink, whichever server sent it. */
export type Uplink = {
  readonly network: 'chirpstack' | 'ttn'
  /** The same for the same uplink whenever it comes. */
  readonly id: string
  /** 16 hexadecimal digits, lower case. */
  readonly devEui: string
  readonly deviceName: string
  readonly applicationId: string
  /** What the server calls the kind of device. */
  readonly profile: string
  /** Within it counters only go up. */
  readonly session: string
  readonly fCnt: number
  readonly fPort: number
  readonly isConfirmed: boolean
  readonly payload: Uint8Array
  /** What the server's decoder made of it. */
  readonly object: JsonObject | null
  readonly gateways: readonly { readonly id: string, readonly rssiDbm: number, readonly snrDb: number }[]
  /** Where the server says the device stands. */
  readonly place: { readonly longitude: number, readonly latitude: number } | null
  readonly serverMs: number | null
  readonly gatewayMs: number | null
  readonly observedMs: number
  readonly flags: readonly string[]
}

/** `binary`: protobuf as bytes, which the server has to be told to send as JSON. `other`: no uplink. */
export type UplinkFailure = { readonly code: 'binary' | 'malformed' | 'other' | 'too-large', readonly reason: string }

/** Reads the message of a server. `receivedMs`: when it came, for servers that do not say. */
export function readUplink (bytes: Uint8Array, receivedMs: number): Result<Uplink, UplinkFailure> {
  if (bytes.length > UPLINK_BYTES_MAX) return fail({ code: 'too-large', reason: `the message has ${bytes.length} bytes, at most ${UPLINK_BYTES_MAX}` })
  if (bytes[0] !== 0x7b) {
    return fail({ code: 'binary', reason: 'the message is no JSON object: it looks like binary protobuf. Set the encoding of the server\'s MQTT integration to JSON' })
  }
  let message: unknown
  try {
    message = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return fail({ code: 'malformed', reason: 'the message is not JSON' })
  }
  if (!isObject(message)) return fail({ code: 'malformed', reason: 'the message is no JSON object' })
  if (objectAt(message, 'end_device_ids') !== undefined) return ofTheThings(message, receivedMs)
  if (objectAt(message, 'deviceInfo') !== undefined) return ofChirpStack(message, receivedMs)
  if (typeof at(message, 'devEUI') === 'string') return ofChirpStack3(message, receivedMs)
  return fail({ code: 'other', reason: 'the message is no uplink of ChirpStack or The Things Stack: it has neither deviceInfo nor end_device_ids' })
}

function ofChirpStack (message: JsonObject, receivedMs: number): Result<Uplink, UplinkFailure> {
  const device = objectAt(message, 'deviceInfo')
  const devEui = textAt(device, 'devEui', 32).toLowerCase()
  const gateways = objectsAt(message, 'rxInfo', GATEWAYS_MAX)
  return uplinkOf({
    network: 'chirpstack', devEui, id: textAt(message, 'deduplicationId', NAME_LENGTH_MAX), session: textAt(message, 'devAddr', NAME_LENGTH_MAX),
    deviceName: textAt(device, 'deviceName', NAME_LENGTH_MAX), applicationId: textAt(device, 'applicationId', NAME_LENGTH_MAX),
    profile: textAt(device, 'deviceProfileName', NAME_LENGTH_MAX), fCnt: countAt(message, 'fCnt'), fPort: countAt(message, 'fPort'),
    isConfirmed: at(message, 'confirmed') === true, data: at(message, 'data'), object: objectAt(message, 'object') ?? null,
    gateways: gateways.map(gateway => ({ id: textAt(gateway, 'gatewayId', NAME_LENGTH_MAX), rssiDbm: numberAt(gateway, 'rssi'), snrDb: numberAt(gateway, 'snr') })),
    place: placeOfTags(objectAt(device, 'tags')), serverMs: timeAt(message, 'time'),
    gatewayTimes: gateways.map(gateway => timeAt(gateway, 'gwTime') ?? timeAt(gateway, 'time')), flags: [], receivedMs
  })
}

/** ChirpStack before v4 looks alike, but writes EUIs in base64 and the decoded object as a text. */
function ofChirpStack3 (message: JsonObject, receivedMs: number): Result<Uplink, UplinkFailure> {
  const gateways = objectsAt(message, 'rxInfo', GATEWAYS_MAX)
  return uplinkOf({
    network: 'chirpstack', devEui: euiOf(textAt(message, 'devEUI', 32)), id: '', session: euiOf(textAt(message, 'devAddr', 32)),
    deviceName: textAt(message, 'deviceName', NAME_LENGTH_MAX), applicationId: textAt(message, 'applicationID', NAME_LENGTH_MAX),
    profile: textAt(message, 'deviceProfileName', NAME_LENGTH_MAX), fCnt: countAt(message, 'fCnt'), fPort: countAt(message, 'fPort'),
    isConfirmed: at(message, 'confirmedUplink') === true, data: at(message, 'data'), object: objectAt(message, 'object') ?? parsedAt(message, 'objectJSON'),
    gateways: gateways.map(gateway => ({ id: euiOf(textAt(gateway, 'gatewayID', 32)), rssiDbm: numberAt(gateway, 'rssi'), snrDb: numberAt(gateway, 'loRaSNR') })),
    place: placeOfTags(objectAt(message, 'tags')), serverMs: timeAt(message, 'publishedAt'), gatewayTimes: gateways.map(gateway => timeAt(gateway, 'time')),
    flags: ['chirpstack-3'], receivedMs
  })
}

function ofTheThings (message: JsonObject, receivedMs: number): Result<Uplink, UplinkFailure> {
  const ids = objectAt(message, 'end_device_ids')
  const uplink = objectAt(message, 'uplink_message')
  if (uplink === undefined) return fail({ code: 'other', reason: 'the message of The Things Stack is no uplink' })
  const gateways = objectsAt(uplink, 'rx_metadata', GATEWAYS_MAX)
  const devEui = textAt(ids, 'dev_eui', 32).toLowerCase()
  const session = textAt(uplink, 'session_key_id', NAME_LENGTH_MAX) || textAt(ids, 'dev_addr', NAME_LENGTH_MAX)
  const versions = objectAt(uplink, 'version_ids')
  return uplinkOf({
    network: 'ttn', devEui, id: '', session,
    deviceName: textAt(ids, 'device_id', NAME_LENGTH_MAX), applicationId: textAt(objectAt(ids, 'application_ids'), 'application_id', NAME_LENGTH_MAX),
    profile: `${textAt(versions, 'brand_id', NAME_LENGTH_MAX)} ${textAt(versions, 'model_id', NAME_LENGTH_MAX)}`.trim(),
    fCnt: countAt(uplink, 'f_cnt'), fPort: countAt(uplink, 'f_port'),
    isConfirmed: at(uplink, 'confirmed') === true, data: at(uplink, 'frm_payload'), object: objectAt(uplink, 'decoded_payload') ?? null,
    gateways: gateways.map(gateway => ({
      id: textAt(objectAt(gateway, 'gateway_ids'), 'gateway_id', NAME_LENGTH_MAX), rssiDbm: numberAt(gateway, 'rssi'), snrDb: numberAt(gateway, 'snr')
    })),
    place: placeOf(objectAt(objectAt(uplink, 'locations'), 'user')), serverMs: timeAt(uplink, 'received_at') ?? timeAt(message, 'received_at'),
    gatewayTimes: gateways.map(gateway => timeAt(gateway, 'time')), flags: at(message, 'simulated') === true ? ['simulated'] : [], receivedMs
  })
}

type Told = Omit<Uplink, 'payload' | 'observedMs' | 'gatewayMs'> & {
  readonly data: unknown
  readonly gatewayTimes: readonly (number | null)[]
  readonly receivedMs: number
}

function uplinkOf ({ data, gatewayTimes, receivedMs, ...told }: Told): Result<Uplink, UplinkFailure> {
  if (!/^[0-9a-f]{16}$/.test(told.devEui)) return fail({ code: 'malformed', reason: 'the uplink does not say from which device it is: no EUI of 16 hexadecimal digits' })
  const payload = payloadOf(data)
  if (payload === undefined) return fail({ code: 'malformed', reason: `the payload of device ${told.devEui} is not base64 of at most ${PAYLOAD_BYTES_MAX} bytes` })
  const { id, devEui, session, fCnt, serverMs, flags } = told
  const time = observed(serverMs, gatewayTimes.filter(each => each !== null), receivedMs)
  return ok({ ...told, ...time, payload, id: id === '' ? `${devEui}/${session}/${fCnt}` : id, flags: [...flags, ...time.flags] })
}

/** The earliest time of a gateway whose clock can be right, else the server's; both are kept. */
function observed (serverMs: number | null, gatewayTimes: readonly number[], receivedMs: number): Pick<Uplink, 'observedMs' | 'gatewayMs' | 'flags'> {
  const aroundMs = serverMs ?? receivedMs
  const near = gatewayTimes.filter(timeMs => Math.abs(timeMs - aroundMs) <= CLOCK_DIFFERENCE_MS_MAX)
  const noServer = serverMs === null ? ['no-server-time'] : []
  if (near.length > 0) return { observedMs: Math.min(...near), gatewayMs: Math.min(...near), flags: noServer }
  const gatewayMs = gatewayTimes.length === 0 ? null : Math.min(...gatewayTimes)
  return { observedMs: aroundMs, gatewayMs, flags: [...noServer, ...gatewayMs === null ? [] : ['gateway-clock']] }
}

/** What is missing is empty, as all that protobuf leaves out. */
function payloadOf (data: unknown): Uint8Array | undefined {
  if (data === undefined || data === null) return new Uint8Array(0)
  const payload = typeof data === 'string' && data.length <= PAYLOAD_BYTES_MAX * 2 ? bytesOfBase64(data) : undefined
  return payload !== undefined && payload.length <= PAYLOAD_BYTES_MAX ? payload : undefined
}

/** An EUI, or an address of 4 bytes, as hexadecimal digits, also from base64: that ends in `=`, which digits never do. */
function euiOf (text: string): string {
  if (/^(?:[0-9a-fA-F]{8}|[0-9a-fA-F]{16})$/.test(text)) return text.toLowerCase()
  const bytes = bytesOfBase64(text)
  return bytes === undefined ? text : hex(bytes)
}

function parsedAt (message: JsonObject, name: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(textAt(message, name, UPLINK_BYTES_MAX))
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

function placeOf (location: JsonObject | undefined): Uplink['place'] {
  if (location === undefined) return null
  const [longitude, latitude] = [numberAt(location, 'longitude'), numberAt(location, 'latitude')]
  return Math.abs(longitude) <= 180 && Math.abs(latitude) <= 90 && !(longitude === 0 && latitude === 0) ? { longitude, latitude } : null
}

/** Tags are texts that an operator gives a device. */
function placeOfTags (tags: JsonObject | undefined): Uplink['place'] {
  const [longitude, latitude] = [textAt(tags, 'longitude', 32), textAt(tags, 'latitude', 32)]
  return longitude === '' || latitude === '' ? null : placeOf({ longitude: Number(longitude), latitude: Number(latitude) })
}
