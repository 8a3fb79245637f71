/** Reads the query of a search into a question. */
import { fail, ok, type Result } from '../../base/index.ts'
import { isAttributeName, isEntityId } from '../../sdk/models/index.ts'
import type { EntityQueryTexts } from '../../sdk/ngsi/index.ts'
import type { Names } from '../entities/index.ts'
import { geoQueryOf, parseQuery, patternOf, temporalOf, type Selector } from '../entityQuery/index.ts'
import { badData, type NgsiFailure } from './problems.ts'
import type { Question } from './search.ts'

const LIST_MAX = 256
const LIMIT = 20
const LIMIT_MAX = 1_000
const OFFSET_MAX = 100_000

export type Page = { readonly limit: number, readonly offset: number, readonly isCounted: boolean }

export function questionOf (query: EntityQueryTexts, names: Names): Result<Question, NgsiFailure> {
  const { type, attrs, q, georel } = query
  if ([type, attrs, q, georel].every(each => each === undefined || each === '')) return fail(badData('this asks for everything', 'name at least one of type, attrs, q and georel'))
  const selector = selectorOf(query, names)
  if (!selector.ok) return selector
  const attributes = attributesOf(attrs, names)
  if (!attributes.ok) return attributes
  const parsed = q === undefined ? ok(null) : parseQuery(q, names.kept)
  if (!parsed.ok) return fail(badData(parsed.failure))
  const geo = geoQueryOf(query, names.kept)
  if (!geo.ok) return fail(badData(geo.failure))
  const temporal = temporalOf(query)
  if (!temporal.ok) return fail(badData(temporal.failure))
  return ok({ selector: selector.value, attributes: attributes.value, query: parsed.value, geo: geo.value, temporal: temporal.value })
}

function selectorOf ({ type, id, idPattern }: EntityQueryTexts, names: Names): Result<Selector, NgsiFailure> {
  const types = listOf(type)
  const ids = listOf(id)
  if ((types?.length ?? 0) > LIST_MAX || (ids?.length ?? 0) > LIST_MAX) return fail(badData(`more than ${LIST_MAX} types or ids`))
  if (types?.some(each => each === '' || /[|;()*]/.test(each)) === true) return fail(badData('types are given as a list with commas between; other expressions are not offered'))
  if (ids?.some(each => !isEntityId(each)) === true) return fail(badData('an id is a URI'))
  const pattern = idPattern === undefined ? ok(null) : patternOf(idPattern)
  if (!pattern.ok) return fail(badData(`idPattern: ${pattern.failure}`))
  return ok({ types: types === undefined ? null : new Set(types.map(names.kept)), ids: ids === undefined ? null : new Set(ids), idPattern: pattern.value })
}

/** Attributes by their kept names; null where all are meant. */
export function attributesOf (attrs: string | undefined, names: Names): Result<ReadonlySet<string> | null, NgsiFailure> {
  const list = listOf(attrs)
  if (list === undefined) return ok(null)
  const isGood = list.length <= LIST_MAX && list.every(name => isAttributeName(names.kept(name)))
  return isGood ? ok(new Set(list.map(names.kept))) : fail(badData('attrs are names of attributes, with commas between'))
}

function listOf (text: string | undefined): readonly string[] | undefined {
  return text === undefined || text === '' ? undefined : text.split(',').map(each => each.trim())
}

export function pageOf ({ limit, offset, count }: { readonly limit?: string, readonly offset?: string, readonly count?: string }): Result<Page, NgsiFailure> {
  if (count !== undefined && count !== 'true' && count !== 'false') return fail(badData('count is true or false'))
  const isCounted = count === 'true'
  const [size, start] = [wholeNumber(limit, LIMIT), wholeNumber(offset, 0)]
  if (size === undefined || size > LIMIT_MAX || (size === 0 && !isCounted)) return fail(badData(`limit is from 1 to ${LIMIT_MAX}, or 0 with count=true`))
  if (start === undefined || start > OFFSET_MAX) return fail(badData(`offset is from 0 to ${OFFSET_MAX}`, 'narrow the question instead of turning so many pages'))
  return ok({ limit: size, offset: start, isCounted })
}

function wholeNumber (text: string | undefined, otherwise: number): number | undefined {
  if (text === undefined) return otherwise
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined
}

/** To the pages before and behind, for the header `Link`. */
export function pageLinks (path: string, query: Readonly<Record<string, unknown>>, { limit, offset }: Page, hasMore: boolean): readonly string[] {
  const to = (start: number, relation: string): string => {
    const search = new URLSearchParams(Object.entries({ ...query, limit, offset: start }).map(([name, value]) => [name, String(value)]))
    return `<${path}?${search.toString()}>; rel="${relation}"`
  }
  return [...offset > 0 ? [to(Math.max(0, offset - limit), 'prev')] : [], ...hasMore && limit > 0 ? [to(offset + limit, 'next')] : []]
}
