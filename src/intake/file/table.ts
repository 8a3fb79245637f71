import type { Box, Column } from '../../sdk/index.ts'
import { ColumnReader } from './column.ts'
import { fieldsOf, hasOpenQuote, isGeometry, isNestedDeeply, isObject, objectOfSlice, textOfSlice, visitLeaves } from './fields.ts'
import { COLUMN_NAME_LENGTH_MAX, COLUMNS_MAX, COORDINATES_NESTING_MAX, EXAMPLES_MAX } from './limits.ts'
import type { FileDescription, FileKind, FileWarning, Slice } from './types.ts'

type Table = Pick<FileDescription, 'rows' | 'columns' | 'time' | 'position' | 'box' | 'warnings'>

/** Takes the slices of a table one by one and says at the end what the table is. Keeps counts, no rows. */
export class TableReader {
  readonly #kind: FileKind
  readonly #columns = new Map<string, ColumnReader>()
  readonly #geometries = new Set<string>()
  readonly #box = new BoxReader()
  /** Readers by position, for rows that are lists of fields. */
  #order: ColumnReader[] = []
  #rows = 0
  #zeroPositions = 0
  #ragged = 0
  #malformed = 0
  #closed = false
  readonly #raggedRows: number[] = []
  readonly #malformedRows: number[] = []
  #tooManyColumns = false
  /** The first row that is nested too deeply, from 1: then it is no table. */
  tooDeepRow: number | undefined
  /** Of a table with quotes: the row that was taken last. */
  #last: Uint8Array | undefined

  constructor (kind: FileKind) {
    this.#kind = kind
  }

  take ({ part, bytes }: Slice): void {
    const kind = this.#kind
    if (part === 'glue') {
      if (bytes[0] === 0x5d) this.#closed = true
    } else if (kind.type === 'csv') {
      const fields = fieldsOf(bytes, kind.dialect)
      if (part === 'header') this.#nameColumns(fields)
      else this.#takeFields(fields)
      this.#last = bytes
    } else if (part === 'row') {
      if (isNestedDeeply(bytes)) this.tooDeepRow ??= this.#rows + 1
      this.#takeObject(this.tooDeepRow === undefined ? textOfSlice(bytes, 'utf-8') : '')
    }
  }

  /** Undefined when most of the rows are not what they should be: then it is no table. */
  finish (): Table | undefined {
    if (this.#rows === 0 && this.#columns.size === 0 && this.#kind.type !== 'geojson') return undefined
    if (this.#malformed * 2 > this.#rows) return undefined
    const readers = [...this.#columns.values()]
    const columns: Column[] = readers.map(reader => reader.describe())
    for (const name of this.#geometries) columns.push({ name, type: 'geometry', unit: null })
    const position = this.#position(columns)
    return {
      rows: this.#rows, columns, time: this.#time(readers), position,
      box: position === null ? null : this.#box.result(), warnings: this.warnings()
    }
  }

  warnings (): readonly FileWarning[] {
    const readers = [...this.#columns.values()]
    return [
      ...this.#tableWarnings(),
      ...readers.flatMap(reader => reader.timeWarnings()),
      ...readers.flatMap(reader => reader.personal() ?? [])
    ]
  }

  #nameColumns (names: readonly string[]): void {
    for (const [index, raw] of names.entries()) {
      const name = raw.trim() === '' ? `column_${index + 1}` : raw.trim()
      let free = name
      for (let copy = 2; this.#columns.has(free.slice(0, COLUMN_NAME_LENGTH_MAX)); copy++) free = `${name.slice(0, COLUMN_NAME_LENGTH_MAX - 8)}_${copy}`
      const reader = this.#column(free)
      if (reader === undefined) return
      this.#order.push(reader)
    }
  }

  #column (name: string): ColumnReader | undefined {
    const known = this.#columns.get(name)
    if (known !== undefined) return known
    if (this.#columns.size >= COLUMNS_MAX) {
      this.#tooManyColumns = true
      return undefined
    }
    const plain = name.toWellFormed().normalize('NFC').slice(0, COLUMN_NAME_LENGTH_MAX)
    const decimalComma = this.#kind.type === 'csv' && this.#kind.dialect.delimiter !== ','
    const reader = new ColumnReader(plain, this.#columns.size, decimalComma)
    this.#columns.set(plain, reader)
    return reader
  }

  #takeFields (fields: readonly string[]): void {
    if (this.#rows === 0 && this.#order.length === 0) this.#nameColumns(fields.map(() => ''))
    this.#rows++
    if (fields.length !== this.#order.length && !this.#tooManyColumns) {
      this.#ragged++
      if (this.#raggedRows.length < EXAMPLES_MAX) this.#raggedRows.push(this.#rows)
    }
    const point = new Point()
    for (let index = 0; index < fields.length; index++) {
      const reader = this.#order[index]
      if (reader === undefined) break
      point.take(reader, reader.add(fields[index] ?? '', this.#rows))
    }
    this.#place(point)
  }

  #takeObject (text: string): void {
    this.#rows++
    const object = objectOfSlice(text)
    const leaves = this.#kind.type === 'geojson' ? object?.['properties'] ?? (object === undefined ? undefined : {}) : object
    if (!isObject(leaves) || object === undefined) {
      this.#malformed++
      if (this.#malformedRows.length < EXAMPLES_MAX) this.#malformedRows.push(this.#rows)
      return
    }
    const point = new Point()
    const visit = (name: string, value: unknown): void => {
      if (value === null) return
      if (isGeometry(value)) {
        if (this.#geometries.size < COLUMNS_MAX) this.#geometries.add(name)
        this.#box.addGeometry(value)
        return
      }
      const reader = this.#column(name)
      if (reader !== undefined) point.take(reader, reader.add(textOf(value), this.#rows))
    }
    visitLeaves(leaves, visit)
    if (this.#kind.type === 'geojson') visit('geometry', isGeometry(object['geometry']) ? object['geometry'] : null)
    this.#place(point)
  }

  #place ({ latitude, longitude }: Point): void {
    if (latitude === undefined || longitude === undefined) return
    if (latitude === 0 && longitude === 0) this.#zeroPositions++
    else this.#box.add(longitude, latitude)
  }

  #position (columns: readonly Column[]): Table['position'] {
    if (this.#geometries.size > 0) return { type: 'geometry' }
    const latitude = columns.find(({ type }) => type === 'latitude')
    const longitude = columns.find(({ type }) => type === 'longitude')
    return latitude === undefined || longitude === undefined
      ? null
      : { type: 'columns', latitude: latitude.name, longitude: longitude.name }
  }

  /** The first column of times that needs no guess, else the first whose order of day and month is proved. */
  #time (readers: readonly ColumnReader[]): Table['time'] {
    const times = readers.filter(reader => !reader.isBirthDate).flatMap(reader => reader.time() ?? [])
    return times.find(({ reading }) => reading === 'iso' || reading.startsWith('epoch')) ?? times[0] ?? null
  }

  #tableWarnings (): readonly FileWarning[] {
    const warnings: FileWarning[] = []
    const kind = this.#kind
    if (kind.type === 'csv' && kind.dialect.encoding !== 'utf-8') {
      warnings.push({ code: 'not-utf8', sentence: 'The text is not UTF-8 and was read as Windows-1252. Its bytes are published as they are.' })
    }
    if (kind.type === 'geojson' && !this.#closed) {
      warnings.push({ code: 'cut-short', sentence: 'The list of features is never closed: the file seems to be cut short.' })
    }
    if (kind.type === 'csv' && this.#last !== undefined && hasOpenQuote(this.#last, kind.dialect)) {
      warnings.push({ code: 'open-quote', sentence: 'The last row begins a quote that never ends: the file may be cut short, or rows before its end are taken for one.' })
    }
    if (this.#ragged > 0) {
      const sentence = `Rows with more or fewer fields than the first: ${this.#ragged} (row ${this.#raggedRows.join(', ')}).`
      warnings.push({ code: 'ragged-rows', rows: this.#ragged, examples: this.#raggedRows, sentence })
    }
    if (this.#malformed > 0) {
      const sentence = `Rows that are no JSON objects: ${this.#malformed} (row ${this.#malformedRows.join(', ')}).`
      warnings.push({ code: 'malformed-rows', rows: this.#malformed, examples: this.#malformedRows, sentence })
    }
    if (this.#zeroPositions > 0) {
      const sentence = `${this.#zeroPositions} rows lie at latitude 0, longitude 0, in the Atlantic: usually a missing position.`
      warnings.push({ code: 'zero-positions', rows: this.#zeroPositions, sentence })
    }
    if (this.#tooManyColumns) {
      const sentence = `The table has more than ${COLUMNS_MAX} columns; only the first are described.`
      warnings.push({ code: 'too-many-columns', columnsMax: COLUMNS_MAX, sentence })
    }
    return warnings
  }
}

/** A list or a deep object is one value that is text. */
function textOf (value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : '{}'
}

/** The first position a row names. */
class Point {
  latitude: number | undefined
  longitude: number | undefined

  take (reader: ColumnReader, value: number | undefined): void {
    if (reader.latitude) this.latitude ??= value
    else if (reader.longitude) this.longitude ??= value
  }
}

/** The box around all positions. A coordinate that is no degree makes it unknown: the file uses another system. */
class BoxReader {
  #west = Infinity
  #south = Infinity
  #east = -Infinity
  #north = -Infinity
  #foreign = false

  add (longitude: number, latitude: number): void {
    if (Math.abs(longitude) > 180 || Math.abs(latitude) > 90) {
      this.#foreign = true
      return
    }
    this.#west = Math.min(this.#west, longitude)
    this.#east = Math.max(this.#east, longitude)
    this.#south = Math.min(this.#south, latitude)
    this.#north = Math.max(this.#north, latitude)
  }

  addGeometry (geometry: { readonly [key: string]: unknown }, depth = 0): void {
    this.#addCoordinates(geometry['coordinates'], 0)
    const parts = geometry['geometries']
    if (!Array.isArray(parts) || depth >= COORDINATES_NESTING_MAX) return
    for (const part of parts) if (isObject(part)) this.addGeometry(part, depth + 1)
  }

  #addCoordinates (value: unknown, depth: number): void {
    if (!Array.isArray(value) || depth > COORDINATES_NESTING_MAX) return
    const [longitude, latitude]: readonly unknown[] = value
    if (typeof longitude === 'number' && typeof latitude === 'number') this.add(longitude, latitude)
    else for (const part of value) this.#addCoordinates(part, depth + 1)
  }

  result (): Box | null {
    if (this.#foreign || this.#west > this.#east) return null
    return { west: this.#west, south: this.#south, east: this.#east, north: this.#north }
  }
}
