import { CREDIT_BYTES } from '../../core/sync/index.ts'
import type { Clock } from '../../host/index.ts'
import type { Head } from '../../core/feed/index.ts'
import type { Feed, Feeds, VerifiedSegment } from '../feeds/index.ts'
import type { Admission } from './admission.ts'
import { ask, LIVE_PROTOCOL, PeerFault } from './exchange.ts'
import type { Link } from './link.ts'
import { segmentOf, takeTail } from './tail.ts'

/** What one head may bring before it is signed for: beyond it the ordinary pull takes over. */
const HELD_BYTES_MAX = 4 << 20
const RETRY_MS = 1_000

type Following = { readers: number, readonly stop: AbortController }

/**
 * Follows feeds that somebody here watches: heads and segments as they are signed, from the publisher where it is
 * connected, else from whoever holds the feed. Missing a moment is no harm, the ordinary pull brings what was missed.
 */
export class Follower {
  readonly #feeds: Feeds
  readonly #admission: Admission
  readonly #clock: Clock
  readonly #sourceOf: (feed: Feed) => Link | undefined
  readonly #told: { readonly taken: (feed: Feed) => void, readonly fault: (link: Link, cause: unknown) => void }
  readonly #following = new Map<string, Following>()

  constructor (options: {
    readonly feeds: Feeds, readonly admission: Admission, readonly clock: Clock, readonly sourceOf: (feed: Feed) => Link | undefined,
    readonly told: { readonly taken: (feed: Feed) => void, readonly fault: (link: Link, cause: unknown) => void }
  }) {
    this.#feeds = options.feeds
    this.#admission = options.admission
    this.#clock = options.clock
    this.#sourceOf = options.sourceOf
    this.#told = options.told
  }

  /** Follows until the returned function is called by the last who asked. */
  follow (feed: Feed): () => void {
    const known = this.#following.get(feed.key)
    const following = known ?? { readers: 0, stop: new AbortController() }
    following.readers++
    if (known === undefined) {
      this.#following.set(feed.key, following)
      void this.#run(feed, following.stop.signal)
    }
    let isOver = false
    return () => {
      if (isOver) return
      isOver = true
      if (--following.readers > 0) return
      this.#following.delete(feed.key)
      following.stop.abort()
    }
  }

  stop (): void {
    for (const { stop } of this.#following.values()) stop.abort()
    this.#following.clear()
  }

  async #run (feed: Feed, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const link = this.#sourceOf(feed)
      try {
        if (link !== undefined) await this.#follow(feed, link, AbortSignal.any([signal, link.gone.signal]))
      } catch (cause) {
        if (link !== undefined && !signal.aborted) this.#told.fault(link, cause)
      }
      if (!signal.aborted) await this.#pause(signal)
    }
  }

  async #follow (feed: Feed, link: Link, signal: AbortSignal): Promise<void> {
    const request = {
      verb: 'segments', creditBytes: CREDIT_BYTES.live, feed: feed.id, length: feed.length, ranges: [], follow: true
    } as const
    let head: Head | undefined
    let segments: VerifiedSegment[] = []
    let heldBytes = 0
    for await (const item of ask(link.peer, LIVE_PROTOCOL, request, signal)) {
      if (item.type === 'head') {
        head = await this.#admission.admitFrom(link, item.payload)
        if (head === undefined || !head.feed.equals(feed.id)) throw new PeerFault('fault', 'a head of another feed')
        segments = []
        heldBytes = 0
        continue
      }
      segments.push(segmentOf(item))
      heldBytes += item.payload.length
      if (head === undefined || heldBytes > HELD_BYTES_MAX) return
      if (segments.at(-1)?.index !== head.length - 1) continue
      const taken = await takeTail(this.#feeds, feed, head, segments, this.#clock.nowMs())
      if (taken === 'unproven') return
      if (taken === 'taken') this.#told.taken(feed)
      segments = []
    }
  }

  #pause (signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      const done = (): void => {
        cancel()
        signal.removeEventListener('abort', done)
        resolve()
      }
      const cancel = this.#clock.wake(RETRY_MS, done)
      signal.addEventListener('abort', done)
    })
  }
}
