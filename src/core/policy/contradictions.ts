/**
 * Finds constraints that cannot all hold, whatever is compared with them. Sound and not complete: it looks at what stands
 * side by side, not inside of other constraints.
 */
import { durationOf, integerOf, timeOf } from './literals.ts'
import type { Constraint, Iri } from './types.ts'
import { coversPurpose, FEDERATION_NS, OPERAND, OPERANDS, operatorOf, writtenIri, type OperandTerm, type Operator } from './vocabulary.ts'

type Atomic = Constraint & { readonly type: 'atomic' }
type Said = { readonly operator: Operator, readonly right: readonly string[], readonly position: string }

export type Contradiction = { readonly operand: Iri, readonly position: string, readonly reason: string }

/** `constraints`: all of which must hold, with known terms. */
export function contradictionsIn (constraints: readonly Constraint[]): readonly Contradiction[] {
  const atomic = constraints.filter((each): each is Atomic => each.type === 'atomic' && each.foreign.length === 0)
  return [...Map.groupBy(atomic, ({ leftOperand }) => leftOperand)].flatMap(([operand, group]) => {
    const term = OPERANDS.get(operand)
    const said = group.flatMap(({ operator, rightOperand, position }): readonly Said[] => {
      const name = operatorOf(operator)
      return name === undefined ? [] : [{ operator: name, right: rightOperand, position }]
    })
    const reason = term === undefined ? undefined : reasonIn(operand, term, said)
    return reason === undefined ? [] : [{ operand, position: said.at(-1)?.position ?? '', reason }]
  })
}

function reasonIn (operand: Iri, { kind }: OperandTerm, said: readonly Said[]): string | undefined {
  switch (kind) {
    case 'integer': return boundsReason(operand, said, integerOf)
    case 'duration': return boundsReason(operand, said, durationOf)
    case 'time': return boundsReason(operand, said, timeOf)
    case 'purpose': return isAnyPurposeLeft(said) ? undefined : 'No purpose is left: what one constraint allows another excludes.'
    case 'word': return isAnyWordLeft(said)
      ? undefined
      : operand === OPERAND.recipient ? 'Nobody is left who may use it: what one constraint allows another excludes.' : `No value of ${writtenIri(operand)} is left.`
    case 'words': return isAnySetLeft(said) ? undefined : `No values of ${writtenIri(operand)} satisfy all constraints on it.`
  }
}

/** A request counts itself, so that none is the first to be too many only from 1 on. */
const LEAST: ReadonlyMap<Iri, number> = new Map<Iri, number>([[OPERAND.count, 1], [OPERAND.requestsPerDay, 1]])

function boundsReason (operand: Iri, said: readonly Said[], read: (text: string) => number | undefined): string | undefined {
  let least = LEAST.get(operand) ?? Number.NEGATIVE_INFINITY
  let most = Number.POSITIVE_INFINITY
  for (const { operator, right } of said) {
    const value = read(right[0] ?? '')
    if (value === undefined) continue
    if (operator === 'gteq' || operator === 'eq') least = Math.max(least, value)
    if (operator === 'gt') least = Math.max(least, value + 1)
    if (operator === 'lteq' || operator === 'eq') most = Math.min(most, value)
    if (operator === 'lt') most = Math.min(most, value - 1)
  }
  if (operand === OPERAND.dateTime) return least >= most ? 'The period ends before it begins.' : undefined
  return least > most ? `No value of ${writtenIri(operand)} is as large and as small as asked for.` : undefined
}

/** Values that may stand alone: with operators that list what is allowed, and those that list what is not. */
function allowing ({ operator, right }: Said): boolean {
  return operator === 'isAnyOf' || operator === 'eq' || ((operator === 'isPartOf' || operator === 'isA') && !right.some(each => each.startsWith(FEDERATION_NS)))
}

function excluding ({ operator }: Said): boolean {
  return operator === 'isNoneOf' || operator === 'neq'
}

function requiring ({ operator }: Said): boolean {
  return operator === 'isAllOf' || operator === 'hasPart'
}

function isAnyWordLeft (said: readonly Said[]): boolean {
  if (said.some(each => requiring(each) && each.right.length > 1)) return false
  const [first, ...more] = said.filter(each => allowing(each) || requiring(each))
  if (first === undefined) return true
  const excluded = said.filter(excluding)
  return first.right.some(word => more.every(({ right }) => right.includes(word)) && excluded.every(({ right }) => !right.includes(word)))
}

function isAnyPurposeLeft (said: readonly Said[]): boolean {
  const lists = said.filter(each => allowing(each) || (requiring(each) && each.right.length === 1))
  const excluded = said.filter(excluding)
  if (lists.length === 0) return true
  // Of two subtrees that meet, one is inside of the other: what all lists share begins at a node that one of them names.
  return lists.flatMap(({ right }) => right).some(purpose =>
    lists.every(({ right }) => right.some(listed => coversPurpose(listed, purpose))) &&
    excluded.every(({ right }) => !right.some(listed => coversPurpose(listed, purpose))))
}

function isAnySetLeft (said: readonly Said[]): boolean {
  const [first, ...more] = said.filter(({ operator }) => operator === 'isPartOf' || operator === 'isA')
  const isExcluded = (word: string): boolean => said.some(each => excluding(each) && each.right.includes(word))
  const isWithin = (word: string): boolean => !isExcluded(word) && (first === undefined || [first, ...more].every(({ right }) => right.includes(word)))
  return (first === undefined || first.right.some(isWithin)) &&
    said.every(each => !requiring(each) || each.right.every(isWithin)) &&
    said.every(({ operator, right }) => operator !== 'isAnyOf' || right.some(isWithin))
}
