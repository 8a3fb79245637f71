import type { KeptEntity } from '../entities/index.ts'
import { compilePattern, matches, type Pattern } from '../pattern/index.ts'
import type { Effort } from './evaluate.ts'

/** Which entities are meant: all that is given must hold. */
export type Selector = { readonly types: ReadonlySet<string> | null, readonly ids: ReadonlySet<string> | null, readonly idPattern: Pattern | null }

export const patternOf = compilePattern

export function selects ({ types, ids, idPattern }: Selector, { entity: { id, type } }: KeptEntity, effort: Effort): boolean {
  return (types === null || types.has(type)) && (ids === null || ids.has(id)) && (idPattern === null || matches(idPattern, id, effort))
}
