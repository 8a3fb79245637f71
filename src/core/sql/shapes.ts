/**
 * What each part of a syntax tree may hold. A part that is not named here, and a member that is not, is refused: a new version of the
 * engine brings nothing that nobody looked at.
 */
export type Holds =
  /** Said by the parser, of no meaning to this room. */
  | 'any'
  /** A text, a truth value, a number. */
  | 'plain'
  /** Not used: null, false, empty text or an empty list. */
  | 'none'
  | 'expression' | 'expressions' | 'table' | 'query'
  /** Query in a box. */
  | 'boxed'
  | 'orders' | 'type' | 'modifiers' | 'with' | 'value' | 'cases' | 'rows' | 'sets' | 'order'

export type Shape = Readonly<Record<string, Holds>>

const EVERYWHERE: Shape = { class: 'plain', type: 'plain', alias: 'plain', query_location: 'any' }

/** Expressions, by class. */
export const EXPRESSIONS: Readonly<Record<string, Shape>> = {
  COLUMN_REF: { ...EVERYWHERE, column_names: 'any' },
  CONSTANT: { ...EVERYWHERE, value: 'value' },
  COMPARISON: { ...EVERYWHERE, left: 'expression', right: 'expression' },
  CONJUNCTION: { ...EVERYWHERE, children: 'expressions' },
  BETWEEN: { ...EVERYWHERE, input: 'expression', lower: 'expression', upper: 'expression' },
  CAST: { ...EVERYWHERE, child: 'expression', cast_type: 'type', try_cast: 'plain' },
  CASE: { ...EVERYWHERE, case_checks: 'cases', else_expr: 'expression' },
  FUNCTION: {
    ...EVERYWHERE, function_name: 'plain', schema: 'any', catalog: 'none', children: 'expressions', filter: 'expression', order_bys: 'order',
    distinct: 'plain', is_operator: 'plain', export_state: 'none'
  },
  OPERATOR: { ...EVERYWHERE, children: 'expressions' },
  STAR: {
    ...EVERYWHERE, relation_name: 'plain', exclude_list: 'any', replace_list: 'none', columns: 'none', expr: 'none', qualified_exclude_list: 'none', rename_list: 'none'
  },
  SUBQUERY: { ...EVERYWHERE, subquery_type: 'plain', subquery: 'boxed', child: 'expression', comparison_type: 'plain' },
  WINDOW: {
    ...EVERYWHERE, function_name: 'plain', schema: 'any', catalog: 'none', children: 'expressions', partitions: 'expressions', orders: 'orders', start: 'plain', end: 'plain',
    start_expr: 'expression', end_expr: 'expression', offset_expr: 'expression', default_expr: 'expression', ignore_nulls: 'plain', filter_expr: 'expression',
    exclude_clause: 'plain', distinct: 'plain', arg_orders: 'orders'
  }
}

/** Operators of one class that are no comparison: some others look things up, or hide failures. */
export const OPERATOR_TYPES: ReadonlySet<string> = new Set([
  'OPERATOR_NOT', 'OPERATOR_IS_NULL', 'OPERATOR_IS_NOT_NULL', 'OPERATOR_COALESCE', 'OPERATOR_NULLIF', 'COMPARE_IN', 'COMPARE_NOT_IN', 'ARRAY_EXTRACT', 'ARRAY_SLICE',
  'STRUCT_EXTRACT', 'ARRAY_CONSTRUCTOR'
])

const FROM: Shape = { type: 'plain', alias: 'plain', sample: 'none', query_location: 'any' }

/** What stands in FROM, by type. */
export const TABLES: Readonly<Record<string, Shape>> = {
  EMPTY: FROM,
  BASE_TABLE: { ...FROM, schema_name: 'none', table_name: 'plain', column_name_alias: 'any', catalog_name: 'none', at_clause: 'none' },
  JOIN: {
    ...FROM, left: 'table', right: 'table', condition: 'expression', join_type: 'plain', ref_type: 'plain', using_columns: 'any', delim_flipped: 'none',
    duplicate_eliminated_columns: 'none'
  },
  SUBQUERY: { ...FROM, subquery: 'boxed', column_name_alias: 'any' },
  TABLE_FUNCTION: { ...FROM, function: 'expression', column_name_alias: 'any', with_ordinality: 'plain' },
  EXPRESSION_LIST: { ...FROM, expected_names: 'any', expected_types: 'none', values: 'rows' }
}

const NODE: Shape = { type: 'plain', modifiers: 'modifiers', cte_map: 'with' }

/** Queries, by type. A recursive one has no bound but time, and so is not among them. */
export const QUERIES: Readonly<Record<string, Shape>> = {
  SELECT_NODE: {
    ...NODE, select_list: 'expressions', from_table: 'table', where_clause: 'expression', group_expressions: 'expressions', group_sets: 'sets',
    aggregate_handling: 'plain', having: 'expression', sample: 'none', qualify: 'expression'
  },
  SET_OPERATION_NODE: { ...NODE, setop_type: 'plain', left: 'query', right: 'query', setop_all: 'plain', children: 'any' }
}

/** Behind a query. */
export const MODIFIERS: Readonly<Record<string, Shape>> = {
  ORDER_MODIFIER: { type: 'plain', orders: 'orders' },
  LIMIT_MODIFIER: { type: 'plain', limit: 'expression', offset: 'expression' },
  DISTINCT_MODIFIER: { type: 'plain', distinct_on_targets: 'expressions' }
}

export const ORDER: Shape = { type: 'plain', null_order: 'plain', expression: 'expression' }
export const CASE: Shape = { when_expr: 'expression', then_expr: 'expression' }
