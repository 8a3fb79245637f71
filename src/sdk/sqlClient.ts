import { API_PATH } from './bodies/index.ts'
import { bytesOf } from './ledgerClient.ts'
import { sqlAnswerSchema, sqlTablesSchema, type SqlQuestion, type SqlResult, type SqlTable } from './sql/index.ts'
import type { Answer, Call, Transport } from './transport.ts'

/** What a program asks in SQL. */
export type SqlClient = {
  sql (question: Omit<SqlQuestion, 'format'>): Answer<SqlResult>
  /** The rows in a form of other tools. */
  sqlFile (question: Omit<SqlQuestion, 'format'> & { readonly format: 'csv' | 'parquet' }): Answer<Uint8Array>
  /** What can be asked for. */
  sqlTables (): Answer<readonly SqlTable[]>
}

const SQL = `${API_PATH}/sql`

export function sqlClient (transport: Transport, signal: AbortSignal | undefined): SqlClient {
  const asking = (question: SqlQuestion): Call => ({ method: 'POST', path: SQL, headers: { 'content-type': 'application/json' }, body: JSON.stringify(question), signal })
  return {
    sql: question => transport.json(asking({ ...question, format: 'json' }), sqlAnswerSchema),
    sqlFile: question => bytesOf(transport, asking(question)),
    sqlTables: () => transport.json({ method: 'GET', path: `${SQL}/tables`, signal }, sqlTablesSchema)
  }
}
