import { reducedRow, columnsOf, type Recipe } from '../../core/derivation/index.ts'
import { readValues, textOfScalar, timeMsOf, type RowFormat, type Scalar } from '../../core/rows/index.ts'
import { folded } from '../../core/sql/index.ts'
import type { SqlColumn, SqlValue } from '../../host/index.ts'

/** `stored`: what the engine calls a column, since names of datasets may differ only in the case of letters. */
type TableColumn = SqlColumn & { readonly stored: string, readonly type: 'text' | 'integer' | 'number' | 'boolean' | 'time' }

/** Which columns a dataset has as a table, and what a record says in them; undefined for what is no row. */
export type RowReader = {
  readonly columns: readonly TableColumn[]
  readonly read: (key: Uint8Array, body: Uint8Array) => readonly SqlValue[] | undefined
  /** Whom or what a row is about, beside what can be asked for; undefined: each is about another. */
  readonly entityOf: ((key: Uint8Array, body: Uint8Array) => string | null) | undefined
}

type Described = { readonly name: string, readonly type: RowFormat['columns'][number]['type'] }

/** Rows as they are; of a table with many columns those that are needed (`folded`). */
export function rowsReader (format: RowFormat, needed: ReadonlySet<string> | null): RowReader {
  const chosen = format.columns.map((column, at) => ({ ...column, at })).filter(({ name }) => needed === null || needed.has(folded(name)))
  const columns = tableColumns(chosen)
  return {
    columns,
    read: (key, body) => {
      const values = readValues(format, key, body)
      return typeof values === 'string' ? undefined : chosen.map(({ at }, index) => valueOf(values[at] ?? null, columns[index]?.type ?? 'text'))
    },
    entityOf: undefined
  }
}

/** Rows with the detail that a recipe leaves; entities by a column that it does not keep, null: by row. */
export function groupsReader (recipe: Recipe, entityColumn: string | null): RowReader {
  const described = columnsOf(recipe)
  const columns = tableColumns(described)
  const format: RowFormat = { delimiter: recipe.source.delimiter, columns: recipe.source.columns }
  const entityAt = recipe.source.columns.findIndex(({ name }) => name === entityColumn)
  return {
    columns,
    read: (key, body) => {
      const values = readValues(format, key, body)
      if (typeof values === 'string') return undefined
      const { cells, kept } = reducedRow(recipe, new Map(format.columns.map(({ name }, at) => [name, values[at] ?? null])))
      return described.map(({ name }, at) => valueOf(cells.get(name) ?? kept.get(name) ?? null, columns[at]?.type ?? 'text'))
    },
    entityOf: entityColumn === null ? undefined : (key, body) => {
      const values = readValues(format, key, body)
      return typeof values === 'string' ? null : textOfScalar(values[entityAt] ?? null)
    }
  }
}

/** Of two columns that differ only in the case of letters the first has the name. */
function tableColumns (described: readonly Described[]): readonly TableColumn[] {
  const taken = new Set<string>()
  return described.map(({ name, type }, at) => {
    let shown = name === '' ? `column ${at + 1}` : name
    while (taken.has(folded(shown))) shown = `${shown}_`
    taken.add(folded(shown))
    return { name: shown, stored: `c${at}`, type: typeOf(type) }
  })
}

function typeOf (type: Described['type']): TableColumn['type'] {
  switch (type) {
    case 'text': case 'geometry': return 'text'
    case 'latitude': case 'longitude': return 'number'
    case 'integer': case 'number': case 'boolean': case 'time': return type
  }
}

const INTEGER_MIN = -(2n ** 63n)
const INTEGER_MAX = 2n ** 63n - 1n

/** What is nothing of its column's type is null. */
function valueOf (scalar: Scalar, type: TableColumn['type']): SqlValue {
  if (scalar === null) return null
  switch (type) {
    case 'text': return textOfScalar(scalar)
    case 'boolean': return scalar.type === 'boolean' ? scalar.value : null
    case 'number': return scalar.type === 'number' ? Number(scalar.text) : null
    case 'integer': return scalar.type === 'number' && /^-?\d{1,19}$/.test(scalar.text) ? within(BigInt(scalar.text)) : null
    case 'time': return timeMsOf(textOfScalar(scalar) ?? '') ?? null
  }
}

function within (value: bigint): bigint | null {
  return value >= INTEGER_MIN && value <= INTEGER_MAX ? value : null
}
