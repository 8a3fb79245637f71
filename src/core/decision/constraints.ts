/**
 * Compiles constraints: each becomes a test of a situation, with what it takes to explain the outcome.
 *
 * A constraint that says something we do not know, or compares what cannot be compared, is unknown in every situation and
 * names the term.
 */
import { isKnownPurpose, OPERANDS, operatorOf, type Constraint, type Logic, type OperandTerm } from '../policy/index.ts'
import { flipsOf, testOf } from './comparing.ts'
import { OBSERVERS, SATISFIED, UNKNOWN, UNSATISFIED, type Observer, type Situation, type Test, type Value } from './situation.ts'

export type CompiledConstraint = {
  readonly constraint: Constraint
  readonly test: Test
  /** What is not known here: then it is unknown in every situation. */
  readonly unknownTerm: string | undefined
  /** Of a logical one. */
  readonly operands: readonly CompiledConstraint[]
  /** Of an atomic one that compares something seen. */
  readonly observer: Observer | undefined
  /** Of an atomic one about something known. */
  readonly term: OperandTerm | undefined
  readonly flipsMs: readonly number[]
}

export type Atomic = Constraint & { readonly type: 'atomic' }

/** Whether a constraint means anything where it stands: a parameter of a duty means nothing in a permission. */
export type Sense = (constraint: Atomic, isInXone: boolean) => boolean

export function compileConstraint (constraint: Constraint, hasSense: Sense, isInXone = false): CompiledConstraint {
  const [foreign] = constraint.foreign
  if (constraint.type === 'atomic') {
    return foreign === undefined ? compileAtomic(constraint, hasSense(constraint, isInXone)) : unknown(constraint, foreign.name)
  }
  const operands = constraint.operands.map(each => compileConstraint(each, hasSense, isInXone || constraint.type === 'xone'))
  if (foreign !== undefined) return { ...unknown(constraint, foreign.name), operands }
  return {
    constraint,
    test: logic(constraint.type, operands.map(({ test }) => test)),
    unknownTerm: undefined,
    operands,
    observer: undefined,
    term: undefined,
    flipsMs: operands.flatMap(({ flipsMs }) => flipsMs)
  }
}

function compileAtomic (constraint: Atomic, hasSense: boolean): CompiledConstraint {
  const { leftOperand, rightOperand } = constraint
  const term = OPERANDS.get(leftOperand)
  const operator = operatorOf(constraint.operator)
  if (term === undefined || !hasSense) return unknown(constraint, leftOperand)
  if (operator === undefined) return unknown(constraint, constraint.operator)
  const purpose = term.kind === 'purpose' ? rightOperand.find(each => !isKnownPurpose(each)) : undefined
  if (purpose !== undefined) return unknown(constraint, purpose)
  const observer = OBSERVERS.get(leftOperand)
  const test = testOf(leftOperand, term.kind, operator, rightOperand, observer?.observe ?? (() => undefined))
  if (test === undefined) return unknown(constraint, leftOperand)
  const isPurpose = term.kind === 'purpose'
  return {
    constraint, test: isPurpose ? knownPurpose(test) : test, unknownTerm: undefined, operands: [], observer, term, flipsMs: flipsOf(term.kind, rightOperand)
  }
}

/** A purpose of ours that we have no meaning for is neither inside nor outside of anything. */
function knownPurpose (test: Test): Test {
  return situation => {
    const { purpose } = situation.request
    return purpose === undefined || isKnownPurpose(purpose) ? test(situation) : UNKNOWN
  }
}

function unknown (constraint: Constraint, unknownTerm: string): CompiledConstraint {
  const term = constraint.type === 'atomic' ? OPERANDS.get(constraint.leftOperand) : undefined
  return { constraint, test: () => UNKNOWN, unknownTerm, operands: [], observer: undefined, term, flipsMs: [] }
}

function logic (type: Logic, tests: readonly Test[]): Test {
  switch (type) {
    case 'and': return situation => allOf(tests, situation)
    case 'or': return situation => anyOf(tests, situation)
    case 'xone': return situation => oneOf(tests, situation)
    // The order of what happened cannot be seen: one part that is not so denies it, and nothing grants it.
    case 'andSequence': return situation => allOf(tests, situation) === UNSATISFIED ? UNSATISFIED : UNKNOWN
  }
}

export function allOf (tests: readonly Test[], situation: Situation): Value {
  let least: Value = SATISFIED
  for (const test of tests) {
    const value = test(situation)
    if (value === UNSATISFIED) return UNSATISFIED
    if (value < least) least = value
  }
  return least
}

function anyOf (tests: readonly Test[], situation: Situation): Value {
  let greatest: Value = UNSATISFIED
  for (const test of tests) {
    const value = test(situation)
    if (value === SATISFIED) return SATISFIED
    if (value > greatest) greatest = value
  }
  return greatest
}

function oneOf (tests: readonly Test[], situation: Situation): Value {
  let satisfied = 0
  let isUnknown = false
  for (const test of tests) {
    const value = test(situation)
    if (value === SATISFIED) satisfied++
    if (value === UNKNOWN) isUnknown = true
  }
  if (satisfied > 1) return UNSATISFIED
  if (isUnknown) return UNKNOWN
  return satisfied === 1 ? SATISFIED : UNSATISFIED
}
