/**
 * Asks for rows of a dataset by key, time, place and values: `GET /api/v1/datasets/:reference/query`.
 *
 * `where` is a JSON list of conditions, `[{"column": "speedKmh", "op": ">", "value": 50}]`; all must hold. Numbers in `values` are JSON
 * numbers where these say them exactly, and text where they do not. Pages are gone through by `next`, which is null behind the last; a
 * page may have fewer rows than asked for, or none, and still be followed by others.
 */
export { QUERY_OPERATIONS, QUERY_LIMIT_MAX, type QueryCalls } from './operations.ts'
export {
  boxText, filtersSchema, queryPageSchema, type FilterText, type QueriedRow, type QueryRequest, type QueryRows
} from './schemas.ts'
