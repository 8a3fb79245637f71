import { open } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import { fieldsOf, objectOf } from './fields.ts'
import { SNIFF_BYTES_MAX, SNIFF_ROWS_MAX } from './limits.ts'
import { splitBytes } from './split.ts'
import { readTime } from './time.ts'
import type { Dialect, Encoding, FileKind } from './types.ts'

const DELIMITERS: readonly Dialect['delimiter'][] = [',', ';', '\t', '|']
const TABLE_EXTENSIONS: ReadonlySet<string> = new Set(['.csv', '.tsv', '.tab'])
const LINE_EXTENSIONS: ReadonlySet<string> = new Set(['.ndjson', '.jsonl', '.geojsonl', '.ldjson'])
const MEDIA_TYPES: ReadonlyMap<string, string> = new Map([
  ['.json', 'application/json'], ['.geojson', 'application/geo+json'], ['.csv', 'text/csv'], ['.tsv', 'text/tab-separated-values'],
  ['.xml', 'application/xml'], ['.gml', 'application/gml+xml'], ['.pdf', 'application/pdf'], ['.png', 'image/png'],
  ['.jpg', 'image/jpeg'], ['.jpeg', 'image/jpeg'], ['.tif', 'image/tiff'], ['.tiff', 'image/tiff'], ['.zip', 'application/zip'],
  ['.gz', 'application/gzip'], ['.parquet', 'application/vnd.apache.parquet'], ['.md', 'text/markdown'], ['.html', 'text/html'],
  ['.xlsx', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'], ['.gpkg', 'application/geopackage+sqlite3'],
  ['.ods', 'application/vnd.oasis.opendocument.spreadsheet'], ['.pbf', 'application/x-protobuf']
])

/** Share of rows that must have as many fields as the first: files that call themselves tables may have a few that do not. */
const EVEN_SHARE_MIN = 0.9

/** Whether its name says that it is a table. */
export function isTableName (fileName: string): boolean {
  const extension = extname(fileName).toLowerCase()
  return TABLE_EXTENSIONS.has(extension) || LINE_EXTENSIONS.has(extension) || extension === '.geojson'
}

/** The kind of the file, from its beginning; its name only decides where the content leaves a doubt. Throws what the disk throws. */
export async function sniffFile (path: string): Promise<FileKind> {
  await using file = await open(path, 'r')
  const buffer = new Uint8Array(SNIFF_BYTES_MAX)
  let size = 0
  for (;;) {
    const { bytesRead } = await file.read(buffer, size, buffer.length - size, size)
    if (bytesRead === 0) break
    size += bytesRead
  }
  return kindOf(buffer.subarray(0, size), size < SNIFF_BYTES_MAX, basename(path))
}

async function kindOf (head: Uint8Array, whole: boolean, fileName: string): Promise<FileKind> {
  const extension = extname(fileName).toLowerCase()
  const encoding = encodingOf(head)
  const other: FileKind = {
    type: 'other', mediaType: MEDIA_TYPES.get(extension) ?? (encoding === undefined ? 'application/octet-stream' : 'text/plain'),
    isText: encoding !== undefined
  }
  if (encoding === undefined || head.length === 0) return other
  const markup = markupOf(head)
  if (markup !== undefined) return { ...other, mediaType: markup }
  const first = firstByteOf(head)
  if (first === '{' || first === '[') {
    const featuresAt = first === '{' ? featuresOf(head) : undefined
    if (featuresAt !== undefined) return { type: 'geojson', mediaType: 'application/geo+json', featuresAt }
    if (await isLines(head, LINE_EXTENSIONS.has(extension))) return { type: 'ndjson', mediaType: 'application/x-ndjson' }
    if (extension !== '.csv' && extension !== '.tsv') return { ...other, mediaType: 'application/json' }
  }
  return await tableOf(head, whole, encoding, TABLE_EXTENSIONS.has(extension)) ?? other
}

/** Undefined for what is no text: no table has a zero byte (UTF-16 has, and is not split). */
function encodingOf (head: Uint8Array): Encoding | undefined {
  if (head.includes(0)) return undefined
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true })
    return 'utf-8'
  } catch {
    return head.some(byte => byte < 0x20 && !(byte >= 0x09 && byte <= 0x0d)) ? undefined : 'windows-1252'
  }
}

/** A page is no table, also where it is called one: a server that wants a password first sends such. */
function markupOf (head: Uint8Array): string | undefined {
  const beginning = new TextDecoder().decode(head.subarray(0, 256)).trimStart().toLowerCase()
  if (beginning.startsWith('<!doctype html') || beginning.startsWith('<html')) return 'text/html'
  return beginning.startsWith('<?xml') ? 'application/xml' : undefined
}

function firstByteOf (head: Uint8Array): string {
  return new TextDecoder().decode(head.subarray(0, 256)).trimStart().slice(0, 1)
}

/** Lines of JSON objects: two at least, or one where the name says so. */
async function isLines (head: Uint8Array, named: boolean): Promise<boolean> {
  const rows = await rowsOf(head, { type: 'ndjson', mediaType: '' })
  const [first, second] = rows
  if (first === undefined || objectOf(text(first).trim()) === undefined) return false
  return named || (second !== undefined && objectOf(text(second).trim()) !== undefined)
}

function text (bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

/** Offset behind `"features": [` at the top of a GeoJSON text, RFC 7946 section 3.3; undefined when there is none. */
function featuresOf (head: Uint8Array): number | undefined {
  const source = Buffer.from(head).toString('latin1')
  const list = /\s*:\s*\[/y
  let depth = 0
  for (let at = 0; at < source.length; at++) {
    const mark = source[at]
    if (mark === '{' || mark === '[') depth++
    else if (mark === '}' || mark === ']') depth--
    if (mark !== '"') continue
    const from = at + 1
    for (at = from; at < source.length && source[at] !== '"'; at++) if (source[at] === '\\') at++
    if (depth !== 1 || source.slice(from, at) !== 'features') continue
    list.lastIndex = at + 1
    if (list.test(source)) return isFeatureNext(source, list.lastIndex) ? list.lastIndex : undefined
  }
  return undefined
}

/** Other formats have lists of features too (Esri): the first must be a Feature, or the list empty. */
function isFeatureNext (source: string, at: number): boolean {
  const next = source.slice(at).trimStart()
  return next === '' || next.startsWith(']') || (next.startsWith('{') && /"type"\s*:\s*"Feature(Collection)?"/.test(source))
}

async function tableOf (head: Uint8Array, whole: boolean, encoding: Encoding, named: boolean): Promise<FileKind | undefined> {
  const lineEnd = head.includes(0x0a) || !head.includes(0x0d) ? '\n' : '\r'
  let best: { readonly dialect: Dialect, readonly rows: readonly (readonly string[])[], readonly score: number } | undefined
  for (const delimiter of DELIMITERS) {
    const dialect: Dialect = { delimiter, lineEnd, encoding, header: false }
    const rows = (await rowsOf(head, { type: 'csv', mediaType: '', dialect }))
    if (!whole && rows.length > 1) rows.pop()
    const fields = rows.slice(0, SNIFF_ROWS_MAX).map(row => fieldsOf(row, dialect))
    const width = fields[0]?.length ?? 0
    const even = fields.filter(({ length }) => length === width).length / Math.max(1, fields.length)
    const enough = named ? even >= EVEN_SHARE_MIN : even === 1 && fields.length > 1
    if (width > 1 && enough && even * width > (best?.score ?? 0)) best = { dialect, rows: fields, score: even * width }
  }
  if (best === undefined && named) {
    const dialect: Dialect = { delimiter: ',', lineEnd, encoding, header: false }
    const rows = await rowsOf(head, { type: 'csv', mediaType: '', dialect })
    best = { dialect, rows: rows.slice(0, SNIFF_ROWS_MAX).map(row => fieldsOf(row, dialect)), score: 0 }
  }
  if (best === undefined || best.rows.length === 0) return undefined
  const mediaType = best.dialect.delimiter === '\t' ? 'text/tab-separated-values' : 'text/csv'
  return { type: 'csv', mediaType, dialect: { ...best.dialect, header: hasHeader(best.rows) } }
}

/**
 * Whether the first row names the columns. Each column votes: for, when its values are numbers or times and its first
 * is not, or when they have decimals and the first is a whole number; against, when all are alike. A row of distinct
 * texts with nothing against it is a header.
 */
function hasHeader (rows: readonly (readonly string[])[]): boolean {
  const [first = [], ...rest] = rows
  if (new Set(first).size < first.length || first.some(name => name.trim() === '')) return false
  let votes = 0
  for (const [index, name] of first.entries()) {
    const forms = new Set(rest.map(row => formOf(row[index] ?? '')).filter(form => form !== 'empty'))
    if (forms.size === 0 || forms.has('text')) continue
    const own = formOf(name)
    if (own === 'text' || (own === 'integer' && forms.has('decimal'))) votes++
    else votes--
  }
  return votes > 0 || (votes === 0 && first.every(name => formOf(name) === 'text'))
}

function formOf (value: string): 'empty' | 'integer' | 'decimal' | 'time' | 'text' {
  if (value === '') return 'empty'
  if (/^[+-]?\d+$/.test(value)) return 'integer'
  if (/^[+-]?\d*[.,]\d+(e[+-]?\d+)?$/i.test(value)) return 'decimal'
  return readTime(value) === undefined ? 'text' : 'time'
}

async function rowsOf (head: Uint8Array, kind: FileKind): Promise<Uint8Array[]> {
  const rows: Uint8Array[] = []
  for await (const { part, bytes } of splitBytes([head], kind)) {
    if (part !== 'glue') rows.push(bytes)
    if (rows.length > SNIFF_ROWS_MAX) break
  }
  return rows
}
