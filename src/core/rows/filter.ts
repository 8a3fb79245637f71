import { compare, decimalOf } from './decimal.ts'
import type { RowFormat } from './format.ts'
import { memberOf, scalarOfJson, type JsonObject } from './read.ts'
import { textOfScalar, type Scalar } from './scalar.ts'
import { timeMsOf } from './times.ts'

export type FilterValue = string | number | boolean

/**
 * A condition on one column. `exists` takes true, or false for rows without a value; `in` a list; `like` a text in which `%` is any
 * text and `_` any character. Numbers compare exactly, times as times, all else as text. A row without a value meets none but `exists` false.
 */
export type Filter =
  | { readonly column: string, readonly op: '=' | '!=' | '<' | '<=' | '>' | '>=', readonly value: FilterValue }
  | { readonly column: string, readonly op: 'in', readonly value: readonly FilterValue[] }
  | { readonly column: string, readonly op: 'like', readonly value: string }
  | { readonly column: string, readonly op: 'exists', readonly value: boolean }

/** The first condition that can be asked of no row of this format: its column is none. JSON may have members that nobody described. */
export function unknownColumn (format: RowFormat, filters: readonly Filter[]): string | undefined {
  if (format.delimiter === null) return undefined
  return filters.find(({ column }) => format.columns.every(({ name }) => name !== column))?.column
}

/** Whether a row meets all conditions. `object` is its JSON, for columns that nobody described. */
export function meetsAll (format: RowFormat, filters: readonly Filter[], values: ReadonlyMap<string, Scalar>, object: () => JsonObject | undefined): boolean {
  return filters.every(filter => {
    const described = values.get(filter.column)
    const json = described === undefined && format.delimiter === null ? object() : undefined
    const value = described ?? (json === undefined ? null : scalarOfJson(memberOf(json, filter.column, 1)))
    return holds(value, filter, format.columns.find(({ name }) => name === filter.column)?.type === 'time')
  })
}

function holds (value: Scalar, filter: Filter, isTime: boolean): boolean {
  if (filter.op === 'exists') return (value !== null) === filter.value
  if (value === null) return false
  switch (filter.op) {
    case 'like': return isLike(textOfScalar(value) ?? '', filter.value)
    case 'in': return filter.value.some(each => orderOf(value, each, isTime) === 0)
    case '=': return orderOf(value, filter.value, isTime) === 0
    case '!=': return orderOf(value, filter.value, isTime) !== 0
    case '<': return orderOf(value, filter.value, isTime) < 0
    case '<=': return orderOf(value, filter.value, isTime) <= 0
    case '>': return orderOf(value, filter.value, isTime) > 0
    case '>=': return orderOf(value, filter.value, isTime) >= 0
  }
}

/** Below, at or above zero; not a number where the two cannot be compared, so that no condition holds but that they differ. */
function orderOf (value: Exclude<Scalar, null>, wanted: FilterValue, isTime: boolean): number {
  if (value.type === 'boolean') return String(value.value) === String(wanted) ? 0 : Number.NaN
  const text = String(wanted)
  if (value.type === 'number') {
    const [a, b] = [decimalOf(value.text), decimalOf(text)]
    return a === undefined || b === undefined ? Number.NaN : compare(a, b)
  }
  const [time, other] = isTime ? [timeMsOf(value.text), timeMsOf(text)] : []
  if (time !== undefined && other !== undefined) return time - other
  return value.text < text ? -1 : value.text > text ? 1 : 0
}

/** In one pass, going back to the last `%` alone: no pattern takes longer than the product of both lengths. */
export function isLike (text: string, pattern: string): boolean {
  let [at, want, any, retry] = [0, 0, -1, 0]
  while (at < text.length) {
    const sign = pattern[want]
    if (sign === '%') {
      any = want++
      retry = at
    } else if (want < pattern.length && (sign === '_' || sign === text[at])) {
      at++
      want++
    } else if (any >= 0) {
      want = any + 1
      at = ++retry
    } else return false
  }
  while (pattern[want] === '%') want++
  return want === pattern.length
}
