import { fail, ok, textOf, type Result } from '../../base/index.ts'
import type { DatasetEntry } from '../../core/catalogue/index.ts'
import type { Recipe } from '../../core/derivation/index.ts'
import type { Failure } from '../contract/index.ts'

const DELIMITERS = [',', ';', '\t', '|'] as const

/**
 * What a recipe has to know of the dataset it is made from: its columns, and what stands between the fields of its rows. `first`
 * is its first record, if there is one yet: of a table, the line that names the columns. `before`: what stood between them so far.
 */
export function sourceOf (
  publisher: string, entry: DatasetEntry, first: Uint8Array | undefined, before: Recipe['source']['delimiter'] = null
): Result<Recipe['source'], Failure<'invalid'>> {
  const { datasetId, schema, distribution: { form, mediaType } } = entry
  if (form === 'file') return fail({ code: 'invalid', reason: `"${datasetId}" is a file, not rows`, hint: 'publish it as a table or a stream first' })
  if (schema.length === 0) {
    return fail({ code: 'invalid', reason: `the columns of "${datasetId}" are not described, so there is none that may be kept`, hint: 'publish it with its columns' })
  }
  const columns = schema.map(({ name, type }) => ({ name, type }))
  const kind = mediaType.split(';')[0]?.trim().toLowerCase() ?? ''
  if (kind === 'text/csv' || kind === 'text/tab-separated-values') {
    const delimiter = kind === 'text/tab-separated-values' ? '\t' : delimiterOf(first, columns.length) ?? (first === undefined ? before ?? ',' : undefined)
    if (delimiter !== undefined) return ok({ publisher, datasetId, delimiter, columns })
    return fail({ code: 'invalid', reason: `the rows of "${datasetId}" do not have as many fields as it has columns`, hint: 'describe its columns as they are and publish it again' })
  }
  const isLines = kind === 'application/json' || kind === 'application/x-ndjson' || (kind.endsWith('+json') && kind !== 'application/geo+json')
  if (isLines) return ok({ publisher, datasetId, delimiter: null, columns })
  return fail({ code: 'invalid', reason: `rows of ${mediaType} cannot be read`, hint: 'publish it as CSV or as lines of JSON' })
}

/** The only delimiter that gives as many fields as there are columns. */
function delimiterOf (first: Uint8Array | undefined, columns: number): typeof DELIMITERS[number] | undefined {
  if (columns === 1) return ','
  if (first === undefined) return undefined
  const text = textOf(first)?.replaceAll(/"(?:[^"]|"")*"/g, '') ?? ''
  const fitting = DELIMITERS.filter(each => text.split(each).length === columns)
  return fitting.length === 1 ? fitting[0] : undefined
}
