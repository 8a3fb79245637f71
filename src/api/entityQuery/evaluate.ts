import { textOfTime } from '../../core/rows/index.ts'
import { dateTimeMsOf } from '../../sdk/models/index.ts'
import type { KeptEntity, Note } from '../entities/index.ts'
import { matches, type Budget } from '../pattern/index.ts'
import type { Literal, Operator, Path, Query, Wanted } from './query.ts'

/** What may still be done for one question; once it is spent nothing fits, and the question is to be refused. */
export type Effort = Budget

export function fitsQuery (query: Query, kept: KeptEntity, effort: Effort): boolean {
  switch (query.type) {
    case 'all': return query.of.every(each => fitsQuery(each, kept, effort))
    case 'any': return query.of.some(each => fitsQuery(each, kept, effort))
    case 'exists': return (valueAt(query.path, kept) !== undefined) !== query.isNegated
    case 'compare': return compares(query.operator, query.wanted, valueAt(query.path, kept))
    case 'pattern': {
      const value = valueAt(query.path, kept)
      if (value === undefined) return false
      const fits = elementsOf(value).some(each => typeof each === 'string' && matches(query.pattern, each, effort))
      return fits !== query.isNegated
    }
  }
}

/** Undefined where there is none, or nothing is known. */
function valueAt ({ names: [attribute = '', ...subs], members }: Path, { entity, notes, timeMs }: KeptEntity): unknown {
  if (attribute === 'modifiedAt' && subs.length === 0) return textOfTime(timeMs)
  let value = attribute === 'id' || attribute === 'type' ? undefined : member(entity, attribute)
  if (value === undefined) return undefined
  const note = member(notes, attribute) as Note | undefined
  let said: unknown = note === undefined ? undefined : { observedAt: note.observedAt, unitCode: note.unitCode, ...note.of }
  for (const sub of subs) {
    const found = member(said, sub)
    if (found === undefined) {
      value = sub === 'modifiedAt' && said === undefined ? textOfTime(timeMs) : member(value, sub)
      said = undefined
    } else if (typeof found === 'object' && found !== null && 'type' in found) {
      value = member(found, 'value') ?? member(found, 'object')
      said = found
    } else {
      value = found
      said = undefined
    }
  }
  for (const name of members) value = member(value, name)
  return value ?? undefined
}

function member (object: unknown, name: string): unknown {
  if (typeof object !== 'object' || object === null || !Object.hasOwn(object, name)) return undefined
  return (object as Readonly<Record<string, unknown>>)[name] ?? undefined
}

function elementsOf (value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value]
}

function compares (operator: Operator, wanted: readonly Wanted[], value: unknown): boolean {
  if (value === undefined) return false
  const elements = elementsOf(value)
  if (operator === '==' || operator === '!=') return wanted.some(each => elements.some(element => isWithin(element, each))) === (operator === '==')
  return elements.some(element => wanted.some(each => 'value' in each && isOrdered(operator, orderOf(element, each.value))))
}

function isWithin (element: unknown, wanted: Wanted): boolean {
  if ('value' in wanted) return orderOf(element, wanted.value) === 0
  const [from, to] = [orderOf(element, wanted.from), orderOf(element, wanted.to)]
  return from !== undefined && to !== undefined && from >= 0 && to <= 0
}

function isOrdered (operator: Exclude<Operator, '==' | '!='>, order: number | undefined): boolean {
  if (order === undefined) return false
  switch (operator) {
    case '>': return order > 0
    case '>=': return order >= 0
    case '<': return order < 0
    case '<=': return order <= 0
  }
}

/** Below 0 where the element comes before; undefined where the two are of different kinds. Texts go by code units. */
function orderOf (element: unknown, literal: Literal): number | undefined {
  if (literal.type === 'time') {
    const timeMs = typeof element === 'string' ? dateTimeMsOf(element) : undefined
    return timeMs === undefined ? undefined : timeMs - literal.value
  }
  if (literal.type === 'number') return typeof element === 'number' ? element - literal.value : undefined
  if (literal.type === 'boolean') return typeof element === 'boolean' ? Number(element) - Number(literal.value) : undefined
  if (typeof element !== 'string') return undefined
  return element === literal.value ? 0 : element < literal.value ? -1 : 1
}
