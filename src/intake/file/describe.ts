import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { fail, ok, type Result } from '../../base/index.ts'
import { fieldAt, isObject, objectOfSlice, textOfSlice, visitLeaves } from './fields.ts'
import { DEPTH_MAX, ROW_BYTES_MAX } from './limits.ts'
import { isTableName, sniffFile } from './sniff.ts'
import { RowTooLarge, splitFile } from './split.ts'
import { TableReader } from './table.ts'
import { epochOf, readBasicIso, readTime } from './time.ts'
import type { FileDescription, FileFailure, FileKind, FileWarning, TimeReading } from './types.ts'

/** Tells of a table that is read how far that is, and stops it: by throwing the reason of the signal. */
export type Reading = { readonly onBytes: (done: number, total: number) => void, readonly signal: AbortSignal }

/** Reads the whole file once and says what it holds. Fails only where there is no readable file. */
export async function describeFile (path: string, reading?: Reading): Promise<Result<FileDescription, FileFailure>> {
  try {
    const { size, isFile } = await statOf(path)
    if (!isFile) {
      return fail({
        code: 'not-a-file', path, reason: `${path} is not a file`, hint: 'Name one file; a folder is published file by file.'
      })
    }
    const kind = await sniffFile(path)
    return ok(kind.type === 'other' ? untold(path, size, kind, size > 0 && isTableName(path) ? noTable(kind) : []) : await describeTable(path, size, kind, reading))
  } catch (error) {
    const failure = failureOf(path, error)
    if (failure === undefined) throw error
    return fail(failure)
  }
}

/** Of what is called a table and is none. */
function noTable ({ isText, mediaType }: Extract<FileKind, { type: 'other' }>): readonly FileWarning[] {
  const isPage = mediaType === 'text/html' || mediaType === 'application/xml'
  if (isText && !isPage) return []
  const why = isPage ? 'It is called a table and is a page or other markup.' : 'It is called a table and holds bytes that no text in UTF-8 has: it may be UTF-16, packed or damaged.'
  return [{ code: 'no-table', sentence: `${why} It is published whole, not row by row.` }]
}

async function statOf (path: string): Promise<{ readonly size: number, readonly isFile: boolean }> {
  const found = await stat(path)
  return { size: found.size, isFile: found.isFile() }
}

async function describeTable (path: string, sizeBytes: number, kind: FileKind, reading: Reading | undefined): Promise<FileDescription> {
  const reader = new TableReader(kind)
  let done = 0
  try {
    for await (const batch of splitFile(path, kind)) {
      for (const slice of batch) {
        reader.take(slice)
        done += slice.bytes.length
      }
      if (reader.tooDeepRow !== undefined) return untold(path, sizeBytes, kind, [tooDeep(reader.tooDeepRow)])
      reading?.signal.throwIfAborted()
      reading?.onBytes(done, sizeBytes)
    }
  } catch (error) {
    if (!(error instanceof RowTooLarge)) throw error
    return untold(path, sizeBytes, kind, [{
      code: 'row-too-large', row: error.slice, sizeBytesMax: ROW_BYTES_MAX,
      sentence: `Part ${error.slice} of the table is larger than ${ROW_BYTES_MAX} bytes, or a quote is never closed. ` +
        'The file is published whole, not row by row.'
    }])
  }
  const table = reader.finish()
  return table === undefined ? untold(path, sizeBytes, kind, reader.warnings()) : {
    fileName: basename(path), sizeBytes, kind, form: 'table', mediaType: kind.mediaType, ...table
  }
}

function tooDeep (row: number): FileWarning {
  const sentence = `Row ${row} of the table is nested deeper than ${DEPTH_MAX} levels. The file is published whole, not row by row.`
  return { code: 'too-deep', row, depthMax: DEPTH_MAX, sentence }
}

/** A file that travels whole and of which nothing more is known. */
function untold (path: string, sizeBytes: number, kind: FileKind, warnings: readonly FileWarning[]): FileDescription {
  return {
    fileName: basename(path), sizeBytes, kind, form: 'file', mediaType: kind.mediaType,
    rows: 0, columns: [], time: null, position: null, box: null, warnings
  }
}

function failureOf (path: string, error: unknown): FileFailure | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ENAMETOOLONG':
    case 'ERR_INVALID_ARG_VALUE':
    case 'ELOOP':
      return { code: 'not-found', path, reason: `There is no file ${path}`, hint: 'Check the path; relative paths start at the current folder.' }
    case 'EISDIR':
      return { code: 'not-a-file', path, reason: `${path} is a folder`, hint: 'Name one file; a folder is published file by file.' }
    case 'EACCES':
    case 'EPERM':
    case 'EIO':
      return { code: 'unreadable', path, reason: `${path} cannot be read (${code})`, hint: 'Check its access rights and the disk.' }
    default: return undefined
  }
}

/**
 * The time of a row by the table's time column, milliseconds since 1970 (UTC); undefined where it has none, where it
 * lies before 1970, or where only the order of the others tells what a date means (`day-first`, `month-first`).
 */
export function rowTimeMs (description: FileDescription, row: Uint8Array): number | undefined {
  const { time, kind } = description
  if (time === null) return undefined
  const value = valueOf(kind, time.column, time.index, row)
  if (value === undefined) return undefined
  const timeMs = timeMsOf(value, time.reading)
  return timeMs !== undefined && timeMs >= 0 ? timeMs : undefined
}

function timeMsOf (value: string, reading: TimeReading): number | undefined {
  switch (reading) {
    case 'iso': {
      const read = readTime(value) ?? readBasicIso(value)
      return read?.form === 'iso' ? read.timeMs : undefined
    }
    case 'epoch-seconds':
    case 'epoch-milliseconds': {
      const read = epochOf(Number(value))
      return read?.reading === reading ? read.timeMs : undefined
    }
    case 'day-first':
    case 'month-first': return undefined
  }
}

function valueOf (kind: FileKind, column: string, index: number, row: Uint8Array): string | undefined {
  if (kind.type === 'csv') return fieldAt(row, kind.dialect, index)?.trim()
  const object = objectOfSlice(textOfSlice(row, 'utf-8'))
  const leaves = kind.type === 'geojson' ? object?.['properties'] : object
  let found: string | undefined
  if (isObject(leaves)) {
    visitLeaves(leaves, (name, value) => {
      if (name === column && (typeof value === 'string' || typeof value === 'number')) found = String(value).trim()
    })
  }
  return found
}
