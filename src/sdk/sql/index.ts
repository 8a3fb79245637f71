/**
 * Asks in SQL over the datasets that the node may read, its own and those of others, joined: `POST /api/v1/sql`.
 *
 * A table is a dataset: `"publisher/dataset"` in double quotes, or its short id; `GET /api/v1/sql/tables` lists them with their columns.
 * In JSON, integers and decimals that a number cannot say exactly are text, times and dates are ISO 8601 and lists are text. A
 * failure in the text of the question has its `position`, in characters from 0.
 *
 * An answer names its sources and the conditions that hold for it. One that its publisher reckoned has a `proof` in base64: what that
 * member signed, with all that it takes to check it offline (`hanse verify FILE`).
 */
export { SQL_FORMATS, SQL_OPERATIONS, SQL_TYPES, type SqlCalls } from './operations.ts'
export { sqlAnswerSchema, sqlTablesSchema, type SqlQuestion, type SqlResult, type SqlTable } from './schemas.ts'
