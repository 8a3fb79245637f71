/**
 * The operators: what a left operand must be, compared with the right side of a constraint.
 *
 * Scalars: `eq neq lt lteq gt gteq`, as integers. Sets, with L the left side and R the right: `isAnyOf` they meet, `isNoneOf`
 * they do not, `isAllOf` and `hasPart` R is in L, `isPartOf` and `isA` L is in R. One word is a set of one, and equals one.
 * Nothing is true of nothing: `isPartOf`, `isA` and `isNoneOf` of an empty L are unknown. A comparison of what cannot be
 * compared has no test, and is unknown.
 */
import { coversPurpose, durationOf, FEDERATION_NS, integerOf, OPERAND, timeOf, type Iri, type OperandKind, type Operator } from '../policy/index.ts'
import { SATISFIED, UNKNOWN, UNSATISFIED, type Observer, type Situation, type Test, type Value } from './situation.ts'

type Observe = Observer['observe']

export function testOf (operand: Iri, kind: OperandKind, operator: Operator, right: readonly string[], observe: Observe): Test | undefined {
  switch (kind) {
    case 'integer': return scalarTest(operator, integerOf, right, observe)
    case 'duration': return scalarTest(operator, durationOf, right, observe)
    case 'time': return scalarTest(operator, timeOf, right, observe)
    case 'words': return operator === 'eq' || operator === 'neq' ? undefined : setTest(operator, right, observe, undefined)
    case 'purpose': return wordTest(operator, right, observe, coversPurpose)
    case 'word': {
      const federations = operand === OPERAND.recipient ? right.filter(each => each.startsWith(FEDERATION_NS)) : []
      if (federations.length === 0) return wordTest(operator, right, observe, undefined)
      return operator === 'isPartOf' || operator === 'isA' ? memberTest(right, federations) : undefined
    }
  }
}

/** The moments at which the comparison of a time can change. */
export function flipsOf (kind: OperandKind, right: readonly string[]): readonly number[] {
  if (kind !== 'time') return []
  return right.flatMap(text => {
    const timeMs = timeOf(text)
    return timeMs === undefined ? [] : [timeMs, timeMs + 1]
  })
}

const of = (holds: boolean): Value => holds ? SATISFIED : UNSATISFIED

function scalarTest (operator: Operator, read: (text: string) => number | undefined, right: readonly string[], observe: Observe): Test | undefined {
  const [text] = right
  const bound = text === undefined || right.length !== 1 ? undefined : read(text)
  const holds = bound === undefined ? undefined : relation(operator, bound)
  return holds && (situation => {
    const value = observe(situation)
    return typeof value === 'number' && Number.isSafeInteger(value) ? of(holds(value)) : UNKNOWN
  })
}

function relation (operator: Operator, bound: number): ((value: number) => boolean) | undefined {
  switch (operator) {
    case 'eq': return value => value === bound
    case 'neq': return value => value !== bound
    case 'lt': return value => value < bound
    case 'lteq': return value => value <= bound
    case 'gt': return value => value > bound
    case 'gteq': return value => value >= bound
    case 'isAnyOf': case 'isNoneOf': case 'isAllOf': case 'hasPart': case 'isPartOf': case 'isA': return undefined
  }
}

/** Whether a word of the right side stands for one of the left. undefined: only for itself. */
type Covers = ((right: string, left: string) => boolean) | undefined

function wordTest (operator: Operator, right: readonly string[], observe: Observe, covers: Covers): Test | undefined {
  if (operator !== 'eq' && operator !== 'neq') return setTest(operator, right, observe, covers)
  if (right.length !== 1) return undefined
  return setTest(operator === 'eq' ? 'isAnyOf' : 'isNoneOf', right, observe, covers)
}

function setTest (operator: Operator, right: readonly string[], observe: Observe, covers: Covers): Test | undefined {
  const words = new Set(right)
  const isIn = covers === undefined
    ? (left: string): boolean => words.has(left)
    : (left: string): boolean => right.some(each => covers(each, left))
  const isMet = (left: readonly string[]) => (each: string): boolean =>
    covers === undefined ? left.includes(each) : left.some(word => covers(each, word))
  const holds = setRelation(operator, right, isIn, isMet)
  return holds && (situation => {
    const left = observe(situation)
    return typeof left === 'object' ? holds(left) : UNKNOWN
  })
}

function setRelation (
  operator: Operator, right: readonly string[], isIn: (left: string) => boolean, isMet: (left: readonly string[]) => (right: string) => boolean
): ((left: readonly string[]) => Value) | undefined {
  switch (operator) {
    case 'isAnyOf': return left => of(left.some(isIn))
    case 'isNoneOf': return left => left.length === 0 ? UNKNOWN : of(!left.some(isIn))
    case 'isAllOf': case 'hasPart': return left => of(right.every(isMet(left)))
    case 'isPartOf': case 'isA': return left => left.length === 0 ? UNKNOWN : of(left.every(isIn))
    case 'eq': case 'neq': case 'lt': case 'lteq': case 'gt': case 'gteq': return undefined
  }
}

/** Part of a federation is who is an active member of it now. Members named beside it are taken by name. */
function memberTest (right: readonly string[], federations: readonly string[]): Test {
  const names = new Set(right)
  const ids = new Set(federations.map(each => each.slice(FEDERATION_NS.length)))
  return ({ request: { requester }, facts: { membership } }: Situation) => {
    if (requester === undefined) return UNKNOWN
    if (names.has(requester)) return SATISFIED
    if (membership === undefined) return UNKNOWN
    const { federation, status } = membership
    if (status === 'inactive' || (federation !== undefined && !ids.has(federation))) return UNSATISFIED
    return federation === undefined || status === undefined ? UNKNOWN : SATISFIED
  }
}
