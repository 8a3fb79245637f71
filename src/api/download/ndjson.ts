import { hex, textOf } from '../../base/index.ts'
import { isObject, lineOf, readValues, textOfTime, type RowFormat } from '../../core/rows/index.ts'
import type { NumberedRecord } from '../../node/contract/index.ts'
import { shown } from './rows.ts'

/** Members that are the record's own, beside those of its body. */
const OWN: ReadonlySet<string> = new Set(['_seq', '_time', '_key', '_keyHex', '_operation', '_mediaType', '_body', '_bodyHex'])

/**
 * One JSON object a line: `_seq`, the number behind which a reader resumes; `_time`, `_key`; then the members of the body, where
 * that is an object or a row, and `_body` or `_bodyHex` where it is neither.
 */
export async function * ndjsonOf (format: RowFormat | undefined, records: AsyncIterable<NumberedRecord>): AsyncGenerator<string> {
  for await (const record of records) yield ndjsonLine(format, record)
}

function ndjsonLine (format: RowFormat | undefined, { number, timeMs, operation, key, mediaType, body }: NumberedRecord): string {
  const keyText = textOf(key)
  const own = `"_seq":${number},"_time":"${textOfTime(timeMs)}",${keyText === undefined ? `"_keyHex":"${hex(key)}"` : `"_key":${JSON.stringify(keyText)}`}`
  if (operation === 'delete') return `{${own},"_operation":"delete"}\n`
  if (format !== undefined && format.delimiter !== null) {
    const values = readValues(format, key, body)
    if (typeof values !== 'string') return withMembers(own, lineOf(format.columns.map(({ name, type }, at) => [name, shown(type, values[at] ?? null)])).trimEnd())
  }
  const text = textOf(body)
  if (text === undefined) return `{${own},"_mediaType":${JSON.stringify(mediaType)},"_bodyHex":"${hex(body)}"}\n`
  const value = parsed(text)
  // As it stands, so that no number loses a digit and no depth is too much. Line ends in JSON are blanks.
  const json = value === undefined ? JSON.stringify(text) : text.replaceAll(/[\r\n]/g, ' ').trim()
  if (!isObject(value)) return `{${own},"_mediaType":${JSON.stringify(mediaType)},"_body":${json}}\n`
  const others = Object.entries(value).filter(([name]) => !OWN.has(name))
  return withMembers(own, others.length === Object.keys(value).length ? json : textOfMembers(others))
}

/** Without what would say what the record says; nested too deeply to be written again, it says nothing else. */
function textOfMembers (members: readonly (readonly [string, unknown])[]): string {
  try {
    return JSON.stringify(Object.fromEntries(members))
  } catch {
    return '{}'
  }
}

function withMembers (own: string, object: string): string {
  const members = object.slice(1, -1).trim()
  return members === '' ? `{${own}}\n` : `{${own},${members}}\n`
}

function parsed (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
