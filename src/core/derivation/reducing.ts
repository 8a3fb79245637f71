import { floorTo, textOfDecimal, textOfScalar, textOfTime, timeMsOf, type Scalar } from '../rows/index.ts'
import { cellOf } from './places.ts'
import { operationOf, type Recipe } from './recipe.ts'

/** What a recipe keeps of a row: places as cells and their centres, times as the start of their step. */
export function reducedRow (
  recipe: Recipe, values: ReadonlyMap<string, Scalar>
): { readonly cells: ReadonlyMap<string, Scalar>, readonly kept: ReadonlyMap<string, Scalar> } {
  const kept = new Map<string, Scalar>(recipe.keepFields.map(name => [name, values.get(name) ?? null]))
  const cells = new Map<string, Scalar>()
  const [coarsen, roundTime] = [operationOf(recipe, 'coarsen'), operationOf(recipe, 'roundTime')]
  for (const { cell: name, latitude, longitude } of coarsen?.places ?? []) {
    const cell = cellOf(textOfScalar(kept.get(latitude) ?? null) ?? '', textOfScalar(kept.get(longitude) ?? null) ?? '', coarsen?.h3Resolution ?? 0)
    cells.set(name, cell === undefined ? null : { type: 'text', text: cell.id })
    kept.set(latitude, cell === undefined ? null : { type: 'number', text: textOfDecimal(cell.latitude) })
    kept.set(longitude, cell === undefined ? null : { type: 'number', text: textOfDecimal(cell.longitude) })
  }
  for (const name of roundTime?.fields ?? []) {
    const timeMs = timeMsOf(textOfScalar(kept.get(name) ?? null) ?? '')
    kept.set(name, timeMs === undefined ? null : { type: 'text', text: textOfTime(floorTo(timeMs, roundTime?.stepMs ?? 1)) })
  }
  return { cells, kept }
}
