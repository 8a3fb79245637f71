/**
 * Writes records as JSON for NDJSON and live streams, and reads them back without losing a byte.
 *
 * Bytes that are valid UTF-8 stand as text in `key` and `body`, others as hex in `keyHex` and `bodyHex`. To append, a
 * body may also be any other JSON value, which becomes its compact JSON text.
 */
import { z } from 'zod'
import { bytesOfHex, fail, hex, ok, textOf, utf8, type Result } from '../base/index.ts'
import { recordComplaint } from './recordStream.ts'
import { complaintOf, recordTextSchema, type NumberedRecord, type RecordInput } from './bodies/index.ts'

export type RecordText = {
  readonly number: number
  readonly timeMs: number
  readonly operation: 'put' | 'delete'
  readonly mediaType: string
} & BytesText<'key'> & BytesText<'body'>

type BytesText<Name extends 'key' | 'body'> = { readonly [K in Name | `${Name}Hex`]?: string }

export function textOfRecord (record: NumberedRecord): RecordText {
  const { number, timeMs, operation, mediaType } = record
  return { number, timeMs, operation, mediaType, ...bytesText('key', record.key), ...bytesText('body', record.body) }
}

function bytesText<Name extends 'key' | 'body'> (name: Name, bytes: Uint8Array): BytesText<Name> {
  const text = textOf(bytes)
  const field = text === undefined ? { [`${name}Hex`]: hex(bytes) } : { [name]: text }
  return field as BytesText<Name>
}

/** The record of an answer; undefined where the value is none. */
export function recordOfText (value: unknown): NumberedRecord | undefined {
  const parsed = recordTextSchema.safeParse(value)
  if (!parsed.success) return undefined
  const { number, timeMs, operation, mediaType } = parsed.data
  const key = bytesOf(parsed.data.key, parsed.data.keyHex)
  const body = bytesOf(parsed.data.body, parsed.data.bodyHex)
  return key === undefined || body === undefined ? undefined : { number, key, timeMs, operation, mediaType, body }
}

function bytesOf (text: string | undefined, hexText: string | undefined): Uint8Array | undefined {
  if ((text === undefined) === (hexText === undefined)) return undefined
  return text === undefined ? bytesOfHex(hexText ?? '') : utf8(text)
}

const appendSchema = z.strictObject({
  key: z.string().optional(),
  keyHex: z.string().optional(),
  timeMs: z.int().min(0).optional(),
  operation: z.enum(['put', 'delete']).optional(),
  mediaType: z.string().optional(),
  body: z.json().optional(),
  bodyHex: z.string().optional()
})

/** A record to append, from one line of NDJSON; what the line leaves out comes from `defaults`. */
export function recordOfLine (
  line: string, defaults: { readonly key: string, readonly timeMs: number, readonly mediaType: string }
): Result<RecordInput, { readonly reason: string }> {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return fail({ reason: 'the line is no JSON' })
  }
  const parsed = appendSchema.safeParse(value)
  if (!parsed.success) return fail({ reason: complaintOf(parsed.error) })
  const given = parsed.data
  const key = given.keyHex === undefined ? utf8(given.key ?? defaults.key) : bytesOfHex(given.keyHex)
  const body = given.bodyHex === undefined ? bodyOfJson(given.body) : bytesOfHex(given.bodyHex)
  if (key === undefined || body === undefined) return fail({ reason: 'hex has an even number of digits 0 to 9 and a to f' })
  if (!isWellFormed(given.key) || !isWellFormed(given.body)) return fail({ reason: 'half of a surrogate pair has no UTF-8 form' })
  const structured = given.body !== undefined && typeof given.body !== 'string'
  const record: RecordInput = {
    key,
    timeMs: given.timeMs ?? defaults.timeMs,
    operation: given.operation ?? 'put',
    mediaType: given.mediaType ?? (structured ? 'application/json' : defaults.mediaType),
    body
  }
  const reason = recordComplaint(record)
  return reason === undefined ? ok(record) : fail({ reason })
}

/** Text that UTF-8 would change. Inside of other JSON values it stays escaped. */
function isWellFormed (value: unknown): boolean {
  return typeof value !== 'string' || value.isWellFormed()
}

function bodyOfJson (body: unknown): Uint8Array {
  if (body === undefined) return new Uint8Array(0)
  return utf8(typeof body === 'string' ? body : JSON.stringify(body))
}
