/** A column of the data themselves, as the asker may see them: coarsened already. `stored`: what the engine calls it. */
export type GroupColumn = { readonly name: string, readonly stored: string, readonly type: 'text' | 'integer' | 'number' | 'boolean' | 'time' }

/** Steps of time, and parts of it: whole functions, so that no row can make one fail. */
export const TIME_PARTS = ['year', 'quarter', 'month', 'week', 'day', 'hour', 'minute', 'isodow', 'dayofweek', 'dayofyear'] as const
export type TimePart = typeof TIME_PARTS[number]

/** A column; or of a time the step of `unit` or of `seconds` that it lies in, or a part. */
export type Term =
  | { readonly type: 'column', readonly column: GroupColumn }
  | { readonly type: 'trunc' | 'part', readonly part: TimePart, readonly column: GroupColumn }
  | { readonly type: 'bucket', readonly seconds: number, readonly column: GroupColumn }

/** Of a time: milliseconds since 1970. Of a number: its decimal text. */
export type Constant = string | boolean | number

export type Condition =
  | { readonly type: 'and' | 'or', readonly parts: readonly Condition[] }
  | { readonly type: 'not', readonly part: Condition }
  | { readonly type: 'compare', readonly operator: '=' | '<>' | '<' | '<=' | '>' | '>=', readonly term: Term, readonly constant: Constant }
  | { readonly type: 'in', readonly term: Term, readonly constants: readonly Constant[] }
  | { readonly type: 'null', readonly term: Term }
  | { readonly type: 'like', readonly term: Term, readonly pattern: string, readonly isCaseless: boolean }

export type Measure = { readonly measure: 'count' | 'sum' | 'avg' | 'min' | 'max', readonly column: GroupColumn | null }

/**
 * All that may be asked of data that are told in groups: which rows, by what they are grouped, what is reckoned of each group. It is
 * said anew from these parts, so that nothing of what somebody wrote runs over the rows themselves.
 */
export type Grouping = { readonly where: Condition | null, readonly terms: readonly Term[], readonly measures: readonly Measure[] }

/** Columns that stand beside those of the data: whom or what a row is about, as a number, and its place in the feed. */
export const ENTITY_COLUMN = 'entity'
export const ROW_COLUMN = 'row'
const SIZE = 'size'

export function groupName (at: number): string {
  return `group ${at}`
}

export function measureName (at: number): string {
  return `measure ${at}`
}

/** Of the rows below `upto` the groups with at least `minGroupSize` entities, their terms and measures; a measure is null where too few entities have its column. */
export function groupsText ({ where, terms, measures }: Grouping, table: string, minGroupSize: number, upto: number): string {
  const shown = [
    ...terms.map((term, at) => `${textOfTerm(term)} AS ${quoted(groupName(at))}`),
    ...measures.map((measure, at) => `${textOfMeasure(measure, minGroupSize)} AS ${quoted(measureName(at))}`)
  ]
  const by = terms.length === 0 ? '' : ` GROUP BY ${terms.map((_, at) => quoted(groupName(at))).join(', ')}`
  const inner = `SELECT ${[...shown, `count(DISTINCT ${quoted(ENTITY_COLUMN)}) AS ${quoted(SIZE)}`].join(', ')} FROM ${quoted(table)} WHERE ${chosenText(where, upto)}${by}`
  const names = [...terms.map((_, at) => groupName(at)), ...measures.map((_, at) => measureName(at))]
  return `SELECT ${names.length === 0 ? 'NULL' : names.map(quoted).join(', ')} FROM (${inner}) AS g WHERE ${quoted(SIZE)} >= ${minGroupSize}`
}

/** For each row that a grouping takes, below `upto`: the number of its group, from 1. */
function membersText ({ where, terms }: Grouping, table: string, upto: number): string {
  const order = terms.length === 0 ? '1' : `dense_rank() OVER (ORDER BY ${terms.map(textOfTerm).join(', ')})`
  return `SELECT ${quoted(ROW_COLUMN)} AS r, ${quoted(ENTITY_COLUMN)} AS e, ${order} AS g FROM ${quoted(table)} WHERE ${chosenText(where, upto)}`
}

/** How many rows there are below each of some numbers. */
export function countsText (uptos: readonly number[], table: string): string {
  return `SELECT ${uptos.map(upto => `count(*) FILTER (WHERE ${quoted(ROW_COLUMN)} < ${upto})`).join(', ')} FROM ${quoted(table)}`
}

/**
 * Where the groups of two groupings meet: for each pair that has rows in common, and for rows that only one of them takes (0 for the
 * other), up to `minGroupSize` distinct entities as numbers parted by commas.
 */
export function meetingText (
  one: { readonly grouping: Grouping, readonly upto: number }, other: { readonly grouping: Grouping, readonly upto: number }, table: string, minGroupSize: number
): string {
  const [a, b] = [membersText(one.grouping, table, one.upto), membersText(other.grouping, table, other.upto)]
  return `WITH a AS (${a}), b AS (${b}), m AS (SELECT coalesce(a.g, 0) AS one, coalesce(b.g, 0) AS other, coalesce(a.e, b.e) AS e FROM a FULL JOIN b ON a.r = b.r), ` +
    'd AS (SELECT DISTINCT one, other, e FROM m), n AS (SELECT one, other, e, row_number() OVER (PARTITION BY one, other) AS nth FROM d) ' +
    `SELECT one, other, string_agg(e::VARCHAR, ',') FROM n WHERE nth <= ${minGroupSize} GROUP BY one, other`
}

function chosenText (where: Condition | null, upto: number): string {
  return `${quoted(ROW_COLUMN)} < ${upto}${where === null ? '' : ` AND (${textOfCondition(where)})`}`
}

function textOfMeasure ({ measure, column }: Measure, minGroupSize: number): string {
  if (column === null) return 'count(*)'
  const of = quoted(column.stored)
  // "min and max only for groups of at least 2 × minGroupSize": the outermost value is always that of one entity.
  const least = measure === 'min' || measure === 'max' ? 2 * minGroupSize : minGroupSize
  return `CASE WHEN count(DISTINCT ${quoted(ENTITY_COLUMN)}) FILTER (WHERE ${of} IS NOT NULL) >= ${least} THEN ${measure}(${of}) END`
}

function textOfTerm (term: Term): string {
  const of = quoted(term.column.stored)
  switch (term.type) {
    case 'column': return of
    case 'trunc': return `date_trunc('${term.part}', ${of})`
    case 'part': return `date_part('${term.part}', ${of})`
    case 'bucket': return `time_bucket(to_seconds(${term.seconds}), ${of})`
  }
}

export function typeOfTerm (term: Term): GroupColumn['type'] {
  return term.type === 'column' ? term.column.type : term.type === 'part' ? 'integer' : 'time'
}

function textOfCondition (condition: Condition): string {
  switch (condition.type) {
    case 'and': case 'or': return `(${condition.parts.map(textOfCondition).join(condition.type === 'and' ? ' AND ' : ' OR ')})`
    case 'not': return `(NOT ${textOfCondition(condition.part)})`
    case 'compare': return `${textOfTerm(condition.term)} ${condition.operator} ${textOfConstant(condition.term, condition.constant)}`
    case 'in': return `${textOfTerm(condition.term)} IN (${condition.constants.map(each => textOfConstant(condition.term, each)).join(', ')})`
    case 'null': return `${textOfTerm(condition.term)} IS NULL`
    case 'like': return `${textOfTerm(condition.term)} ${condition.isCaseless ? 'ILIKE' : 'LIKE'} ${literal(condition.pattern)}`
  }
}

/** Of the type of what it is compared with: a comparison never has to convert a value of a row, which could fail and tell it. */
function textOfConstant (term: Term, constant: Constant): string {
  switch (typeOfTerm(term)) {
    case 'text': return literal(String(constant))
    case 'boolean': return constant === true ? 'TRUE' : 'FALSE'
    case 'time': return `epoch_ms(${Number(constant)}::BIGINT)`
    case 'integer': case 'number': return `${String(constant)}::DOUBLE`
  }
}

function literal (text: string): string {
  return `'${text.replaceAll('\'', '\'\'')}'`
}

function quoted (name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
