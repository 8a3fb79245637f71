/** Offers `hanse sql`: one question over datasets of this city and of others, joined. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Client, SqlQuestion, SqlResult, SqlTable } from '../../sdk/index.ts'
import { argument, failed, only, purposeOf, wholeNumber, withheld, withNode, writeWhole } from '../client/index.ts'
import { answer, count, EXIT, formatBytes, plain, problem, table, type Call, type Command, type Outcome } from '../terminal/index.ts'

const FORMATS = ['table', 'csv', 'json', 'parquet'] as const
const ROWS_DEFAULT = 10_000
const ROWS_MAX = 1_000_000
const CELL_LENGTH_MAX = 40

export const sqlCommand: Command = {
  name: 'sql',
  summary: 'Ask in SQL over datasets of this city and of others, joined',
  arguments: [{ name: 'SELECT', help: 'one SELECT; without it, the names of all tables are shown', optional: true }],
  options: [
    { name: 'file', value: 'FILE', help: 'read the question from this file' },
    { name: 'format', value: 'FORMAT', help: `${FORMATS.join(', ')} (default table, or csv with -o)` },
    { name: 'output', short: 'o', value: 'FILE', help: 'where to write the rows' },
    { name: 'proof', value: 'FILE', help: 'write what its publisher signed, where only that may answer; check it with hanse verify FILE' },
    { name: 'limit', value: 'N', help: `at most so many rows (default ${ROWS_DEFAULT})` },
    { name: 'for', value: 'PURPOSE', help: 'what for, where more than one agreement holds, such as waste.collection' },
    { name: 'force', help: 'replace the files if there are any' }
  ],
  examples: [
    'hanse sql', 'hanse sql \'SELECT a.date, a.temp_max, b.temp_max FROM "Seattle/weather" a JOIN "New York/weather" b USING (date)\' -o days.csv',
    'hanse sql \'SELECT street, count(*) FROM "Bellevue/trips" GROUP BY street\' --proof trips.proof'
  ],
  run: async call => {
    const format = FORMATS.find(each => each === (call.text('format') ?? (call.text('output') === undefined ? 'table' : 'csv')))
    if (format === undefined) return problem(EXIT.usage, 'usage', `--format takes ${FORMATS.join(', ')}, not "${call.text('format')}"`, 'Write for instance --format csv.')
    const rowsMax = wholeNumber(call, 'limit', ROWS_DEFAULT, { min: 1, max: ROWS_MAX })
    if (!rowsMax.ok) return rowsMax
    const [text] = call.arguments
    const path = call.text('file')
    if (text !== undefined && path !== undefined) return problem(EXIT.usage, 'usage', 'The question stands in the command or in a file', 'Leave one of the two out.')
    if (text === undefined && path === undefined) return await withNode(call, showTables)
    if (format === 'parquet' && call.text('output') === undefined) return problem(EXIT.usage, 'usage', 'Parquet needs a file to go to', 'Add -o FILE.')
    const sql = path === undefined ? argument(call) : await readFile(resolve(path), 'utf8').catch(() => undefined)
    if (sql === undefined) return problem(EXIT.notFound, 'not-found', `${plain(path ?? '')} cannot be read`, 'Name a file that holds one SELECT.')
    const purpose = purposeOf(call)
    return await withNode(call, client => ask(call, client, { sql, rowsMax: rowsMax.value, ...purpose === undefined ? {} : { purpose } }, format))
  }
}

async function showTables (client: Client): Promise<Outcome> {
  const tables = await client.sqlTables()
  if (!tables.ok) return failed(tables.failure)
  if (tables.value.length === 0) return answer({ tables: [] }, 'There are no datasets with columns yet.')
  const rows = tables.value.map((each: SqlTable) => [`"${plain(each.name)}"`, each.isHere ? 'here' : 'elsewhere', each.columns.map(({ name, type }) => `${plain(name)} ${type}`).join(', ')])
  return answer({ tables: tables.value }, `${table([{ heading: 'table' }, { heading: 'is' }, { heading: 'columns' }], rows)}\n\nAsk for instance: hanse sql 'SELECT * FROM ${rows[0]?.[0] ?? ''} LIMIT 10'`)
}

async function ask (call: Call, client: Client, question: SqlQuestion & { readonly rowsMax: number }, format: typeof FORMATS[number]): Promise<Outcome> {
  const [output, proof] = [call.text('output'), call.text('proof')]
  // What is signed comes with the rows as JSON alone: a second question could have another answer.
  if (proof === undefined && output !== undefined && (format === 'csv' || format === 'parquet')) {
    const file = await client.sqlFile({ ...question, format })
    return file.ok ? await write(call, output, file.value, {}) : refused(question.sql, file.failure)
  }
  const asked = await client.sql(question)
  if (!asked.ok) return refused(question.sql, asked.failure)
  const result = asked.value
  if (result.isCut) call.terminal.warn(`There are more than ${count(result.rows.length, 'row')}: add --limit.`)
  if (proof !== undefined) {
    if (result.proof === null) return problem(EXIT.failed, 'no-proof', 'This node reckoned the answer itself, so nobody signed it', 'Leave --proof out.')
    const written = await write(call, proof, new Uint8Array(Buffer.from(result.proof, 'base64')), {})
    if (!written.ok || output === undefined) return written
  }
  if (output !== undefined) return await write(call, output, new TextEncoder().encode(format === 'csv' ? csvText(result) : `${JSON.stringify(result, null, 2)}\n`), {})
  if (format === 'csv' && call.terminal.json === 'no') {
    await call.terminal.bytes(new TextEncoder().encode(csvText(result)))
    return answer({ rows: result.rows.length }, '')
  }
  return answer({ ...result }, format === 'json' ? JSON.stringify(result, null, 2) : tableText(result))
}

/** The place in the question stands under it, as far as it fits a line. */
function refused (sql: string, failure: Parameters<typeof withheld>[0]): Outcome {
  const { position } = failure
  if (position === undefined) return withheld(failure)
  const line = sql.slice(0, position).split('\n').length
  const column = position - sql.lastIndexOf('\n', position - 1)
  const near = sql.slice(position, position + CELL_LENGTH_MAX).split('\n')[0] ?? ''
  return withheld({ ...failure, reason: `${failure.reason} (line ${line}, character ${column}${near === '' ? '' : `: ${plain(near)}`})` })
}

async function write (call: Call, path: string, bytes: Uint8Array, more: object): Promise<Outcome> {
  const target = resolve(path)
  const written = await writeWhole(target, only(bytes), { sizeBytes: bytes.length, sha256: null, replace: call.flag('force'), signal: call.signal, onProgress: () => undefined })
  return written.ok ? answer({ file: target, ...written.value, ...more }, `Wrote ${target} (${formatBytes(bytes.length)}).`) : written
}

function tableText ({ columns, rows, sources, conditions }: SqlResult): string {
  const shown = table(columns.map(({ name, type }) => ({ heading: plain(name), right: ['integer', 'number', 'decimal'].includes(type) })), rows.map(row => row.map(cellOf)))
  const groups = sources.filter(({ minGroupSize }) => minGroupSize !== null).map(({ publisher, minGroupSize }) => `${publisher.name} leaves out groups of fewer than ${minGroupSize}.`)
  const notes = [...new Set(groups), ...conditions.map(({ sentence }) => sentence)]
  return [rows.length === 0 ? 'No rows.' : shown, ...notes.length === 0 ? [] : ['', 'For what you have here:', ...notes.map(note => `  ${plain(note)}`)]].join('\n')
}

function cellOf (value: string | number | boolean | null): string {
  const text = value === null ? '' : plain(String(value))
  return text.length > CELL_LENGTH_MAX ? `${text.slice(0, CELL_LENGTH_MAX - 4)} ...` : text
}

function csvText ({ columns, rows }: SqlResult): string {
  const field = (value: string | number | boolean | null): string => {
    const text = value === null ? '' : String(value)
    return /[",\r\n]/.test(text) || (text === '' && value !== null) ? `"${text.replaceAll('"', '""')}"` : text
  }
  return [columns.map(({ name }) => name), ...rows].map(row => `${row.map(field).join(',')}\r\n`).join('')
}
