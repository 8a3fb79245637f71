import type { Derivation } from '../../core/catalogue/index.ts'
import { boundsOf, columnsOf, operationOf, recipeCid, type Recipe } from '../../core/derivation/index.ts'
import type { Box, Dataset, DatasetDescription, DerivationOrder } from '../contract/index.ts'

/** What a catalogue says of how a derivation was made. */
export function factsOf (recipe: Recipe): Derivation {
  return { recipe: recipeCid(recipe), ...boundsOf(recipe) }
}

/** The source's description, with the columns that are left; where it lies and when, no more exactly than its records say. */
export function descriptionOf (order: DerivationOrder, source: Dataset, recipe: Recipe, access: DatasetDescription['access']): DatasetDescription {
  const { theme, keywords, licence, spatial, temporal, schema, simulated } = source
  const unitOf = new Map(schema.map(({ name, unit }) => [name, unit]))
  const coarsen = operationOf(recipe, 'coarsen')
  const stepMs = operationOf(recipe, 'roundTime')?.stepMs
  return {
    datasetId: order.datasetId, title: order.title, description: order.description, theme, keywords, licence, access, simulated,
    spatial: spatial === null || coarsen === undefined ? spatial : widened(spatial, coarsen.h3Resolution < 5 ? 1 : 10),
    temporal: temporal === null || stepMs === undefined ? temporal
      : { fromMs: Math.floor(temporal.fromMs / stepMs) * stepMs, toMs: Math.ceil(temporal.toMs / stepMs) * stepMs },
    schema: columnsOf(recipe).map(({ name, type }) => ({ name, type, unit: unitOf.get(name) ?? null }))
  }
}

/** The corners of a box are places of somebody: it grows to whole degrees, or tenths of them. */
function widened ({ west, south, east, north }: Box, perDegree: number): Box {
  return {
    west: Math.max(-180, Math.floor(west * perDegree) / perDegree), south: Math.max(-90, Math.floor(south * perDegree) / perDegree),
    east: Math.min(180, Math.ceil(east * perDegree) / perDegree), north: Math.min(90, Math.ceil(north * perDegree) / perDegree)
  }
}

export function describedAgain (dataset: Dataset): DatasetDescription {
  const { datasetId, title, description, theme, keywords, licence, spatial, temporal, schema, access, simulated } = dataset
  return { datasetId, title, description, theme, keywords, licence, spatial, temporal, schema, access, simulated }
}
