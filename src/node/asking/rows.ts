import { concat, textOf } from '../../base/index.ts'
import { textOfTime, timeMsOf } from '../../core/rows/index.ts'
import { csvRow } from '../../core/sql/index.ts'
import type { SqlColumn, SqlValue } from '../contract/index.ts'

/** Rows as the CSV that is signed: a header, numbers as text. */
export function csvOf (columns: readonly SqlColumn[], rows: readonly (readonly SqlValue[])[]): Uint8Array {
  return concat([csvRow(columns.map(({ name }) => name)), ...rows.map(row => csvRow(row.map((value, at) => textOfValue(value, columns[at]?.type ?? 'other'))))])
}

function textOfValue (value: SqlValue, type: SqlColumn['type']): string | null {
  if (value === null) return null
  return type === 'time' ? textOfTime(Number(value)) : String(value)
}

/** The rows again, without the header; undefined where they are none of these columns. */
export function rowsOfCsv (columns: readonly SqlColumn[], csv: Uint8Array): readonly (readonly SqlValue[])[] | undefined {
  const text = textOf(csv)
  const lines = text === undefined ? undefined : fieldsOf(text)
  const [header, ...rows] = lines ?? []
  if (header === undefined || header.length !== columns.length || rows.some(row => row.length !== columns.length)) return undefined
  return rows.map(row => row.map((field, at) => valueOf(field, columns[at]?.type ?? 'other')))
}

function valueOf (field: string | null, type: SqlColumn['type']): SqlValue {
  if (field === null) return null
  switch (type) {
    case 'integer': return /^-?\d{1,40}$/.test(field) ? BigInt(field) : null
    case 'number': return Number(field)
    case 'boolean': return field === 'true'
    case 'time': return timeMsOf(field) ?? null
    case 'text': case 'decimal': case 'date': case 'other': return field
  }
}

/** Fields of CSV as `csvRow` writes it: an empty one without quotes is nothing. */
function fieldsOf (text: string): readonly (readonly (string | null)[])[] {
  const rows: (string | null)[][] = []
  let row: (string | null)[] = []
  let at = 0
  while (at < text.length) {
    const isQuoted = text[at] === '"'
    let field: string
    if (isQuoted) {
      field = ''
      at++
      for (;;) {
        const quote = text.indexOf('"', at)
        if (quote < 0) return rows
        field += text.slice(at, quote)
        at = quote + 1
        if (text[at] !== '"') break
        field += '"'
        at++
      }
    } else {
      const end = /[,\r]/g
      end.lastIndex = at
      const found = end.exec(text)?.index ?? text.length
      field = text.slice(at, found)
      at = found
    }
    row.push(field === '' && !isQuoted ? null : field)
    if (text[at] === ',') {
      at++
      // A row may end in an empty field.
      if (text[at] === '\r') row.push(null)
      else continue
    }
    rows.push(row)
    row = []
    at += 2
  }
  return rows
}
