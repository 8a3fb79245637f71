import { pipe } from 'it-pipe'
import { equalBytes, rootOfCover } from '../../base/index.ts'
import { judgeHead, leafHashOf, type ForkProof, type Head } from '../../core/feed/index.ts'
import {
  CREDIT_BYTES, decodeLeavesHeader, isAsked, LEAVES_PER_ITEM_MAX, type LeavesHeader, type Task, type TaskOutcome
} from '../../core/sync/index.ts'
import type { Clock } from '../../host/index.ts'
import type { Feed, Feeds, VerifiedSegment } from '../feeds/index.ts'
import type { Admission } from './admission.ts'
import { ask, PeerFault, SYNC_PROTOCOL } from './exchange.ts'
import type { Link } from './link.ts'
import { inBatches } from './stages.ts'
import { segmentOf, takeLeaves, takeTail, type SentSegment } from './tail.ts'

const LEAF_DATA_BYTES = 80

/** What fetching tells of as it goes. */
export type Told = {
  readonly head: (feed: Feed, head: Head, from: string) => void
  readonly leavesHeld: (feed: Feed) => void
  readonly stored: (feed: Feed, index: number) => void
  readonly fork: (feed: Feed, proof: ForkProof) => Promise<void>
  readonly bytes: (peerId: string, sizeBytes: number) => void
  /** Whether the feed is still wanted: a quota may be reached in the middle of an answer. */
  readonly isWanted: (feed: Feed) => boolean
}

/** Performs single pieces of work of a pull: asks one peer, checks every byte against a signed head, stores. */
export class Fetcher {
  readonly #feeds: Feeds
  readonly #admission: Admission
  readonly #clock: Clock
  readonly #told: Told

  constructor (feeds: Feeds, admission: Admission, clock: Clock, told: Told) {
    this.#feeds = feeds
    this.#admission = admission
    this.#clock = clock
    this.#told = told
  }

  async head (feed: Feed, link: Link): Promise<TaskOutcome> {
    const head = await this.#headOf(feed, link)
    if (head !== undefined) this.#told.head(feed, head, link.peer.peerId)
    return { type: 'ok', proved: head?.length ?? 0 }
  }

  /** Asks a peer whose word contradicts what is known here for its head, and for a cover of it over each known one. */
  async doubt (feed: Feed, candidate: Head | undefined, link: Link): Promise<void> {
    const other = await this.#headOf(feed, link)
    if (other === undefined) return
    // One of the same length or shorter convicts by what is here already.
    this.#told.head(feed, other, link.peer.peerId)
    for (const known of [feed.head, candidate]) {
      if (known !== undefined && known.length < other.length && feed.status !== 'frozen') await this.#convict(feed, known, other, link)
    }
  }

  async #headOf (feed: Feed, link: Link): Promise<Head | undefined> {
    let found: Head | undefined
    const request = { verb: 'head', creditBytes: CREDIT_BYTES.small, feed: feed.id } as const
    for await (const item of ask(link.peer, SYNC_PROTOCOL, request, link.gone.signal)) {
      if (item.type !== 'head') throw new PeerFault('fault', 'a head was asked for')
      const head = await this.#admission.admitFrom(link, item.payload)
      if (head === undefined) continue
      if (!head.feed.equals(feed.id)) throw new PeerFault('fault', 'a head of another feed')
      found = head
    }
    return found
  }

  /** All pages of leaves between the held head and a newer one, each proved to the newer by its cover. */
  async leaves (feed: Feed, head: Head, link: Link): Promise<TaskOutcome> {
    const start = feed.length
    const leaves: Uint8Array[] = []
    while (start + leaves.length < head.length) {
      const from = start + leaves.length
      const to = Math.min(head.length, from + LEAVES_PER_ITEM_MAX)
      leaves.push(...await this.#page(link, feed, head, from, to))
    }
    const taken = await takeLeaves(this.#feeds, feed, head, start, leaves, this.#clock.nowMs())
    if (taken === 'unproven') {
      const held = feed.head
      if (held !== undefined && held.length < head.length) await this.#convict(feed, held, head, link)
      return { type: 'partial' }
    }
    this.#told.leavesHeld(feed)
    return { type: 'ok' }
  }

  async #page (link: Link, feed: Feed, head: Head, from: number, to: number): Promise<readonly Uint8Array[]> {
    const { header, payload } = await this.#askLeaves(link, feed, head, from, to)
    const leaves = Array.from({ length: to - from }, (_, at) => payload.slice(at * LEAF_DATA_BYTES, (at + 1) * LEAF_DATA_BYTES))
    const root = rootOfCover(header, leaves.map(leafHashOf), from, head.length)
    if (root === undefined || !equalBytes(root, head.mmrRoot)) throw new PeerFault('contradicts', 'leaves that do not lead to the signed root')
    return leaves
  }

  /** Where the longer head does not cover what the shorter one does, the publisher signed both, and a cover shows it. */
  async #convict (feed: Feed, shorter: Head, longer: Head, link: Link): Promise<void> {
    const { header: { left, right } } = await this.#askLeaves(link, feed, longer, shorter.length, shorter.length)
    const verdict = judgeHead(shorter, longer, { type: 'cover', cover: { left, right } }, this.#clock.nowMs())
    if (verdict.verdict === 'fork') await this.#told.fork(feed, verdict.proof)
    else if (verdict.verdict === 'unproven') throw new PeerFault('fault', 'a cover that does not lead to the signed root')
  }

  async #askLeaves (
    link: Link, feed: Feed, head: Head, from: number, to: number
  ): Promise<{ readonly header: LeavesHeader, readonly payload: Uint8Array }> {
    const request = { verb: 'leaves', creditBytes: CREDIT_BYTES.bulk, feed: feed.id, length: head.length, from, to } as const
    for await (const item of ask(link.peer, SYNC_PROTOCOL, request, link.gone.signal)) {
      const header = item.type === 'leaves' ? decodeLeavesHeader(item.header) : undefined
      const isAsked = header?.ok === true && header.value.from === from && header.value.to === to
      if (!isAsked || item.payload.length !== (to - from) * LEAF_DATA_BYTES) {
        throw new PeerFault('fault', 'other leaves than were asked for')
      }
      return { header: header.value, payload: item.payload }
    }
    throw new PeerFault('unanswered', 'no leaves came')
  }

  /** The few segments between the held head and a newer one, held until all are here. */
  async tail (feed: Feed, head: Head, link: Link): Promise<TaskOutcome> {
    if (head.length <= feed.length) return { type: 'ok' }
    const count = head.length - feed.length
    const request = {
      verb: 'segments', creditBytes: CREDIT_BYTES.bulk, feed: feed.id, length: head.length, ranges: [[feed.length, head.length]], follow: false
    } as const
    const segments: VerifiedSegment[] = []
    const answer = { partial: false }
    for await (const item of ask(link.peer, SYNC_PROTOCOL, request, link.gone.signal, answer)) {
      if (segments.length === count) throw new PeerFault('fault', 'more segments than were asked for')
      const segment = segmentOf(item)
      if (segment !== undefined) segments.push(segment)
      this.#told.bytes(link.peer.peerId, item.payload.length)
    }
    // Some of it is not there any more, perhaps for good: what is there comes one by one.
    if (answer.partial || segments.length < count) return this.leaves(feed, head, link)
    const taken = await takeTail(this.#feeds, feed, head, segments, this.#clock.nowMs())
    if (taken === 'unproven') return this.leaves(feed, head, link)
    this.#told.leavesHeld(feed)
    return { type: 'ok' }
  }

  /** Segments whose leaves are verified: any order, any source. */
  async segments (feed: Feed, task: Task, link: Link): Promise<TaskOutcome> {
    if (task.work.type !== 'segments') return { type: 'failed' }
    const { ranges, length } = task.work
    const request = { verb: 'segments', creditBytes: CREDIT_BYTES.bulk, feed: feed.id, length, ranges, follow: false } as const
    const answer = { partial: false }
    const isWanted = (): boolean => this.#told.isWanted(feed)
    await pipe(
      link.lane.through(ask(link.peer, SYNC_PROTOCOL, request, link.gone.signal, answer)),
      async function * (source) {
        for await (const item of source) {
          if (!isWanted()) throw new PeerFault('unanswered', 'no more of this feed is wanted')
          const segment = segmentOf(item, feed)
          if (segment === undefined) continue
          if (!isAsked(task, segment.index)) throw new PeerFault('fault', 'a segment that was not asked for')
          if (!equalBytes(feed.leafData(segment.index), segment.leafData)) throw new PeerFault('contradicts', 'another leaf than the signed one')
          yield segment
        }
      },
      inBatches<SentSegment>(async segments => {
        await this.#feeds.fill(feed, segments.filter(({ isRedacted }) => !isRedacted))
        await this.#feeds.replace(feed, segments.filter(({ isRedacted, index }) => isRedacted && !feed.has(index)))
        for (const { index, bytes } of segments) {
          this.#told.bytes(link.peer.peerId, bytes.length)
          this.#told.stored(feed, index)
        }
      })
    )
    return { type: answer.partial ? 'partial' : 'ok' }
  }
}
