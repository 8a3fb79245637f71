import { utf8 } from '../../base/index.ts'
import { columnsOfPlace, isObject, objectOfRow, placeOfGeometry, type RowFormat } from '../../core/rows/index.ts'
import type { Dataset, QueriedRecord, QueryPage } from '../../node/contract/index.ts'

export type Geometry = Readonly<Record<string, unknown>> | null

const TEXT: RowFormat = { delimiter: null, columns: [] }

/** A shape that is nowhere on earth is none (RFC 7946, section 3.1); a text is read within the bounds of a row. */
export function geometryIn (value: unknown): Geometry {
  if (!isObject(value)) return null
  const { type, text } = value
  const geometry = type === 'text' && typeof text === 'string' ? objectOfRow(TEXT, utf8(text)) : value
  return geometry !== undefined && placeOfGeometry(geometry) !== undefined ? geometry : null
}

export function pointOf ({ place }: QueriedRecord): Geometry {
  return place === null ? null : { type: 'Point', coordinates: [place.longitude, place.latitude] }
}

/** A chunk for each page, so that no more than one is held. Where a page cannot be had the answer breaks off. */
export async function * placesOf ({ schema }: Dataset, pages: AsyncIterable<QueryPage>): AsyncGenerator<Uint8Array> {
  const { geometry } = columnsOfPlace({ delimiter: null, columns: schema })
  let between = '{"type":"FeatureCollection","features":[\n'
  let last: QueryPage | undefined
  for await (const page of pages) {
    last = page
    const lines = page.rows.flatMap(row => row.place === null ? [] : [featureOf(row, geometry)])
    if (lines.length === 0) continue
    yield utf8(between + lines.join(',\n'))
    between = ',\n'
  }
  const end = `\n],"isPart":${String(last !== undefined && last.next !== null)},"incomplete":${JSON.stringify(last?.incomplete ?? null)}}\n`
  yield utf8(between.startsWith('{') ? between + end : end)
}

function featureOf (row: QueriedRecord, column: string | undefined): string {
  const shape = column === undefined ? null : geometryIn(row.values.get(column))
  return `{"type":"Feature","id":${row.number},"geometry":${JSON.stringify(shape ?? pointOf(row))},"properties":null}`
}
