import { hex, sha256, utf8 } from '../../base/index.ts'
import { add, compare, decimalOf, mean, textOfDecimal, textOfScalar, ZERO, type Decimal, type Scalar } from '../rows/index.ts'
import type { Measure } from './recipe.ts'

/**
 * What the rows of a group say of one field. Its size is that of the entities with a value: in a large group, a field that only
 * one of them has would be that one's. `values`: how often each value occurs, where a percentile asks for it.
 */
export type Sample = {
  count: number
  sum: Decimal
  min: Decimal | null
  max: Decimal | null
  readonly values: Map<string, number> | null
  readonly entities: Set<string>
  /** Entities when it was last shown; 0 before. */
  shown: number
}

/** One group of one window. It knows nothing of the others, so that what is shown of one never depends on another. */
export type Group = {
  readonly by: readonly Scalar[]
  rows: number
  /** Digests, in hexadecimal: whom the rows are about need not stand in the state. */
  readonly entities: Set<string>
  /** When it is first decided whether to show it. */
  readonly dueMs: number
  /** Entities when that was last decided; null before. */
  decided: number | null
  /** How often it was shown. */
  shown: number
  readonly samples: ReadonlyMap<string, Sample>
}

export function emptyGroup (by: readonly Scalar[], measures: readonly Measure[], dueMs: number): Group {
  const fields = new Set(measures.flatMap(({ field }) => field ?? []))
  const samples = new Map([...fields].map((field): [string, Sample] => {
    const isRanked = measures.some(({ measure, field: of }) => of === field && (measure === 'p50' || measure === 'p90'))
    return [field, { count: 0, sum: ZERO, min: null, max: null, values: isRanked ? new Map() : null, entities: new Set(), shown: 0 }]
  }))
  return { by, rows: 0, entities: new Set(), dueMs, decided: null, shown: 0, samples }
}

const ENTITY_DIGEST_BYTES = 16

/** Rows that name nobody count as of one entity: they never make a group larger than that. */
export function entityOf (value: Scalar): string {
  return hex(sha256(utf8(JSON.stringify(textOfScalar(value)))).subarray(0, ENTITY_DIGEST_BYTES))
}

/** Takes a row in; returns how many items the state grew by. */
export function addRow (group: Group, entity: string, values: ReadonlyMap<string, Scalar>): number {
  const before = group.entities.size
  group.rows++
  group.entities.add(entity)
  let grown = group.entities.size - before
  for (const [field, sample] of group.samples) {
    const value = values.get(field) ?? null
    const number = value?.type === 'number' ? decimalOf(value.text) : undefined
    if (number === undefined) continue
    const known = sample.entities.size
    sample.entities.add(entity)
    grown += sample.entities.size - known
    sample.count++
    sample.sum = add(sample.sum, number)
    if (sample.min === null || compare(number, sample.min) < 0) sample.min = number
    if (sample.max === null || compare(number, sample.max) > 0) sample.max = number
    if (sample.values === null) continue
    const text = textOfDecimal(number)
    const times = sample.values.get(text) ?? 0
    if (times === 0) grown++
    sample.values.set(text, times + 1)
  }
  return grown
}

/** The measures to show now, in their order; null where too few entities have the field, or too few more than when it was last shown. */
export function showMeasures (group: Group, measures: readonly Measure[], minGroupSize: number): readonly Scalar[] {
  const shown = measures.map(each => measured(group, each, minGroupSize))
  for (const sample of group.samples.values()) if (isEnough(sample, minGroupSize)) sample.shown = sample.entities.size
  return shown
}

function isEnough ({ entities, shown }: Sample, minGroupSize: number): boolean {
  return entities.size - shown >= minGroupSize
}

function measured (group: Group, { measure, field }: Measure, minGroupSize: number): Scalar {
  if (field === null) return { type: 'number', text: String(group.rows) }
  const sample = group.samples.get(field)
  if (sample === undefined || !isEnough(sample, minGroupSize)) return null
  const value = valueOf(sample, measure, sample.entities.size >= 2 * minGroupSize)
  return value === null ? null : { type: 'number', text: textOfDecimal(value) }
}

function valueOf (sample: Sample, measure: Measure['measure'], isLarge: boolean): Decimal | null {
  switch (measure) {
    case 'count': return { units: BigInt(sample.count), scale: 0 }
    case 'sum': return sample.sum
    case 'mean': return mean(sample.sum, sample.count)
    // "min and max only for groups of at least 2 × minGroupSize": the outermost value is always that of one entity.
    case 'min': return isLarge ? sample.min : null
    case 'max': return isLarge ? sample.max : null
    case 'p50': return percentile(sample, 50)
    case 'p90': return percentile(sample, 90)
  }
}

/** By nearest rank: a value that occurs, so that nothing is rounded. */
function percentile ({ values, count }: Sample, percent: number): Decimal | null {
  const ranked = [...values ?? []].map(([text, times]) => ({ value: decimalOf(text) ?? ZERO, times })).toSorted((a, b) => compare(a.value, b.value))
  let left = Math.ceil(count * percent / 100)
  for (const { value, times } of ranked) {
    left -= times
    if (left <= 0) return value
  }
  return null
}
