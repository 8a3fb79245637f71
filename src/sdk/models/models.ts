import type { AttributeKind, Entity, Model } from './model.ts'
import { trafficFlowObserved, vehicle } from './mobility.ts'
import { offStreetParking, onStreetParking, parkingSpot } from './parking.ts'
import { airQualityObserved, alert } from './surroundings.ts'
import { dateTimeMsOf } from './time.ts'
import { wasteContainer, wasteObserved } from './waste.ts'

/** By short name. */
export const MODELS: ReadonlyMap<string, Model> = new Map([
  wasteContainer, wasteObserved, vehicle, trafficFlowObserved, airQualityObserved, alert, offStreetParking, onStreetParking, parkingSpot
].map(model => [model.type, model]))

/** As dataset descriptions have them. */
export type ModelColumn = { readonly name: string, readonly type: 'text' | 'integer' | 'number' | 'boolean' | 'time' | 'geometry', readonly unit: string | null }

/** Lists and objects are no values of a column. */
const COLUMN_TYPES: Readonly<Record<AttributeKind, ModelColumn['type'] | null>> = {
  text: 'text', texts: null, reference: 'text', number: 'number', integer: 'integer', boolean: 'boolean', time: 'time', geometry: 'geometry', object: null
}

/** The columns that a dataset of this model has, for its description: what queries, tables and SQL then know the types of. */
export function columnsOf (model: Model): readonly ModelColumn[] {
  const own = [...model.attributes].flatMap(([name, { kind, unit }]): readonly ModelColumn[] => {
    const type = COLUMN_TYPES[kind]
    return type === null ? [] : [{ name, type, unit }]
  })
  return [{ name: 'id', type: 'text', unit: null }, { name: 'type', type: 'text', unit: null }, ...own]
}

/** When it was observed, as its own attributes say; undefined where none does. */
export function observedMsOf (entity: Entity): number | undefined {
  for (const name of MODELS.get(entity.type)?.observedBy ?? ['dateObserved', 'observationDateTime', 'dateModified']) {
    const value = entity[name]
    const timeMs = typeof value === 'string' ? dateTimeMsOf(value) : undefined
    if (timeMs !== undefined) return timeMs
  }
  return undefined
}
