/** Answers questions in SQL over HTTP: hands them to the node for whoever asks, and gives the rows as JSON, CSV or Parquet. */
import { ByteWriter, parquetWrite, type BasicType } from 'hyparquet-writer'
import { unreachable } from '../../base/index.ts'
import { textOfTime } from '../../core/rows/index.ts'
import { csvOf } from '../../node/asking/index.ts'
import type { SqlAnswer, SqlColumn, SqlValue } from '../../node/contract/index.ts'
import { SQL_FORMATS, SQL_TYPES, type SqlCalls, type SqlResult } from '../../sdk/sql/index.ts'
import { askerOf, type Handlers } from '../context/index.ts'
import { json, problem, type Reply } from '../http/index.ts'

const NO_STORE = { 'cache-control': 'no-store' }

export const sqlHandlers: Handlers<SqlCalls> = {
  'sql.ask': async (context, request, { body: { sql, format, purpose, rowsMax }, accepted }) => {
    const asker = askerOf(context, request)
    if (!asker.ok) return problem(asker.failure)
    const answer = await context.node.sql({ text: sql, rowsMax, signal: request.signal }, purpose === undefined ? asker.value : { ...asker.value, purpose })
    if (!answer.ok) return problem(answer.failure, undefined, STATUS[answer.failure.code])
    const form = format ?? SQL_FORMATS.find(each => SQL_TYPES[each] === accepted) ?? 'json'
    switch (form) {
      case 'json': return json(resultOf(answer.value), 200, NO_STORE)
      case 'csv': return whole(SQL_TYPES.csv, csvOf(answer.value.columns, answer.value.rows))
      case 'parquet': return whole(SQL_TYPES.parquet, parquetOf(answer.value))
      default: return unreachable(form)
    }
  },
  'sql.tables': (context, request) => {
    const asker = askerOf(context, request)
    return asker.ok ? json(context.node.sqlTables(asker.value), 200, NO_STORE) : problem(asker.failure)
  }
}

/** Of codes that only questions have; the rest are as everywhere. */
const STATUS: Readonly<Record<string, number>> = {
  'syntax': 400, 'not-allowed': 403, 'aggregates-only': 403, 'differencing': 403, 'several-publishers': 409, 'limit': 429, 'unavailable': 503, 'unreachable': 409
}

function whole (type: string, bytes: Uint8Array): Reply {
  return { type: 'stream', status: 200, headers: { ...NO_STORE, 'content-type': type, 'content-length': String(bytes.length) }, chunks: only(bytes) }
}

async function * only (bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function resultOf ({ columns, rows, isCut, sources, conditions, proof, timeMs }: SqlAnswer): SqlResult {
  return {
    columns: columns.map(column => ({ ...column })), rows: rows.map(row => row.map((value, at) => jsonOf(value, columns[at]?.type ?? 'other'))), isCut,
    sources: sources.map(source => ({ ...source })), conditions: conditions.map(each => ({ ...each, labels: [...each.labels] })),
    proof: proof === null ? null : Buffer.from(proof).toString('base64'), timeMs
  }
}

function jsonOf (value: SqlValue, type: SqlColumn['type']): string | number | boolean | null {
  if (value === null || typeof value === 'boolean') return value
  if (type === 'time') return textOfTime(Number(value))
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  // JSON knows no infinity, nor what is no number.
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value
}

const PARQUET_TYPES: Readonly<Record<SqlColumn['type'], BasicType>> = {
  text: 'STRING', integer: 'INT64', number: 'DOUBLE', boolean: 'BOOLEAN', time: 'TIMESTAMP', decimal: 'STRING', date: 'STRING', other: 'STRING'
}

/** What a Date can hold; the engine knows later times, and one after all. */
const DATE_MS_MAX = 8.64e15

/** Integers beyond 64 bits are null, and so are times beyond all dates: the form has none. */
function parquetOf ({ columns, rows }: SqlAnswer): Uint8Array {
  const writer = new ByteWriter()
  void parquetWrite({
    writer,
    columnData: columns.map(({ name, type }, at) => ({
      name, type: PARQUET_TYPES[type], nullable: true, data: rows.map(row => cellOf(row[at] ?? null, type))
    }))
  })
  return new Uint8Array(writer.buffer.slice(0, writer.index))
}

function cellOf (value: SqlValue, type: SqlColumn['type']): string | number | bigint | boolean | Date | null {
  if (value === null) return null
  if (type === 'time') return Math.abs(Number(value)) <= DATE_MS_MAX ? new Date(Number(value)) : null
  if (typeof value === 'bigint') return BigInt.asIntN(64, value) === value ? value : null
  return value
}
