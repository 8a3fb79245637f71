import { encodeCanonical, equalBytes, type Value } from '../../base/index.ts'
import type { DatasetEntry } from './entry.ts'

/**
 * In what a description differs from an earlier one of the same dataset. Of columns the names; `altered` have another type or unit.
 * `data`: other content of as many records. `about`: theme, keywords, place, time, data model, sources and the like.
 */
export type Change =
  | { readonly what: 'title' | 'licence', readonly before: string, readonly after: string }
  | { readonly what: 'access', readonly before: DatasetEntry['access'], readonly after: DatasetEntry['access'] }
  | { readonly what: 'records', readonly before: number | null, readonly after: number | null }
  | { readonly what: 'columns', readonly added: readonly string[], readonly removed: readonly string[], readonly altered: readonly string[] }
  | { readonly what: 'description' | 'terms' | 'data' | 'about' | 'withdrawn' | 'returned' }

/** What is written anew without being changed, such as terms with another salt, counts as changed only where its meaning did. */
export function changesBetween (before: DatasetEntry, after: DatasetEntry): readonly Change[] {
  const columns = columnsBetween(before, after)
  const [was, is] = [before.distribution, after.distribution]
  return [
    ...before.withdrawn === after.withdrawn ? [] : [{ what: after.withdrawn ? 'withdrawn' as const : 'returned' as const }],
    ...(['title', 'licence'] as const).flatMap(what => before[what] === after[what] ? [] : [{ what, before: before[what], after: after[what] }]),
    ...before.description === after.description ? [] : [{ what: 'description' as const }],
    ...before.access === after.access ? [] : [{ what: 'access' as const, before: before.access, after: after.access }],
    ...columns === undefined ? [] : [columns],
    ...was.records === is.records ? isSame(contentOf(was), contentOf(is)) ? [] : [{ what: 'data' as const }] : [{ what: 'records' as const, before: was.records, after: is.records }],
    ...isSame(rulesOf(before), rulesOf(after)) ? [] : [{ what: 'terms' as const }],
    ...isSame(restOf(before), restOf(after)) ? [] : [{ what: 'about' as const }]
  ]
}

function columnsBetween (before: DatasetEntry, after: DatasetEntry): Change | undefined {
  const [was, is] = [before, after].map(({ schema }) => new Map(schema.map(column => [column.name, `${column.type} ${column.unit ?? ''}`]))) as [Map<string, string>, Map<string, string>]
  const added = [...is.keys()].filter(name => !was.has(name))
  const removed = [...was.keys()].filter(name => !is.has(name))
  const altered = [...is].filter(([name, kind]) => was.has(name) && was.get(name) !== kind).map(([name]) => name)
  return added.length + removed.length + altered.length === 0 ? undefined : { what: 'columns', added, removed, altered }
}

/** Where the same bytes stand does not matter where their digest is known. */
function contentOf ({ feed, firstRecord, sha256, sizeBytes, mediaType, fileName, form }: DatasetEntry['distribution']): Value {
  return { form, mediaType, fileName, sizeBytes, where: form === 'stream' || sha256 === null ? { feed, firstRecord } : sha256 }
}

function rulesOf ({ terms }: DatasetEntry): Value {
  return terms === null ? {} : { policy: terms.policy, visibility: terms.visibility, replicas: terms.replicas, legalNotice: terms.legalNotice }
}

function restOf ({ theme, keywords, spatial, temporal, simulated, model, sources, derivation }: DatasetEntry): Value {
  return { theme, keywords, spatial, temporal, simulated, model, sources, derivation }
}

function isSame (one: Value, other: Value): boolean {
  return equalBytes(encodeCanonical(one), encodeCanonical(other))
}
