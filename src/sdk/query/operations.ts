import { z } from 'zod'
import { API_PATH, PURPOSE_HEADER, type Box } from '../bodies/index.ts'
import { json, type Call, type Operations } from '../operation/index.ts'
import { boxText, queryPageSchema, timeText, whereText, type FilterText } from './schemas.ts'

export const QUERY_LIMIT_MAX = 1_000
const QUERY_LIMIT = 100
/** What a map can show; more of it nobody tells apart. */
const PLACES_MAX = 100_000
const CURSOR_LENGTH_MAX = 2_048
const KEY_LENGTH_MAX = 512

type Query = {
  readonly key?: string, readonly latest?: 'true' | 'false', readonly from?: number, readonly to?: number, readonly bbox?: Box,
  readonly where?: readonly FilterText[], readonly number?: number, readonly limit: number, readonly after?: string
}
type PlacesQuery = { readonly latest?: 'true' | 'false', readonly bbox?: Box, readonly limit: number }

export type QueryCalls = { 'datasets.query': Call<Query>, 'datasets.places': Call<PlacesQuery> }

export const QUERY_OPERATIONS: Operations<QueryCalls> = {
  'datasets.query': {
    method: 'GET', path: `${API_PATH}/datasets/:reference/query`, scope: 'read', tag: 'Datasets', forOthers: true,
    summary: 'Rows by key, time, place and values, or the latest of each key, in pages',
    description: 'All that is named must hold. `latest=true` gives of each key the record that came last, and is asked about these alone. ' +
      'A page may be short, or empty, and still have a `next`: a call looks at a limited number of rows. `incomplete` says why rows may be missing. ' +
      '`number` begins with the row of that number, where nothing is asked of the latest.',
    headers: { [PURPOSE_HEADER]: 'what for, as a full IRI, where more than one agreement holds' },
    query: z.strictObject({
      key: z.string().min(1).max(KEY_LENGTH_MAX).exactOptional(), latest: z.enum(['true', 'false']).exactOptional(), from: timeText.exactOptional(), to: timeText.exactOptional(),
      bbox: boxText.exactOptional(), where: whereText.exactOptional(), number: z.coerce.number<string>().int().min(0).exactOptional(),
      limit: z.coerce.number<string>().int().min(1).max(QUERY_LIMIT_MAX).default(QUERY_LIMIT), after: z.string().max(CURSOR_LENGTH_MAX).exactOptional()
    }),
    answers: { 200: json(queryPageSchema) }, problems: [409]
  },
  'datasets.places': {
    method: 'GET', path: `${API_PATH}/datasets/:reference/places`, scope: 'read', tag: 'Datasets', forOthers: true,
    summary: 'Where rows are, and nothing else of them, for maps',
    description: 'GeoJSON in one answer, a feature a line: its `id` is the number of the row, which `…/query?number=` gives whole. Rows that are nowhere are left out. ' +
      '`isPart` at the end says whether there are more rows than were looked at, `incomplete` why some may be missing.',
    headers: { [PURPOSE_HEADER]: 'what for, as a full IRI, where more than one agreement holds' },
    query: z.strictObject({
      latest: z.enum(['true', 'false']).exactOptional(), bbox: boxText.exactOptional(), limit: z.coerce.number<string>().int().min(1).max(PLACES_MAX).default(PLACES_MAX)
    }),
    answers: { 200: json(z.looseObject({ type: z.literal('FeatureCollection') }), 'application/geo+json') }, problems: [409]
  }
}
