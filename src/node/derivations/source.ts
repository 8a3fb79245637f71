import { fail, ok, type Result } from '../../base/index.ts'
import type { DatasetEntry } from '../../core/catalogue/index.ts'
import type { Recipe } from '../../core/derivation/index.ts'
import { formatOf } from '../../core/rows/index.ts'
import type { Failure } from '../contract/index.ts'

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
  const format = formatOf({ mediaType, schema }, first, before)
  // Records between the features of a file, and before them, are none.
  if (format.ok && format.value.isFeature !== true) return ok({ publisher, datasetId, delimiter: format.value.delimiter, columns: [...format.value.columns] })
  if (!format.ok && format.failure.code === 'fields') {
    return fail({ code: 'invalid', reason: `the rows of "${datasetId}" do not have as many fields as it has columns`, hint: 'describe its columns as they are and publish it again' })
  }
  return fail({ code: 'invalid', reason: `rows of ${mediaType} cannot be read`, hint: 'publish it as CSV or as lines of JSON' })
}
