import { API_PATH, PURPOSE_HEADER } from '../bodies/index.ts'
import { bytes, json, text, type Call, type Operations } from '../operation/index.ts'
import { sqlAnswerSchema, sqlQuestionSchema, sqlTablesSchema, type SqlQuestion } from './schemas.ts'

export const SQL_FORMATS = ['json', 'csv', 'parquet'] as const
type SqlFormat = typeof SQL_FORMATS[number]

/** What each form of an answer is called in `Accept` and `Content-Type`. */
export const SQL_TYPES: Readonly<Record<SqlFormat, string>> = { json: 'application/json', csv: 'text/csv', parquet: 'application/vnd.apache.parquet' }

export type SqlCalls = { 'sql.ask': Call<undefined, SqlQuestion>, 'sql.tables': Call }

const SQL_PATH = `${API_PATH}/sql`

export const SQL_OPERATIONS: Operations<SqlCalls> = {
  'sql.ask': {
    method: 'POST', path: SQL_PATH, scope: 'read', tag: 'SQL', forOthers: true,
    summary: 'Answers one SELECT over datasets of this node and of others, as JSON, CSV or Parquet',
    description: 'Each dataset in it is let out by its own terms, for whoever the token names and what it is for; some in groups alone. ' +
      'Where only the publisher may answer, the question is sent to it, and the answer has a signed `proof`. In the form that `format` names, or else `Accept`.',
    headers: { [PURPOSE_HEADER]: 'what for, as a full IRI, where more than one agreement holds' },
    body: { as: 'json', schema: sqlQuestionSchema, example: { sql: 'SELECT count(*) AS n FROM "Bellevue/i90-counter"' } },
    answers: { 200: [json(sqlAnswerSchema), text(SQL_TYPES.csv), bytes(SQL_TYPES.parquet)] }, problems: [404, 409]
  },
  'sql.tables': {
    method: 'GET', path: `${SQL_PATH}/tables`, scope: 'read', tag: 'SQL', forOthers: true,
    summary: 'The datasets that can be asked for in SQL, with their names and columns', answers: { 200: json(sqlTablesSchema) }
  }
}
