import type { Pattern } from '../pattern/index.ts'

export const Q_LENGTH_MAX = 2_048
export const DEPTH_MAX = 8
export const TERMS_MAX = 64
export const LIST_MAX = 64

/** `time`: milliseconds since 1970. `text` is also what stands for a URI, a date alone or a time alone. */
export type Literal =
  | { readonly type: 'number', readonly value: number }
  | { readonly type: 'text', readonly value: string }
  | { readonly type: 'boolean', readonly value: boolean }
  | { readonly type: 'time', readonly value: number }

/** `attribute` by its kept name, attributes of it, then members of its value. */
export type Path = { readonly names: readonly string[], readonly members: readonly string[] }
export type Operator = '==' | '!=' | '>' | '>=' | '<' | '<='

/** A range has its ends in it. */
export type Wanted = { readonly from: Literal, readonly to: Literal } | { readonly value: Literal }

export type Query =
  | { readonly type: 'all' | 'any', readonly of: readonly Query[] }
  | { readonly type: 'exists', readonly path: Path, readonly isNegated: boolean }
  /** Of several values one must fit, or with `!=` none. */
  | { readonly type: 'compare', readonly path: Path, readonly operator: Operator, readonly wanted: readonly Wanted[] }
  | { readonly type: 'pattern', readonly path: Path, readonly pattern: Pattern, readonly isNegated: boolean }
