import { merkleRoot } from '../../base/index.ts'
import { leafHashOf } from '../../core/feed/index.ts'
import type { Did } from '../../core/identity/index.ts'
import { addRange, removeRange, type Range, type Ranges } from '../../core/sync/index.ts'
import type { Clock, Log, Store } from '../../host/index.ts'
import type { AccessLog } from '../access/index.ts'
import type { Policies, StandingAgreement, Standings } from '../doors/index.ts'
import { compactSegments, type Feed, type Feeds } from '../feeds/index.ts'
import type { Keyring } from '../keyring/index.ts'
import { clausesOf } from './clauses.ts'
import { deadlineMs, endOf, type Bound } from './deadlines.ts'
import { Marks, type Mark } from './marks.ts'
import type { Receipts } from './receipts.ts'
import type { UseCounter } from './uses.ts'

/** Between the deadline of a deletion or of a report and the moment from which doors refuse. */
const RECEIPT_GRACE_MS = 86_400_000
const DAY_MS = 86_400_000

export type RetentionOptions = {
  readonly own: Did
  readonly feeds: Feeds
  readonly keyring: Pick<Keyring, 'grants' | 'drop'>
  readonly standings: Standings
  readonly policies: Policies
  readonly access: AccessLog
  readonly receipts: Receipts
  readonly uses: UseCounter
  readonly marks: Marks
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
}

/**
 * Holds both sides of an agreement to its clause 8, and to the reports of its clause 10: deletes in time and says so, and
 * closes the doors to who does not say so.
 */
export class Retention {
  readonly #options: RetentionOptions

  constructor (options: RetentionOptions) {
    this.#options = options
  }

  // --- Noting ------------------------------------------------------------------------------------------------------

  /** Something of a feed came, or is here since a time when nobody looked: then since its head was signed. */
  async came (feed: Feed, isStart = false): Promise<void> {
    const { own, marks, clock } = this.#options
    if (feed.role !== 'reader' || feed.head === undefined || this.#boundsOf(feed, own).length === 0) return
    const whole: Ranges = feed.length === 0 ? [] : [[0, feed.length]]
    const held = [...feed.missing, ...feed.gone].reduce<Ranges>((left, range) => removeRange(left, range), whole)
    await marks.note(feed, own, held, isStart ? Math.min(clock.nowMs(), feed.head.timeMs) : clock.nowMs())
  }

  /** A consumer was served from an own dataset: it may have all that there is of it. */
  async served (datasetId: string, consumer: Did): Promise<void> {
    const { own, feeds, marks, clock } = this.#options
    for (const feed of feeds.all()) {
      if (feed.role !== 'writer' || feed.declaration.publisher !== own || feed.declaration.datasetId !== datasetId || feed.length === 0) continue
      if (this.#boundsOf(feed, consumer).length > 0) await marks.note(feed, consumer, [[0, feed.length]], clock.nowMs())
    }
  }

  /** An agreement stands: a sealed copy that its consumer had before can be read from now on. */
  async agreed ({ provider, consumer, datasetId }: Pick<StandingAgreement, 'provider' | 'consumer' | 'datasetId'>): Promise<void> {
    const { own, feeds, uses } = this.#options
    if (provider === own && await uses.wasServed(own, datasetId, consumer)) await this.served(datasetId, consumer)
    if (consumer !== own) return
    for (const feed of feeds.all()) if (feed.declaration.publisher === provider && feed.declaration.datasetId === datasetId) await this.came(feed)
  }

  // --- What is due -------------------------------------------------------------------------------------------------

  /** Does what is due now; resolves with the time at which something is due next. */
  async look (): Promise<number> {
    const { own, marks, feeds } = this.#options
    let nextMs = Infinity
    for (const { feed: id, consumer } of marks.all()) {
      const feed = feeds.get(id)
      if (feed === undefined) continue
      const dueMs = consumer === own ? await this.#deleteDue(feed) : this.#nextOf(feed, consumer)
      nextMs = Math.min(nextMs, dueMs)
    }
    for (const { id, provider } of this.#options.standings.all()) if (provider === own) nextMs = Math.min(nextMs, await this.#judge(id))
    return nextMs
  }

  #boundsOf ({ declaration: { publisher, datasetId } }: Feed, consumer: Did): readonly Bound[] {
    const { standings, policies } = this.#options
    return standings.between({ provider: publisher, consumer, datasetId }).flatMap(agreement => {
      const ready = policies.of(agreement.policy)
      return ready.ok ? [{ agreement, clauses: clausesOf(ready.value.policy) }] : []
    })
  }

  // --- The consumer's side -----------------------------------------------------------------------------------------

  async #deleteDue (feed: Feed): Promise<number> {
    const { own, marks, clock } = this.#options
    const bounds = this.#boundsOf(feed, own)
    const nowMs = clock.nowMs()
    const [due, left] = [marks.of(feed, own).filter(({ atMs }) => deadlineMs(bounds, atMs) <= nowMs), marks.of(feed, own).filter(({ atMs }) => deadlineMs(bounds, atMs) > nowMs)]
    // While an agreement lasts its keys open what is still to come. A start opens all grants anew, so they are looked for each time.
    const overMs = bounds.length === 0 ? Infinity : Math.max(...bounds.map(endOf))
    const isOver = overMs <= nowMs && left.every(({ atMs }) => atMs > overMs)
    if (due.length > 0) await this.#delete(feed, bounds, rangesOf(due), isOver)
    else if (isOver) await this.#dropKeys(feed)
    return Math.min(Infinity, ...marks.of(feed, own).map(({ atMs }) => deadlineMs(bounds, atMs)))
  }

  /** The receipt is written after the bytes have left the disk, and the marks go last: after a crash all of it is done again. */
  async #delete (feed: Feed, bounds: readonly Bound[], ranges: Ranges, isOver: boolean): Promise<void> {
    const { own, feeds, store, marks, receipts, clock, log } = this.#options
    const { publisher, datasetId } = feed.declaration
    await feeds.lay(feed, ranges, 'dropped')
    const epochs = isOver ? await this.#dropKeys(feed) : []
    await compactSegments(store, feed, ranges)
    log('info', 'kept no longer than agreed', { dataset: `${publisher}/${datasetId}`, segments: ranges.reduce((sum, [from, to]) => sum + to - from, 0) })
    for (const { agreement: { id } } of bounds) {
      for (const [from, to] of ranges) {
        const isSaid = await receipts.write(publisher, {
          act: 'deleted', agreementId: id, datasetId, feed: feed.id, segments: segmentsOf(feed, [from, to]),
          epochs: epochs.length === 0 ? null : [Math.min(...epochs), Math.max(...epochs)], method: epochs.length === 0 ? 'unlinked' : 'both',
          notice: null, backupsUntilMs: null, timeMs: clock.nowMs()
        })
        if (!isSaid) return
      }
    }
    await marks.forget(feed, own, ranges)
  }

  /** Resolves with the epochs whose keys were given here. */
  async #dropKeys ({ declaration: { publisher, datasetId, class: feedClass } }: Feed): Promise<readonly number[]> {
    const { keyring } = this.#options
    const grants = keyring.grants().filter(({ grant }) => grant.publisher === publisher && grant.datasetId === datasetId && grant.class === feedClass)
    if (grants.length > 0) await keyring.drop(grants.map(({ grant }) => grant.statement.id))
    return grants.flatMap(({ keys }) => keys.map(({ epoch }) => epoch))
  }

  /** What came since it was last told of, by agreement: once a day. */
  async tellReceived (): Promise<void> {
    const { own, marks, feeds, receipts, clock } = this.#options
    for (const { feed: id, consumer, marks: kept } of marks.all()) {
      const feed = feeds.get(id)
      const fresh = rangesOf(kept.filter(({ isTold }) => !isTold))
      if (feed === undefined || consumer !== own || fresh.length === 0) continue
      const live = this.#boundsOf(feed, own).filter(({ agreement }) => agreement.revokedAtMs === null)
      let isTold = true
      for (const { agreement } of live) {
        for (const range of fresh) {
          isTold = await receipts.write(feed.declaration.publisher, {
            act: 'received', agreementId: agreement.id, datasetId: feed.declaration.datasetId, feed: feed.id, segments: segmentsOf(feed, range), timeMs: clock.nowMs()
          }) && isTold
        }
      }
      if (isTold) await marks.told(feed, own)
    }
  }

  /** Reports of use that are due, as consumer; resolves with the time of the next. */
  async report (): Promise<number> {
    const { own, standings, policies, clock, uses, receipts } = this.#options
    let nextMs = Infinity
    for (const agreement of standings.all()) {
      const ready = agreement.consumer === own ? policies.of(agreement.policy) : undefined
      const clauses = ready?.ok === true ? clausesOf(ready.value.policy) : undefined
      if (clauses?.report === undefined) continue
      const { everyMs } = clauses.report
      const endMs = endOf({ agreement, clauses })
      const fromMs = this.#reportedUntil(agreement.id, own) ?? agreement.inForceFromMs
      const untilMs = fromMs + Math.floor((clock.nowMs() - fromMs) / everyMs) * everyMs
      if (fromMs >= endMs) continue
      if (untilMs > fromMs) {
        const { requests, records } = await uses.count(agreement.id, fromMs, untilMs)
        await receipts.write(agreement.provider, {
          act: 'reported-use', agreementId: agreement.id, datasetId: agreement.datasetId, purpose: agreement.purpose ?? '', fromMs, untilMs, requests, records, timeMs: clock.nowMs()
        })
      }
      nextMs = Math.min(nextMs, untilMs + everyMs)
    }
    return nextMs
  }

  #reportedUntil (agreementId: string, by: Did): number | undefined {
    const reports = this.#options.receipts.all().flatMap(({ receipt, by: who }) =>
      // With a declaration behind it, the purpose confirms an emergency: that is no report.
      who === by && receipt.act === 'reported-use' && receipt.agreementId === agreementId && !receipt.purpose.includes('#') ? [receipt.untilMs] : [])
    return reports.length === 0 ? undefined : Math.max(...reports)
  }

  // --- The publisher's side ----------------------------------------------------------------------------------------

  /** Which segments a consumer has said to have deleted. */
  #deletedBy (feed: Feed, consumer: Did): Ranges {
    return this.#options.receipts.all().reduce<Ranges>((ranges, { receipt, by }) =>
      by === consumer && receipt.act === 'deleted' && receipt.feed.equals(feed.id) ? addRange(ranges, [receipt.segments.first, receipt.segments.last + 1]) : ranges, [])
  }

  #nextOf (feed: Feed, consumer: Did): number {
    const bounds = this.#boundsOf(feed, consumer)
    const dues = this.#options.marks.of(feed, consumer).map(({ atMs }) => deadlineMs(bounds, atMs) + RECEIPT_GRACE_MS)
    return Math.min(Infinity, ...dues.filter(dueMs => dueMs > this.#options.clock.nowMs()))
  }

  /** Marks the duties of an agreement about own data; resolves with the time at which the next may be broken. */
  async #judge (agreementId: string): Promise<number> {
    const { standings, policies, clock, log } = this.#options
    const agreement = standings.get(agreementId)
    const ready = agreement === undefined ? undefined : policies.of(agreement.policy)
    if (agreement === undefined || ready?.ok !== true) return Infinity
    const clauses = clausesOf(ready.value.policy)
    const judged: [rule: string, isBroken: boolean][] = []
    let nextMs = Infinity
    if (clauses.keep !== undefined) judged.push([clauses.keep.rule, this.#owesDeletion(agreement.consumer, agreement.datasetId)])
    if (clauses.report !== undefined && endOf({ agreement, clauses }) > clock.nowMs()) {
      const dueMs = (this.#reportedUntil(agreementId, agreement.consumer) ?? agreement.inForceFromMs) + clauses.report.everyMs + RECEIPT_GRACE_MS
      judged.push([clauses.report.rule, dueMs <= clock.nowMs()])
      if (dueMs > clock.nowMs()) nextMs = dueMs
    }
    for (const [rule, isBroken] of judged) {
      const before = agreement.duties.find(each => each.rule === rule)?.state ?? 'pending'
      const now = isBroken ? 'violated' : before === 'violated' ? 'pending' : before
      if (now === before) continue
      log(isBroken ? 'warn' : 'info', isBroken ? 'a duty is overdue: nothing more is given out under this agreement' : 'a duty that was overdue is met', { agreement: agreementId, rule })
      await standings.setDuty(agreementId, rule, now)
    }
    return nextMs
  }

  #owesDeletion (consumer: Did, datasetId: string): boolean {
    const { feeds, marks, own, clock } = this.#options
    for (const { feed: id, consumer: who, marks: given } of marks.all()) {
      const feed = feeds.get(id)
      if (who !== consumer || feed === undefined || feed.declaration.publisher !== own || feed.declaration.datasetId !== datasetId) continue
      const bounds = this.#boundsOf(feed, consumer)
      const overdue = rangesOf(given.filter(({ atMs }) => deadlineMs(bounds, atMs) + RECEIPT_GRACE_MS <= clock.nowMs()))
      if (overdue.length > 0 && removeAll(overdue, this.#deletedBy(feed, consumer)).length > 0) return true
    }
    return false
  }
}

/** Where the next UTC day begins. */
export function nextDayMs (nowMs: number): number {
  return nowMs - nowMs % DAY_MS + DAY_MS
}

/** Segments as a receipt names them: the tree over their leaves can be built long after they are gone. */
export function segmentsOf (feed: Feed, [from, to]: Range): { readonly first: number, readonly last: number, readonly root: Uint8Array } {
  const leaves = Array.from({ length: to - from }, (_, at) => leafHashOf(feed.leafData(from + at)))
  return { first: from, last: to - 1, root: merkleRoot(leaves) }
}

function rangesOf (marks: readonly Mark[]): Ranges {
  return marks.reduce<Ranges>((all, { from, to }) => addRange(all, [from, to]), [])
}

function removeAll (ranges: Ranges, gone: Ranges): Ranges {
  return gone.reduce<Ranges>((left, range) => removeRange(left, range), ranges)
}
