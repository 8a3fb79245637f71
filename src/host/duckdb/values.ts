import type { DuckDBType, DuckDBValue } from '@duckdb/node-api'
import { assert } from '../../base/index.ts'
import type { SqlType, SqlValue } from '../index.ts'
import type { Duck } from './duck.ts'

/** What a column of each type is made of here; results may have other types, which are shown as one of ours. */
export const SQL_NAMES: Readonly<Record<SqlType, string>> = {
  text: 'VARCHAR', integer: 'BIGINT', number: 'DOUBLE', boolean: 'BOOLEAN', time: 'TIMESTAMP', decimal: 'VARCHAR', date: 'VARCHAR', other: 'VARCHAR'
}

export function duckTypeOf (duck: Duck, type: SqlType): DuckDBType {
  switch (type) {
    case 'integer': return duck.BIGINT
    case 'number': return duck.DOUBLE
    case 'boolean': return duck.BOOLEAN
    case 'time': return duck.TIMESTAMP
    case 'text': case 'decimal': case 'date': case 'other': return duck.VARCHAR
  }
}

/** A value of ours as the engine takes it. */
export function duckValueOf (duck: Duck, type: SqlType, value: SqlValue): DuckDBValue {
  if (value === null || type !== 'time') return value
  assert(typeof value === 'number' && Number.isSafeInteger(value), 'a time is a whole number of milliseconds')
  return new duck.DuckDBTimestampValue(BigInt(value) * 1_000n)
}

/** By the names of the engine's types; what is not named has no like here. */
const TYPES: ReadonlyMap<string, SqlType> = new Map([
  ['VARCHAR', 'text'], ['BOOLEAN', 'boolean'], ['FLOAT', 'number'], ['DOUBLE', 'number'], ['TIMESTAMP', 'time'], ['TIMESTAMP_TZ', 'time'], ['DECIMAL', 'decimal'],
  ['DATE', 'date'],
  ...['TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'HUGEINT', 'UTINYINT', 'USMALLINT', 'UINTEGER', 'UBIGINT', 'UHUGEINT'].map((name): [string, SqlType] => [name, 'integer'])
])

export function typeOfDuck (duck: Duck, { typeId }: DuckDBType): SqlType {
  return TYPES.get(duck.DuckDBTypeId[typeId]) ?? 'other'
}

const MICROS_PER_MS = 1_000n

/** A value of the engine as one of ours; text where it has no like. */
export function sqlValueOf (type: SqlType, value: DuckDBValue): SqlValue {
  if (value === null) return null
  if (type === 'boolean') return value === true
  if (type === 'number') return Number(value)
  if (type === 'integer') return BigInt(value as number | bigint)
  if (type === 'time') {
    const { micros } = value as { readonly micros: bigint }
    const ms = micros / MICROS_PER_MS
    return Number(micros < 0n && micros % MICROS_PER_MS !== 0n ? ms - 1n : ms)
  }
  return typeof value === 'string' ? value : String(value)
}

/** About what a value takes when it is written out. */
export function sizeOf (value: SqlValue): number {
  return typeof value === 'string' ? value.length + 2 : 8
}
