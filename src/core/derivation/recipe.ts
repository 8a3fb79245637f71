import {
  cidOf, decodeCanonical, encodeCanonical, fail, integer, list, literal, nullable, struct, text, uint, union,
  type CID, type CodecFailure, type Parsed, type Result, type Schema, type SchemaFailure
} from '../../base/index.ts'
import { datasetIdSchema } from '../feed/index.ts'
import { didSchema } from '../identity/index.ts'
import {
  CLOSE_AFTER_MS_MAX, COLUMNS_MAX, DELAY_MS_MAX, FIELD_LENGTH_MAX, GROUP_FIELDS_MAX, GROUP_SIZE_FLOOR, GROUP_SIZE_MAX, H3_RESOLUTION_MAX,
  MEASURES_MAX, PLACES_MAX, RECIPE_BYTES_MAX, TIME_STEP_MS_MAX
} from './limits.ts'

const field: Schema<string> = (value, path) => {
  const parsed = text(FIELD_LENGTH_MAX)(value, path)
  return parsed.ok && parsed.value !== '' ? parsed : fail({ path, expected: `a name of 1 to ${FIELD_LENGTH_MAX} characters` })
}
const fields = (max: number): Schema<readonly string[]> => list(field, max)

const operations = {
  redact: struct({ op: literal('redact'), fields: fields(COLUMNS_MAX) }),
  coarsen: struct({
    op: literal('coarsen'),
    places: list(struct({ cell: field, latitude: field, longitude: field }), PLACES_MAX),
    h3Resolution: uint(H3_RESOLUTION_MAX)
  }),
  roundTime: struct({ op: literal('roundTime'), fields: fields(COLUMNS_MAX), stepMs: integer(1, TIME_STEP_MS_MAX) }),
  summarise: struct({
    op: literal('summarise'),
    groupBy: fields(GROUP_FIELDS_MAX),
    measures: list(struct({ measure: literal('count', 'sum', 'mean', 'min', 'max', 'p50', 'p90'), field: nullable(field) }), MEASURES_MAX, 1),
    minGroupSize: integer(GROUP_SIZE_FLOOR, GROUP_SIZE_MAX)
  }),
  delay: struct({ op: literal('delay'), delayMs: integer(1, DELAY_MS_MAX) })
}
const ORDER = ['redact', 'coarsen', 'roundTime', 'summarise', 'delay'] as const

const shape = struct({
  source: struct({
    publisher: didSchema,
    datasetId: datasetIdSchema,
    /** What stands between the fields of a row of CSV; null where rows are JSON objects. */
    delimiter: nullable(literal(',', ';', '\t', '|')),
    columns: list(struct({
      name: field, type: literal('text', 'integer', 'number', 'boolean', 'time', 'latitude', 'longitude', 'geometry')
    }), COLUMNS_MAX, 1)
  }),
  keepFields: fields(COLUMNS_MAX),
  entityKey: nullable(field),
  ops: list(union('op', operations), ORDER.length),
  closeAfterMs: uint(CLOSE_AFTER_MS_MAX),
  version: literal(1)
})

/** How a derivation is made from its source. `version` is that of the rules of this room. */
export type Recipe = Parsed<typeof shape>
export type Operation = Recipe['ops'][number]
export type SourceColumn = Recipe['source']['columns'][number]
export type Measure = Extract<Operation, { op: 'summarise' }>['measures'][number]

/** What holds for every record of a derivation, as terms measure it: `DerivationBounds` of `core/terms`. */
export type Bounds = {
  readonly operations: readonly Operation['op'][]
  readonly minGroupSize: number
  readonly h3Resolution: number
  readonly timeStepMs: number
  readonly delayMs: number
  readonly redactedFields: readonly string[]
}

const recipeSchema: Schema<Recipe> = (value, path) => {
  const parsed = shape(value, path)
  if (!parsed.ok) return parsed
  const fault = faultOf(parsed.value)
  return fault === undefined ? parsed : fail({ path: `${path}${fault.path}`, expected: fault.expected })
}

export function encodeRecipe (recipe: Recipe): Uint8Array {
  return encodeCanonical(recipe)
}

export function decodeRecipe (bytes: Uint8Array): Result<Recipe, CodecFailure> {
  return decodeCanonical(bytes, recipeSchema, RECIPE_BYTES_MAX)
}

/** A recipe that follows the rules of `faultOf`, or what is wrong in it. */
export function admitRecipe (recipe: Recipe): Result<Recipe, SchemaFailure> {
  return recipeSchema(recipe, '')
}

export function recipeCid (recipe: Recipe): CID {
  return cidOf('dagCbor', encodeRecipe(recipe))
}

export function operationOf<O extends Operation['op']> (recipe: Recipe, op: O): Extract<Operation, { op: O }> | undefined {
  return recipe.ops.find((each): each is Extract<Operation, { op: O }> => each.op === op)
}

/** Raw data has groups of 1, places and times as measured, no delay and nothing redacted. */
export function boundsOf (recipe: Recipe): Bounds {
  return {
    operations: recipe.ops.map(({ op }) => op),
    minGroupSize: operationOf(recipe, 'summarise')?.minGroupSize ?? 1,
    h3Resolution: operationOf(recipe, 'coarsen')?.h3Resolution ?? H3_RESOLUTION_MAX,
    timeStepMs: operationOf(recipe, 'roundTime')?.stepMs ?? 0,
    delayMs: operationOf(recipe, 'delay')?.delayMs ?? 0,
    redactedFields: operationOf(recipe, 'redact')?.fields.toSorted() ?? []
  }
}

/** Whether redacting `redacted` takes the field away: the field itself, or what lies inside of it. */
export function isRedacted (name: string, redacted: readonly string[]): boolean {
  return redacted.some(each => name === each || name.startsWith(`${each}.`))
}

/** Names of what a record of the derivation says, in the order in which it says them. */
function outputFields (recipe: Recipe): readonly string[] {
  const summarise = operationOf(recipe, 'summarise')
  if (summarise === undefined) return [...operationOf(recipe, 'coarsen')?.places.map(({ cell }) => cell) ?? [], ...recipe.keepFields]
  return ['from', 'to', ...summarise.groupBy, ...summarise.measures.map(nameOfMeasure), 'revision']
}

export function nameOfMeasure ({ measure, field: of }: Measure): string {
  return of === null ? measure : `${of}_${measure}`
}

type Fault = { readonly path: string, readonly expected: string }

/** What speaks against a recipe whose shape is right: everything that would let more out than its bounds say. */
function faultOf (recipe: Recipe): Fault | undefined {
  const { source: { columns, delimiter }, keepFields, entityKey, ops } = recipe
  const names = columns.map(({ name }) => name)
  const typeOf = new Map(columns.map(({ name, type }) => [name, type]))
  const kept = new Set(keepFields)
  const ranks = ops.map(({ op }) => ORDER.indexOf(op))
  if (new Set(names).size !== names.length) return { path: '.source.columns', expected: 'columns that differ in name' }
  if (delimiter !== null && names.length < 1) return { path: '.source.columns', expected: 'the columns of the table' }
  if (kept.size !== keepFields.length || keepFields.some(name => !typeOf.has(name))) return { path: '.keepFields', expected: 'columns, each once' }
  if (entityKey !== null && !typeOf.has(entityKey)) return { path: '.entityKey', expected: 'a column' }
  if (ranks.some((rank, at) => rank <= (ranks[at - 1] ?? -1))) return { path: '.ops', expected: `each at most once, in the order ${ORDER.join(', ')}` }
  const keptOf = (...types: readonly SourceColumn['type'][]): readonly string[] => keepFields.filter(name => types.includes(typeOf.get(name) ?? 'text'))
  for (const operation of ops) {
    const fault = faultOfOperation(operation, recipe, { keptOf, kept, typeOf })
    if (fault !== undefined) return { path: `.ops.${operation.op}${fault.path}`, expected: fault.expected }
  }
  const outputs = outputFields(recipe)
  return new Set(outputs).size === outputs.length ? undefined : { path: '.ops', expected: 'names in the derivation that differ' }
}

type Kept = {
  readonly keptOf: (...types: readonly SourceColumn['type'][]) => readonly string[]
  readonly kept: ReadonlySet<string>
  readonly typeOf: ReadonlyMap<string, SourceColumn['type']>
}

function faultOfOperation (operation: Operation, recipe: Recipe, { keptOf, kept, typeOf }: Kept): Fault | undefined {
  switch (operation.op) {
    case 'redact': {
      const shown = recipe.keepFields.find(name => isRedacted(name, operation.fields))
      return shown === undefined ? undefined : { path: '.fields', expected: `fields that are not kept, unlike ${shown}` }
    }
    case 'coarsen': {
      const placed = operation.places.flatMap(({ latitude, longitude }) => [latitude, longitude])
      const isPaired = operation.places.every(({ latitude, longitude }) => typeOf.get(latitude) === 'latitude' && typeOf.get(longitude) === 'longitude')
      if (!isPaired || new Set(placed).size !== placed.length || placed.some(name => !kept.has(name))) {
        return { path: '.places', expected: 'a latitude and a longitude each, kept and used once' }
      }
      if (operation.places.some(({ cell }) => typeOf.has(cell))) return { path: '.places', expected: 'names of cells that are no columns' }
      const exact = keptOf('latitude', 'longitude', 'geometry').find(name => !placed.includes(name))
      return exact === undefined ? undefined : { path: '.places', expected: `every place that is kept, also ${exact}` }
    }
    case 'roundTime': {
      const times = keptOf('time')
      const isAll = times.length === operation.fields.length && operation.fields.every(name => times.includes(name))
      return isAll && new Set(operation.fields).size === times.length ? undefined : { path: '.fields', expected: 'every time that is kept, once' }
    }
    case 'summarise': {
      if (recipe.entityKey === null || kept.has(recipe.entityKey)) return { path: '', expected: 'an entityKey, which is not kept' }
      if (operationOf(recipe, 'roundTime') === undefined) return { path: '', expected: 'windows: a roundTime before it' }
      const cells = operationOf(recipe, 'coarsen')?.places.map(({ cell }) => cell) ?? []
      if (operation.groupBy.some(name => !kept.has(name) && !cells.includes(name))) return { path: '.groupBy', expected: 'fields that are kept, or cells' }
      const isMeasured = operation.measures.every(({ measure, field: of }) => of === null
        ? measure === 'count'
        : measure !== 'count' && kept.has(of) && ['integer', 'number'].includes(typeOf.get(of) ?? ''))
      return isMeasured ? undefined : { path: '.measures', expected: 'count without a field, the others of numbers that are kept' }
    }
    case 'delay': return undefined
  }
}
