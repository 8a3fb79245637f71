import { assert, fail, ok, type Result } from '../../base/index.ts'
import { GROWING_CALLS_MAX, TABLES_MAX, TREE_DEPTH_MAX, TREE_NODES_MAX } from './limits.ts'
import { CASE, EXPRESSIONS, MODIFIERS, OPERATOR_TYPES, ORDER, QUERIES, TABLES, type Holds, type Shape } from './shapes.ts'
import { byteOf, folded, isPart, notAllowed, partIn, partsIn, textIn, textsIn, type Part, type QuestionFault } from './tree.ts'
import { growthOf, isFunctionKnown, isTableFunctionKnown, isWindowKnown, isWordOfEngine, TYPES } from './words.ts'

/** A dataset that a question names, as it names it. `byte`: where it does first. */
export type NamedTable = { readonly name: string, readonly byte: number | null }

export type Question = {
  /** The query of its one statement. */
  readonly query: Part
  readonly tables: readonly NamedTable[]
  /** Columns that it names (`folded`), of whatever table; null: any may be needed. */
  readonly columns: ReadonlySet<string> | null
}

type Checked = QuestionFault | undefined
/** Names of WITH that hide datasets of the same name. */
type Scope = ReadonlySet<string>

/** Whether a syntax tree is one question that only reads datasets, and which it reads. `tree` is what the engine's parser gave. */
export function checkQuestion (tree: unknown): Result<Question, QuestionFault> {
  const statements = isPart(tree) ? partsIn(tree, 'statements') : []
  const [statement] = statements
  const query = statement === undefined ? undefined : partIn(statement, 'node')
  if (statements.length !== 1 || statement === undefined || query === undefined) return notAllowed({}, 'a question is one SELECT', 'leave out what follows the first one')
  if (partsIn(statement, 'named_param_map').length > 0) return notAllowed({}, 'a question has no parameters', 'write the values into it')
  const check = new Check()
  const fault = check.query(query, new Set(), 0)
  return fault === undefined ? ok({ query, tables: [...check.tables.values()], columns: check.columnsNeeded() }) : fail(fault)
}

/** Walks a tree once, from its top; stops at the first thing that is not named in `shapes.ts` or `words.ts`. */
class Check {
  readonly tables: Map<string, NamedTable> = new Map()
  readonly #columns = new Set<string>()
  readonly #firsts = new Set<string>()
  readonly #rows = new Set<string>()
  #needsAll = false
  #nodes = 0
  #growth = 0

  /** A name that is also that of a table may mean its rows as a whole. */
  columnsNeeded (): ReadonlySet<string> | null {
    for (const name of this.#firsts) if (!this.#rows.has(name)) this.#columns.add(name)
    return this.#needsAll || [...this.#rows].some(name => this.#columns.has(name)) ? null : this.#columns
  }

  query (part: Part, scope: Scope, depth: number): Checked {
    const shape = QUERIES[textIn(part, 'type')]
    if (shape === undefined) return faultOf(notAllowed(part, `${NAMED.get(textIn(part, 'type')) ?? 'this kind of query'} is not for questions`))
    const within = new Set(scope)
    const [unusual] = partsIn(partIn(part, 'cte_map') ?? {}, 'map').filter(each => !isNothing(partIn(each, 'value')?.key_targets))
    if (unusual !== undefined) return faultOf(notAllowed(unusual, 'this kind of WITH is not for questions'))
    for (const { name, query } of withsOf(part)) {
      const fault = query === undefined ? faultOf(notAllowed(part, 'WITH names something that is no SELECT')) : this.query(query, new Set(within), depth + 1)
      if (fault !== undefined) return fault
      within.add(folded(name))
    }
    return this.#members(part, shape, within, depth)
  }

  #expression (part: Part, scope: Scope, depth: number): Checked {
    const shape = EXPRESSIONS[textIn(part, 'class')]
    if (shape === undefined) return faultOf(notAllowed(part, `${NAMED.get(textIn(part, 'class')) ?? 'this expression'} is not for questions`))
    return this.#wordsOf(part) ?? this.#members(part, shape, scope, depth)
  }

  /** What an expression calls by name. */
  #wordsOf (part: Part): Checked {
    const name = folded(textIn(part, 'function_name'))
    const schema = textIn(part, 'schema')
    switch (textIn(part, 'class')) {
      case 'FUNCTION':
        if (schema !== '' && schema !== 'main') return faultOf(notAllowed(part, `there is no function in "${schema}"`))
        this.#growth += growthOf(name, partsIn(part, 'children').length)
        if (this.#growth > GROWING_CALLS_MAX) return { code: 'limit', reason: `a question puts texts together at most ${GROWING_CALLS_MAX} times`, hint: 'ask for the parts as columns of their own', byte: byteOf(part) }
        return isFunctionKnown(name) ? undefined : faultOf(notAllowed(part, `the function "${name}" is not for questions`))
      case 'WINDOW':
        if (schema !== '' && schema !== 'main') return faultOf(notAllowed(part, `there is no function in "${schema}"`))
        return isWindowKnown(name) ? undefined : faultOf(notAllowed(part, `the window function "${name}" is not for questions`))
      case 'OPERATOR':
        return OPERATOR_TYPES.has(textIn(part, 'type')) ? undefined : faultOf(notAllowed(part, 'this operator is not for questions'))
      case 'STAR':
        this.#needsAll = true
        return undefined
      case 'COLUMN_REF': {
        const names = textsIn(part, 'column_names')
        // `t.street` names a column of t, or a part of a column.
        for (const each of names.length > 1 ? names.slice(1) : names) this.#columns.add(folded(each))
        if (names.length > 1) this.#firsts.add(folded(names[0] ?? ''))
        return names.length === 1 && isWordOfEngine(folded(names[0] ?? '')) ? faultOf(notAllowed(part, `"${names[0]}" is not for questions`)) : undefined
      }
      default: return undefined
    }
  }

  #table (part: Part, scope: Scope, depth: number): Checked {
    const type = textIn(part, 'type')
    const shape = TABLES[type]
    if (shape === undefined) return faultOf(notAllowed(part, `${NAMED.get(type) ?? 'this'} cannot be read from`))
    if (type === 'TABLE_FUNCTION') {
      const call = partIn(part, 'function')
      const name = folded(call === undefined ? '' : textIn(call, 'function_name'))
      if (call === undefined || textIn(call, 'class') !== 'FUNCTION' || !isTableFunctionKnown(name) || !['', 'main'].includes(textIn(call, 'schema'))) return faultOf(notAllowed(part, `"${name}" cannot be read from: a question reads datasets`, 'name a dataset in double quotes: "publisher/dataset"'))
      // As a table it gives rows as they are wanted; as a value it would make a list of all.
      this.#rows.add(folded(textIn(part, 'alias')))
      return this.#members({ ...part, function: null }, shape, scope, depth) ?? this.#members(call, EXPRESSIONS.FUNCTION ?? {}, scope, depth + 1)
    }
    if (type === 'BASE_TABLE') {
      const fault = this.#name(part, scope)
      if (fault !== undefined) return fault
    }
    this.#rows.add(folded(textIn(part, 'alias'))).add(folded(textIn(part, 'table_name')))
    for (const each of textsIn(part, 'using_columns')) this.#columns.add(folded(each))
    if (textIn(part, 'ref_type') === 'NATURAL' || textsIn(part, 'column_name_alias').length > 0) this.#needsAll = true
    return this.#members(part, shape, scope, depth)
  }

  #name (part: Part, scope: Scope): Checked {
    if (textIn(part, 'schema_name') !== '' || textIn(part, 'catalog_name') !== '') {
      return faultOf(notAllowed(part, 'a dataset has no schema or catalogue', 'name it as one word in double quotes: "publisher/dataset"'))
    }
    const name = textIn(part, 'table_name')
    if (scope.has(folded(name)) || this.tables.has(folded(name))) return undefined
    if (this.tables.size >= TABLES_MAX) return { code: 'limit', reason: `a question names at most ${TABLES_MAX} datasets`, hint: 'ask in parts', byte: byteOf(part) }
    this.tables.set(folded(name), { name, byte: byteOf(part) })
    return undefined
  }

  #members (part: Part, shape: Shape, scope: Scope, depth: number): Checked {
    if (++this.#nodes > TREE_NODES_MAX || depth > TREE_DEPTH_MAX) return { code: 'limit', reason: 'the question is too large', hint: 'ask for less at a time', byte: byteOf(part) }
    for (const [name, value] of Object.entries(part)) {
      const holds = shape[name]
      if (holds === undefined) return faultOf(notAllowed(part, `"${name}" is not for questions`))
      const fault = this.#member(part, name, holds, value, scope, depth + 1)
      if (fault !== undefined) return fault
    }
    return undefined
  }

  #member (part: Part, name: string, holds: Holds, value: unknown, scope: Scope, depth: number): Checked {
    switch (holds) {
      case 'any': case 'with': return undefined
      case 'plain': return typeof value === 'object' && value !== null ? faultOf(notAllowed(part, `"${name}" is not for questions`)) : undefined
      case 'none': return isNothing(value) ? undefined : faultOf(notAllowed(part, `${NAMED.get(name) ?? `"${name}"`} is not for questions`))
      case 'sets': return undefined
      case 'value': return this.#type(part, isPart(value) ? value.type : undefined)
      case 'type': return this.#type(part, value)
      case 'boxed': return isPart(value) && isPart(value.node) ? this.query(value.node, scope, depth) : faultOf(notAllowed(part, 'what stands in brackets is no SELECT'))
      case 'expression': return value === null ? undefined : this.#each([value], part, each => this.#expression(each, scope, depth))
      case 'table': return this.#each([value], part, each => this.#table(each, scope, depth))
      case 'query': return this.#each([value], part, each => this.query(each, scope, depth))
      case 'expressions': return this.#each(value, part, each => this.#expression(each, scope, depth))
      case 'orders': return this.#each(value, part, each => this.#members(each, ORDER, scope, depth))
      case 'order': return this.#each([value], part, each => this.#members(each, textIn(each, 'type') === 'ORDER_MODIFIER' ? MODIFIERS.ORDER_MODIFIER ?? {} : {}, scope, depth))
      case 'cases': return this.#each(value, part, each => this.#members(each, CASE, scope, depth))
      case 'rows': return this.#each(Array.isArray(value) ? value.flat(1) : value, part, each => this.#expression(each, scope, depth))
      case 'modifiers': return this.#each(value, part, each => {
        const shape = MODIFIERS[textIn(each, 'type')]
        return shape === undefined ? faultOf(notAllowed(part, `${NAMED.get(textIn(each, 'type')) ?? 'this'} is not for questions`)) : this.#members(each, shape, scope, depth)
      })
    }
  }

  #each (value: unknown, part: Part, look: (each: Part) => Checked): Checked {
    if (!Array.isArray(value)) return faultOf(notAllowed(part, 'the parser gave something that is not known here'))
    for (const each of value) {
      const fault = isPart(each) ? look(each) : faultOf(notAllowed(part, 'the parser gave something that is not known here'))
      if (fault !== undefined) return fault
    }
    return undefined
  }

  #type (part: Part, value: unknown): Checked {
    if (!isPart(value)) return faultOf(notAllowed(part, 'this type is not for questions'))
    const id = textIn(value, 'id')
    const info = partIn(value, 'type_info')
    if (id === 'LIST' && info !== undefined) return this.#type(part, info.child_type)
    return TYPES.has(id) ? undefined : faultOf(notAllowed(part, `the type ${info === undefined ? id : textIn(info, 'name') || id} is not for questions`, 'cast to a plain type: VARCHAR, BIGINT, DOUBLE, DATE, TIMESTAMP'))
  }
}

/** The queries that WITH names, in order. */
export function withsOf (part: Part): readonly { readonly name: string, readonly query: Part | undefined }[] {
  const map = partIn(part, 'cte_map')
  return (map === undefined ? [] : partsIn(map, 'map')).map(entry => {
    const box = partIn(partIn(entry, 'value') ?? {}, 'query')
    return { name: textIn(entry, 'key'), query: box === undefined ? undefined : partIn(box, 'node') }
  })
}

function isNothing (value: unknown): boolean {
  return value === null || value === false || value === '' || value === undefined || (Array.isArray(value) && value.length === 0)
}

function faultOf (refused: Result<never, QuestionFault>): QuestionFault {
  assert(!refused.ok, 'a refusal is a failure')
  return refused.failure
}

/** What a part is called in SQL. */
const NAMED: ReadonlyMap<string, string> = new Map([
  ['RECURSIVE_CTE_NODE', 'WITH RECURSIVE'], ['SHOW_REF', 'DESCRIBE, SHOW or SUMMARIZE'], ['PIVOT', 'PIVOT'], ['LAMBDA', 'a lambda'], ['PARAMETER', 'a parameter'],
  ['POSITIONAL_REFERENCE', 'a column by its number'], ['COLLATE', 'COLLATE'], ['LIMIT_PERCENT_MODIFIER', 'LIMIT in percent'], ['sample', 'a sample'], ['at_clause', 'AT'],
  ['columns', 'COLUMNS'], ['replace_list', 'REPLACE'], ['rename_list', 'RENAME'], ['schema_name', 'a schema'], ['catalog_name', 'a catalogue'], ['export_state', 'EXPORT_STATE']
])
