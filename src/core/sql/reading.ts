import { fail, ok, type Result } from '../../base/index.ts'
import { TIME_PARTS, typeOfTerm, type Condition, type Constant, type GroupColumn, type Term, type TimePart } from './grouping.ts'
import { CONDITION_PARTS_MAX } from './limits.ts'
import { byteOf, folded, onlyGroups, partIn, partsIn, textIn, textsIn, type Part, type QuestionFault } from './tree.ts'

/** The data in groups that a SELECT is about: how it calls them, and their columns. */
export type GroupTable = { readonly alias: string, readonly columns: readonly GroupColumn[], readonly timeMsOf: (text: string) => number | undefined }

type Read<T> = Result<T, QuestionFault>

const TERMS_HINT = 'group and choose by plain columns, or of times by date_trunc, date_part and time_bucket'
const PARTS: ReadonlySet<string> = new Set(TIME_PARTS)
const NUMBER = /^-?\d{1,38}(\.\d{1,38})?$/

/** A column, or a step or part of a time. */
export function readTerm (part: Part, table: GroupTable): Read<Term> {
  if (textIn(part, 'class') === 'COLUMN_REF') {
    const column = readColumn(part, table)
    return column.ok ? ok({ type: 'column', column: column.value }) : column
  }
  const name = folded(textIn(part, 'function_name'))
  const children = partsIn(part, 'children')
  if (textIn(part, 'class') !== 'FUNCTION') return onlyGroups(part, 'this is no column, nor a step of time', TERMS_HINT)
  if (children.length === 1 && PARTS.has(name)) return timed(part, name, 'part', children[0], table)
  const [first, last] = children
  if (children.length !== 2 || first === undefined) return onlyGroups(part, `"${name}" of these data is not told`, TERMS_HINT)
  const unit = folded(constantText(first) ?? '')
  if (name === 'date_trunc' || name === 'datetrunc') return timed(part, unit, 'trunc', last, table)
  if (name === 'date_part' || name === 'datepart') return timed(part, unit, 'part', last, table)
  if (name !== 'time_bucket') return onlyGroups(part, `"${name}" of these data is not told`, TERMS_HINT)
  const seconds = secondsOf(first)
  const column = last === undefined ? undefined : readColumn(last, table)
  if (seconds === undefined || column?.ok !== true || column.value.type !== 'time') return onlyGroups(part, 'this is no step of a time', 'write time_bucket(INTERVAL \'1 hour\', COLUMN)')
  return ok({ type: 'bucket', seconds, column: column.value })
}

function timed (part: Part, unit: string, type: 'trunc' | 'part', of: Part | undefined, table: GroupTable): Read<Term> {
  const column = of === undefined ? undefined : readColumn(of, table)
  const isKnown = PARTS.has(unit) && (type === 'part' || !unit.startsWith('dayof') && unit !== 'isodow')
  if (!isKnown || column?.ok !== true || column.value.type !== 'time') return onlyGroups(part, 'this is no step or part of a time', TERMS_HINT)
  return ok({ type, part: unit as TimePart, column: column.value })
}

export function readColumn (part: Part, { alias, columns }: GroupTable): Read<GroupColumn> {
  const names = textsIn(part, 'column_names')
  const name = names.at(-1)
  const isOurs = textIn(part, 'class') === 'COLUMN_REF' && (names.length === 1 || (names.length === 2 && folded(names[0] ?? '') === folded(alias)))
  if (!isOurs || name === undefined) return onlyGroups(part, 'this is no column of these data', TERMS_HINT)
  const column = columns.find(each => folded(each.name) === folded(name))
  if (column !== undefined) return ok(column)
  return onlyGroups(part, `there is no column "${name}" that may be told of`, `its columns are ${columns.map(each => each.name).join(', ')}`)
}

/** `1 hour`, as INTERVAL writes it or its functions. */
function secondsOf (part: Part): number | undefined {
  const child = partIn(part, 'child')
  const text = textIn(part, 'class') === 'CAST' && partIn(part, 'cast_type')?.id === 'INTERVAL' && child !== undefined ? constantText(child) : undefined
  const found = /^(\d{1,6})\s*(second|minute|hour|day|week)s?$/.exec(folded(text ?? '').trim())
  if (found !== null) return Number(found[1]) * (UNIT_SECONDS[found[2] ?? ''] ?? 0) || undefined
  const unit = /^to_(second|minute|hour|day|week)s$/.exec(folded(textIn(part, 'function_name')))?.[1]
  const count = unit === undefined ? undefined : innermostNumber(partsIn(part, 'children')[0])
  return unit === undefined || count === undefined ? undefined : count * (UNIT_SECONDS[unit] ?? 0) || undefined
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { second: 1, minute: 60, hour: 3_600, day: 86_400, week: 604_800 }

/** `interval 3 day` comes as a cast of a function of a cast of 3. */
function innermostNumber (part: Part | undefined): number | undefined {
  let at = part
  for (let depth = 0; at !== undefined && depth < 8; depth++) {
    const text = constantText(at)
    if (text !== undefined) return /^\d{1,6}$/.test(text) ? Number(text) : undefined
    at = partIn(at, 'child') ?? partsIn(at, 'children')[0]
  }
  return undefined
}

/** The text of a constant; undefined for what is none, and for NULL. */
export function constantText (part: Part): string | undefined {
  const value = partIn(part, 'value')
  if (textIn(part, 'class') !== 'CONSTANT' || value === undefined || value.is_null === true) return undefined
  const type = partIn(value, 'type')
  const raw = value.value
  if (type?.id === 'DECIMAL') return decimalText(type, raw)
  return typeof raw === 'string' || typeof raw === 'number' || typeof raw === 'boolean' ? String(raw) : undefined
}

/** A decimal comes as its units. */
function decimalText (type: Part, raw: unknown): string | undefined {
  const scale = partIn(type, 'type_info')?.scale
  if (typeof scale !== 'number' || (typeof raw !== 'number' && typeof raw !== 'string')) return undefined
  const digits = String(raw).replace('-', '').padStart(scale + 1, '0')
  const sign = String(raw).startsWith('-') ? '-' : ''
  return scale === 0 ? `${sign}${digits}` : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

/** A value as the type of a term has it; a date or time may stand in a cast. A negative number comes as an operator. */
function readConstant (part: Part, term: Term, table: GroupTable): Read<Constant> {
  const bare = textIn(part, 'class') === 'CAST' ? partIn(part, 'child') ?? part : part
  const isNegative = textIn(bare, 'class') === 'FUNCTION' && textIn(bare, 'function_name') === '-' && partsIn(bare, 'children').length === 1
  const given = constantText(isNegative ? partsIn(bare, 'children')[0] ?? bare : bare)
  const text = given === undefined ? undefined : isNegative ? `-${given}` : given
  const value = text === undefined ? undefined : constantOf(text, typeOfTerm(term), table)
  return value === undefined ? onlyGroups(part, `this is no ${typeOfTerm(term)} to compare "${term.column.name}" with`, 'compare a column with a value of its own type') : ok(value)
}

function constantOf (text: string, type: GroupColumn['type'], { timeMsOf }: GroupTable): Constant | undefined {
  switch (type) {
    case 'text': return text
    case 'boolean': return /^(t|true|f|false)$/i.test(text) ? /^t/i.test(text) : undefined
    case 'time': return timeMsOf(text)
    case 'integer': case 'number': return NUMBER.test(text) ? text : exponentText(text)
  }
}

function exponentText (text: string): string | undefined {
  const value = Number(text)
  return /^-?\d+(\.\d+)?e[+-]?\d{1,2}$/i.test(text) && Number.isFinite(value) ? value.toExponential() : undefined
}

const COMPARISONS: Readonly<Record<string, Extract<Condition, { type: 'compare' }>['operator']>> = {
  COMPARE_EQUAL: '=', COMPARE_NOTEQUAL: '<>', COMPARE_LESSTHAN: '<', COMPARE_LESSTHANOREQUALTO: '<=', COMPARE_GREATERTHAN: '>', COMPARE_GREATERTHANOREQUALTO: '>='
}
const TURNED: Readonly<Record<string, Extract<Condition, { type: 'compare' }>['operator']>> = { '=': '=', '<>': '<>', '<': '>', '<=': '>=', '>': '<', '>=': '<=' }
const LIKES: Readonly<Record<string, { readonly isNot: boolean, readonly isCaseless: boolean }>> = {
  '~~': { isNot: false, isCaseless: false }, '!~~': { isNot: true, isCaseless: false }, '~~*': { isNot: false, isCaseless: true }, '!~~*': { isNot: true, isCaseless: true }
}
const WHERE_HINT = 'in WHERE, columns are compared with values: =, <, >, IN, BETWEEN, LIKE, IS NULL, joined by AND, OR, NOT'

/** What chooses rows. Every part of it is whole: no row makes it fail, since a failure would tell of that row. */
export function readCondition (part: Part, table: GroupTable, budget = { parts: 0 }): Read<Condition> {
  if (++budget.parts > CONDITION_PARTS_MAX) return fail({ code: 'limit', reason: `WHERE has more than ${CONDITION_PARTS_MAX} parts`, hint: 'choose rows by less', byte: byteOf(part) })
  const type = textIn(part, 'type')
  const children = partsIn(part, 'children')
  switch (textIn(part, 'class')) {
    case 'CONJUNCTION': {
      const parts = all(children.map(each => readCondition(each, table, budget)))
      return parts.ok ? ok({ type: type === 'CONJUNCTION_OR' ? 'or' : 'and', parts: parts.value }) : parts
    }
    case 'COMPARISON': return readComparison(part, type, table)
    case 'BETWEEN': return readBetween(part, table)
    case 'OPERATOR': return readOperator(part, type, children, table, budget)
    case 'FUNCTION': return readLike(part, children, table)
    case 'COLUMN_REF': {
      const column = readColumn(part, table)
      if (!column.ok) return column
      return column.value.type === 'boolean' ? ok({ type: 'compare', operator: '=', term: { type: 'column', column: column.value }, constant: true }) : onlyGroups(part, 'this is no condition', WHERE_HINT)
    }
    default: return onlyGroups(part, 'this condition could tell of single rows', WHERE_HINT)
  }
}

function readComparison (part: Part, type: string, table: GroupTable): Read<Condition> {
  const [left, right] = [partIn(part, 'left'), partIn(part, 'right')]
  const operator = COMPARISONS[type]
  if (left === undefined || right === undefined || operator === undefined) return onlyGroups(part, 'this comparison could tell of single rows', WHERE_HINT)
  const isTurned = isConstant(left)
  const term = readTerm(isTurned ? right : left, table)
  if (!term.ok) return term
  const constant = readConstant(isTurned ? left : right, term.value, table)
  if (!constant.ok) return constant
  if (typeOfTerm(term.value) === 'boolean' && operator !== '=' && operator !== '<>') return onlyGroups(part, 'a truth value is not more or less', WHERE_HINT)
  return ok({ type: 'compare', operator: isTurned ? TURNED[operator] ?? operator : operator, term: term.value, constant: constant.value })
}

function isConstant (part: Part): boolean {
  return textIn(part, 'class') === 'CONSTANT' || (textIn(part, 'class') === 'CAST' && textIn(partIn(part, 'child') ?? {}, 'class') === 'CONSTANT')
}

function readBetween (part: Part, table: GroupTable): Read<Condition> {
  const [input, lower, upper] = [partIn(part, 'input'), partIn(part, 'lower'), partIn(part, 'upper')]
  if (input === undefined || lower === undefined || upper === undefined) return onlyGroups(part, 'this is no range', WHERE_HINT)
  const term = readTerm(input, table)
  if (!term.ok) return term
  const bounds = all([readConstant(lower, term.value, table), readConstant(upper, term.value, table)])
  if (!bounds.ok) return bounds
  const [from, to] = bounds.value
  if (from === undefined || to === undefined || typeOfTerm(term.value) === 'boolean') return onlyGroups(part, 'this is no range', WHERE_HINT)
  return ok({ type: 'and', parts: [{ type: 'compare', operator: '>=', term: term.value, constant: from }, { type: 'compare', operator: '<=', term: term.value, constant: to }] })
}

function readOperator (part: Part, type: string, children: readonly Part[], table: GroupTable, budget: { parts: number }): Read<Condition> {
  const [first, ...rest] = children
  if (first === undefined) return onlyGroups(part, 'this is no condition', WHERE_HINT)
  if (type === 'OPERATOR_NOT') {
    const inner = readCondition(first, table, budget)
    return inner.ok ? ok({ type: 'not', part: inner.value }) : inner
  }
  const term = readTerm(first, table)
  if (!term.ok) return term
  if (type === 'OPERATOR_IS_NULL') return ok({ type: 'null', term: term.value })
  if (type === 'OPERATOR_IS_NOT_NULL') return ok({ type: 'not', part: { type: 'null', term: term.value } })
  if (type !== 'COMPARE_IN' && type !== 'COMPARE_NOT_IN') return onlyGroups(part, 'this condition could tell of single rows', WHERE_HINT)
  budget.parts += rest.length
  if (budget.parts > CONDITION_PARTS_MAX) return fail({ code: 'limit', reason: `WHERE has more than ${CONDITION_PARTS_MAX} parts`, hint: 'choose rows by less', byte: byteOf(part) })
  const constants = all(rest.map(each => readConstant(each, term.value, table)))
  if (!constants.ok) return constants
  const within: Condition = { type: 'in', term: term.value, constants: constants.value }
  return ok(type === 'COMPARE_IN' ? within : { type: 'not', part: within })
}

function readLike (part: Part, [first, second]: readonly Part[], table: GroupTable): Read<Condition> {
  const like = LIKES[textIn(part, 'function_name')]
  const pattern = second === undefined ? undefined : constantText(second)
  if (like === undefined || first === undefined || pattern === undefined) return onlyGroups(part, 'this condition could tell of single rows', WHERE_HINT)
  const term = readTerm(first, table)
  if (!term.ok) return term
  // A backslash at its end would make the pattern fail, for each row that it is held against.
  if (typeOfTerm(term.value) !== 'text' || pattern.includes('\\')) return onlyGroups(part, 'LIKE is for columns of text', WHERE_HINT)
  const found: Condition = { type: 'like', term: term.value, pattern, isCaseless: like.isCaseless }
  return ok(like.isNot ? { type: 'not', part: found } : found)
}

function all<T> (results: readonly Read<T>[]): Read<readonly T[]> {
  const values: T[] = []
  for (const result of results) {
    if (!result.ok) return result
    values.push(result.value)
  }
  return ok(values)
}
