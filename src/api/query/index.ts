/**
 * Answers questions about rows, as JSON, and says what a row says for other rooms.
 *
 * Numbers that JSON cannot say exactly are text. A row of JSON whose columns nobody described is given as it is.
 */
import { hex, textOf, utf8 } from '../../base/index.ts'
import { objectOfRow, type Scalar } from '../../core/rows/index.ts'
import type { QueriedRecord } from '../../node/contract/index.ts'
import type { QueriedRow, QueryCalls } from '../../sdk/query/index.ts'
import { askerOf, type Handlers } from '../context/index.ts'
import { json, problem } from '../http/index.ts'

export const queryHandlers: Handlers<QueryCalls> = {
  'datasets.query': async (context, request, { query: { key, latest, from, to, bbox, where, limit, after } }) => {
    const asker = askerOf(context, request)
    if (!asker.ok) return problem(asker.failure)
    const page = await context.node.query(request.reference, {
      key: key === undefined ? undefined : utf8(key), latest: latest === 'true', fromMs: from, toMs: to, box: bbox, where, limit, after
    }, asker.value)
    if (!page.ok) return problem(page.failure)
    const { rows, next, incomplete } = page.value
    return json({ rows: rows.map(rowOf), next, incomplete }, 200, { 'cache-control': 'no-store' })
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
