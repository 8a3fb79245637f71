/**
 * Tells others that something moved: heads of own feeds by gossip, and by note what became durable here.
 *
 * Hints only: every one may be lost. At most one gossip message per feed and second, at most ten notes a second. That a feed
 * exists is information: heads of those that not every member may know of go as notes, to those who may list them.
 */
import { encodeNote, HAVE_ENTRIES_MAX, type ListEntry } from '../../core/sync/index.ts'
import type { Clock, Network } from '../../host/index.ts'
import type { Doors } from '../doors/index.ts'
import type { Feed, Feeds } from '../feeds/index.ts'

const GOSSIP_EVERY_MS = 1_000
const HAVE_EVERY_MS = 100

export class Hints {
  readonly #feeds: Feeds
  readonly #doors: Doors
  readonly #clock: Clock
  readonly #network: Network
  readonly #topic: string
  readonly #protocol: string
  readonly #memberOf: (peerId: string) => string | undefined
  /** Feeds whose head was published in this second, with whether there is a newer one. */
  readonly #resting = new Map<string, { isNewer: boolean }>()
  #news = new Map<string, Feed>()
  readonly #told = new Map<string, number>()
  #cancelHave: (() => void) | undefined
  readonly #stopListening: () => void

  constructor (options: {
    readonly feeds: Feeds, readonly doors: Doors, readonly clock: Clock, readonly network: Network, readonly topic: string, readonly protocol: string,
    readonly memberOf: (peerId: string) => string | undefined
  }) {
    this.#feeds = options.feeds
    this.#doors = options.doors
    this.#clock = options.clock
    this.#network = options.network
    this.#topic = options.topic
    this.#protocol = options.protocol
    this.#memberOf = options.memberOf
    const stops = [
      options.feeds.changed.on(feed => this.#changed(feed)),
      options.doors.granted.on(({ publisher, datasetId }) => {
        for (const feed of this.#feeds.all()) {
          if (feed.declaration.publisher === publisher && feed.declaration.datasetId === datasetId) this.#tellAgain(feed)
        }
      })
    ]
    this.#stopListening = () => { for (const stop of stops) stop() }
  }

  stop (): void {
    this.#stopListening()
    this.#cancelHave?.()
  }

  #changed (feed: Feed): void {
    if (feed.head === undefined || feed.status === 'frozen' || this.#told.get(feed.key) === feed.length) return
    if (feed.role === 'writer') this.#gossip(feed)
    if (feed.isComplete) this.#have(feed)
  }

  #gossip (feed: Feed): void {
    const isForAll = this.#doors.isGossiped(feed)
    const resting = this.#resting.get(feed.key)
    if (resting !== undefined) {
      resting.isNewer = true
      return
    }
    if (feed.head !== undefined && isForAll) this.#network.publish(this.#topic, feed.head.statement.envelope)
    else if (feed.head !== undefined) this.#tellHead(feed, feed.head.statement.envelope)
    const state = { isNewer: false }
    this.#resting.set(feed.key, state)
    this.#clock.wake(isForAll ? GOSSIP_EVERY_MS : HAVE_EVERY_MS, () => {
      this.#resting.delete(feed.key)
      if (state.isNewer) this.#gossip(feed)
    })
  }

  #tellHead (feed: Feed, envelope: Uint8Array): void {
    for (const peer of this.#network.peers()) {
      const member = this.#memberOf(peer.peerId)
      if (member !== undefined && this.#doors.mayList(feed, member)) peer.note(this.#protocol, encodeNote({ kind: 'head', envelope }))
    }
  }

  /** Somebody may list now what it could not before: it is told of once more. */
  #tellAgain (feed: Feed): void {
    if (feed.role !== 'writer' || feed.head === undefined || feed.status !== 'open' || this.#doors.isGossiped(feed)) return
    this.#tellHead(feed, feed.head.statement.envelope)
    this.#have(feed)
  }

  #have (feed: Feed): void {
    this.#news.set(feed.key, feed)
    this.#cancelHave ??= this.#clock.wake(HAVE_EVERY_MS, () => {
      this.#cancelHave = undefined
      this.#tellHave()
    })
  }

  #tellHave (): void {
    const news = [...this.#news.values()].slice(0, HAVE_ENTRIES_MAX)
    for (const feed of news) {
      this.#news.delete(feed.key)
      this.#told.set(feed.key, feed.length)
    }
    for (const peer of this.#network.peers()) {
      const member = this.#memberOf(peer.peerId)
      if (member === undefined) continue
      const entries = news.flatMap((feed): ListEntry[] => feed.head === undefined || !this.#doors.mayList(feed, member)
        ? []
        : [{ feed: feed.id, length: feed.length, mmrRoot: feed.head.mmrRoot }])
      if (entries.length > 0) peer.note(this.#protocol, encodeNote({ kind: 'have', entries }))
    }
    const [next] = this.#news.values()
    if (next !== undefined) this.#have(next)
  }
}
