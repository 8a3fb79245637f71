import { pipe } from 'it-pipe'
import { cidOf, equalBytes, fail, MerkleLog, ok, type CID, type Result } from '../../base/index.ts'
import { encodeForkProof, leafHashOf, makeExtensionProof, type Head } from '../../core/feed/index.ts'
import type { Clock } from '../../host/index.ts'
import type { BundleFailure, BundleReport, OnProgress } from '../contract/index.ts'
import { FEEDS_MAX, type Feed, type Feeds, type VerifiedSegment } from '../feeds/index.ts'
import type { FileDelivery, Files } from '../files/index.ts'
import type { Members } from '../members/index.ts'
import { inBatches, takeLeaves } from '../pulling/index.ts'
import { carDecode } from './car.ts'
import { failureOf, untilFault, type BundleFault } from './fault.ts'
import { Tally } from './tally.ts'
import { verified, type CarriedFeed, type Verified } from './verifying.ts'

export type BundleTarget = {
  readonly feeds: Feeds, readonly members: Members, readonly files: Files, readonly clock: Clock,
  /** This node's member: feeds of its own that it lost are fetched back, not written. */
  readonly own?: string
}

/** New here, and proved. */
type Fresh =
  | { readonly type: 'segment', readonly feed: Feed, readonly segment: VerifiedSegment, readonly bytes: Uint8Array }
  | { readonly type: 'block', readonly root: CID, readonly cid: CID, readonly isLast: boolean, readonly bytes: Uint8Array }

/**
 * Takes in what is new in a bundle, as it streams. Nothing is stored before it is proved; what was proved before a fault is
 * kept. A bundle of another federation is refused before anything is stored.
 */
export async function openBundle (
  source: AsyncIterable<Uint8Array>, into: BundleTarget, onProgress: OnProgress = () => {}
): Promise<Result<BundleReport, BundleFailure>> {
  const tally = new Tally()
  const intake = new Intake(into, tally)
  const { current } = into.members
  let fault: BundleFault | undefined
  await pipe(
    source,
    carDecode,
    sections => verified(sections, { federation: current.federation, membershipOf: () => current, nowMs: into.clock.nowMs() }),
    items => tally.count(items),
    items => untilFault(items, found => { fault = found }),
    items => intake.prepare(items),
    inBatches<Fresh>(async batch => {
      await intake.store(batch)
      onProgress({ phase: 'storing', done: tally.bytes, total: null, unit: 'bytes' })
    })
  )
  await intake.end()
  if (fault !== undefined) {
    const kept = `${tally.segments} segments and ${tally.files} files before that are good, and ${tally.added} of them were new`
    const failure = failureOf(fault)
    return fail({ ...failure, reason: `${failure.reason}; ${kept}` })
  }
  onProgress({ phase: 'done', done: tally.bytes, total: tally.bytes, unit: 'bytes' })
  return ok(tally.report())
}

class Intake {
  readonly #into: BundleTarget
  readonly #tally: Tally
  readonly #deliveries = new Map<string, FileDelivery>()

  constructor (into: BundleTarget, tally: Tally) {
    this.#into = into
    this.#tally = tally
  }

  /** Takes statements and leaves, and passes on segments and blocks that are not here. */
  async * prepare (items: AsyncIterable<Verified>): AsyncGenerator<Fresh> {
    const { feeds, files } = this.#into
    for await (const item of items) {
      switch (item.type) {
        case 'opened':
          await this.#meet(item)
          break
        case 'leaves':
          await this.#takeLeaves(item.feed, item.leaves)
          break
        case 'segment': {
          const feed = feeds.get(item.feed.head.feed)
          const { index, leafData, bytes } = item
          const isWanted = feed !== undefined && index < feed.log.length && !feed.has(index) && equalBytes(feed.leafData(index), leafData)
          if (isWanted) yield { type: 'segment', feed, segment: { index, leafData: leafData.slice(), bytes }, bytes }
          break
        }
        case 'block':
          if (!files.has(item.root)) yield item
      }
    }
  }

  async store (batch: readonly Fresh[]): Promise<void> {
    const segmentsByFeed = new Map<Feed, VerifiedSegment[]>()
    for (const item of batch) {
      if (item.type === 'segment') segmentsByFeed.set(item.feed, [...segmentsByFeed.get(item.feed) ?? [], item.segment])
      else await this.#storeBlock(item)
    }
    for (const [feed, segments] of segmentsByFeed) {
      await this.#into.feeds.fill(feed, segments)
      this.#tally.added += segments.length
    }
  }

  /** What came of files that were cut is made durable too. */
  async end (): Promise<void> {
    for (const delivery of this.#deliveries.values()) await delivery.end(false)
  }

  async #storeBlock ({ root, cid, bytes, isLast }: Extract<Fresh, { type: 'block' }>): Promise<void> {
    const name = root.toString()
    const delivery = this.#deliveries.get(name) ?? this.#into.files.deliver(root)
    this.#deliveries.set(name, delivery)
    await delivery.put(cid, bytes)
    if (!isLast) return
    this.#deliveries.delete(name)
    if (await delivery.end(true)) this.#tally.added++
  }

  async #meet ({ certificates, revocations, feeds: carried }: Extract<Verified, { type: 'opened' }>): Promise<void> {
    const { feeds, members, own } = this.#into
    for (const envelope of certificates) await members.addCertificate(envelope)
    for (const envelope of revocations) {
      if (await members.statement(cidOf('dagCbor', envelope)) === undefined) await members.addRevocation(envelope)
    }
    for (const { declaration } of carried) {
      if (feeds.get(declaration.id) !== undefined || feeds.size >= FEEDS_MAX) continue
      const isOwn = declaration.publisher === own
      await feeds.register(declaration.statement, declaration, isOwn ? 'writer' : 'reader', isOwn ? 'recovering' : 'open')
    }
  }

  async #takeLeaves ({ head }: CarriedFeed, leaves: readonly Uint8Array[]): Promise<void> {
    const { feeds, clock } = this.#into
    const feed = feeds.get(head.feed)
    if (feed === undefined || feed.status === 'frozen') return
    if (contradicts(feed, head, leaves)) return this.#freeze(feed, head, leaves)
    if (head.length <= feed.length) return
    if (feed.role === 'writer') feed.status = 'recovering'
    // The network may bring the same leaves meanwhile: then those behind them are tried.
    for (let start = -1; start < feed.length && feed.length < head.length;) {
      start = feed.length
      await takeLeaves(feeds, feed, head, start, leaves.slice(start), clock.nowMs())
    }
  }

  async #freeze (feed: Feed, head: Head, leaves: readonly Uint8Array[]): Promise<void> {
    const held = feed.head
    if (held === undefined) return
    const [a, b] = head.length < held.length ? [head, held] : [held, head]
    const log = b === held ? feed.log : logOf(leaves)
    const cover = a.length === b.length ? null : makeExtensionProof(a, b, log).cover
    await this.#into.feeds.freeze(feed, encodeForkProof({ a: a.statement.envelope, b: b.statement.envelope, cover }))
  }
}

/** Whether the publisher signed another history than the one that is held. */
function contradicts (feed: Feed, head: Head, leaves: readonly Uint8Array[]): boolean {
  const held = feed.head
  if (held === undefined || held.length === 0 || head.length === 0) return false
  if (head.length <= held.length) return !equalBytes(feed.log.root(head.length), head.mmrRoot)
  return !equalBytes(logOf(leaves.slice(0, held.length)).root(), held.mmrRoot)
}

function logOf (leaves: readonly Uint8Array[]): MerkleLog {
  const log = new MerkleLog()
  for (const leafData of leaves) log.append(leafHashOf(leafData))
  return log
}
