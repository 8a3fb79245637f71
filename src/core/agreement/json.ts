import { fail, ok, type Parsed, type Result, type Schema } from '../../base/index.ts'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }
export type JsonObject = { readonly [name: string]: Json }

/** What is wrong with a message, and where: a JSON pointer (RFC 6901). */
export type MessageFailure = { readonly code: 'message', readonly position: string, readonly reason: string }

type Shape = Readonly<Record<string, Schema<unknown>>>
/** Optional members that are not there read as null. */
type Members<R extends Shape, O extends Shape> = { readonly [K in keyof R]: Parsed<R[K]> } & { readonly [K in keyof O]: Parsed<O[K]> | null }

/** Fits one control frame of 64 KiB of the libp2p binding. */
export const MESSAGE_BYTES_MAX = 57_344
const MESSAGE_DEPTH_MAX = 64
const [QUOTE, BACKSLASH, OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d]
export const ID_CHARACTERS_MAX = 256
export const ADDRESS_CHARACTERS_MAX = 2048

/** Pids, ids and addresses: IRIs, or what peers take for them. Never looked into, only compared. */
export const idSchema: Schema<string> = printable(ID_CHARACTERS_MAX)
export const addressSchema: Schema<string> = printable(ADDRESS_CHARACTERS_MAX)

/** The JSON of a message as it came over the wire. */
export function parseMessage (bytes: Uint8Array): Result<unknown, MessageFailure> {
  if (bytes.length > MESSAGE_BYTES_MAX) {
    return fail({ code: 'message', position: '', reason: `a message has at most ${MESSAGE_BYTES_MAX} bytes, not ${bytes.length}` })
  }
  if (isDeep(bytes)) return fail({ code: 'message', position: '', reason: `a message is nested at most ${MESSAGE_DEPTH_MAX} deep` })
  try {
    return ok(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)))
  } catch {
    return fail({ code: 'message', position: '', reason: 'this is not JSON in UTF-8' })
  }
}

/** Looked at before parsing: what reads or writes JSON later may go one call deeper for each bracket. */
function isDeep (bytes: Uint8Array): boolean {
  let depth = 0
  let isText = false
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (isText && byte === BACKSLASH) at++
    else if (byte === QUOTE) isText = !isText
    else if (isText) continue
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--
    if (depth > MESSAGE_DEPTH_MAX) return true
  }
  return false
}

export function read<T> (schema: Schema<T>, json: unknown): Result<T, MessageFailure> {
  const parsed = schema(json, '')
  if (parsed.ok) return parsed
  return fail({ code: 'message', position: parsed.failure.path, reason: `expected ${parsed.failure.expected}` })
}

/** An object with at least these members: the schemas of the protocol leave room for others, which are not looked at. */
export function object<const R extends Shape, const O extends Shape> (
  required: R, optional: O
): Schema<Members<R, O>> {
  return (value, path) => {
    if (!isObject(value)) return fail({ path, expected: 'an object' })
    const given = new Map<string, unknown>(Object.entries(value))
    const parsed: Record<string, unknown> = {}
    for (const [name, schema] of [...Object.entries(required), ...Object.entries(optional)]) {
      const at = `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
      if (given.has(name)) {
        const result = schema(given.get(name), at)
        if (!result.ok) return result
        parsed[name] = result.value
      } else {
        if (Object.hasOwn(required, name)) return fail({ path: at, expected: 'this member to be present' })
        parsed[name] = null
      }
    }
    return ok(parsed as Members<R, O>)
  }
}

export const CODE_CHARACTERS_MAX = 256
export const REASONS_MAX = 16
export const REASON_CHARACTERS_MAX = 1024
const CONTEXTS_MAX = 16
const CONTEXT = 'https://w3id.org/dspace/2025/1/context.jsonld'

const contextSchema: Schema<readonly string[]> = (value, path) => {
  const parsed = items(prose(ADDRESS_CHARACTERS_MAX), CONTEXTS_MAX, 1)(value, path)
  if (!parsed.ok || parsed.value.includes(CONTEXT)) return parsed
  return fail({ path, expected: `an array with ${CONTEXT} in it` })
}

/** Reasons are for people: whatever is no text is shown as its JSON. */
export const reasonSchema: Schema<readonly string[]> = items((value, path) => {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length <= REASON_CHARACTERS_MAX ? ok(text) : fail({ path, expected: `a reason of at most ${REASON_CHARACTERS_MAX} characters` })
}, REASONS_MAX, 1)

/** A message that stands alone: it names its context, and may have an id of its own. Its type was looked at before. */
export function messageSchema<const R extends Shape, const O extends Shape> (
  required: R, optional: O
): Schema<Members<R, O> & { readonly '@id': string | null }> {
  const schema = object({ '@context': contextSchema, ...required }, { '@id': idSchema, ...optional })
  // TypeScript does not see through the spread of two generic shapes.
  return schema as unknown as Schema<Members<R, O> & { readonly '@id': string | null }>
}

/** Members that are null are left out: an empty array or null is not valid anywhere in this protocol. */
export function messageJson (type: string, id: string | null, rest: JsonObject): JsonObject {
  const present = Object.entries(rest).filter(([, value]) => value !== null)
  return { '@context': [CONTEXT], '@type': type, ...id === null ? {} : { '@id': id }, ...Object.fromEntries(present) }
}

export function items<T> (inner: Schema<T>, max: number, min: number): Schema<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value) || value.length < min || value.length > max) return fail({ path, expected: `an array of ${min} to ${max} items` })
    const parsed: T[] = []
    for (const [at, each] of value.entries()) {
      const result = inner(each, `${path}/${at}`)
      if (!result.ok) return result
      parsed.push(result.value)
    }
    return ok(parsed)
  }
}

/** Text as people write it. */
export function prose (charactersMax: number): Schema<string> {
  return (value, path) => typeof value === 'string' && value.length <= charactersMax
    ? ok(value)
    : fail({ path, expected: `text of at most ${charactersMax} characters` })
}

function printable (charactersMax: number): Schema<string> {
  return (value, path) => typeof value === 'string' && value.length <= charactersMax && /^[\x21-\x7e]+$/.test(value)
    ? ok(value)
    : fail({ path, expected: `1 to ${charactersMax} printable ASCII characters without blanks` })
}

export function isObject (value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const SIGNATURE_TEXT = /^[A-Za-z0-9_-]+$/

/** Bytes of an exact size as base64url without padding, in their one spelling. */
export function base64url (sizeBytes: number): Schema<Uint8Array> {
  return (value, path) => {
    if (typeof value === 'string' && SIGNATURE_TEXT.test(value)) {
      const bytes = new Uint8Array(Buffer.from(value, 'base64url'))
      if (bytes.length === sizeBytes && textOfBytes(bytes) === value) return ok(bytes)
    }
    return fail({ path, expected: `${sizeBytes} bytes as base64url` })
  }
}

export function textOfBytes (bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url')
}

/** A literal text, such as the value of `@type`. */
export function exactly<const L extends string> (...allowed: readonly L[]): Schema<L> {
  return (value, path) => {
    const found = allowed.find(each => each === value)
    return found === undefined ? fail({ path, expected: allowed.map(each => `"${each}"`).join(' or ') }) : ok(found)
  }
}

const DAY_MS = 86_400_000
const TIME = /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?(?:Z|([+-])(0\d|1[0-4]):([0-5]\d))?$/

/** `YYYY-MM-DDThh:mm:ss.fffZ`. */
export function textOfTime (timeMs: number): string {
  const days = Math.floor(timeMs / DAY_MS)
  const rest = timeMs - days * DAY_MS
  // Days to civil date, in eras of 400 years that begin on 1 March: http://howardhinnant.github.io/date_algorithms.html
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365)
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  const [hours, minutes] = [Math.floor(rest / 3_600_000), Math.floor(rest / 60_000) % 60]
  const [seconds, fraction] = [Math.floor(rest / 1000) % 60, rest % 1000]
  return `${digits(year, 4)}-${digits(month, 2)}-${digits(day, 2)}T${digits(hours, 2)}:${digits(minutes, 2)}:${digits(seconds, 2)}.${digits(fraction, 3)}Z`
}

/** A date and time of XML Schema, in UTC where it names no zone; what is finer than a millisecond is cut off. */
export const timeSchema: Schema<number> = (value, path) => {
  const expected = 'a time as YYYY-MM-DDThh:mm:ss.fffZ, from 1970 to 9999'
  const found = typeof value === 'string' ? TIME.exec(value) : null
  if (found === null) return fail({ path, expected })
  const [, year, month, day, hours, minutes, seconds, fraction = '', sign, zoneHours = '0', zoneMinutes = '0'] = found
  const zoneMs = (Number(zoneHours) * 60 + Number(zoneMinutes)) * 60_000 * (sign === '-' ? -1 : 1)
  const date = daysOfDate(Number(year), Number(month), Number(day))
  const ofDayMs = (Number(hours) * 60 + Number(minutes)) * 60_000 + Number(seconds) * 1000 + Number(fraction.padEnd(3, '0').slice(0, 3))
  const timeMs = date * DAY_MS + ofDayMs - zoneMs
  const isReal = timeMs >= 0 && textOfTime(date * DAY_MS).startsWith(`${year}-${month}-${day}T`)
  return isReal ? ok(timeMs) : fail({ path, expected })
}

function daysOfDate (year: number, month: number, day: number): number {
  const shiftedYear = month <= 2 ? year - 1 : year
  const era = Math.floor(shiftedYear / 400)
  const yearOfEra = shiftedYear - era * 400
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
}

function digits (number: number, count: number): string {
  return String(number).padStart(count, '0')
}
