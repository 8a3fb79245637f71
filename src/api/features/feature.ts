import { hex, textOf } from '../../base/index.ts'
import { columnsOfPlace, textOfTime, type RowFormat } from '../../core/rows/index.ts'
import type { Dataset, QueriedRecord } from '../../node/contract/index.ts'
import { geometryIn, pointOf, valuesOf } from '../query/index.ts'

/** A row as a feature: its geometry as it was published where it has one, else the point that it names. */
export function featureOf ({ schema, distribution: { form } }: Dataset, row: QueriedRecord): Readonly<Record<string, unknown>> {
  const format: RowFormat = { delimiter: null, columns: schema }
  const { latitude, longitude, geometry: shape } = columnsOfPlace(format)
  const { geometry = null, ...rest } = schema.length === 0 ? valuesOf(row) : { ...valuesOf(row), geometry: null }
  const own = form === 'stream' ? { _key: textOf(row.key) ?? hex(row.key), _time: textOfTime(row.timeMs) } : {}
  const isPlace = (name: string): boolean => schema.length > 0 && (name === latitude || name === longitude || name === shape)
  return {
    type: 'Feature', id: row.number, geometry: geometryIn(shape === undefined ? geometry : row.values.get(shape)) ?? pointOf(row),
    properties: { ...own, ...Object.fromEntries(Object.entries(rest).filter(([name]) => !isPlace(name))) }
  }
}
