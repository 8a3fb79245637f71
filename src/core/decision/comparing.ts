/**
 * The operators: what a left operand must be, compared with the right side of a constraint.
 *
 * Scalars: `eq neq lt lteq gt gteq`, as integers. Sets, with L the left side and R the right: `isAnyOf` they meet, `isNoneOf`
 * they do not, `isAllOf` and `hasPart` R is in L, `isPartOf` and `isA` L is in R. One word is a set of one, and equals one.
 * Nothing is true of nothing: `isPartOf`, `isA` and `isNoneOf` of an empty L are unknown. A comparison of what cannot be
 * compared has no test, and is unknown.
 */
import { coverage, durationOf, FEDERATION_NS, integerOf, OPERAND, timeOf, type Iri, type OperandKind, type Operator } from '../policy/index.ts'
import { SATISFIED, UNKNOWN, UNSATISFIED, type Observer, type Situation, type Test, type Value } from './situation.ts'

type Observe = Observer['observe']

export function testOf (operand: Iri, kind: OperandKind, operator: Operator, right: readonly string[], observe: Observe): Test | undefined {
  switch (kind) {
    case 'integer': return scalarTest(operator, integerOf, right, observe)
    case 'duration': return scalarTest(operator, durationOf, right, observe)
    case 'time': return scalarTest(operator, timeOf, right, observe)
    case 'words': return setTest(operator, right, observe)
    case 'purpose': return purposeTest(operator, right, observe)
    case 'word': {
      const federations = operand === OPERAND.recipient ? right.filter(each => each.startsWith(FEDERATION_NS)) : []
      if (federations.length === 0) return wordTest(operator, right, observe, amongWords(right), word => right.every(each => each === word))
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

function wordTest (operator: Operator, right: readonly string[], observe: Observe, isIn: (word: string) => boolean, isAll: (word: string) => boolean): Test | undefined {
  const holds = wordRelation(operator, right, isIn, isAll)
  if (holds === undefined) return undefined
  const none = operator === 'isAnyOf' || operator === 'eq' || operator === 'isAllOf' || operator === 'hasPart' ? UNSATISFIED : UNKNOWN
  return situation => {
    const word = observe(situation)
    if (typeof word === 'string') return holds(word) ? SATISFIED : UNSATISFIED
    return word === undefined ? UNKNOWN : none
  }
}

function wordRelation (
  operator: Operator, right: readonly string[], isIn: (word: string) => boolean, isAll: (word: string) => boolean
): ((word: string) => boolean) | undefined {
  switch (operator) {
    case 'isAnyOf': case 'isPartOf': case 'isA': return isIn
    case 'isNoneOf': return word => !isIn(word)
    case 'isAllOf': case 'hasPart': return isAll
    case 'eq': return right.length === 1 ? isIn : undefined
    case 'neq': return right.length === 1 ? word => !isIn(word) : undefined
    case 'lt': case 'lteq': case 'gt': case 'gteq': return undefined
  }
}

function amongWords (right: readonly string[]): (word: string) => boolean {
  const [only] = right
  if (right.length === 1) return word => word === only
  const words = new Set(right)
  return word => words.has(word)
}

function purposeTest (operator: Operator, right: readonly string[], observe: Observe): Test | undefined {
  const isAmong = amongWords(right)
  const covering = right.map(coverage)
  return wordTest(operator, right, observe, purpose => isAmong(purpose) || covering.some(covers => covers(purpose)), purpose => covering.every(covers => covers(purpose)))
}

function setTest (operator: Operator, right: readonly string[], observe: Observe): Test | undefined {
  const isIn = amongWords(right)
  const holds = setRelation(operator, right, isIn)
  return holds && (situation => {
    const left = observe(situation)
    return typeof left === 'object' ? holds(left) : UNKNOWN
  })
}

function setRelation (operator: Operator, right: readonly string[], isIn: (word: string) => boolean): ((left: readonly string[]) => Value) | undefined {
  switch (operator) {
    case 'isAnyOf': return left => of(left.some(isIn))
    case 'isNoneOf': return left => left.length === 0 ? UNKNOWN : of(!left.some(isIn))
    case 'isAllOf': case 'hasPart': return left => of(right.every(each => left.includes(each)))
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
