import { assert, utf8 } from '../../base/index.ts'
import type { RecordInput } from '../../sdk/index.ts'
import { entityIdOf, validateEntity } from '../../sdk/models/index.ts'
import { decodePayload, decoderNamed, type Decoded, type DecoderName, type Readings } from './decoders.ts'
import { isObject, type JsonObject } from './json.ts'
import { readingsOf } from './object.ts'
import type { Uplink } from './uplink.ts'

/** What an operator says of one device. */
export type DeviceSettings = {
  readonly decoder?: DecoderName | undefined
  readonly empty_mm?: number | undefined
  readonly full_mm?: number | undefined
  readonly id?: string | undefined
  readonly latitude?: number | undefined
  readonly longitude?: number | undefined
}

export type UplinkSettings = {
  /** By EUI, lower case. */
  readonly devices: ReadonlyMap<string, DeviceSettings>
  /** For devices whose profile names none. */
  readonly decoder?: DecoderName | undefined
}

/** Above the calibrated bottom by more than this, an echo came from elsewhere. */
const ABOVE_EMPTY_SHARE_MAX = 0.1

/**
 * The records of an uplink: the container as it is now, and an alert where it burns. What is no container, or stands nobody knows
 * where, is a `Device`, since a `WasteContainer` has to have a place. Every record holds the raw payload and what is doubtful.
 */
export function recordsOf (uplink: Uplink, settings: UplinkSettings): readonly RecordInput[] {
  const device = settings.devices.get(uplink.devEui) ?? {}
  const decoder = device.decoder ?? decoderNamed(uplink.profile) ?? settings.decoder
  const { readings, flags: decoding } = decodedOf(uplink, decoder)
  const { level, flags: levels } = fillingOf(readings.distanceMm, device)
  const place = placeOf(readings, device, uplink)
  const isContainer = place !== undefined && (readings.distanceMm !== undefined || decoder !== undefined)
  const flags = [...uplink.flags, ...decoding, ...levels, ...place === undefined ? ['no-place'] : []]
  const type = isContainer ? 'WasteContainer' : 'Device'
  const deviceId = entityIdOf('Device', uplink.devEui)
  const id = isContainer ? entityIdOf(type, device.id ?? uplink.devEui) : deviceId
  const location = place === undefined ? {} : { location: { type: 'Point', coordinates: [place.longitude, place.latitude] } }
  const dateObserved = new Date(uplink.observedMs).toISOString()
  const entity = {
    id, type, ...location, dateObserved,
    ...level === undefined ? {} : { fillingLevel: level },
    ...readings.temperatureC === undefined ? {} : { temperature: readings.temperatureC },
    ...isContainer ? { status: statusOf(readings), refDevice: deviceId } : {},
    ...readings.distanceMm === undefined ? {} : { distanceMm: readings.distanceMm },
    ...readings.batteryPercent === undefined ? {} : { batteryPercent: readings.batteryPercent },
    ...readings.isFull === undefined ? {} : { isFull: readings.isFull },
    ...readings.isTilted === undefined ? {} : { isTilted: readings.isTilted },
    ...readings.isBatteryLow === undefined ? {} : { isBatteryLow: readings.isBatteryLow },
    qualityFlags: flags, uplink: toldOf(uplink)
  }
  const record = recordOf(checked(type, entity, deviceId), uplink.observedMs)
  return readings.isBurning === true ? [record, recordOf(alertOf(id, uplink, location, dateObserved), uplink.observedMs)] : [record]
}

/** What tells an uplink that came again, from the record alone. */
export function uplinkIdentity (record: RecordInput): string | undefined {
  const uplink = uplinkOf(record)
  return uplink === undefined ? undefined : `${uplink.type}:${uplink.network}:${uplink.id}`
}

/** What counts gaps, from the record alone; undefined for alerts, which stand beside a record of the same uplink. */
export function frameOf (record: RecordInput): { readonly devEui: string, readonly session: string, readonly fCnt: number } | undefined {
  const uplink = uplinkOf(record)
  return uplink === undefined || uplink.type === 'alert' ? undefined : uplink
}

function uplinkOf ({ body }: RecordInput): { readonly type: 'state' | 'alert', readonly network: string, readonly id: string, readonly devEui: string, readonly session: string, readonly fCnt: number } | undefined {
  let entity: unknown
  try {
    entity = JSON.parse(new TextDecoder().decode(body))
  } catch {
    return undefined
  }
  const uplink = isObject(entity) ? entity['uplink'] : undefined
  if (!isObject(entity) || !isObject(uplink)) return undefined
  const { network, id, devEui, session, fCnt } = uplink
  if (typeof network !== 'string' || typeof id !== 'string' || typeof devEui !== 'string' || typeof session !== 'string' || typeof fCnt !== 'number') return undefined
  return { type: entity['type'] === 'Alert' ? 'alert' : 'state', network, id, devEui, session, fCnt }
}

/** The server's decoder comes first; ours where there is none, or where nothing of ours is in what it made. */
function decodedOf ({ object, payload, fPort }: Uplink, decoder: DecoderName | undefined): Decoded {
  const told = object === null ? {} : readingsOf(object)
  if (Object.keys(told).length > 0) return { readings: told, flags: [] }
  if (payload.length === 0) return { readings: {}, flags: ['no-payload'] }
  return decoder === undefined ? { readings: {}, flags: ['no-decoder'] } : decodePayload(decoder, fPort, payload)
}

/** From 0 (empty) to 1; undefined where the distance or the calibration does not give one. */
function fillingOf (distanceMm: number | undefined, { empty_mm: emptyMm, full_mm: fullMm = 0 }: DeviceSettings): { readonly level: number | undefined, readonly flags: readonly string[] } {
  if (distanceMm === undefined) return { level: undefined, flags: [] }
  if (emptyMm === undefined || emptyMm <= fullMm) return { level: undefined, flags: ['no-calibration'] }
  if (distanceMm <= 0 || distanceMm > emptyMm * (1 + ABOVE_EMPTY_SHARE_MAX)) return { level: undefined, flags: ['distance'] }
  const level = Math.min(1, Math.max(0, (emptyMm - distanceMm) / (emptyMm - fullMm)))
  return { level: Math.round(level * 10_000) / 10_000, flags: [] }
}

function placeOf (readings: Readings, { longitude, latitude }: DeviceSettings, uplink: Uplink): NonNullable<Uplink['place']> | undefined {
  if (longitude !== undefined && latitude !== undefined) return { longitude, latitude }
  if (readings.longitude !== undefined && readings.latitude !== undefined) return { longitude: readings.longitude, latitude: readings.latitude }
  return uplink.place ?? undefined
}

function statusOf ({ isBurning, isTilted }: Readings): string {
  return isBurning === true ? 'burning' : isTilted === true ? 'dropped' : 'ok'
}

function toldOf (uplink: Uplink): JsonObject {
  const { network, id, devEui, deviceName, applicationId, profile, session, fCnt, fPort, isConfirmed, payload, object, gateways, serverMs, gatewayMs } = uplink
  const best = gateways.toSorted((a, b) => b.rssiDbm - a.rssiDbm)[0]
  return {
    network, id, devEui, deviceName, applicationId, profile, session, fCnt, fPort, isConfirmed, payload: Buffer.from(payload).toString('base64'),
    ...object === null ? {} : { object },
    serverTime: textOfTime(serverMs), gatewayTime: textOfTime(gatewayMs), gateways: gateways.length,
    ...best === undefined ? {} : { gatewayId: best.id, rssiDbm: best.rssiDbm, snrDb: best.snrDb }
  }
}

function textOfTime (timeMs: number | null): string | null {
  return timeMs === null ? null : new Date(timeMs).toISOString()
}

/** What a server's decoder made may be anything; without it an entity of ours holds, and failing that a device with its payload. */
function checked (type: string, entity: JsonObject & { readonly qualityFlags: readonly string[], readonly uplink: JsonObject }, deviceId: string): JsonObject & { readonly id: string } {
  const { object: _object, ...uplink } = entity.uplink
  const flags = entity.qualityFlags
  const tries: readonly JsonObject[] = [
    entity,
    { ...entity, qualityFlags: [...flags, 'object'], uplink },
    { id: deviceId, type: 'Device', dateObserved: entity['dateObserved'], qualityFlags: [...flags, 'out-of-range'], uplink }
  ]
  const valid = tries.flatMap(each => {
    const result = validateEntity(String(each['type']), each)
    return result.ok ? [result.value] : []
  })
  const [first] = valid
  assert(first !== undefined, 'a device with what the uplink says of itself is an entity')
  return first
}

function alertOf (id: string, uplink: Uplink, location: JsonObject, dateIssued: string): JsonObject & { readonly id: string } {
  const { network, id: uplinkId, devEui, session, fCnt } = uplink
  return {
    id: entityIdOf('Alert', `fire-${devEui}`), type: 'Alert', category: 'security', subCategory: 'fire', severity: 'critical', ...location, dateIssued,
    alertSource: id, description: 'The sensor in a waste container reports fire', uplink: { network, id: uplinkId, devEui, session, fCnt }
  }
}

function recordOf (entity: JsonObject & { readonly id: string }, timeMs: number): RecordInput {
  return { key: utf8(entity.id), timeMs, operation: 'put', mediaType: 'application/json', body: utf8(JSON.stringify(entity)) }
}
