import {
  assert, bytes, decodeCanonical, encodeCanonical, equalBytes, leafHash, list, MerkleLog, sha256, struct, uint, type CID, type Parsed, type Result
} from '../../base/index.ts'
import { statementIdSchema } from '../../core/feed/index.ts'
import type { Did } from '../../core/identity/index.ts'
import { decodeRow, encodeOperation, OPERATIONS, rowKey, TABLES, type LedgerState } from '../../core/ledger/index.ts'
import type { Clock, Log, Store } from '../../host/index.ts'
import type { AccessLog } from '../access/index.ts'
import type { Feed, Feeds } from '../feeds/index.ts'
import type { Submission, SubmissionFailure } from '../consensus/index.ts'
import { Incomplete, readableEnd, recordsOf, type Readable } from '../reading/index.ts'
import { periodKey, rowsOf } from '../rows/index.ts'
import type { Receipts } from './receipts.ts'

const DAY_MS = 86_400_000
const PARTS_MAX = 4_096
const ROW_BYTES_MAX = 1 << 20
/** Of one root; what is beyond it goes into the next day's. */
const ENTRIES_MAX = 1_048_576

const schema = struct({
  v: uint(1), period: uint(), root: bytes(32), count: uint(),
  /** In the order of the feeds' ids: records [from, to) of each. */
  parts: list(struct({ feed: statementIdSchema, from: uint(), to: uint() }), PARTS_MAX, 1)
})

/** What the root of one UTC day is over. */
export type Period = Parsed<typeof schema>

/** That an entry is in the root of a day: leaf data, its position, and the path (RFC 9162). */
export type PeriodProof = {
  readonly period: number, readonly index: number, readonly count: number, readonly leafData: Uint8Array, readonly path: readonly Uint8Array[], readonly root: Uint8Array
}

export type PeriodsOptions = Readable & {
  readonly feeds: Feeds
  readonly own: Did
  readonly receipts: Pick<Receipts, 'feeds'>
  readonly access: Pick<AccessLog, 'feed'>
  readonly ledger: { readonly state: () => LedgerState, readonly write: (operations: readonly Uint8Array[]) => Promise<Result<Submission, SubmissionFailure>>, readonly isWaiting: () => boolean }
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
}

/**
 * One root a UTC day over everything that was served, received and confirmed, as this side has it: the own access feed and the
 * feeds of receipts that it writes and gets. The other side has a root over the same receipts, so neither can change its own.
 */
export class Periods {
  readonly #options: PeriodsOptions
  /** Oldest first. */
  readonly #closed: Period[] = []

  private constructor (options: PeriodsOptions) {
    this.#options = options
  }

  static async load (options: PeriodsOptions): Promise<Periods> {
    const periods = new Periods(options)
    for await (const { read } of options.store.entries(rowsOf('period'))) {
      const decoded = read.state === 'found' ? decodeCanonical(read.value, schema, ROW_BYTES_MAX) : undefined
      if (decoded?.ok === true) periods.#closed.push(decoded.value)
    }
    return periods
  }

  /** Closes the days that are over, and has their roots on the ledger, oldest first. A day without entries has none. */
  async look (): Promise<void> {
    const { clock, own, ledger, log } = this.#options
    const period = Math.floor(clock.nowMs() / DAY_MS) - 1
    if (period > (this.#closed.at(-1)?.period ?? -1)) await this.#close(period)
    for (const { period: each, root, count } of this.#closed) {
      if (each <= rootedPeriod(ledger.state(), own)) continue
      if (ledger.isWaiting()) return
      const written = await ledger.write([encodeOperation(OPERATIONS.receiptsRoot, { period: each, root, count })])
      if (written.ok && written.value.state === 'final') continue
      log('info', 'the root of the receipts is not on the ledger yet', { period: each, state: written.ok ? written.value.state : written.failure.code })
      return
    }
  }

  async #close (period: number): Promise<void> {
    const parts: Period['parts'][number][] = []
    let count = 0
    for (const feed of this.#sources()) {
      const from = this.#nextOf(feed.id)
      const to = Math.min(readableEnd(feed), from + ENTRIES_MAX - count)
      if (to > from && parts.length < PARTS_MAX) parts.push({ feed: feed.id, from, to })
      count += Math.max(0, to - from)
    }
    if (parts.length === 0) return
    const tree = await this.#treeOf(parts)
    if (tree === undefined) return
    const closed: Period = { v: 1, period, root: tree.log.root(), count: tree.log.length, parts }
    await this.#options.store.commit([{ type: 'put', key: periodKey(period), value: encodeCanonical(closed) }])
    this.#closed.push(closed)
  }

  #sources (): readonly Feed[] {
    const { receipts, access } = this.#options
    const feeds = [...receipts.feeds(), ...access.feed === undefined ? [] : [access.feed]]
    return feeds.toSorted((a, b) => a.key < b.key ? -1 : 1)
  }

  #nextOf (feed: CID): number {
    return Math.max(0, ...this.#closed.flatMap(({ parts }) => parts.filter(part => part.feed.equals(feed)).map(({ to }) => to)))
  }

  /** Undefined where some of it is not here now. */
  async #treeOf (parts: Period['parts'], wanted?: { readonly feed: CID, readonly record: number }): Promise<{ readonly log: MerkleLog, readonly index: number, readonly leafData: Uint8Array } | undefined> {
    const log = new MerkleLog()
    let [index, leafData]: [number, Uint8Array] = [-1, new Uint8Array(0)]
    try {
      for (const { feed: id, from, to } of parts) {
        const feed = this.#options.feeds.get(id)
        if (feed === undefined) return undefined
        for await (const { number, body } of recordsOf(this.#options, feed, from, to)) {
          const data = periodEntry(id, number, sha256(body))
          if (wanted !== undefined && wanted.feed.equals(id) && wanted.record === number) [index, leafData] = [log.length, data]
          log.append(leafHash(data))
        }
      }
    } catch (cause) {
      if (!(cause instanceof Incomplete)) throw cause
      return undefined
    }
    return { log, index, leafData }
  }

  /** The day whose root holds an entry; undefined while that day is not over. */
  periodOf (feed: CID, record: number): Period | undefined {
    return this.#closed.find(({ parts }) => parts.some(part => part.feed.equals(feed) && part.from <= record && record < part.to))
  }

  /** Whether the ledger has this day's root of this member; older ones than the newest stand in its history. */
  isOnLedger ({ period }: Pick<Period, 'period'>): boolean {
    return rootedPeriod(this.#options.ledger.state(), this.#options.own) >= period
  }

  async prove (feed: CID, record: number): Promise<PeriodProof | undefined> {
    const closed = this.periodOf(feed, record)
    const tree = closed === undefined ? undefined : await this.#treeOf(closed.parts, { feed, record })
    if (closed === undefined || tree === undefined || tree.index < 0) return undefined
    assert(equalBytes(tree.log.root(), closed.root), 'what a root is over does not change')
    return { period: closed.period, index: tree.index, count: closed.count, leafData: tree.leafData, path: tree.log.inclusion(tree.index), root: closed.root }
  }
}

/** What stands under the root of a day for one entry. */
export function periodEntry (feed: CID, record: number, digest: Uint8Array): Uint8Array {
  return encodeCanonical({ v: 1, kind: 'period-entry', feed, record, digest })
}

/** The newest period of which a member's root is on the ledger. */
function rootedPeriod ({ map }: LedgerState, member: Did): number {
  const row = map.get(rowKey(TABLES.receipts.code, [member]))
  return row === undefined ? -1 : decodeRow(TABLES.receipts, row).period
}
