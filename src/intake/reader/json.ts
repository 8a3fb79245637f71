import { fail, ok, textOf, type Result } from '../../base/index.ts'
import { DEPTH_MAX, TEXT_LENGTH_MAX } from './limits.ts'
import type { ReadFailure } from './types.ts'

export type JsonObject = { readonly [key: string]: unknown }

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** A JSON document, not nested deeper than what is written again may be. A byte order mark is passed over. */
export function parseJson (bytes: Uint8Array): Result<unknown, ReadFailure> {
  if (depthOf(bytes) > DEPTH_MAX) return malformed(`it is nested deeper than ${DEPTH_MAX}`)
  const text = textOf(bytes)
  if (text === undefined) return malformed('its text is not UTF-8')
  try {
    return ok(JSON.parse(text.startsWith('\ufeff') ? text.slice(1) : text))
  } catch {
    return malformed('it is no JSON')
  }
}

export function malformed (reason: string): Result<never, ReadFailure> {
  return fail({ code: 'malformed', reason: `the document cannot be read: ${reason}`, hint: 'look at what the address answers, and at the kind of feed that was set for it' })
}

function depthOf (bytes: Uint8Array): number {
  let depth = 0
  let deepest = 0
  let isText = false
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (isText) {
      if (byte === BACKSLASH) at++
      else if (byte === QUOTE) isText = false
    } else if (byte === QUOTE) {
      isText = true
    } else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > deepest) deepest = depth
    } else if (byte === 0x7d || byte === 0x5d) {
      depth--
    }
  }
  return deepest
}

export function isObject (value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function objectOf (value: unknown): JsonObject {
  return isObject(value) ? value : {}
}

/** Own members only: `constructor` is no field of any feed. */
export function member (object: unknown, name: string): unknown {
  return isObject(object) && Object.hasOwn(object, name) ? object[name] : undefined
}

export function listOf (value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** Text that has something in it, cut where it is too long; a number counts as its text, since feeds write ids either way. */
export function textIn (value: unknown, lengthMax: number = TEXT_LENGTH_MAX): string | undefined {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  if (typeof value !== 'string') return undefined
  const text = value.trim()
  return text === '' ? undefined : text.slice(0, lengthMax).toWellFormed()
}

export function numberIn (value: unknown, min: number, max: number): number | undefined {
  return typeof value === 'number' && value >= min && value <= max ? value : undefined
}

export function booleanIn (value: unknown): boolean | undefined {
  if (value === 0 || value === 1) return value === 1
  return typeof value === 'boolean' ? value : undefined
}

/** Degrees of a point that is on the earth, and not at 0, 0, where feeds put what has no place. */
export function pointOf (longitude: unknown, latitude: unknown): Point | undefined {
  const [x, y] = [numberIn(longitude, -180, 180), numberIn(latitude, -90, 90)]
  return x === undefined || y === undefined || (x === 0 && y === 0) ? undefined : { type: 'Point', coordinates: [x, y] }
}

export type Point = { readonly type: 'Point', readonly coordinates: readonly [longitude: number, latitude: number] }

const ISO = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})$/i

/** Milliseconds since 1970 of a time with its zone, ISO 8601; `-00:00` is UTC. */
export function isoTimeMs (value: unknown): number | undefined {
  if (typeof value !== 'string' || value.length > 40 || !ISO.test(value.trim())) return undefined
  const timeMs = Date.parse(value.trim().toUpperCase().replace(/([+-]\d{2})(\d{2})$/, '$1:$2'))
  return timeMs >= 0 ? timeMs : undefined
}

/** The same of seconds or milliseconds since 1970 too, told apart by their size. */
export function feedTimeMs (value: unknown): number | undefined {
  if (typeof value !== 'number') return isoTimeMs(value)
  if (!Number.isFinite(value) || value <= 0 || value > 4_102_444_800_000) return undefined
  return Math.floor(value < 4_102_444_800 ? value * 1000 : value)
}

export function isoOf (timeMs: number): string {
  return new Date(timeMs).toISOString()
}

/** Without the members that are not known. */
export function known (members: { readonly [name: string]: unknown }): JsonObject {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined && value !== null && value !== ''))
}
