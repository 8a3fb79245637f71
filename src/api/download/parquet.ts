import { ByteWriter, ParquetWriter, schemaFromColumnData, type BasicType } from 'hyparquet-writer'
import { textOf } from '../../base/index.ts'
import { timeMsOf, textOfScalar, type Scalar } from '../../core/rows/index.ts'
import type { DatasetColumn, Row, Table } from './rows.ts'

/** One group is held at a time, so its size bounds the memory that a download takes. */
const GROUP_ROWS = 65_536
const GROUP_BYTES_MAX = 33_554_432

type Cell = string | number | bigint | boolean | Date | null
type OutColumn = { readonly name: string, readonly type: BasicType, readonly cellOf: (row: Row) => Cell }

/** Apache Parquet, a row group at a time. A value that is not of its column's type is null; units stand in the metadata. */
export async function * parquetOf (table: Table, rows: AsyncIterable<Row>): AsyncGenerator<Uint8Array> {
  const columns = outColumns(table)
  const schema = schemaFromColumnData({ columnData: columns.map(({ name, type }) => ({ name, type, data: [], nullable: true })) })
  const writer = new ByteWriter()
  const units = Object.fromEntries(table.columns.flatMap(({ name, unit }) => unit === null ? [] : [[name, unit]]))
  const parquet = new ParquetWriter({ writer, schema, createdBy: 'hanse', kvMetadata: [{ key: 'units', value: JSON.stringify(units) }] })
  let group = new Group(columns)
  for await (const row of rows) {
    group.add(row)
    if (!group.isFull) continue
    group.write(parquet)
    yield drained(writer)
    group = new Group(columns)
  }
  group.write(parquet)
  // Its promise is of writers that wait, and this one does not.
  void parquet.finish()
  yield drained(writer)
}

/** Cells by column, as they are written; of the records nothing is kept. */
class Group {
  readonly #columns: readonly OutColumn[]
  readonly #cells: readonly Cell[][]
  #rows = 0
  #bytes = 0

  constructor (columns: readonly OutColumn[]) {
    this.#columns = columns
    this.#cells = columns.map(() => [])
  }

  add (row: Row): void {
    for (const [at, { cellOf }] of this.#columns.entries()) this.#cells[at]?.push(cellOf(row))
    this.#rows++
    this.#bytes += row.record.body.length
  }

  get isFull (): boolean {
    return this.#rows >= GROUP_ROWS || this.#bytes >= GROUP_BYTES_MAX
  }

  write (parquet: ParquetWriter): void {
    if (this.#rows === 0) return
    void parquet.write({ columnData: this.#columns.map(({ name }, at) => ({ name, data: this.#cells[at] ?? [] })), rowGroupSize: GROUP_ROWS })
  }
}

/** What was written since the last time; offsets go on. */
function drained (writer: ByteWriter): Uint8Array {
  const bytes = new Uint8Array(writer.buffer.slice(0, writer.index))
  writer.index = 0
  return bytes
}

function outColumns ({ columns, isStream }: Table): readonly OutColumn[] {
  const own: readonly OutColumn[] = [
    { name: '_seq', type: 'INT64', cellOf: ({ record }) => BigInt(record.number) },
    { name: '_time', type: 'TIMESTAMP', cellOf: ({ record }) => dateAt(record.timeMs) },
    { name: '_key', type: 'STRING', cellOf: ({ record }) => textOf(record.key) ?? '' }
  ]
  return [...isStream ? own : [], ...columns.map(({ name, type }, at): OutColumn =>
    ({ name, type: TYPES[type], cellOf: ({ values }) => cellOf(type, values[at] ?? null) }))]
}

const TYPES: Readonly<Record<DatasetColumn['type'], BasicType>> = {
  text: 'STRING', integer: 'INT64', number: 'DOUBLE', boolean: 'BOOLEAN', time: 'TIMESTAMP', latitude: 'DOUBLE', longitude: 'DOUBLE', geometry: 'STRING'
}

/** Of ECMAScript. */
const DATE_MS_MAX = 8.64e15
const INT64_MAX = 2n ** 63n

function cellOf (type: DatasetColumn['type'], value: Scalar): Cell {
  if (value === null) return null
  switch (type) {
    case 'text':
    case 'geometry': return textOfScalar(value)
    case 'boolean': return value.type === 'boolean' ? value.value : null
    case 'integer': return value.type === 'number' ? integerOf(value.text) : null
    case 'number':
    case 'latitude':
    case 'longitude': return value.type === 'number' ? Number(value.text) : null
    case 'time': return value.type === 'boolean' ? null : dateOf(value.text)
  }
}

function integerOf (text: string): bigint | null {
  if (!/^-?\d{1,19}$/.test(text)) return null
  const integer = BigInt(text)
  return integer < INT64_MAX && integer >= -INT64_MAX ? integer : null
}

function dateOf (text: string): Date | null {
  const timeMs = timeMsOf(text)
  return timeMs === undefined ? null : dateAt(timeMs)
}

/** Records may be of times that no date reaches. */
function dateAt (timeMs: number): Date | null {
  return Math.abs(timeMs) <= DATE_MS_MAX ? new Date(timeMs) : null
}
