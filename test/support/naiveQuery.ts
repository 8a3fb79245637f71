import { compareBytes, equalBytes, hex } from '../../src/base/index.ts'
import { formatOf, meets, meetsAll, objectOfRow, placeOfBody, readRow, type RowFormat } from '../../src/core/rows/index.ts'
import type { NumberedRecord, QueriedRecord, RecordQuery } from '../../src/node/contract/index.ts'

/** All rows that are asked for, by looking at every record: what an index must come to as well. */
export function naiveRows (format: RowFormat, records: readonly NumberedRecord[], query: Omit<RecordQuery, 'limit' | 'after'>): readonly QueriedRecord[] {
  return (query.latest === true ? latestOf(records) : records).flatMap(record => rowOf(format, record, query) ?? [])
}

/** The format of a dataset whose first record is the first of these. */
export function formatOfRecords (mediaType: string, schema: RowFormat['columns'], records: readonly NumberedRecord[]): RowFormat | undefined {
  const format = formatOf({ mediaType, schema }, records[0]?.body)
  return format.ok ? format.value : undefined
}

function latestOf (records: readonly NumberedRecord[]): readonly NumberedRecord[] {
  const latest = new Map(records.map(record => [hex(record.key), record]))
  return [...latest.values()].toSorted((a, b) => compareBytes(a.key, b.key))
}

function rowOf (format: RowFormat, record: NumberedRecord, { from = 0, key, fromMs = 0, toMs = Infinity, box, where = [] }: Omit<RecordQuery, 'limit'>): QueriedRecord | undefined {
  if (record.number < from || record.operation === 'delete' || record.timeMs < fromMs || record.timeMs >= toMs) return undefined
  if (key !== undefined && !equalBytes(record.key, key)) return undefined
  const place = placeOfBody(format, record.key, record.body) ?? null
  if (box !== undefined && (place === null || !meets(place.box, box))) return undefined
  const read = readRow(format, record.key, record.body)
  if (read.type !== 'row' || !meetsAll(format, where, read.values, () => objectOfRow(format, record.body))) return undefined
  return { ...record, values: read.values, place }
}
