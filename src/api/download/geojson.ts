import { fail, ok, type Result } from '../../base/index.ts'
import { columnsOfPlace, hasPlaces, lineOf, placeOf, placeOfGeometry, textOfTime, type Scalar } from '../../core/rows/index.ts'
import type { Box } from '../../sdk/index.ts'
import type { AnyFailure } from '../http/index.ts'
import { shown, type Row, type Table } from './rows.ts'

/** Whether the rows are somewhere. */
export function placed (table: Table): Result<Table, AnyFailure> {
  return hasPlaces(table.format) ? ok(table) : fail({
    code: 'not-acceptable', reason: 'no column of this dataset is a place, so it has no form as GeoJSON', hint: 'take it as csv, ndjson or parquet'
  })
}

/** RFC 7946: longitude before latitude, WGS 84. A row without a place is a feature without a geometry. */
export async function * geojsonOf (table: Table, rows: AsyncIterable<Row>, box: Box | null): AsyncGenerator<string> {
  const bbox = box === null ? '' : `"bbox":[${box.west},${box.south},${box.east},${box.north}],`
  yield `{"type":"FeatureCollection",${bbox}"features":[`
  let between = '\n'
  for await (const row of rows) {
    yield between + featureOf(table, row)
    between = ',\n'
  }
  yield '\n]}\n'
}

function featureOf ({ format, columns, isStream }: Table, { record, values }: Row): string {
  const names = columnsOfPlace(format)
  const byName = new Map(columns.map(({ name }, at) => [name, values[at] ?? null]))
  const isPlace = (name: string): boolean => name === names.geometry || name === names.latitude || name === names.longitude
  const place = placeOf(format, byName)
  const point = place === undefined ? 'null' : `{"type":"Point","coordinates":[${place.longitude},${place.latitude}]}`
  const own: readonly Member[] = isStream ? [['_time', text(textOfTime(record.timeMs))], ['_key', text(new TextDecoder().decode(record.key))]] : []
  const members = columns.filter(({ name }) => !isPlace(name)).map(({ name, type }): Member => [name, shown(type, byName.get(name) ?? null)])
  const geometry = shapeOf(names.geometry === undefined ? null : byName.get(names.geometry) ?? null) ?? point
  return `{"type":"Feature","id":${record.number},"geometry":${geometry},"properties":${lineOf([...own, ...members]).trimEnd()}}`
}

type Member = readonly [name: string, value: Scalar]

function text (given: string): Scalar {
  return { type: 'text', text: given }
}

/** A geometry in one line; undefined where it is none, or not on earth. */
function shapeOf (value: Scalar): string | undefined {
  if (value?.type !== 'text') return undefined
  try {
    const geometry: unknown = JSON.parse(value.text)
    return placeOfGeometry(geometry) === undefined ? undefined : JSON.stringify(geometry)
  } catch {
    return undefined
  }
}
