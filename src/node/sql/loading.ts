import { formatOf, type RowFormat } from '../../core/rows/index.ts'
import { ENTITY_COLUMN, ROW_COLUMN } from '../../core/sql/index.ts'
import type { SqlTables, SqlValue } from '../../host/index.ts'
import type { DatasetEntry } from '../../core/catalogue/index.ts'
import type { NumberedRecord } from '../contract/index.ts'
import type { Feed } from '../feeds/index.ts'
import { readableEnd, recordsOf, type Readable } from '../reading/index.ts'
import type { RowReader } from './columns.ts'
import { TABLE_ROWS_MAX } from './limits.ts'

/** Rows that are handed to the engine at a time. */
const BATCH_ROWS = 20_480
const AHEAD_MS_MAX = 86_400_000

/** A dataset in the engine, as far as it was read. */
export type Loaded = {
  readonly table: string
  readonly reader: RowReader
  readonly isGrouped: boolean
  /** The record that comes next. */
  next: number
  rows: number
  bytes: number
  /** Columns in which some row has nothing. */
  readonly sparse: Set<string>
  /** Numbers of whom or what rows are about. */
  readonly entities: Map<string, number>
}

/** How the records of a dataset are rows; undefined where nothing of it has come, or they are none. */
export async function formatFor (readable: Readable, feed: Feed, { schema, distribution: { form, mediaType, firstRecord } }: DatasetEntry): Promise<RowFormat | undefined> {
  if (form === 'file' || schema.length === 0) return undefined
  let first: Uint8Array | undefined
  if (readableEnd(feed) > firstRecord) for await (const { body } of recordsOf(readable, feed, firstRecord, firstRecord + 1)) first = body
  if (form === 'table' && first === undefined) return undefined
  const format = formatOf({ mediaType, schema }, first)
  return format.ok ? format.value : undefined
}

/** The number behind the last record of a dataset that is here. */
export function endOf (feed: Feed, { distribution: { firstRecord, records } }: DatasetEntry): number {
  return records === null ? readableEnd(feed) : Math.min(firstRecord + records, readableEnd(feed))
}

export async function beginTable (tables: SqlTables, table: string, reader: RowReader, isGrouped: boolean, first: number): Promise<Loaded> {
  const beside = isGrouped ? [{ name: ROW_COLUMN, type: 'integer' as const }, { name: ENTITY_COLUMN, type: 'integer' as const }] : []
  // A table needs a column, also where nobody asks for any.
  const none = isGrouped || reader.columns.length > 0 ? [] : [{ name: 'none', type: 'boolean' as const }]
  await tables.create(table, [...beside, ...reader.columns.map(({ stored, type }) => ({ name: stored, type })), ...none])
  return { table, reader, isGrouped, next: first, rows: 0, bytes: 0, sparse: new Set(), entities: new Map() }
}

/**
 * Reads what is new of a dataset into its table. Of one that is told later (`delayMs`) all before the first record that is too young,
 * in the order of the feed. `too-many`: it has more rows than a table may. `left`: whoever wanted it has gone; what was read stays, and the
 * next one goes on from there.
 */
export async function extendTable (
  tables: SqlTables, loaded: Loaded, records: AsyncIterable<NumberedRecord>, { delayMs, nowMs, signal }: { readonly delayMs: number, readonly nowMs: number, readonly signal?: AbortSignal | undefined }
): Promise<'whole' | 'too-many' | 'left'> {
  const { reader } = loaded
  const width = Math.max(reader.columns.length + (loaded.isGrouped ? 2 : 0), 1)
  let batch: SqlValue[][] = Array.from({ length: width }, () => [])
  let count = 0
  const flush = async (): Promise<void> => {
    if (count > 0) await tables.append(loaded.table, batch, count)
    loaded.rows += count
    batch = Array.from({ length: width }, () => [])
    count = 0
  }
  for await (const { number, key, body, timeMs, operation } of records) {
    if (delayMs > 0 && timeMs + delayMs > nowMs && timeMs <= nowMs + AHEAD_MS_MAX) break
    loaded.next = number + 1
    const isTooYoung = delayMs > 0 && timeMs + delayMs > nowMs
    const values = operation === 'delete' || isTooYoung ? undefined : reader.read(key, body)
    if (values === undefined) continue
    if (loaded.rows + count >= TABLE_ROWS_MAX) return 'too-many'
    const row = loaded.isGrouped ? [BigInt(number), entityNumber(loaded, reader.entityOf?.(key, body), number), ...values] : values
    for (let at = 0; at < width; at++) batch[at]?.push(row[at] ?? null)
    for (const [at, value] of values.entries()) note(loaded, at, value)
    if (++count < BATCH_ROWS) continue
    await flush()
    if (signal?.aborted === true) return 'left'
  }
  await flush()
  return 'whole'
}

function note (loaded: Loaded, at: number, value: SqlValue): void {
  loaded.bytes += typeof value === 'string' ? 16 + value.length : 8
  const name = loaded.reader.columns[at]?.name
  if (value === null && name !== undefined) loaded.sparse.add(name)
}

/** Rows that name nobody count as of one entity; where there is no column for it (undefined), each row is about another. */
function entityNumber ({ entities }: Loaded, entity: string | null | undefined, number: number): bigint {
  if (entity === undefined) return BigInt(number)
  const known = entities.get(entity ?? NOBODY)
  if (known !== undefined) return BigInt(known)
  entities.set(entity ?? NOBODY, entities.size)
  return BigInt(entities.size - 1)
}

const NOBODY = '\u0000'
