import type { Ranges } from '../../core/sync/index.ts'
import type { Clock, Log, Store } from '../../host/index.ts'
import { Signal, type Feed } from '../feeds/index.ts'
import { indexScopeKey, rowsOf } from '../rows/index.ts'
import { deleteRows } from './building.ts'
import { FeedIndex } from './feedIndex.ts'
import { REST_MS, TAILS_RECORDS_MAX } from './limits.ts'
import type { Coverage } from './scope.ts'
import type { Readable } from './segment.ts'

type Held = { readonly index: FeedIndex, readonly follow: (ranges: Ranges) => Promise<void> }

export type IndexesOptions = {
  readonly readable: Readable
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  readonly onFatal: (cause: unknown) => void
}

/** The indexes of all feeds that datasets are read from, built one after the other behind them. */
export class Indexes {
  readonly #options: IndexesOptions
  readonly #held = new Map<string, Held>()
  /** With how often each was woken. */
  readonly #due = new Map<FeedIndex, number>()
  readonly #woken = new Signal<void>()
  readonly #stopped = new AbortController()
  #running: Promise<void> = Promise.resolve()
  #stops: readonly (() => void)[] = []
  /** Own records when it last rested. */
  #written = 0

  constructor (options: IndexesOptions) {
    this.#options = options
  }

  /** Begins to build; what stands here of feeds that nobody covered is deleted first. */
  async open (): Promise<void> {
    const { store, readable: { feeds, keyring }, onFatal } = this.#options
    const covered = new Set([...this.#held.values()].map(({ index: { feed } }) => feed.number))
    for await (const key of store.keys(rowsOf('indexScope'))) {
      const feedNo = new DataView(key.buffer, key.byteOffset, key.byteLength).getUint32(1)
      if (!covered.has(feedNo)) await this.#delete(feedNo)
    }
    this.#stops = [
      feeds.changed.on(feed => this.#grown(feed)),
      keyring.changed.on(() => {
        for (const { index } of this.#held.values()) {
          index.keysChanged()
          this.#wake(index)
        }
      })
    ]
    this.#running = this.#run().catch(onFatal)
  }

  /** The index of a feed for a dataset: the one that there is, or another in its place. */
  cover (feed: Feed, coverage: Coverage): FeedIndex {
    const { readable, store } = this.#options
    const after = this.#let(feed)
    const index = new FeedIndex({ feed, coverage, readable, store, after, rest: () => this.#rest(), due: each => this.#wake(each) })
    const follow = (ranges: Ranges): Promise<void> => index.forget(ranges)
    feed.followers.add(follow)
    this.#held.set(feed.key, { index, follow })
    this.#wake(index)
    return index
  }

  /** Nobody reads a dataset from this feed any more: all that was made of it goes. */
  async uncover (feed: Feed): Promise<void> {
    const held = this.#held.get(feed.key)
    if (held === undefined) return
    this.#held.delete(feed.key)
    this.#due.delete(held.index)
    await held.index.remove()
    await this.#delete(feed.number)
    feed.followers.delete(held.follow)
  }

  of (feed: Feed): FeedIndex | undefined {
    return this.#held.get(feed.key)?.index
  }

  /** Keeps what is in memory of feeds within its limit: that of others goes before that of the one in use. */
  used (index: FeedIndex): void {
    const held = this.#held.get(index.feed.key)
    if (held === undefined) return
    this.#held.delete(index.feed.key)
    this.#held.set(index.feed.key, held)
    let records = [...this.#held.values()].reduce((sum, each) => sum + each.index.tail.records, 0)
    for (const each of this.#held.values()) {
      if (records <= TAILS_RECORDS_MAX || each === held) break
      records -= each.index.tail.records
      each.index.tail.clear()
    }
  }

  /** Whether everything that can be built is. */
  get isIdle (): boolean {
    return this.#due.size === 0
  }

  async stop (): Promise<void> {
    for (const stop of this.#stops) stop()
    this.#stopped.abort()
    await Promise.all([...this.#held.values()].map(({ index }) => index.stop()))
    await this.#running
  }

  async #let (feed: Feed): Promise<void> {
    const held = this.#held.get(feed.key)
    if (held === undefined) return
    this.#due.delete(held.index)
    feed.followers.delete(held.follow)
    await held.index.stop()
  }

  #grown (feed: Feed): void {
    const held = this.#held.get(feed.key)
    if (held !== undefined) this.#wake(held.index)
  }

  #wake (index: FeedIndex): void {
    this.#due.set(index, (this.#due.get(index) ?? 0) + 1)
    this.#woken.emit()
  }

  async #run (): Promise<void> {
    const { signal } = this.#stopped
    while (!signal.aborted) {
      const [due] = this.#due
      if (due === undefined) {
        await this.#woken.next(signal)
        continue
      }
      const [index, woken] = due
      // What came while it was built is looked at too.
      if (!await index.build() && this.#due.get(index) === woken) this.#due.delete(index)
      await this.#rest()
    }
  }

  /** Lets go of the turn, and for longer while own feeds grow. */
  async #rest (): Promise<void> {
    const { clock } = this.#options
    const { signal } = this.#stopped
    let written = 0
    for (const { index: { feed } } of this.#held.values()) if (feed.role === 'writer') written += feed.records
    const isGrowing = written !== this.#written
    this.#written = written
    if (signal.aborted) return
    await new Promise<void>(resolve => {
      const done = (): void => {
        cancel()
        signal.removeEventListener('abort', done)
        resolve()
      }
      const cancel = clock.wake(isGrowing ? REST_MS : 0, done)
      signal.addEventListener('abort', done)
    })
  }

  async #delete (feedNo: number): Promise<void> {
    const { store } = this.#options
    await deleteRows(store, (['indexBlock', 'indexPage', 'keyedState', 'statePlace'] as const).map(kind => rowsOf(kind, feedNo)))
    await store.commit([{ type: 'delete', key: indexScopeKey(feedNo) }])
  }
}
