import { fail, ok, type Result } from '../../base/index.ts'
import { withsOf } from './checking.ts'
import { groupName, measureName, type GroupColumn, type Grouping, type Measure, type Term } from './grouping.ts'
import { GROUPINGS_MAX, GROUP_TERMS_MAX, MEASURES_MAX } from './limits.ts'
import { constantText, readColumn, readCondition, readTerm, type GroupTable } from './reading.ts'
import { byteOf, folded, isPart, onlyGroups, partIn, partsIn, shapeOf, textIn, textsIn, type Part, type QuestionFault } from './tree.ts'
import { isAggregate } from './words.ts'

/** A SELECT over data in groups, and the name under which its groups stand in the rest of the question. */
export type SplitGrouping = { readonly table: string, readonly grouping: Grouping, readonly released: string }
export type SplitQuestion = { readonly query: Part, readonly groupings: readonly SplitGrouping[] }
/** Of each dataset that may only be told in groups, by its name in the question (`folded`). */
export type GroupTables = ReadonlyMap<string, Omit<GroupTable, 'alias'>>

type Read<T> = Result<T, QuestionFault>
type Scope = ReadonlySet<string>

/**
 * Takes every SELECT over data in groups out of a checked question: what it asks of the rows becomes a `Grouping`, and in its place
 * stands a SELECT over the groups that may be told. With these the rest of the question may do what it likes.
 */
export function splitQuestion (query: Part, tables: GroupTables): Read<SplitQuestion> {
  const split = new Split(tables)
  const rest = split.query(query, new Set())
  return rest.ok ? ok({ query: rest.value, groupings: split.groupings }) : rest
}

const RELEASED = /^released \d+$/

class Split {
  readonly groupings: SplitGrouping[] = []
  readonly #tables: GroupTables

  constructor (tables: GroupTables) {
    this.#tables = tables
  }

  query (part: Part, scope: Scope): Read<Part> {
    const within = new Set(scope)
    const queries = new Map<string, Part>()
    for (const { name, query } of withsOf(part)) {
      // It would stand in place of what is told, in an answer that is signed.
      if (RELEASED.test(folded(name))) return onlyGroups(part, `"${name}" is what groups are called here`, 'give it another name')
      const inner = query === undefined ? ok(part) : this.query(query, new Set(within))
      if (!inner.ok) return inner
      queries.set(name, inner.value)
      within.add(folded(name))
    }
    const from = partIn(part, 'from_table')
    const table = from === undefined ? undefined : this.#named(from, within)
    const own: Part = { ...part, cte_map: withQueries(part.cte_map, queries) }
    if (table !== undefined && from !== undefined) return this.#grouped(own, from, table)
    return this.#members(own, within)
  }

  /** The data in groups that FROM is about, alone. */
  #named (from: Part, scope: Scope): (Omit<GroupTable, 'alias'> & { readonly name: string }) | undefined {
    const name = folded(textIn(from, 'table_name'))
    const table = textIn(from, 'type') === 'BASE_TABLE' && !scope.has(name) ? this.#tables.get(name) : undefined
    return table === undefined ? undefined : { ...table, name }
  }

  #members (part: Part, scope: Scope): Read<Part> {
    if (this.#named(part, scope) !== undefined) {
      return onlyGroups(part, 'of this dataset only groups may be told, so it cannot be joined row by row', 'group it in a SELECT of its own, and join what comes out: JOIN (SELECT … GROUP BY …) AS g')
    }
    const members: Record<string, unknown> = {}
    for (const [name, value] of Object.entries(part)) {
      // What WITH names was split already.
      const inner = name === 'cte_map' ? ok(value) : this.#value(value, scope)
      if (!inner.ok) return inner
      members[name] = inner.value
    }
    return ok(members)
  }

  #value (value: unknown, scope: Scope): Read<unknown> {
    if (Array.isArray(value)) {
      const inner: unknown[] = []
      for (const each of value) {
        const split = this.#value(each, scope)
        if (!split.ok) return split
        inner.push(split.value)
      }
      return ok(inner)
    }
    if (!isPart(value)) return ok(value)
    return textIn(value, 'type').endsWith('_NODE') && value.cte_map !== undefined ? this.query(value, scope) : this.#members(value, scope)
  }

  #grouped (part: Part, from: Part, table: Omit<GroupTable, 'alias'> & { readonly name: string }): Read<Part> {
    if (this.groupings.length >= GROUPINGS_MAX) return fail({ code: 'limit', reason: `a question has at most ${GROUPINGS_MAX} SELECTs over data in groups`, hint: 'ask in parts', byte: byteOf(from) })
    const unusual = textsIn(from, 'column_name_alias').length > 0 || part.qualify !== null
    if (unusual) return onlyGroups(from, 'these data are not told row by row', 'leave out QUALIFY and names of columns behind the dataset')
    const released = `released ${this.groupings.length}`
    const read = readGrouping(part, { ...table, alias: textIn(from, 'alias') === '' ? textIn(from, 'table_name') : textIn(from, 'alias') }, released)
    if (!read.ok) return read
    this.groupings.push({ table: table.name, grouping: read.value.grouping, released })
    return ok(read.value.query)
  }
}

const GROUPED_HINT = 'ask for groups: SELECT COLUMN, count(*), avg(COLUMN) FROM … GROUP BY COLUMN'

/** Reads one SELECT over data in groups; `query` is the same over its groups. */
function readGrouping (part: Part, table: GroupTable, released: string): Read<{ readonly grouping: Grouping, readonly query: Part }> {
  const selected = partsIn(part, 'select_list')
  const sets = Array.isArray(part.group_sets) ? part.group_sets : []
  if (sets.length > 1) return onlyGroups(part, 'totals beside their groups are not told: their difference is what was left out', 'ask for one way of grouping')
  if (textIn(part, 'aggregate_handling') !== 'STANDARD_HANDLING') return onlyGroups(part, 'GROUP BY ALL does not say by what', 'name the columns that you group by')
  const asked = partsIn(part, 'group_expressions')
  if (asked.length > GROUP_TERMS_MAX) return fail({ code: 'limit', reason: `there are at most ${GROUP_TERMS_MAX} columns to group by`, hint: 'group by fewer', byte: byteOf(part) })
  const told = new Told(table, selected)
  for (const each of asked) {
    const fault = told.groupBy(each)
    if (fault !== undefined) return fail(fault)
  }
  const where = part.where_clause === null ? ok(null) : readCondition(partIn(part, 'where_clause') ?? part, table)
  if (!where.ok) return where
  const list = told.selected(selected)
  if (!list.ok) return list
  const having = told.maybe(part.having)
  if (!having.ok) return having
  const modifiers = told.each(part.modifiers)
  if (!modifiers.ok) return modifiers
  if (told.terms.length === 0 && told.measures.length === 0) return onlyGroups(part, 'of this dataset only groups may be told, and no single rows', GROUPED_HINT)
  const source = partIn(part, 'from_table') ?? {}
  const query: Part = {
    ...part, select_list: list.value, having: null, where_clause: having.value, modifiers: modifiers.value, group_expressions: [], group_sets: [],
    from_table: { ...source, alias: '', table_name: released }
  }
  return ok({ grouping: { where: where.value, terms: told.terms, measures: told.measures }, query })
}

/** Whether a name may be one that the SELECT gave: in ORDER BY before columns, in HAVING after them. */
type Names = 'first' | 'after columns' | 'never'

/** What is told of groups: their terms and measures, each found again wherever it stands. */
class Told {
  readonly terms: Term[] = []
  readonly measures: Measure[] = []
  readonly #table: GroupTable
  readonly #selected: readonly Part[]
  readonly #shapes = new Map<string, string>()
  readonly #aliases: ReadonlySet<string>

  constructor (table: GroupTable, selected: readonly Part[]) {
    this.#table = table
    this.#selected = selected
    this.#aliases = new Set(selected.map(each => folded(textIn(each, 'alias'))).filter(alias => alias !== ''))
  }

  /** By a term, its number among what is selected, or its name there. */
  groupBy (part: Part): QuestionFault | undefined {
    const meant = this.#meant(part)
    const term = readTerm(meant, this.#table)
    if (!term.ok) return term.failure
    this.#shapes.set(this.#shapeOf(meant), groupName(this.terms.length))
    this.terms.push(term.value)
    return undefined
  }

  #meant (part: Part): Part {
    const at = textIn(part, 'class') === 'CONSTANT' ? Number(constantText(part) ?? '') : Number.NaN
    const numbered = Number.isSafeInteger(at) ? this.#selected[at - 1] : undefined
    const names = textsIn(part, 'column_names')
    const isOwn = readColumn(part, this.#table).ok
    const named = !isOwn && names.length === 1 ? this.#selected.find(each => folded(textIn(each, 'alias')) === folded(names[0] ?? '')) : undefined
    return numbered ?? named ?? part
  }

  /** `street` and `t.street` are one. */
  #shapeOf (part: Part): string {
    const column = readColumn(part, this.#table)
    return column.ok ? `column ${folded(column.value.name)}` : shapeOf(part)
  }

  /** Names stay as they were: the engine would name what stands there now. */
  selected (parts: readonly Part[]): Read<readonly Part[]> {
    const list: Part[] = []
    for (const part of parts) {
      const told = this.expression(part)
      if (!told.ok) return told
      const alias = textIn(part, 'alias')
      list.push({ ...told.value, alias: alias === '' ? nameOf(part) : alias })
    }
    return ok(list)
  }

  maybe (value: unknown): Read<unknown> {
    return isPart(value) ? this.expression(value, 'after columns') : ok(null)
  }

  each (value: unknown): Read<readonly Part[]> {
    const list: Part[] = []
    for (const each of Array.isArray(value) ? value.filter(isPart) : []) {
      const told = this.#inside(each, 'first')
      if (!told.ok) return told
      list.push(told.value)
    }
    return ok(list)
  }

  expression (part: Part, names: Names = 'never'): Read<Part> {
    if (names === 'first' && this.#isAlias(part)) return ok(part)
    const known = this.#shapes.get(this.#shapeOf(part))
    if (known !== undefined) return ok(columnNamed(known, part))
    const kind = textIn(part, 'class')
    const name = folded(textIn(part, 'function_name'))
    if (kind === 'FUNCTION' && isAggregate(name)) return this.#measure(part, name)
    if (kind === 'COLUMN_REF') {
      const column = readColumn(part, this.#table)
      if (!column.ok && names !== 'never' && this.#isAlias(part)) return ok(part)
      return column.ok ? onlyGroups(part, `"${column.value.name}" of single rows is not told`, `put it into GROUP BY, or into count, sum, avg, min or max`) : column
    }
    if (kind === 'STAR') return onlyGroups(part, 'of this dataset only groups may be told, and no single rows', GROUPED_HINT)
    if (kind === 'WINDOW' || kind === 'SUBQUERY') return onlyGroups(part, `${kind === 'WINDOW' ? 'window functions' : 'subqueries'} do not stand beside groups of these data`, 'group in a SELECT of its own, and use what comes out around it')
    return this.#inside(part, names)
  }

  #isAlias (part: Part): boolean {
    const names = textsIn(part, 'column_names')
    return names.length === 1 && this.#aliases.has(folded(names[0] ?? ''))
  }

  #inside (part: Part, names: Names): Read<Part> {
    const members: Record<string, unknown> = {}
    for (const [name, value] of Object.entries(part)) {
      const told = this.#value(value, names)
      if (!told.ok) return told
      members[name] = told.value
    }
    return ok(members)
  }

  #value (value: unknown, names: Names): Read<unknown> {
    if (Array.isArray(value)) {
      const list: unknown[] = []
      for (const each of value) {
        const told = this.#value(each, names)
        if (!told.ok) return told
        list.push(told.value)
      }
      return ok(list)
    }
    if (!isPart(value)) return ok(value)
    return value.class === undefined ? this.#inside(value, names) : this.expression(value, names)
  }

  #measure (part: Part, name: string): Read<Part> {
    const children = partsIn(part, 'children')
    const isPlain = part.distinct !== true && part.filter === null && partsIn(partIn(part, 'order_bys') ?? {}, 'orders').length === 0
    const measure = MEASURES[name]
    if (measure === undefined || !isPlain || children.length > 1) {
      return onlyGroups(part, `"${name}"${isPlain ? '' : ' with DISTINCT, FILTER or ORDER BY'} could tell of single rows`, 'of groups these are told: count(*), count, sum, avg, min, max of a column')
    }
    const [of] = children
    const column = of === undefined ? ok(null) : readColumn(of, this.#table)
    if (!column.ok) return onlyGroups(part, `"${name}" is told of a column as it is`, 'reckon with what comes out, not with the rows')
    const fault = faultOfMeasure(measure, column.value)
    if (fault !== undefined) return onlyGroups(part, fault, 'of groups these are told: count(*), count of a column, sum and avg of numbers, min and max of numbers and times')
    const known = this.measures.findIndex(each => each.measure === measure && each.column?.name === column.value?.name)
    if (known >= 0) return ok(columnNamed(measureName(known), part))
    if (this.measures.length >= MEASURES_MAX) return fail({ code: 'limit', reason: `there are at most ${MEASURES_MAX} measures`, hint: 'ask for fewer', byte: byteOf(part) })
    this.measures.push({ measure, column: column.value })
    return ok(columnNamed(measureName(this.measures.length - 1), part))
  }
}

const MEASURES: Readonly<Record<string, Measure['measure']>> = { count_star: 'count', count: 'count', sum: 'sum', avg: 'avg', mean: 'avg', min: 'min', max: 'max' }

function faultOfMeasure (measure: Measure['measure'], column: GroupColumn | null): string | undefined {
  if (column === null) return measure === 'count' ? undefined : `"${measure}" needs a column`
  if (measure === 'count') return undefined
  const isNumber = column.type === 'integer' || column.type === 'number'
  // The first of texts by the alphabet is one of them as it stands.
  return isNumber || (column.type === 'time' && (measure === 'min' || measure === 'max')) ? undefined : `"${measure}" of ${column.type} is not told`
}

function columnNamed (name: string, { alias, query_location: at }: Part): Part {
  return { class: 'COLUMN_REF', type: 'COLUMN_REF', alias: alias ?? '', query_location: at, column_names: [name] }
}

/** What the engine would call it. */
function nameOf (part: Part): string {
  const names = textsIn(part, 'column_names')
  const name = textIn(part, 'function_name')
  if (textIn(part, 'class') === 'COLUMN_REF') return names.at(-1) ?? ''
  if (textIn(part, 'class') === 'CONSTANT') return constantText(part) ?? 'NULL'
  const [left, right] = partsIn(part, 'children')
  if (part.is_operator === true && left !== undefined && right !== undefined) return `${nameOf(left)} ${name} ${nameOf(right)}`
  const inner = partsIn(part, 'children').map(each => constantText(each) ?? nameOf(each)).join(', ')
  return textIn(part, 'class') === 'FUNCTION' ? `${name}(${inner})` : textIn(part, 'class').toLowerCase()
}

function withQueries (map: unknown, queries: ReadonlyMap<string, Part>): unknown {
  if (!isPart(map)) return map
  return {
    ...map,
    map: partsIn(map, 'map').map(entry => {
      const value = partIn(entry, 'value') ?? {}
      const box = partIn(value, 'query') ?? {}
      return { ...entry, value: { ...value, query: { ...box, node: queries.get(textIn(entry, 'key')) ?? box.node } } }
    })
  }
}
