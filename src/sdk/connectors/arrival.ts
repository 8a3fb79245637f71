import { z } from 'zod'
import { commonDeclaration } from './common.ts'
import { mappingSchema } from './mapping.ts'

const INTERVAL_S_MIN = 30
const DAY_S = 86_400

const ROW_FORMATS = ['csv', 'ndjson', 'json', 'senml', 'sensorthings'] as const
const FILE_FORMATS = ['auto', 'csv', 'geojson', 'ndjson', 'file', 'json', 'senml', 'sensorthings'] as const
/** What has a reader of its own: it knows what becomes of it. */
const FEED_FORMATS = ['gtfs', 'gtfs-realtime', 'gbfs', 'wzdx', 'cap', 'mds', 'ckan', 'dcat'] as const

const mode = z.enum(['table', 'stream']).default('table')
  .describe('table: each content is a new version of the dataset. stream: rows are appended, each once.')
const mapping = mappingSchema.optional().describe('Of a stream: how rows become records; without it each is stored as it is, by its id.')

function isReadable ({ mode, format }: { readonly mode: 'table' | 'stream', readonly format: string }): boolean {
  const isOfRows = ROW_FORMATS.some(each => each === format)
  return mode === 'stream' ? isOfRows : !isOfRows || format === 'csv' || format === 'ndjson'
}
const UNREADABLE = 'a stream of csv, ndjson, json, senml or sensorthings; a table of auto, csv, geojson, ndjson or file'

export const urlSchema = z.strictObject({
  kind: z.literal('url'),
  ...commonDeclaration,
  url: z.string().max(8_192).regex(/^https?:\/\/[^\s#]+$/, 'an address that begins with https:// and has no #').describe('Where it is.'),
  format: z.enum([...FILE_FORMATS, ...FEED_FORMATS]).default('auto').describe('What is there: a file, or a feed of a city.'),
  mode, mapping,
  interval_s: z.int().min(INTERVAL_S_MIN).max(31 * DAY_S).default(300).describe('Seconds from one look to the next, unless the source wants more.'),
  headers_file: z.string().max(4_096).default('').describe('A file with headers to send, one NAME: VALUE a line, for instance a key that the source asks for.'),
  main: z.enum(['vehicles', 'trips', 'alerts']).default('vehicles').describe('Of gtfs-realtime: what goes to the dataset itself; the others have their name behind its id.'),
  language: z.string().regex(/^[a-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}$/, 'a language such as en or pt-BR').default('en').describe('Of gbfs and cap: which of several languages is taken.'),
  fetch: z.boolean().default(false).describe('Of ckan and dcat: whether the CSV and GeoJSON files of the catalogue are pulled too, each into a dataset of its own.')
}).refine(each => FEED_FORMATS.some(feed => feed === each.format) || isReadable(each), UNREADABLE)
export type UrlDeclaration = z.output<typeof urlSchema>
export type FeedFormat = typeof FEED_FORMATS[number]

export const folderSchema = z.strictObject({
  kind: z.literal('folder'),
  ...commonDeclaration,
  path: z.string().min(1).max(4_096).describe('The folder that is watched. What is taken goes to done, what cannot be to failed, both in it.'),
  format: z.enum(FILE_FORMATS).default('auto').describe('What the files are.'),
  mode, mapping,
  interval_s: z.int().min(1).max(DAY_S).default(5).describe('Seconds from one look to the next: a file is taken when it was the same twice.')
}).refine(isReadable, UNREADABLE)
export type FolderDeclaration = z.output<typeof folderSchema>
