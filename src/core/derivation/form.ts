import { fail, ok, type Result } from '../../base/index.ts'
import { admitRecipe, isRedacted, nameOfMeasure, operationOf, type Measure, type Operation, type Recipe, type SourceColumn } from './recipe.ts'

/** Clauses 4 and 5 of a form of terms: `TermsForm` of `core/terms` has these fields among others. */
export type Detail = {
  readonly summarise: { readonly minGroupSize: number } | null
  readonly redactFields: readonly string[]
  readonly h3ResolutionMax: number | null
  readonly timeStepMs: number | null
  readonly delayMs: number | null
}

/** What a form of terms leaves open and only the publisher knows. What is not said has a default. */
export type Wishes = {
  /** The column that tells whom or what a row is about. Needed to summarise. */
  readonly entityKey?: string
  /** Without it: the cells of all places, with their centres. */
  readonly groupBy?: readonly string[]
  /** Without it: how many rows, and the mean of every number. */
  readonly measures?: readonly Measure[]
  readonly closeAfterMs?: number
}

export type FormFailure = {
  readonly code: 'no-entity' | 'recipe'
  readonly reason: string
  readonly hint: string
}

const H3_RESOLUTION_DEFAULT = 7
const STEP_MS_DEFAULT = 3_600_000
const CLOSE_AFTER_MS_DEFAULT = 900_000

/**
 * The recipe that a form of terms demands of a source, never finer than the form says. Geometries and places without their other
 * half are dropped where places are coarsened.
 */
export function recipeOf (detail: Detail, source: Recipe['source'], wishes: Wishes = {}): Result<Recipe, FormFailure> {
  const { summarise, redactFields, delayMs } = detail
  const entityKey = wishes.entityKey ?? null
  if (summarise !== null && entityKey === null) {
    return fail({
      code: 'no-entity', reason: 'groups are counted by whom or what their rows are about, and no column was named for that',
      hint: 'name the column of the person, vehicle or device; give each row its own only where every row is about another'
    })
  }
  const open = source.columns.filter(({ name }) => !isRedacted(name, redactFields) && (summarise === null || name !== entityKey))
  const places = placesOf(open)
  const h3Resolution = detail.h3ResolutionMax ?? (summarise === null ? null : H3_RESOLUTION_DEFAULT)
  const stepMs = detail.timeStepMs ?? (summarise === null ? null : STEP_MS_DEFAULT)
  const placed = new Set(places.flatMap(({ latitude, longitude }) => [latitude, longitude]))
  const exposed = open.filter(({ name, type }) => h3Resolution === null || !isPlace(type) || placed.has(name))
  const groupBy = wishes.groupBy ?? places.flatMap(({ cell, latitude, longitude }) => [cell, latitude, longitude])
  const measures = wishes.measures ?? defaultMeasures(exposed)
  const used = new Set([...groupBy, ...measures.flatMap(({ field }) => field ?? [])])
  const usedPlaces = summarise === null ? places : places.filter(({ cell, latitude, longitude }) => [cell, latitude, longitude].some(name => used.has(name)))
  for (const { latitude, longitude } of usedPlaces) used.add(latitude).add(longitude)
  const kept = summarise === null ? exposed : exposed.filter(({ name }) => used.has(name))
  const ops: readonly (Operation | null)[] = [
    redactFields.length === 0 ? null : { op: 'redact', fields: redactFields.toSorted() },
    h3Resolution === null ? null : { op: 'coarsen', places: usedPlaces, h3Resolution },
    stepMs === null ? null : { op: 'roundTime', fields: kept.flatMap(({ name, type }) => type === 'time' ? [name] : []), stepMs },
    summarise === null ? null : { op: 'summarise', groupBy, measures, minGroupSize: summarise.minGroupSize },
    delayMs === null ? null : { op: 'delay', delayMs }
  ]
  const admitted = admitRecipe({
    source, keepFields: kept.map(({ name }) => name), entityKey, ops: ops.filter(op => op !== null),
    closeAfterMs: wishes.closeAfterMs ?? (summarise === null ? 0 : CLOSE_AFTER_MS_DEFAULT), version: 1
  })
  if (admitted.ok) return ok(admitted.value)
  const { path, expected } = admitted.failure
  return fail({ code: 'recipe', reason: `the recipe is not right at ${path}: it must be ${expected}`, hint: 'change the terms, or what was wished for beside them' })
}

function isPlace (type: SourceColumn['type']): boolean {
  return type === 'latitude' || type === 'longitude' || type === 'geometry'
}

/** The first latitude with the first longitude, and so on, each pair with a name for its cell. */
function placesOf (columns: readonly SourceColumn[]): readonly { readonly cell: string, readonly latitude: string, readonly longitude: string }[] {
  const names = new Set(columns.map(({ name }) => name))
  const of = (wanted: SourceColumn['type']): readonly string[] => columns.flatMap(({ name, type }) => type === wanted ? [name] : [])
  const [latitudes, longitudes] = [of('latitude'), of('longitude')]
  return latitudes.flatMap((latitude, at) => {
    const longitude = longitudes[at]
    if (longitude === undefined) return []
    let cell = at === 0 ? 'cell' : `cell${at + 1}`
    while (names.has(cell)) cell = `${cell}_`
    names.add(cell)
    return [{ cell, latitude, longitude }]
  })
}

function defaultMeasures (columns: readonly SourceColumn[]): readonly Measure[] {
  return [
    { measure: 'count', field: null },
    ...columns.flatMap(({ name, type }): Measure[] => type === 'integer' || type === 'number' ? [{ measure: 'mean', field: name }] : [])
  ]
}

/** The columns of the derivation, as its description lists them. */
export function columnsOf (recipe: Recipe): readonly SourceColumn[] {
  const typeOf = new Map(recipe.source.columns.map(({ name, type }) => [name, type]))
  const cells = operationOf(recipe, 'coarsen')?.places.map(({ cell }) => cell) ?? []
  const plain = (name: string): SourceColumn => ({ name, type: cells.includes(name) ? 'text' : typeOf.get(name) ?? 'text' })
  const summarise = operationOf(recipe, 'summarise')
  if (summarise === undefined) return [...cells, ...recipe.keepFields].map(plain)
  return [
    { name: 'from', type: 'time' }, { name: 'to', type: 'time' }, ...summarise.groupBy.map(plain),
    ...summarise.measures.map((each): SourceColumn => ({ name: nameOfMeasure(each), type: each.measure === 'count' ? 'integer' : 'number' })),
    { name: 'revision', type: 'integer' }
  ]
}
