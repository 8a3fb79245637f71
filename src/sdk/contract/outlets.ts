import { z } from 'zod'
import { API_PATH, PURPOSE_HEADER, recordTextSchema } from '../bodies/index.ts'
import { bytes, json, text, type Call, type Operations } from '../operation/index.ts'
import { TAIL_RECORDS_MAX, wholeNumber } from './queries.ts'

export const DOWNLOAD_FORMATS = ['csv', 'geojson', 'ndjson', 'parquet'] as const
export type DownloadFormat = typeof DOWNLOAD_FORMATS[number]

/** What each form of a download is called in `Accept` and `Content-Type`. */
export const DOWNLOAD_TYPES: Readonly<Record<DownloadFormat, string>> = {
  csv: 'text/csv', geojson: 'application/geo+json', ndjson: 'application/x-ndjson', parquet: 'application/vnd.apache.parquet'
}

type DownloadQuery = { readonly format?: DownloadFormat, readonly spreadsheet?: '0' | '1', readonly afterSeq?: number }
type SocketQuery = { readonly afterSeq?: number, readonly last?: number }

/** Other ways in which data leave: whole, in the forms of other tools; as they come, by WebSocket; described, on a page. */
export type OutletCalls = {
  'datasets.download': Call<DownloadQuery>
  'datasets.socket': Call<SocketQuery>
  'datasets.page': Call
}

const DATASET = `${API_PATH}/datasets/:reference`
const purpose = { [PURPOSE_HEADER]: 'what for, as a full IRI, where more than one agreement holds' }
const afterSeq = wholeNumber().exactOptional()

export const OUTLET_OPERATIONS: Operations<OutletCalls> = {
  'datasets.download': {
    method: 'GET', path: `${DATASET}/download`, scope: 'read', tag: 'Datasets', forOthers: true, headers: purpose,
    summary: 'All records that are here, as CSV, GeoJSON, NDJSON or Parquet',
    description: 'In the form that `format` names, or else `Accept`. `afterSeq` begins behind the record of that number: with NDJSON, whose ' +
      'lines each have their `_seq`, a download that broke off is resumed so. `spreadsheet=1` marks text in CSV that a spreadsheet would ' +
      'take for a formula. Parts of a download are never taken for the whole: where it cannot go on, the connection is cut.',
    query: z.strictObject({ format: z.enum(DOWNLOAD_FORMATS).exactOptional(), spreadsheet: z.enum(['0', '1']).exactOptional(), afterSeq }),
    answers: { 200: [text(DOWNLOAD_TYPES.csv), json(z.looseObject({ type: z.literal('FeatureCollection') }), DOWNLOAD_TYPES.geojson), text(DOWNLOAD_TYPES.ndjson), bytes(DOWNLOAD_TYPES.parquet)] },
    problems: [406, 409]
  },
  'datasets.socket': {
    method: 'GET', path: `${DATASET}/socket`, scope: 'read', tag: 'Datasets', forOthers: true, live: true,
    summary: 'Records by WebSocket: those behind `afterSeq` or the last ones, and then each new one',
    description: 'Each message is one record, as a line of `records`. 1,000 records may come; a message `{"credit": n}` lets n more come. ' +
      'Before it closes the connection the node says why, and where to begin again: `{"closed": {"code", "reason", "hint", "afterSeq"}}`. ' +
      'A browser, which can set no headers, gives its token as a subprotocol beside `hanse`: `bearer.<token>`.',
    headers: { ...purpose, 'sec-websocket-protocol': '`hanse`, and `bearer.` with a token where there is no Authorization header' },
    query: z.strictObject({ afterSeq, last: wholeNumber(TAIL_RECORDS_MAX).exactOptional() }),
    answers: { 101: json(recordTextSchema) }, problems: [409, 426]
  },
  'datasets.page': {
    method: 'GET', path: '/datasets/:reference', scope: 'read', tag: 'Datasets', forOthers: true,
    summary: 'A page about the dataset for people, with its description for search engines (schema.org)', answers: { 200: text('text/html') }, problems: [409]
  }
}
