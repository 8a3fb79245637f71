import { fail, ok, textOf, type Result } from '../../base/index.ts'

export type RowColumn = {
  readonly name: string
  readonly type: 'text' | 'integer' | 'number' | 'boolean' | 'time' | 'latitude' | 'longitude' | 'geometry'
}

/** How bodies of records are rows. */
export type RowFormat = {
  /** What stands between the fields of a row of CSV; null where bodies are JSON objects. */
  readonly delimiter: ',' | ';' | '\t' | '|' | null
  readonly columns: readonly RowColumn[]
  /** Where the objects are GeoJSON features: columns name their properties, and `geometry`. */
  readonly isFeature?: boolean
}

/** `fields`: the rows do not have as many fields as there are columns. `columns`: none is described. `media-type`: no rows are known in it. */
export type FormatFailure = { readonly code: 'fields' | 'columns' | 'media-type' }

const DELIMITERS = [',', ';', '\t', '|'] as const

/**
 * How the records of a dataset are rows, by what its description says. `first` is its first record, if there is one yet: of a table,
 * the line that names the columns. `before`: what stood between its fields so far. JSON may be read without described columns.
 */
export function formatOf (
  { mediaType, schema }: { readonly mediaType: string, readonly schema: readonly RowColumn[] }, first: Uint8Array | undefined, before: RowFormat['delimiter'] = null
): Result<RowFormat, FormatFailure> {
  const columns = schema.map(({ name, type }) => ({ name, type }))
  const kind = mediaType.split(';')[0]?.trim().toLowerCase() ?? ''
  if (kind === 'text/csv' || kind === 'text/tab-separated-values') {
    if (columns.length === 0) return fail({ code: 'columns' })
    const delimiter = kind === 'text/tab-separated-values' ? '\t' : delimiterOf(first, columns.length) ?? (first === undefined ? before ?? ',' : undefined)
    return delimiter === undefined ? fail({ code: 'fields' }) : ok({ delimiter, columns })
  }
  if (kind === 'application/geo+json') return ok({ delimiter: null, columns, isFeature: true })
  const isObjects = kind === 'application/json' || kind === 'application/x-ndjson' || kind.endsWith('+json')
  return isObjects ? ok({ delimiter: null, columns }) : fail({ code: 'media-type' })
}

/** The only delimiter that gives as many fields as there are columns. */
function delimiterOf (first: Uint8Array | undefined, columns: number): typeof DELIMITERS[number] | undefined {
  if (columns === 1) return ','
  if (first === undefined) return undefined
  const text = textOf(first)?.replaceAll(/"(?:[^"]|"")*"/g, '') ?? ''
  const fitting = DELIMITERS.filter(each => text.split(each).length === columns)
  return fitting.length === 1 ? fitting[0] : undefined
}
