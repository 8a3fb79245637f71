/** Offers `hanse query`: rows of a dataset by key, time, place and values, or what is the latest of each key. */
import type { Box, Client, Dataset, FilterText, QueriedRow, QueryRequest } from '../../sdk/index.ts'
import { QUERY_LIMIT_MAX } from '../../sdk/index.ts'
import { argument, failed, purposeOf, wholeNumber, withheld, withNode } from '../client/index.ts'
import { answer, EXIT, formatTime, problem, table, type Call, type Command, type Outcome, type Problem } from '../terminal/index.ts'

const LIMIT = 100
const LIMIT_MAX = 1_000_000
const CELL_LENGTH_MAX = 40
const OPERATORS = ['!=', '<=', '>=', '=', '<', '>'] as const

export const queryCommand: Command = {
  name: 'query',
  summary: 'Ask for rows of a dataset by key, time, place and values',
  arguments: [{ name: 'DATASET', help: 'its name as hanse ls shows it' }],
  options: [
    { name: 'key', value: 'KEY', help: 'records of this key' },
    { name: 'latest', help: 'of each key the latest record alone' },
    { name: 'from', value: 'TIME', help: 'from this time on, such as 2026-01-31T12:00:00Z' },
    { name: 'to', value: 'TIME', help: 'before this time' },
    { name: 'box', value: 'W,S,E,N', help: 'what touches this area, in degrees' },
    { name: 'where', value: 'CONDITION', repeated: true, help: 'such as "speed > 50", "line in 7,8", "name like Main%", "name exists"' },
    { name: 'limit', value: 'N', help: `at most so many rows (default ${LIMIT})` },
    { name: 'after', value: 'CURSOR', help: 'go on behind a page: the "next" of the answer before' },
    { name: 'for', value: 'PURPOSE', help: 'what for, where more than one agreement holds, such as waste.collection' }
  ],
  examples: ['hanse query buses --latest --box -122.4,47.5,-122.3,47.6', 'hanse query bins --where "fill >= 80" --json', 'hanse query buses --key bus-17 --from 2026-01-31T12:00:00Z --ndjson'],
  streams: true,
  run: async call => {
    const asked = questionOf(call)
    if ('ok' in asked) return asked
    const limit = wholeNumber(call, 'limit', LIMIT, { min: 1, max: LIMIT_MAX })
    if (!limit.ok) return limit
    return await withNode(call, async client => {
      const dataset = await client.dataset(argument(call))
      return dataset.ok ? await ask(call, client, dataset.value, asked, limit.value) : failed(dataset.failure)
    })
  }
}

type Question = Omit<QueryRequest, 'limit'>

/** Page by page, until there are enough rows or there are no more. */
async function ask (call: Call, client: Client, dataset: Dataset, question: Question, limit: number): Promise<Outcome> {
  const rows: QueriedRow[] = []
  let [shown, next, incomplete]: [number, string | null, string | null] = [0, question.after ?? null, null]
  do {
    const page = await client.query(dataset.id, { ...question, after: next ?? undefined, limit: Math.min(QUERY_LIMIT_MAX, limit - shown) }, purposeOf(call))
    if (!page.ok) return withheld(page.failure)
    next = page.value.next
    incomplete ??= page.value.incomplete
    shown += page.value.rows.length
    if (call.terminal.json === 'ndjson') for (const row of page.value.rows) await call.terminal.item({ row }, '')
    else rows.push(...page.value.rows)
  } while (next !== null && shown < limit && !call.signal.aborted)
  if (incomplete !== null) call.terminal.warn(`Rows may be missing: ${incomplete}`)
  if (call.terminal.json === 'ndjson') return answer({ end: { rows: shown, next, incomplete } }, '')
  const more = next === null ? '' : `\nThere may be more: add --after '${next}'`
  return answer({ rows, next, incomplete }, rows.length === 0 ? `No row is like that.${more}` : tableOf(rows) + more)
}

function tableOf (rows: readonly QueriedRow[]): string {
  const names = [...new Set(rows.flatMap(({ values }) => Object.keys(values)))]
  const headings = ['record', 'time', 'key', ...names].map((heading, at) => ({ heading, right: at === 0 }))
  return table(headings, rows.map(({ number, timeMs, key, keyHex, values }) => [String(number), formatTime(timeMs), key ?? keyHex ?? '', ...names.map(name => cellOf(values[name]))]))
}

function cellOf (value: unknown): string {
  const text = value === undefined || value === null ? '' : typeof value === 'string' ? value.trim() : JSON.stringify(value)
  return text.length > CELL_LENGTH_MAX ? `${text.slice(0, CELL_LENGTH_MAX - 4)} ...` : text
}

function questionOf (call: Call): Question | { readonly ok: false, readonly failure: Problem } {
  const [fromMs, toMs] = [timeOf(call, 'from'), timeOf(call, 'to')]
  if (typeof fromMs === 'object') return fromMs
  if (typeof toMs === 'object') return toMs
  const box = boxOf(call)
  if (box !== undefined && 'ok' in box) return box
  const where: FilterText[] = []
  for (const text of call.texts('where')) {
    const filter = filterOf(text)
    if (filter === undefined) return problem(EXIT.usage, 'usage', `--where does not take "${text}"`, 'Write for instance --where "speed > 50", with one of = != < <= > >= in like exists.')
    where.push(filter)
  }
  return { key: call.text('key'), ...call.flag('latest') ? { latest: true } : {}, fromMs, toMs, box, ...where.length > 0 ? { where } : {}, after: call.text('after') }
}

function timeOf (call: Call, name: 'from' | 'to'): number | undefined | { readonly ok: false, readonly failure: Problem } {
  const text = call.text(name)
  if (text === undefined) return undefined
  const timeMs = Date.parse(text)
  return timeMs >= 0 ? timeMs : problem(EXIT.usage, 'usage', `--${name} takes a time, not "${text}"`, `Write for instance --${name} 2026-01-31T12:00:00Z.`)
}

function boxOf (call: Call): Box | undefined | { readonly ok: false, readonly failure: Problem } {
  const text = call.text('box')
  if (text === undefined) return undefined
  const [west, south, east, north, ...more] = text.split(',').map(part => part.trim() === '' ? Number.NaN : Number(part))
  if (west === undefined || south === undefined || east === undefined || north === undefined || more.length > 0 || [west, south, east, north].some(Number.isNaN)) {
    return problem(EXIT.usage, 'usage', `--box takes four numbers, not "${text}"`, 'Write for instance --box -122.5,47.4,-122.0,47.8.')
  }
  return { west, south, east, north }
}

/** `column op value`. The first operator parts them, so that a value may hold others. */
function filterOf (text: string): FilterText | undefined {
  const word = /^(.+?)\s+(in|like)\s+(.*)$/.exec(text) ?? /^(.+?)\s+(not\s+exists|exists)()$/.exec(text)
  const sign = /^([^=!<>]+?)\s*(!=|<=|>=|=|<|>)\s*(.*)$/.exec(text)
  const [, column = '', op = '', value = ''] = sign ?? word ?? []
  if (column.trim() === '') return undefined
  const name = column.trim()
  if (op === 'in') return { column: name, op, value: value.split(',').map(each => each.trim()) }
  if (op === 'like') return { column: name, op, value }
  if (op.endsWith('exists')) return { column: name, op: 'exists', value: op === 'exists' }
  const found = OPERATORS.find(each => each === op)
  return found === undefined ? undefined : { column: name, op: found, value }
}
