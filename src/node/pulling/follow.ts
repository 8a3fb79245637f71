import { decodeHead } from '../../core/feed/index.ts'
import { decodeStatement } from '../../core/identity/index.ts'
import { CREDIT_BYTES, HEAD_BYTES_MAX } from '../../core/sync/index.ts'
import type { Clock } from '../../host/index.ts'
import type { Feed, Feeds, VerifiedSegment } from '../feeds/index.ts'
import type { Admission } from './admission.ts'
import { ask, LIVE_PROTOCOL, PeerFault } from './exchange.ts'
import type { Link } from './link.ts'
import { segmentOf, takeTail } from './tail.ts'

/** What one head may bring before it is signed for: beyond it the ordinary pull takes over. */
const HELD_BYTES_MAX = 4 << 20
const RETRY_MS = 1_000

/** A head, not judged yet, with the segments that came before and with it. */
type Caught = { readonly head: Uint8Array, readonly segments: readonly VerifiedSegment[] }

/**
 * Collects what comes while the last is stored, so that a slow disk takes many heads in one commit instead of falling
 * behind: the newest head covers all.
 */
class Catching {
  readonly #take: (caught: Caught) => Promise<boolean>
  readonly #giveUp: () => void
  #head: Uint8Array | undefined
  #length = 0
  #segments: VerifiedSegment[] = []
  #isStoring = false
  heldBytes = 0
  /** What the source sent that cannot be. */
  fault: PeerFault | undefined

  constructor (take: (caught: Caught) => Promise<boolean>, giveUp: () => void) {
    this.#take = take
    this.#giveUp = giveUp
  }

  head (envelope: Uint8Array): void {
    const statement = decodeStatement(envelope, HEAD_BYTES_MAX)
    const head = statement.ok ? decodeHead(statement.value) : statement
    if (!head.ok) throw new PeerFault('fault', `a head that cannot be: ${head.failure.code}`)
    this.#head = envelope
    this.#length = head.value.length
  }

  segment (segment: VerifiedSegment): void {
    this.#segments.push(segment)
    this.heldBytes += segment.bytes.length
    if (!this.#isStoring) void this.#store()
  }

  async #store (): Promise<void> {
    this.#isStoring = true
    try {
      while (this.#head !== undefined && this.#segments.at(-1)?.index === this.#length - 1) {
        const caught = { head: this.#head, segments: this.#segments }
        this.#segments = []
        this.heldBytes = 0
        if (!await this.#take(caught)) this.#giveUp()
      }
    } catch (cause) {
      if (!(cause instanceof PeerFault)) throw cause
      this.fault = cause
      this.#giveUp()
    } finally {
      this.#isStoring = false
    }
  }
}

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
    const over = new AbortController()
    const catching = new Catching(batch => this.#take(feed, link, batch), () => over.abort())
    try {
      for await (const item of ask(link.peer, LIVE_PROTOCOL, request, AbortSignal.any([signal, over.signal]))) {
        if (item.type === 'head') catching.head(item.payload)
        else {
          const segment = segmentOf(item)
          // A segment in another form than it was signed in ends this; the ordinary pull takes over.
          if (segment === undefined) return
          catching.segment(segment)
        }
        if (catching.heldBytes > HELD_BYTES_MAX) return
      }
    } catch (cause) {
      throw catching.fault ?? cause
    }
  }

  /** False where the segments do not lead to the head: the ordinary pull finds out who is to blame. */
  async #take (feed: Feed, link: Link, { head: envelope, segments }: Caught): Promise<boolean> {
    const head = await this.#admission.admitFrom(link, envelope)
    if (head === undefined || !head.feed.equals(feed.id)) throw new PeerFault('fault', 'a head of another feed')
    const taken = await takeTail(this.#feeds, feed, head, segments, this.#clock.nowMs())
    if (taken === 'taken') this.#told.taken(feed)
    return taken !== 'unproven'
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
