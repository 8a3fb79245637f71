import { fail, ok, type Result } from '../../base/index.ts'
import { unknownColumn } from '../../core/rows/index.ts'
import type { Clock, Log, Store } from '../../host/index.ts'
import type { Catalogue } from '../catalogue/index.ts'
import { QUERY_LIMIT_MAX, type Asker, type Failure, type QueriedRecord, type QueryFailure, type QueryPage, type RecordQuery } from '../contract/index.ts'
import { questionOf, type Datasets, type Found as FoundDataset } from '../datasets/index.ts'
import { refusalOf, type Question } from '../doors/index.ts'
import type { Federation } from '../federation/index.ts'
import { Indexes, type FeedIndex } from '../indexing/index.ts'
import { Covering, type Uncovered } from './covering.ts'
import { decodeCursor, encodeCursor, questionDigest } from './cursor.ts'
import { findRecords } from './history.ts'
import { findLatest } from './latest.ts'
import { FILTER_TEXT_LENGTH_MAX, FILTER_VALUES_MAX, FILTERS_MAX, KEY_BYTES_MAX } from './limits.ts'
import { Run } from './run.ts'

export type QueryingOptions = {
  readonly federation: Federation
  readonly catalogue: Catalogue
  readonly datasets: Datasets
  readonly own: string
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  readonly onFatal: (cause: unknown) => void
}

/** Answers what is asked of the rows of datasets. */
export class Querying {
  readonly #options: QueryingOptions
  readonly #indexes: Indexes
  readonly #covering: Covering

  private constructor (options: QueryingOptions) {
    const { federation, store, clock, log, onFatal, catalogue } = options
    this.#options = options
    this.#indexes = new Indexes({ readable: federation, store, clock, log, onFatal })
    this.#covering = new Covering({ federation, catalogue, indexes: this.#indexes, onFatal })
  }

  static async open (options: QueryingOptions): Promise<Querying> {
    const querying = new Querying(options)
    await querying.#covering.open()
    await querying.#indexes.open()
    return querying
  }

  /** Whether all blocks that can be built are. */
  get isIdle (): boolean {
    return this.#indexes.isIdle
  }

  async stop (): Promise<void> {
    this.#covering.stop()
    await this.#indexes.stop()
  }

  async query (reference: string, query: RecordQuery, asker?: Asker): Promise<Result<QueryPage, QueryFailure>> {
    const { federation: { doors, feeds }, datasets, own } = this.#options
    const found = datasets.findFor(reference, asker)
    if (!found.ok) return found
    const { publisher, entry } = found.value
    const asked = questionOf(doors, own, { door: 'read', asset: { publisher, datasetId: entry.datasetId }, records: 1 }, asker)
    if (!asked.ok) return asked
    const fault = faultOf(query)
    if (fault !== undefined) return fail(fault)
    const index = await this.#covering.coverageOf(publisher, entry.datasetId)
    if (typeof index === 'string') return index === 'nothing' ? ok(nothingHere()) : fail(uncovered(reference, index))
    const column = unknownColumn(index.scope.format, query.where ?? [])
    if (column !== undefined) return fail(invalid(`"${reference}" has no column "${column}"`, `its columns are ${index.scope.format.columns.map(({ name }) => name).join(', ')}`))
    const page = await this.#page(found.value, index, query)
    if (!page.ok) return page
    const feed = feeds.get(entry.distribution.feed)
    const lacking = feed === undefined ? null : this.#lacking(feed, index)
    return this.#through(asked.value, { ...page.value, incomplete: page.value.incomplete ?? lacking })
  }

  async #page ({ publisher, entry }: FoundDataset, index: FeedIndex, query: RecordQuery): Promise<Result<QueryPage, Failure<'cursor'>>> {
    const { federation, store } = this.#options
    await index.ready()
    this.#indexes.used(index)
    const question = questionDigest(`${publisher}/${entry.datasetId}`, entry.version, entry.distribution.firstRecord, query)
    const position = query.after === undefined ? undefined : decodeCursor(question, query.after)
    if (query.after !== undefined && position === undefined) {
      return fail({
        code: 'cursor', reason: 'the cursor is of another question, or of another version of the dataset',
        hint: 'give it with the very query whose page named it, or begin anew without it'
      })
    }
    const run = new Run(federation, store, index, query)
    const found = query.latest === true
      ? await findLatest(run, position?.key ?? undefined)
      : await findRecords(run, position?.number ?? index.scope.first + (query.from ?? 0))
    return ok({ ...found, next: found.next === null ? null : encodeCursor(question, found.next) })
  }

  /** Of what is known to be there, what has not come. */
  #lacking (feed: FeedIndex['feed'], { scope, end }: FeedIndex): string | null {
    if (scope.end !== null && end < scope.end) return `only ${Math.max(0, end - scope.first)} of its ${scope.end - scope.first} records are here`
    const isBehind = feed.role === 'reader' && scope.end === null && this.#options.federation.puller.targetOf(feed) > feed.length
    return isBehind ? 'newer records are known of, and not here yet' : null
  }

  /** Rows are counted, and written down, before they are given. */
  async #through (question: Question, page: QueryPage): Promise<Result<QueryPage, Failure<'not-found' | 'refused'>>> {
    if (page.rows.length === 0) return ok(page)
    const passage = this.#options.federation.doors.enter(question)
    const isOut = await passage.take({ records: page.rows.length, bytes: bytesOf(page.rows) })
    await passage.end()
    return isOut ? ok(page) : fail(refusalOf(passage.decision))
  }
}

function bytesOf (rows: readonly QueriedRecord[]): number {
  return rows.reduce((sum, { body }) => sum + body.length, 0)
}

function nothingHere (): QueryPage {
  return { rows: [], next: null, incomplete: 'nothing of it is here yet' }
}

function invalid (reason: string, hint: string): Failure<'invalid'> {
  return { code: 'invalid', reason, hint }
}

function uncovered (reference: string, why: Exclude<Uncovered, 'nothing'>): Failure<'invalid'> {
  switch (why) {
    case 'file': return invalid(`"${reference}" is a file, not rows`, 'have it as a whole with "hanse get"')
    case 'columns': return invalid(`the columns of "${reference}" are not described`, 'ask its publisher to describe them')
    case 'fields': return invalid(`the rows of "${reference}" do not have as many fields as it has columns`, 'ask its publisher to describe its columns as they are')
    case 'media-type': return invalid(`rows of "${reference}" cannot be read in its media type`, 'rows are read of CSV, lines of JSON and GeoJSON')
  }
}

function faultOf ({ from, key, fromMs, toMs, box, where = [], limit }: RecordQuery): Failure<'invalid'> | undefined {
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > QUERY_LIMIT_MAX) return invalid('the limit is no number of rows', `ask for 1 to ${QUERY_LIMIT_MAX}`)
  if (from !== undefined && !(Number.isSafeInteger(from) && from >= 0)) return invalid('no record has such a number', 'records are numbered from 0 on')
  if (key !== undefined && (key.length < 1 || key.length > KEY_BYTES_MAX)) return invalid('no record has such a key', `keys have 1 to ${KEY_BYTES_MAX} bytes`)
  if (fromMs !== undefined && toMs !== undefined && !(fromMs < toMs)) return invalid('the time ends before it begins', 'give a time to that lies behind the time from')
  if (box !== undefined) {
    const { west, south, east, north } = box
    const isOnEarth = [west, east].every(degrees => Math.abs(degrees) <= 180) && [south, north].every(degrees => Math.abs(degrees) <= 90)
    if (!isOnEarth || south > north) return invalid('the box is none', 'give west, south, east, north in degrees: longitudes to 180, latitudes to 90, south below north')
  }
  if (where.length > FILTERS_MAX) return invalid('these are too many conditions', `ask for ${FILTERS_MAX} at most`)
  const isLong = where.some(({ column, value }) => {
    const values = Array.isArray(value) ? value : [value]
    return column.length > FILTER_TEXT_LENGTH_MAX || values.length > FILTER_VALUES_MAX || values.some(each => String(each).length > FILTER_TEXT_LENGTH_MAX)
  })
  return isLong ? invalid('a condition is too long', `values have ${FILTER_TEXT_LENGTH_MAX} characters, lists ${FILTER_VALUES_MAX} values at most`) : undefined
}
