import { fail, ok, type Result } from '../../base/index.ts'
import type { Asker, HanseNode, QueriedRecord, QueryPage, RecordQuery } from '../../node/contract/index.ts'
import type { KeptEntity } from '../entities/index.ts'
import { fitsGeo, fitsQuery, fitsTime, Looking, selects, type Effort, type GeoQuery, type Query, type Selector, type Temporal } from '../entityQuery/index.ts'
import type { AnyFailure } from '../http/index.ts'
import { badData, type Refusal } from './problems.ts'
import { entityOfRow, isIndexedPlace, keyOf, sourcesOf, SOURCES_MAX, type Source } from './sources.ts'

/** What is asked for; all that is given must hold. */
export type Question = {
  readonly selector: Selector
  /** One of them must be there. */
  readonly attributes: ReadonlySet<string> | null
  readonly query: Query | null
  readonly geo: GeoQuery | undefined
  readonly temporal: Temporal | undefined
}

export type Found = {
  readonly entities: readonly KeptEntity[]
  /** All that fit, where they were counted. */
  readonly count: number | null
  readonly hasMore: boolean
  /** Why some may be missing. */
  readonly warning: string | null
}

const PAGE = 1_000
const ROWS_MAX = 1_000_000
/** Of patterns, and of pairs of edges: some seconds of work, with other work of the node in between. */
const EFFORT_MAX = 50_000_000

export function fits ({ selector, attributes, query, geo, temporal }: Question, kept: KeptEntity, effort: Effort): boolean {
  return selects(selector, kept, effort) && (attributes === null || [...attributes].some(name => (kept.entity[name] ?? null) !== null && Object.hasOwn(kept.entity, name))) &&
    (temporal === undefined || fitsTime(temporal, kept)) && (query === null || fitsQuery(query, kept, effort)) && (geo === undefined || fitsGeo(geo, kept, effort))
}

/** Looks through all datasets that the asker may read and that have what is asked for, own ones first; an id is found once. */
export async function search (
  node: HanseNode, asker: Asker, question: Question, { offset, limit, isCounted, signal }: { readonly offset: number, readonly limit: number, readonly isCounted: boolean, readonly signal?: AbortSignal }
): Promise<Result<Found, Refusal>> {
  const sources = await sourcesOf(node, asker, question.selector.types)
  if (sources.length > SOURCES_MAX) return fail(badData(`more than ${SOURCES_MAX} datasets would have to be looked through`, 'name a type'))
  const looking = new Looking(EFFORT_MAX)
  const seen = new Set<string>()
  const entities: KeptEntity[] = []
  const told: Told = { refusals: [], warnings: [] }
  let [count, rows] = [0, 0]
  for (const source of sources) {
    for await (const page of pagesOf(node, asker, source, question, told)) {
      for (const row of page.rows) {
        const kept = entityOfRow(source, row, asker)
        const isFit = looking.at(effort => fits(question, kept, effort))
        if (isFit === undefined) return fail(badData('this takes more looking at patterns and borders than one question may', 'narrow it by type, by id or by a smaller place'))
        if (looking.isPauseDue) await looking.pause()
        if (!isFit || seen.has(kept.entity.id)) continue
        if (sources.length > 1) seen.add(kept.entity.id)
        if (count >= offset && entities.length < limit) entities.push(kept)
        count++
      }
      rows += page.rows.length
      if (rows > ROWS_MAX) return fail(badData(`more than ${ROWS_MAX} entities would have to be looked through`, 'narrow it by type or place, or ask without count'))
      if (signal?.aborted === true) return fail({ code: 'timeout', reason: 'the client has gone', hint: 'ask again' })
      if (!isCounted && count > offset + limit) return ok({ entities, count: null, hasMore: true, warning: told.warnings[0] ?? null })
    }
  }
  const [refusal] = told.refusals
  if (refusal !== undefined && told.refusals.length === sources.length) return fail(refusal)
  return ok({ entities, count: isCounted ? count : null, hasMore: count > offset + entities.length, warning: told.warnings[0] ?? null })
}

type Told = { readonly refusals: AnyFailure[], readonly warnings: string[] }

/** The newest record of each key, as far as the index can narrow it down; what it cannot, is left to `fits`. */
async function * pagesOf (node: HanseNode, asker: Asker, source: Source, { selector: { ids }, geo, temporal }: Question, told: Told): AsyncGenerator<QueryPage> {
  const common: RecordQuery = {
    latest: true, limit: PAGE,
    ...geo?.box !== undefined && isIndexedPlace(source, geo.property) ? { box: geo.box } : {},
    // No attribute was observed after the record that holds it says.
    ...temporal !== undefined && temporal.fromMs > -Infinity ? { fromMs: temporal.fromMs } : {},
    ...temporal?.property === 'modifiedAt' && temporal.toMs < Infinity ? { toMs: temporal.toMs } : {}
  }
  const questions = ids === null ? [common] : [...ids].flatMap(id => {
    const key = keyOf(source, id)
    return key === undefined ? [] : [{ ...common, key, limit: 1 }]
  })
  for (const question of questions) {
    for (let after: string | null | undefined; after !== null;) {
      const page = await node.query(source.dataset.id, { ...question, ...after === undefined ? {} : { after } }, asker)
      if (!page.ok) {
        // Withdrawn or taken away meanwhile is as if it had never been asked.
        if (page.failure.code !== 'not-found') told.refusals.push(page.failure)
        return
      }
      if (page.value.incomplete !== null) told.warnings.push(page.value.incomplete)
      yield page.value
      after = page.value.next
    }
  }
}

/** One entity by its id, wherever it is; datasets of the type that its id names come first. */
export async function findEntity (node: HanseNode, asker: Asker, id: string, types: ReadonlySet<string> | null): Promise<Result<KeptEntity | undefined, AnyFailure>> {
  const [, named] = /^urn:ngsi-ld:([^:]+):/.exec(id) ?? []
  const sources = (await sourcesOf(node, asker, types)).toSorted((one, other) => Number(other.type === named) - Number(one.type === named))
  let refusal: AnyFailure | undefined
  for (const source of sources) {
    const key = keyOf(source, id)
    const row = key === undefined ? ok(undefined) : await newestOf(node, asker, source.dataset.id, key)
    if (!row.ok) refusal = row.failure
    else if (row.value !== undefined) return ok(entityOfRow(source, row.value, asker))
  }
  return refusal !== undefined && types !== null ? fail(refusal) : ok(undefined)
}

export async function newestOf (node: HanseNode, asker: Asker | undefined, reference: string, key: Uint8Array): Promise<Result<QueriedRecord | undefined, AnyFailure>> {
  for (let after: string | null | undefined; after !== null;) {
    const page = await node.query(reference, { key, latest: true, limit: 1, ...after === undefined ? {} : { after } }, asker)
    if (!page.ok) return page.failure.code === 'not-found' ? ok(undefined) : page
    const [row] = page.value.rows
    if (row !== undefined) return ok(row)
    after = page.value.next
  }
  return ok(undefined)
}
