import { equalBytes } from '../../base/index.ts'
import type { FeedRecord } from '../../core/feed/index.ts'
import { termOfKey } from '../../core/postings/index.ts'
import { meets, meetsAll, objectOfRow, placeOfBody, readRow, type RowFormat } from '../../core/rows/index.ts'
import type { Store } from '../../host/index.ts'
import type { QueriedRecord, RecordQuery } from '../contract/index.ts'
import { openedSegments, sentenceOf, soughtOf, type FeedIndex, type Opened, type Readable, type Sought } from '../indexing/index.ts'
import type { Position } from './cursor.ts'
import { ROWS_LOOKED_MAX, SEGMENTS_READ_MAX } from './limits.ts'

/** What a call came to: rows, and where it goes on. */
export type Found = { readonly rows: readonly QueriedRecord[], readonly next: Position | null, readonly incomplete: string | null }

/** One call: what is asked, and how much of it has been looked at. */
export class Run {
  readonly index: FeedIndex
  readonly store: Store
  readonly query: RecordQuery
  readonly sought: Sought
  readonly format: RowFormat
  readonly rows: QueriedRecord[] = []
  readonly #readable: Readable
  #segmentsLeft = SEGMENTS_READ_MAX
  #rowsLeft = ROWS_LOOKED_MAX
  #incomplete: string | null = null

  constructor (readable: Readable, store: Store, index: FeedIndex, query: RecordQuery) {
    this.#readable = readable
    this.store = store
    this.index = index
    this.query = query
    this.format = index.scope.format
    this.sought = soughtOf({ ...query, keyTerm: query.key === undefined ? undefined : termOfKey(index.ownKey(query.key)) })
  }

  get isFull (): boolean {
    return this.rows.length >= this.query.limit
  }

  /** No more is looked at in this call. */
  get isSpent (): boolean {
    return this.#segmentsLeft <= 0 || this.#rowsLeft <= 0
  }

  get incomplete (): string | null {
    return this.#incomplete
  }

  look (rows: number): void {
    this.#rowsLeft -= rows
  }

  lack (sentence: string | null): void {
    this.#incomplete ??= sentence
  }

  /** Segments that are read at once. */
  async open (segments: readonly number[]): Promise<readonly Opened[]> {
    this.#segmentsLeft -= segments.length
    const all = await openedSegments(this.#readable, this.index.feed, segments)
    for (const [at, opened] of all.entries()) if (opened === 'missing' || opened === 'sealed') this.lack(sentenceOf(opened, segments[at] ?? 0))
    return all
  }

  /** Takes a record if it is a row that is asked for. */
  take (record: FeedRecord, number: number): void {
    const { query, format, index: { scope } } = this
    this.look(1)
    if (record.operation === 'delete' || record.timeMs < this.sought.fromMs || record.timeMs >= this.sought.toMs) return
    if (query.key !== undefined && !equalBytes(record.key, query.key)) return
    const place = placeOfBody(format, record.key, record.body)
    if (query.box !== undefined && (place === undefined || !meets(place.box, query.box))) return
    const read = readRow(format, record.key, record.body)
    if (read.type !== 'row') return
    if (query.where !== undefined && !meetsAll(format, query.where, read.values, () => objectOfRow(format, record.body))) return
    const { key, timeMs, operation, mediaType, body } = record
    // Views would hold a segment in memory for each row, a thousand times as large.
    const own = { key: key.slice(), timeMs, operation, mediaType, body: body.slice() }
    this.rows.push({ number: number - scope.first, ...own, values: read.values, place: place ?? null })
  }
}
