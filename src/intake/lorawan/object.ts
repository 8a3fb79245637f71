import type { Readings } from './decoders.ts'
import { isObject, type JsonObject } from './json.ts'

const DISTANCES = ['distance', 'distance_mm', 'level', 'height', 'ultrasonic_distance']
const TEMPERATURES = ['temperature', 'temp']
const BATTERIES = ['battery', 'battery_percent', 'batteryLevel']

/**
 * Readings in an object that a server's decoder made. Numbers may be texts with their unit ("2000 mm", "25 ℃"), as the public
 * decoder of the DF702 writes them; its angle is never right and not read.
 */
export function readingsOf (object: JsonObject): Readings {
  const distanceMm = first(object, DISTANCES)
  const temperatureC = first(object, TEMPERATURES)
  const batteryPercent = first(object, BATTERIES)
  const isTilted = truth(object, ['tilt', 'alarmFall', 'alarmTilt']) ?? tiltOf(object['position'])
  const isFull = truth(object, ['full', 'alarmPark', 'alarmLevel', 'fullAlarm'])
  const isBurning = truth(object, ['fire', 'alarmFire', 'fireAlarm'])
  const isBatteryLow = truth(object, ['lowBattery', 'alarmBattery', 'batteryAlarm'])
  const longitude = first(object, ['longitude', 'lon', 'lng'])
  const latitude = first(object, ['latitude', 'lat'])
  const hasPlace = longitude !== undefined && latitude !== undefined && Math.abs(longitude) <= 180 && Math.abs(latitude) <= 90 && !(longitude === 0 && latitude === 0)
  return {
    ...distanceMm === undefined ? {} : { distanceMm }, ...temperatureC === undefined ? {} : { temperatureC },
    ...batteryPercent === undefined ? {} : { batteryPercent }, ...isTilted === undefined ? {} : { isTilted }, ...isFull === undefined ? {} : { isFull },
    ...isBurning === undefined ? {} : { isBurning }, ...isBatteryLow === undefined ? {} : { isBatteryLow }, ...hasPlace ? { longitude, latitude } : {}
  }
}

function first (object: JsonObject, names: readonly string[]): number | undefined {
  for (const name of names) {
    const number = numberOf(object[name])
    if (number !== undefined) return number
  }
  return undefined
}

function numberOf (value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  if (isObject(value)) return numberOf(value['value'])
  const [, digits] = typeof value === 'string' ? /^\s*(-?\d{1,9}(?:\.\d{1,9})?)\s*\S{0,8}$/.exec(value) ?? [] : []
  return digits === undefined ? undefined : Number(digits)
}

function truth (object: JsonObject, names: readonly string[]): boolean | undefined {
  for (const name of names) {
    const value = object[name]
    if (typeof value === 'boolean') return value
    if (typeof value === 'number') return value !== 0
  }
  return undefined
}

function tiltOf (position: unknown): boolean | undefined {
  return typeof position === 'string' ? position === 'tilt' : undefined
}
