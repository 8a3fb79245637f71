/**
 * Gives all records of a dataset that are here in the forms of other tools, as a stream of bounded memory: CSV, GeoJSON, NDJSON, Parquet.
 *
 * | form | what it says |
 * |---|---|
 * | csv | RFC 4180 in UTF-8 with a header; units stand behind the names of their columns; times in UTC by ISO 8601. With `spreadsheet=1` text that begins as a formula does is marked as text by `'` |
 * | geojson | RFC 7946: a feature for each row, `bbox` where the description has one; a row without a place has no geometry |
 * | ndjson | an object a line: `_seq`, `_time`, `_key`, and the members of the body; what has no members stands in `_body`, `_bodyHex`; resumed by `afterSeq` |
 * | parquet | typed columns, row groups of 64 Ki rows, one in memory at a time; what is not of its column's type is null; units stand in the metadata |
 *
 * The rows of a stream begin with the number, time and key of their record, since a row says nothing of them. CSV, GeoJSON and
 * Parquet need columns in the description; a record that does not fit them has no row there, and only NDJSON has it. A dataset that
 * is not here whole is not given as if it were. A download whose token is revoked, or whose session is ended, is cut off at its next
 * part (`api/http`), as all answers of that kind are. The bytes as they were published are another call, `…/content`.
 *
 * Deviates from the note on downloads in that lines have no `_cid`: a record has no block of its own, and the one that it lies in
 * would be read again for each. `…/proof?record=<_seq>` leads from a record to what was signed.
 */
import { fail, ok, type Result } from '../../base/index.ts'
import { formatOf, type RowFormat } from '../../core/rows/index.ts'
import type { Asker, Dataset, NumberedRecord } from '../../node/contract/index.ts'
import { DOWNLOAD_FORMATS, DOWNLOAD_TYPES, type DownloadFormat, type OutletCalls } from '../../sdk/contract/index.ts'
import { askerOf, type Context, type Handler } from '../context/index.ts'
import { preferred, problem, type AnyFailure, type Headers } from '../http/index.ts'
import { csvOf } from './csv.ts'
import { geojsonOf, placed } from './geojson.ts'
import { ndjsonOf } from './ndjson.ts'
import { parquetOf } from './parquet.ts'
import { packed, rowsOf, tableOf } from './rows.ts'

export const download: Handler<OutletCalls['datasets.download']> = async (context, request, { query }) => {
  const asker = askerOf(context, request)
  if (!asker.ok) return problem(asker.failure)
  const dataset = context.node.dataset(request.reference, asker.value)
  if (!dataset.ok) return problem(dataset.failure)
  const format = query.format ?? formOf(dataset.value, request.header('accept'))
  const records = await open(context, dataset.value, query.afterSeq, asker.value)
  if (!records.ok) return problem(records.failure)
  const chunks = chunksOf(format, dataset.value, records.value, query.spreadsheet === '1')
  if (!chunks.ok) {
    await records.value.leave()
    return problem(chunks.failure)
  }
  return { type: 'stream', status: 200, headers: headersOf(dataset.value, format), chunks: chunks.value }
}

/** By `Accept`; whoever takes anything gets a table where there is one. */
function formOf ({ schema }: Dataset, accept: string | undefined): DownloadFormat {
  const order: readonly DownloadFormat[] = schema.length > 0 ? DOWNLOAD_FORMATS : ['ndjson']
  const mediaType = preferred(accept, order.map(each => DOWNLOAD_TYPES[each])) ?? preferred(accept, Object.values(DOWNLOAD_TYPES))
  return DOWNLOAD_FORMATS.find(each => DOWNLOAD_TYPES[each] === mediaType) ?? 'ndjson'
}

type Records = { readonly first: NumberedRecord | undefined, readonly all: AsyncIterable<NumberedRecord>, readonly leave: () => Promise<void> }

/** Reads up to the first record, which shows what rows look like. */
async function open ({ node }: Context, { id, distribution, held }: Dataset, afterSeq: number | undefined, asker: Asker): Promise<Result<Records, AnyFailure>> {
  if (distribution.records !== null && held.phase !== 'complete') {
    return fail({ code: 'incomplete', reason: held.because ?? 'not all of it is here yet', hint: 'fetch it first: "hanse get" waits for it' })
  }
  const read = node.read(id, { from: afterSeq === undefined ? 0 : afterSeq + 1, limit: Number.MAX_SAFE_INTEGER }, asker)
  if (!read.ok) return read
  const iterator = read.value[Symbol.asyncIterator]()
  const first = await iterator.next()
  const all = async function * (): AsyncGenerator<NumberedRecord> {
    try {
      if (first.done === true) return
      yield first.value
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value
    } finally {
      await iterator.return?.()
    }
  }
  return ok({ first: first.done === true ? undefined : first.value, all: all(), leave: async () => { await iterator.return?.() } })
}

function chunksOf (format: DownloadFormat, dataset: Dataset, { first, all }: Records, isForSpreadsheet: boolean): Result<AsyncIterable<Uint8Array>, AnyFailure> {
  if (format === 'ndjson') return ok(packed(ndjsonOf(rowFormatOf(dataset, first), all)))
  const table = tableOf(dataset, first)
  if (!table.ok) return table
  const rows = rowsOf(table.value, all)
  switch (format) {
    case 'csv': return ok(packed(csvOf(table.value, rows, { isForSpreadsheet })))
    case 'parquet': return ok(parquetOf(table.value, rows))
    case 'geojson': {
      const somewhere = placed(table.value)
      return somewhere.ok ? ok(packed(geojsonOf(table.value, rows, dataset.spatial))) : somewhere
    }
  }
}

function rowFormatOf ({ distribution: { mediaType }, schema }: Dataset, first: NumberedRecord | undefined): RowFormat | undefined {
  const format = formatOf({ mediaType, schema }, first?.body)
  return format.ok ? format.value : undefined
}

/** A dataset is somebody else's words: a browser shall store them and run nothing in them. */
function headersOf ({ datasetId }: Dataset, format: DownloadFormat): Headers {
  const charset = format === 'csv' ? '; charset=utf-8; header=present' : ''
  return {
    'content-type': `${DOWNLOAD_TYPES[format]}${charset}`, 'content-disposition': `attachment; filename="${datasetId.replaceAll(/[^\w-]/g, '')}.${format}"`,
    'content-security-policy': 'sandbox', 'cache-control': 'no-store'
  }
}
