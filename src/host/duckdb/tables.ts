import type { DuckDBConnection, DuckDBInstance, DuckDBPreparedStatement } from '@duckdb/node-api'
import { assert, fail, ok, type Result } from '../../base/index.ts'
import type { SqlColumn, SqlFault, SqlRows, SqlRun, SqlTables, SqlValue } from '../index.ts'
import type { Duck } from './duck.ts'
import { faultOf } from './faults.ts'
import { duckTypeOf, duckValueOf, sizeOf, SQL_NAMES, sqlValueOf, typeOfDuck } from './values.ts'

/** What a vector of the engine holds. */
const CHUNK_ROWS = 2_048
/** A statement that was told to stop before it began is told again. */
const INTERRUPT_AGAIN_MS = 50

/** One database in memory. */
export class DuckTables implements SqlTables {
  readonly #duck: Duck
  readonly #instance: DuckDBInstance
  /** For tables: questions have connections of their own. */
  readonly #connection: DuckDBConnection
  readonly #closed: () => void
  readonly #columns = new Map<string, readonly SqlColumn[]>()

  constructor (duck: Duck, instance: DuckDBInstance, connection: DuckDBConnection, closed: () => void) {
    this.#duck = duck
    this.#instance = instance
    this.#connection = connection
    this.#closed = closed
  }

  async create (table: string, columns: readonly SqlColumn[]): Promise<void> {
    await this.#connection.run(`CREATE TABLE ${quoted(table)} (${columns.map(({ name, type }) => `${quoted(name)} ${SQL_NAMES[type]}`).join(', ')})`)
    this.#columns.set(table, columns)
  }

  async append (table: string, values: readonly (readonly SqlValue[])[], count: number): Promise<void> {
    const columns = this.#columns.get(table)
    assert(columns !== undefined && columns.length === values.length, 'rows fit the table')
    const types = columns.map(({ type }) => duckTypeOf(this.#duck, type))
    const appender = await this.#connection.createAppender(table)
    try {
      for (let at = 0; at < count; at += CHUNK_ROWS) {
        const end = Math.min(count, at + CHUNK_ROWS)
        const chunk = this.#duck.DuckDBDataChunk.create(types, end - at)
        chunk.setColumns(columns.map(({ type }, index) => (values[index] ?? []).slice(at, end).map(value => duckValueOf(this.#duck, type, value))))
        appender.appendDataChunk(chunk)
      }
      appender.flushSync()
    } finally {
      appender.closeSync()
    }
  }

  async drop (table: string): Promise<void> {
    await this.#connection.run(`DROP TABLE IF EXISTS ${quoted(table)}`)
    this.#columns.delete(table)
  }

  async run (run: SqlRun): Promise<Result<SqlRows, SqlFault>> {
    const connection = await this.#instance.connect()
    const timer = interrupting(connection, run)
    try {
      for (const { name, table, columns } of run.views) {
        await connection.run(`CREATE TEMP VIEW ${quoted(name)} AS SELECT ${columns.length === 0 ? 'NULL AS none' : columns.map(({ name: as, stored }) => `${quoted(stored)} AS ${quoted(as)}`).join(', ')} FROM memory.main.${quoted(table)}`)
      }
      // "Cannot prepare multiple statements at once": what was checked as one statement is one.
      const statement = await connection.prepare(run.text)
      if (statement.statementType !== this.#duck.StatementType.SELECT) return fail({ code: 'syntax', reason: 'this is no SELECT', position: null })
      return ok(await this.#taken(statement, run))
    } catch (cause) {
      return timer.isOver() ? fail(OVER) : fail(faultOf(cause, run.text))
    } finally {
      timer.stop()
      connection.closeSync()
    }
  }

  close (): void {
    this.#connection.closeSync()
    this.#instance.closeSync()
    this.#closed()
  }

  /** Rows as they come, no more than are wanted. */
  async #taken (statement: DuckDBPreparedStatement, { rowsMax, bytesMax }: SqlRun): Promise<SqlRows> {
    const result = await statement.stream()
    const types = result.columnTypes().map(type => typeOfDuck(this.#duck, type))
    const columns = result.deduplicatedColumnNames().map((name, at): SqlColumn => ({ name, type: types[at] ?? 'other' }))
    const rows: (readonly SqlValue[])[] = []
    let bytes = 0
    for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
      for (const values of chunk.getRows()) {
        const row = values.map((value, at) => sqlValueOf(types[at] ?? 'other', value))
        bytes += row.reduce<number>((sum, value) => sum + sizeOf(value), 0)
        if (rows.length >= rowsMax || bytes > bytesMax) return { columns, rows, isCut: true }
        rows.push(row)
      }
    }
    return { columns, rows, isCut: false }
  }
}

const OVER: SqlFault = { code: 'timeout', reason: 'it took too long', position: null }

function interrupting (connection: DuckDBConnection, { timeMsMax, signal }: SqlRun): { readonly isOver: () => boolean, readonly stop: () => void } {
  let isOver = false
  let again: NodeJS.Timeout | undefined
  const over = (): void => {
    isOver = true
    connection.interrupt()
    again ??= setInterval(() => connection.interrupt(), INTERRUPT_AGAIN_MS)
  }
  const timer = setTimeout(over, timeMsMax)
  signal?.addEventListener('abort', over)
  if (signal?.aborted === true) over()
  return {
    isOver: () => isOver,
    stop: () => {
      clearTimeout(timer)
      clearInterval(again)
      signal?.removeEventListener('abort', over)
    }
  }
}

/** An identifier as text of SQL, whatever is in it. */
function quoted (name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
