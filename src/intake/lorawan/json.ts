export type JsonObject = Readonly<Record<string, unknown>>

export function isObject (value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What is there under the name itself, never what an object has from its prototype. */
export function at (object: JsonObject | undefined, name: string): unknown {
  return object !== undefined && Object.hasOwn(object, name) ? object[name] : undefined
}

export function objectAt (object: JsonObject | undefined, name: string): JsonObject | undefined {
  const value = at(object, name)
  return isObject(value) ? value : undefined
}

/** Protobuf JSON leaves out zero: what is missing is 0. Numbers of 64 bits come as texts. */
export function countAt (object: JsonObject | undefined, name: string): number {
  const value = at(object, name)
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : 0
}

export function numberAt (object: JsonObject | undefined, name: string): number {
  const value = at(object, name)
  return typeof value === 'number' && Number.isFinite(value) ? value : 0
}

export function textAt (object: JsonObject | undefined, name: string, lengthMax: number): string {
  const value = at(object, name)
  return typeof value === 'string' ? value.slice(0, lengthMax) : ''
}

export function objectsAt (object: JsonObject | undefined, name: string, countMax: number): readonly JsonObject[] {
  const value = at(object, name)
  return Array.isArray(value) ? value.slice(0, countMax).filter(isObject) : []
}

const DATE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/
/** Servers write a time that they do not know as the year 1. */
const YEAR_2000_MS = 946_684_800_000

export function timeAt (object: JsonObject | undefined, name: string): number | null {
  const value = at(object, name)
  if (typeof value !== 'string' || !DATE_TIME.test(value)) return null
  const timeMs = Date.parse(value)
  return Number.isFinite(timeMs) && timeMs >= YEAR_2000_MS ? timeMs : null
}

/** Bytes of base64 with or without padding; undefined for any other text. */
export function bytesOfBase64 (text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined
  const bytes = new Uint8Array(Buffer.from(text, 'base64'))
  return bytes.length === Math.floor(text.replace(/=+$/, '').length * 3 / 4) ? bytes : undefined
}
