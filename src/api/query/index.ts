/**
 * Answers questions about rows, as JSON, and where they are, as GeoJSON in one stream; says what a row says for other rooms.
 *
 * Numbers that JSON cannot say exactly are text. A row of JSON whose columns nobody described is given as it is.
 */
import { hex, textOf, utf8, type Result } from '../../base/index.ts'
import { objectOfRow, type Scalar } from '../../core/rows/index.ts'
import type { QueriedRecord, QueryFailure, QueryPage } from '../../node/contract/index.ts'
import { QUERY_LIMIT_MAX, type QueriedRow, type QueryCalls } from '../../sdk/query/index.ts'
import { askerOf, type Handlers } from '../context/index.ts'
import { json, problem } from '../http/index.ts'
import { placesOf } from './places.ts'

export { geometryIn, pointOf } from './places.ts'

export const queryHandlers: Handlers<QueryCalls> = {
  'datasets.query': async (context, request, { query: { key, latest, from, to, bbox, where, number, limit, after } }) => {
    const asker = askerOf(context, request)
    if (!asker.ok) return problem(asker.failure)
    const page = await context.node.query(request.reference, {
      key: key === undefined ? undefined : utf8(key), latest: latest === 'true', fromMs: from, toMs: to, box: bbox, where, from: number, limit, after
    }, asker.value)
    if (!page.ok) return problem(page.failure)
    const { rows, next, incomplete } = page.value
    return json({ rows: rows.map(rowOf), next, incomplete }, 200, { 'cache-control': 'no-store' })
  },
  'datasets.places': async (context, request, { query: { latest, bbox, limit } }) => {
    const asker = askerOf(context, request)
    if (!asker.ok) return problem(asker.failure)
    const dataset = context.node.dataset(request.reference, asker.value)
    if (!dataset.ok) return problem(dataset.failure)
    const ask = async (left: number, after?: string): Promise<Result<QueryPage, QueryFailure>> =>
      await context.node.query(dataset.value.id, { latest: latest === 'true', box: bbox, limit: Math.min(left, QUERY_LIMIT_MAX), after }, asker.value)
    const first = await ask(limit)
    if (!first.ok) return problem(first.failure)
    const headers = { 'content-type': 'application/geo+json', 'cache-control': 'no-store' }
    return { type: 'stream', status: 200, headers, chunks: placesOf(dataset.value, pagesFrom(first.value, limit, ask)) }
  }
}

/** Pages up to so many rows. */
async function * pagesFrom (first: QueryPage, limit: number, ask: (left: number, after: string) => Promise<Result<QueryPage, QueryFailure>>): AsyncGenerator<QueryPage> {
  let [page, left] = [first, limit - first.rows.length]
  for (yield page; left > 0 && page.next !== null; yield page) {
    const next = await ask(left, page.next)
    if (!next.ok) throw new Error(next.failure.reason)
    page = next.value
    left -= page.rows.length
  }
}

function rowOf (record: QueriedRecord): QueriedRow {
  const { number, timeMs, key, place } = record
  const text = textOf(key)
  return { number, timeMs, ...text === undefined ? { keyHex: hex(key) } : { key: text }, values: valuesOf(record), place }
}

/** What a row says, by column. */
export function valuesOf ({ values, mediaType, body }: QueriedRecord): QueriedRow['values'] {
  if (values.size > 0) return Object.fromEntries([...values].map(([name, value]) => [name, valueOf(value)]))
  return objectOfRow({ delimiter: null, columns: [], isFeature: mediaType.startsWith('application/geo+json') }, body) ?? {}
}

function valueOf (value: Scalar): string | number | boolean | null {
  if (value === null) return null
  if (value.type === 'boolean') return value.value
  if (value.type === 'text') return value.text
  const number = Number(value.text)
  return String(number) === value.text ? number : value.text
}
