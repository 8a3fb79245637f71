/**
 * Names the calls of OGC API - Features, part 1 core (OGC 17-069r4) with GeoJSON: how geographic tools ask for rows that are somewhere.
 *
 * A collection is a dataset whose rows have places; its id is `<did>:<datasetId>`. A feature is a record, its id the number of it.
 * `bbox` has four numbers, or six of which heights are not looked at; `datetime` is a time, or two parted by `/` of which one may be
 * `..`, and is that of the records. Any other parameter is the value that a column must have; one that is no column is refused
 * (400), as section 7.15.8 wants. `latest=true` is ours: of each key the newest record alone, as for where vehicles are now.
 */
import { z } from 'zod'
import { json, type Call, type Operations } from '../operation/index.ts'

export const FEATURES_PATH = '/ogc'
export const FEATURES_TYPE = 'application/geo+json'
const FEATURES_LIMIT_MAX = 1_000
const FEATURES_LIMIT = 10
const TEXT_LENGTH_MAX = 1_024

export type FeatureBox = { readonly west: number, readonly south: number, readonly east: number, readonly north: number }
export type FeatureTime = { readonly fromMs: number | undefined, readonly toMs: number | undefined }

type ItemsQuery = {
  readonly bbox?: FeatureBox, readonly datetime?: FeatureTime, readonly limit: number, readonly latest?: 'true' | 'false', readonly cursor?: string
}

/** Parameters with names of columns stand beside these: the handler reads them from the address. */
export type FeatureCalls = {
  'features.landing': Call
  'features.conformance': Call
  'features.collections': Call
  'features.collection': Call
  'features.items': Call<ItemsQuery & Readonly<Record<string, unknown>>>
  'features.item': Call
}

const NUMBER = String.raw`\s*-?\d{1,9}(?:\.\d{1,15})?(?:[eE][-+]?\d{1,2})?\s*`
const BOX = new RegExp(`^${NUMBER}(?:,${NUMBER}){3}(?:(?:,${NUMBER}){2})?$`)

const bbox: z.ZodType<FeatureBox, string> = z.string().max(256).regex(BOX, 'four numbers, or six').transform((given, issues) => {
  const numbers = given.split(',').map(Number)
  const [west = Number.NaN, south = Number.NaN, east = Number.NaN, north = Number.NaN] = numbers.length === 6 ? [0, 1, 3, 4].map(at => numbers[at] ?? Number.NaN) : numbers
  if (Math.abs(west) <= 180 && Math.abs(east) <= 180 && south >= -90 && north <= 90 && south <= north) return { west, south, east, north }
  issues.addIssue('longitudes to 180, latitudes to 90, south below north')
  return z.NEVER
}).meta({ description: 'west,south,east,north in degrees (CRS84); west above east crosses the antimeridian' })

const TIME = String.raw`\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2}))?`
const DATETIME = new RegExp(`^(?:${TIME}|(?:${TIME}|\\.\\.)?/(?:${TIME}|\\.\\.)?)$`, 'i')
const DAY_MS = 86_400_000

const datetime: z.ZodType<FeatureTime, string> = z.string().max(128).regex(DATETIME, 'a time such as 2026-01-31T12:00:00Z, or two parted by /').transform((given, issues) => {
  const [start = '', end] = given.split('/')
  const time = timeOf(start, end ?? start)
  const isBackwards = time.fromMs !== undefined && time.toMs !== undefined && !(time.fromMs < time.toMs)
  const isNone = [time.fromMs, time.toMs].some(each => each !== undefined && !(each >= 0))
  if (!isBackwards && !isNone) return time
  issues.addIssue('times since 1970, the first before the second')
  return z.NEVER
}).meta({ description: 'a time such as 2026-01-31T12:00:00Z, or start/end, of which one may be ..' })

/** Both ends of an interval belong to it: a moment its millisecond, a day the whole of it. */
function timeOf (start: string, end: string): FeatureTime {
  const isOpen = (text: string): boolean => text === '' || text === '..'
  return {
    fromMs: isOpen(start) ? undefined : Date.parse(start),
    toMs: isOpen(end) ? undefined : Date.parse(end) + (end.length === 10 ? DAY_MS : 1)
  }
}

const link = z.object({ href: z.string(), rel: z.string(), type: z.string().optional(), title: z.string().optional() })
const links = z.array(link)
const collection = z.looseObject({
  id: z.string(), title: z.string(), description: z.string(), itemType: z.literal('feature'), crs: z.array(z.string()), links,
  extent: z.looseObject({
    spatial: z.object({ bbox: z.array(z.array(z.number())), crs: z.string() }).optional(),
    temporal: z.object({ interval: z.array(z.array(z.string().nullable())), trs: z.string() }).optional()
  })
})
const feature = z.looseObject({
  type: z.literal('Feature'), id: z.int().min(0), geometry: z.looseObject({ type: z.string() }).nullable(), properties: z.record(z.string(), z.unknown())
})

const common = { method: 'GET', scope: 'read', tag: 'OGC API - Features', forOthers: true, invalidStatus: 400 } as const

export const FEATURE_OPERATIONS: Operations<FeatureCalls> = {
  'features.landing': {
    ...common, path: FEATURES_PATH, summary: 'Where this part of the API begins',
    answers: { 200: json(z.object({ title: z.string(), description: z.string(), links })) }
  },
  'features.conformance': {
    ...common, path: `${FEATURES_PATH}/conformance`, summary: 'Which parts of the standard hold here', answers: { 200: json(z.object({ conformsTo: z.array(z.string()) })) }
  },
  'features.collections': {
    ...common, path: `${FEATURES_PATH}/collections`, summary: 'Datasets whose rows are somewhere', answers: { 200: json(z.object({ links, collections: z.array(collection) })) }
  },
  'features.collection': { ...common, path: `${FEATURES_PATH}/collections/:collection`, summary: 'One of them', answers: { 200: json(collection) }, problems: [409] },
  'features.items': {
    ...common, path: `${FEATURES_PATH}/collections/:collection/items`, summary: 'Features by place, time and properties, in pages',
    description: 'Any further parameter is the value that the column of its name must have. A page may be short, or empty, and still have a link `next`.',
    query: z.object({
      bbox: bbox.exactOptional(), datetime: datetime.exactOptional(),
      // Section 7.15.2: what is above the maximum is the maximum, and no error.
      limit: z.coerce.number<string>().int().min(1).default(FEATURES_LIMIT).transform(limit => Math.min(limit, FEATURES_LIMIT_MAX)),
      latest: z.enum(['true', 'false']).exactOptional(), cursor: z.string().max(2_048).exactOptional()
    }).catchall(z.string().max(TEXT_LENGTH_MAX)),
    answers: {
      200: json(z.looseObject({
        type: z.literal('FeatureCollection'), features: z.array(feature), links, numberReturned: z.int().min(0), timeStamp: z.string()
      }), FEATURES_TYPE)
    },
    problems: [409]
  },
  'features.item': {
    ...common, path: `${FEATURES_PATH}/collections/:collection/items/:feature`, summary: 'One feature, by the number of its record',
    answers: { 200: json(feature.extend({ links }), FEATURES_TYPE) }, problems: [409]
  }
}
