import { hex, sha256Stream, utf8 } from '../../base/index.ts'
import type { Box, Column, RecordInput } from '../../sdk/index.ts'
import { fieldsOf, splitBytes, type Dialect } from '../file/index.ts'
import { columnOf } from './tables.ts'

const DIALECT: Dialect = { delimiter: ',', lineEnd: '\n', header: true, encoding: 'utf-8' }
const MEDIA_TYPE = 'text/csv'
const KEY_BYTES_MAX = 512
const FIELDS_MAX = 256

export type Looked = {
  readonly columns: readonly Column[]
  readonly rows: number
  readonly ragged: number
  readonly sizeBytes: number
  readonly sha256: string
  readonly box: Box | null
}

/** Goes through a table once. Undefined where it has no header that could be one. Throws what reading throws. */
export async function lookAt (chunks: AsyncIterable<Uint8Array>): Promise<Looked | undefined> {
  const digest = sha256Stream()
  let columns: readonly Column[] = []
  let [rows, ragged, sizeBytes] = [0, 0, 0]
  let places: { readonly latitude: number, readonly longitude: number } | undefined
  const box = new RowBox()
  for await (const { part, bytes } of splitBytes(chunks, { type: 'csv', mediaType: MEDIA_TYPE, dialect: DIALECT })) {
    digest.update(bytes)
    sizeBytes += bytes.length
    if (part === 'header') {
      columns = namesOf(bytes).map(columnOf)
      if (columns.length > FIELDS_MAX || new Set(columns.map(({ name }) => name)).size < columns.length || columns.some(({ name }) => name === '')) return undefined
      const [latitude, longitude] = [columns.findIndex(({ type }) => type === 'latitude'), columns.findIndex(({ type }) => type === 'longitude')]
      if (latitude >= 0 && longitude >= 0) places = { latitude, longitude }
    } else if (part === 'row') {
      const fields = fieldsOf(bytes, DIALECT)
      rows++
      if (fields.length !== columns.length) ragged++
      if (places !== undefined) box.add(fields[places.longitude], fields[places.latitude])
    }
  }
  return columns.length === 0 ? undefined : { columns, rows, ragged, sizeBytes, sha256: hex(digest.digest()), box: box.result }
}

export function namesOf (header: Uint8Array): readonly string[] {
  return fieldsOf(header, DIALECT).map(name => name.trim())
}

/** Slices as records: rows under their ids, as far as each has one of its own, else under their numbers. Joined they are the table. */
export async function * recordsOf (
  chunks: AsyncIterable<Uint8Array>, columns: readonly Column[], keyFields: readonly string[], timeMs: number
): AsyncGenerator<RecordInput> {
  const places = keyFields.map(field => columns.findIndex(({ name }) => name === field))
  const isKeyed = (places[0] ?? -1) >= 0
  let number = 0
  for await (const { part, bytes } of splitBytes(chunks, { type: 'csv', mediaType: MEDIA_TYPE, dialect: DIALECT })) {
    const id = part === 'row' && isKeyed ? idOf(fieldsOf(bytes, DIALECT), places) : undefined
    yield { key: id ?? utf8(`${part}/${number}`), timeMs, operation: 'put', mediaType: MEDIA_TYPE, body: new Uint8Array(bytes) }
    number++
  }
}

/** `header/…` is how others know the line that names the columns. */
function idOf (fields: readonly string[], places: readonly number[]): Uint8Array | undefined {
  const values = places.map(place => fields[place]?.trim() ?? '')
  if (values[0] === '') return undefined
  const key = utf8(values.join('/'))
  return key.length > KEY_BYTES_MAX || values[0]?.startsWith('header') === true ? undefined : key
}

class RowBox {
  #west = 181
  #south = 91
  #east = -181
  #north = -91

  add (longitudeText: string | undefined, latitudeText: string | undefined): void {
    const [longitude, latitude] = [Number.parseFloat(longitudeText ?? ''), Number.parseFloat(latitudeText ?? '')]
    if (!(Math.abs(longitude) <= 180 && Math.abs(latitude) <= 90) || (longitude === 0 && latitude === 0)) return
    this.#west = Math.min(this.#west, longitude)
    this.#south = Math.min(this.#south, latitude)
    this.#east = Math.max(this.#east, longitude)
    this.#north = Math.max(this.#north, latitude)
  }

  get result (): Box | null {
    return this.#west > 180 ? null : { west: this.#west, south: this.#south, east: this.#east, north: this.#north }
  }
}
