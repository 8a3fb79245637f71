import type { Box, Column } from '../../sdk/index.ts'
import type { PersonalWarning } from '../personal/index.ts'

export type Dialect = {
  /** One byte: comma, semicolon, tab or bar. */
  readonly delimiter: ',' | ';' | '\t' | '|'
  readonly lineEnd: '\n' | '\r'
  readonly header: boolean
  readonly encoding: Encoding
}

/** Bytes that are not UTF-8 are read as Windows-1252, the usual other encoding of tables in the West. */
export type Encoding = 'utf-8' | 'windows-1252'

export type FileKind =
  | { readonly type: 'csv', readonly mediaType: string, readonly dialect: Dialect }
  | { readonly type: 'ndjson', readonly mediaType: string }
  /** `featuresAt`: offset of the first byte behind the opening bracket of the list of features. */
  | { readonly type: 'geojson', readonly mediaType: string, readonly featuresAt: number }
  /** `isText`: nothing in its beginning says that it is none. */
  | { readonly type: 'other', readonly mediaType: string, readonly isText: boolean }

/** A part of a file. `header` comes first, `row` is one record of the table, `glue` is what lies between and behind. */
export type Slice = { readonly part: 'header' | 'row' | 'glue', readonly bytes: Uint8Array }

/** How the values of a time column are read. The last two only where no value contradicts and at least one proves it. */
export type TimeReading = 'iso' | 'epoch-seconds' | 'epoch-milliseconds' | 'day-first' | 'month-first'

export type TimeColumn = {
  readonly column: string
  readonly index: number
  readonly reading: TimeReading
  /** True when values carry no zone: they are local times, read as if they were UTC. */
  readonly withoutZone: boolean
  readonly fromMs: number
  readonly toMs: number
}

export type FileWarning = { readonly sentence: string } & (
  | Omit<PersonalWarning, 'sentence'>
  | {
    readonly code: 'mixed-date-formats', readonly column: string, readonly yearFirst: number
    readonly dayFirst: number, readonly monthFirst: number, readonly ambiguous: number
    /** Numbers of rows, from 1, that show each order. */
    readonly dayFirstRows: readonly number[], readonly monthFirstRows: readonly number[]
  }
  | { readonly code: 'ambiguous-dates', readonly column: string, readonly values: number }
  | { readonly code: 'local-time', readonly column: string, readonly values: number }
  | { readonly code: 'unreadable-times', readonly column: string, readonly values: number }
  | { readonly code: 'zero-positions', readonly rows: number }
  | { readonly code: 'not-utf8' }
  /** It is called a table, and is no text (UTF-16, for instance), or a page. */
  | { readonly code: 'no-table' }
  | { readonly code: 'ragged-rows', readonly rows: number, readonly examples: readonly number[] }
  | { readonly code: 'malformed-rows', readonly rows: number, readonly examples: readonly number[] }
  | { readonly code: 'row-too-large', readonly row: number, readonly sizeBytesMax: number }
  | { readonly code: 'too-deep', readonly row: number, readonly depthMax: number }
  | { readonly code: 'too-many-columns', readonly columnsMax: number }
  | { readonly code: 'cut-short' }
  /** The last row begins a quote that never ends: it may have swallowed others. */
  | { readonly code: 'open-quote' }
)

export type FileDescription = {
  readonly fileName: string
  readonly sizeBytes: number
  readonly kind: FileKind
  /** `table`: `splitRows` gives one record a row. `file`: it travels whole. */
  readonly form: 'table' | 'file'
  readonly mediaType: string
  readonly rows: number
  readonly columns: readonly Column[]
  readonly time: TimeColumn | null
  readonly position:
    | { readonly type: 'columns', readonly latitude: string, readonly longitude: string }
    | { readonly type: 'geometry' }
    | null
  readonly box: Box | null
  readonly warnings: readonly FileWarning[]
}

export type FileFailure = {
  readonly code: 'not-found' | 'not-a-file' | 'unreadable'
  readonly path: string
  readonly reason: string
  readonly hint: string
}
