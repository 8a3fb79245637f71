import { textOf } from '../../base/index.ts'
import { textOfScalar, textOfTime, type Scalar } from '../../core/rows/index.ts'
import { shown, type DatasetColumn, type Row, type Table } from './rows.ts'

/** What a spreadsheet takes for the beginning of a formula. */
const FORMULA = /^[=+\-@\t\r]/

export type CsvOptions = {
  /** Text that a spreadsheet would reckon is marked as text. */
  readonly isForSpreadsheet: boolean
}

/** RFC 4180: a header, CRLF, quotes where they are needed. Of streams each row begins with its number, time and key. */
export async function * csvOf ({ columns, isStream }: Table, rows: AsyncIterable<Row>, options: CsvOptions): AsyncGenerator<string> {
  const names = [...isStream ? STREAM_COLUMNS : [], ...columns.map(nameOf)]
  yield lineOf(names.map(name => cellOf(name, options)))
  for await (const { record, values } of rows) {
    const own = isStream ? [String(record.number), textOfTime(record.timeMs), cellOf(textOf(record.key) ?? '', options)] : []
    yield lineOf([...own, ...columns.map((column, at) => valueOf(column, values[at] ?? null, options))])
  }
}

const STREAM_COLUMNS: readonly string[] = ['_seq', '_time', '_key']

/** With the unit, as nothing else in the file could say it. */
function nameOf ({ name, unit }: DatasetColumn): string {
  return unit === null ? name : `${name} [${unit}]`
}

function valueOf ({ type }: DatasetColumn, value: Scalar, options: CsvOptions): string {
  const given = shown(type, value)
  return given?.type === 'text' ? cellOf(given.text, options) : textOfScalar(given) ?? ''
}

function cellOf (text: string, { isForSpreadsheet }: CsvOptions): string {
  const safe = isForSpreadsheet && FORMULA.test(text) ? `'${text}` : text
  return safe === '' || /[",\r\n]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

function lineOf (cells: readonly string[]): string {
  return `${cells.join(',')}\r\n`
}
