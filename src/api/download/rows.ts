import { fail, ok, type Result } from '../../base/index.ts'
import { formatOf, readValues, textOfTime, timeMsOf, type RowFormat, type Scalar } from '../../core/rows/index.ts'
import type { Dataset, NumberedRecord } from '../../node/contract/index.ts'
import type { AnyFailure } from '../http/index.ts'

export type DatasetColumn = Dataset['schema'][number]

/** A record that is a row: its values in the order of the columns. */
export type Row = { readonly record: NumberedRecord, readonly values: readonly Scalar[] }

/** What the rows of a dataset look like. */
export type Table = {
  readonly format: RowFormat
  readonly columns: readonly DatasetColumn[]
  /** Each row is an event of its own time and key, so they come with it; rows of a table have what they say. */
  readonly isStream: boolean
}

/** How the records of a dataset are rows; `first` is the first of those that are to be read. */
export function tableOf (dataset: Dataset, first: NumberedRecord | undefined): Result<Table, AnyFailure> {
  const { distribution: { form, mediaType }, schema } = dataset
  const format = form === 'file' ? fail({ code: 'media-type' as const }) : formatOf({ mediaType, schema }, first?.body)
  if (format.ok && schema.length > 0) return ok({ format: format.value, columns: schema, isStream: form === 'stream' })
  const why = format.ok ? 'columns' : format.failure.code
  return fail({ code: 'not-acceptable', reason: `this dataset has no rows of known columns: ${REASONS[why]}`, hint: `take it as ndjson${form === 'stream' ? '' : ', or as it was published, at …/content'}` })
}

const REASONS = {
  'columns': 'its description names no columns',
  'fields': 'its rows do not have as many fields as its description has columns',
  'media-type': 'it is a file of its own kind'
} as const

/** Records that are rows. A header is none, nor is a deletion, nor what does not fit the columns. */
export async function * rowsOf ({ format }: Table, records: AsyncIterable<NumberedRecord>): AsyncGenerator<Row> {
  for await (const record of records) {
    const values = record.operation === 'put' ? readValues(format, record.key, record.body) : 'malformed'
    if (typeof values !== 'string') yield { record, values }
  }
}

/** A value as it is shown: times in UTC by ISO 8601, where it can be told when they are. */
export function shown (type: DatasetColumn['type'], value: Scalar): Scalar {
  const timeMs = type === 'time' && value !== null && value.type !== 'boolean' ? timeMsOf(value.text) : undefined
  return timeMs === undefined ? value : { type: 'text', text: textOfTime(timeMs) }
}

const CHUNK_CHARACTERS = 65_536

/** Text in chunks that are worth a write. */
export async function * packed (pieces: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder()
  let held = ''
  for await (const piece of pieces) {
    held += piece
    if (held.length < CHUNK_CHARACTERS) continue
    yield encoder.encode(held)
    held = ''
  }
  if (held !== '') yield encoder.encode(held)
}
