import { createReadStream } from 'node:fs'
import { assert, concat, plain } from '../../base/index.ts'
import { CHUNK_BYTES, ROW_BYTES_MAX } from './limits.ts'
import type { Dialect, FileKind, Slice } from './types.ts'

const TAB = 0x09
const LF = 0x0a
const CR = 0x0d
const SPACE = 0x20
const QUOTE = 0x22
const COMMA = 0x2c
const BACKSLASH = 0x5c
const BRACKET_OPEN = 0x5b
const BRACKET_CLOSE = 0x5d
const BRACE_OPEN = 0x7b
const BRACE_CLOSE = 0x7d

/** Finds where the slice that goes on at `from` ends: the offset behind it, or -1 when not in this chunk. */
type Scan = (chunk: Uint8Array, from: number) => number

type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>
type OnTooLarge = (error: RowTooLarge) => void

/** Stops a split: a row is too large for a record. `describeFile` finds it before, unless the file changed since. */
export class RowTooLarge extends Error {
  override readonly name = 'RowTooLarge'
  readonly code = 'row-too-large'
  /** Counted from 1, header and glue included. */
  readonly slice: number

  constructor (slice: number, sizeBytesMax: number) {
    super(`part ${slice} of the table is larger than ${sizeBytesMax} bytes; publish it as a file`)
    this.slice = slice
  }
}

/** The slices of a file of this kind; joined they are the file. Throws `RowTooLarge`, or what the disk throws. */
export function splitRows (path: string, kind: FileKind): AsyncGenerator<Slice> {
  return eachOf(splitFile(path, kind))
}

/** The same of bytes that come from elsewhere, in chunks of any size. Where `onTooLarge` does not throw, a row that is too large is left out. */
export function splitBytes (chunks: Chunks, kind: FileKind, onTooLarge?: OnTooLarge): AsyncGenerator<Slice> {
  return eachOf(splitChunks(chunks, kind, onTooLarge))
}

/** The same, as many at once as a chunk completes: waiting for every single one costs more than to find it. */
export function splitFile (path: string, kind: FileKind): AsyncGenerator<readonly Slice[]> {
  return splitChunks(createReadStream(path, { highWaterMark: CHUNK_BYTES }), kind)
}

async function * eachOf (batches: AsyncIterable<readonly Slice[]>): AsyncGenerator<Slice> {
  for await (const batch of batches) yield * batch
}

const stop: OnTooLarge = error => { throw error }

async function * splitChunks (chunks: Chunks, kind: FileKind, onTooLarge: OnTooLarge = stop): AsyncGenerator<readonly Slice[]> {
  assert(kind.type !== 'other', 'only a table can be split')
  const [scan, partOf] = waysOf(kind)
  for await (const batch of cut(chunks, scan, ROW_BYTES_MAX, onTooLarge)) yield batch.map(bytes => ({ part: partOf(bytes), bytes }))
}

/** How slices of this kind end, and what each of them is, asked in order. */
function waysOf (kind: Exclude<FileKind, { type: 'other' }>): [Scan, (bytes: Uint8Array) => Slice['part']] {
  switch (kind.type) {
    case 'csv': return [csvScan(kind.dialect), csvParts(kind.dialect)]
    case 'ndjson': return [(chunk, from) => chunk.indexOf(LF, from) + 1 || -1, bytes => isBlank(bytes) ? 'glue' : 'row']
    case 'geojson': return [featureScan(kind.featuresAt), featureParts()]
  }
}

/** Cuts a stream of bytes at the places `scan` names; the last slice is what is left. No slice and no batch is empty. */
async function * cut (chunks: Chunks, scan: Scan, sizeBytesMax: number, onTooLarge: OnTooLarge): AsyncGenerator<Uint8Array[]> {
  let waiting: Uint8Array[] = []
  let waitingBytes = 0
  let slices = 0
  let isTooLarge = false
  for await (const buffer of chunks) {
    const chunk = plain(buffer)
    let batch: Uint8Array[] = []
    let start = 0
    for (;;) {
      const end = scan(chunk, start)
      const size = waitingBytes + (end < 0 ? chunk.length : end) - start
      if (size > sizeBytesMax && !isTooLarge) {
        if (batch.length > 0) yield batch
        batch = []
        waiting = []
        isTooLarge = true
        onTooLarge(new RowTooLarge(slices + 1, sizeBytesMax))
      }
      if (end < 0) break
      const tail = chunk.subarray(start, end)
      if (size > 0 && !isTooLarge) batch.push(waitingBytes === 0 ? tail : concat([...waiting, tail]))
      slices++
      waiting = []
      waitingBytes = 0
      isTooLarge = false
      start = end
    }
    waitingBytes += chunk.length - start
    if (start < chunk.length && !isTooLarge) waiting.push(chunk.subarray(start))
    if (batch.length > 0) yield batch
  }
  if (waitingBytes > 0 && !isTooLarge) yield [concat(waiting)]
}

function csvParts (dialect: Dialect): (bytes: Uint8Array) => Slice['part'] {
  let header = dialect.header
  return bytes => {
    if (isLineEnd(bytes)) return 'glue'
    const part = header ? 'header' : 'row'
    header = false
    return part
  }
}

/**
 * Ends of rows, RFC 4180 read leniently: a field is quoted when its first byte is a quote; inside, two quotes are one,
 * and what follows the closing quote up to the delimiter still belongs to the field.
 */
function csvScan (dialect: Dialect): Scan {
  const delimiter = dialect.delimiter.charCodeAt(0)
  const lineEnd = dialect.lineEnd.charCodeAt(0)
  let state: 'start' | 'plain' | 'quoted' | 'closing' = 'start'
  let first = true
  return (chunk, from) => {
    for (let i = from; i < chunk.length; i++) {
      const byte = chunk[i]
      if (state === 'quoted') {
        if (byte === QUOTE) state = 'closing'
      } else if (byte === lineEnd) {
        state = 'start'
        first = false
        return i + 1
      } else if (byte === delimiter) {
        state = 'start'
      } else if (byte === QUOTE && state !== 'plain') {
        state = 'quoted'
      } else if (!first || state !== 'start' || !isMark(byte)) {
        state = 'plain'
      }
    }
    return -1
  }
}

/** A byte of the UTF-8 byte order mark, which may stand before the first quote of a file. */
function isMark (byte: number | undefined): boolean {
  return byte === 0xef || byte === 0xbb || byte === 0xbf
}

function featureParts (): (bytes: Uint8Array) => Slice['part'] {
  let part: Slice['part'] = 'header'
  return bytes => {
    // Between the features a slice never begins with the bracket that ends their list: the scan cuts before it.
    if (part === 'row' && (bytes[0] === BRACKET_CLOSE || bytes[0] === BRACE_CLOSE)) part = 'glue'
    const own = part === 'row' && isBlank(bytes) ? 'glue' : part
    if (part === 'header') part = 'row'
    return own
  }
}

/** Ends of the prelude, of each element with the comma behind it, and then of whatever pieces the rest arrives in. */
function featureScan (featuresAt: number): Scan {
  let prelude = featuresAt
  let depth = 0
  let text: 'no' | 'yes' | 'escaped' = 'no'
  let rest = false
  return (chunk, from) => {
    if (prelude > 0) {
      const taken = Math.min(prelude, chunk.length - from)
      prelude -= taken
      return prelude === 0 ? from + taken : -1
    }
    if (rest) return from < chunk.length ? Math.min(chunk.length, from + ROW_BYTES_MAX) : -1
    for (let i = from; i < chunk.length; i++) {
      const byte = chunk[i]
      if (text !== 'no') {
        text = text === 'escaped' ? 'yes' : byte === BACKSLASH ? 'escaped' : byte === QUOTE ? 'no' : 'yes'
      } else if (byte === QUOTE) {
        text = 'yes'
      } else if (byte === BRACE_OPEN || byte === BRACKET_OPEN) {
        depth++
      } else if (byte === BRACE_CLOSE || byte === BRACKET_CLOSE) {
        if (depth === 0) {
          rest = true
          return i
        }
        depth--
      } else if (byte === COMMA && depth === 0) {
        return i + 1
      }
    }
    return -1
  }
}

/** An empty line. A line of blanks may be a row: of a tab separated table whose fields are all empty. */
function isLineEnd (bytes: Uint8Array): boolean {
  return bytes.length <= 2 && bytes.every(byte => byte === LF || byte === CR)
}

function isBlank (bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte !== LF && byte !== CR && byte !== SPACE && byte !== TAB) return false
  return true
}
