import { equalBytes, type CID } from '../../base/index.ts'
import { judgeHead, makeExtensionProof, type Head } from '../../core/feed/index.ts'
import {
  decodeNote, isInReach, pullStep, startPull, type ListEntry, type PullInput, type Task, type TaskOutcome
} from '../../core/sync/index.ts'
import type { Clock, Log, Peer, Random, Verdict } from '../../host/index.ts'
import { Signal, type Feed, type Feeds } from '../feeds/index.ts'
import type { Members } from '../members/index.ts'
import { Admission, isNobodysFault } from './admission.ts'
import { isFault, PeerFault } from './exchange.ts'
import { Fetcher } from './fetching.ts'
import { Follower } from './follow.ts'
import { forkOf, Forks } from './forks.ts'
import { Lane } from './lane.ts'
import type { Link, Pull } from './link.ts'
import { Lister, Listings } from './listing.ts'

const TICK_MS = 1_000
const HEADS_AT_ONCE = 16

/**
 * Fetches what this node wants and lacks, from whoever has it. Decisions are those of the machine in `core/sync`; what it
 * asks for is fetched and checked by `Fetcher`, and the machine is told what came of it.
 */
export class Puller {
  readonly #feeds: Feeds
  readonly #clock: Clock
  readonly #onFatal: (cause: unknown) => void
  readonly #log: Log
  readonly #wants: (feed: Feed) => boolean
  readonly #admission: Admission
  readonly #fetcher: Fetcher
  readonly #lister: Lister
  readonly #listings: Listings
  readonly #forks: Forks
  readonly #follower: Follower
  readonly #pulls = new Map<string, Pull>()
  readonly #links = new Map<string, Link>()
  #isStopped = false
  #cancelTick: () => void = () => {}
  faults = 0
  /** Bytes came from a peer. */
  readonly received: Signal<{ readonly peerId: string, readonly sizeBytes: number }> = new Signal()
  /** A peer said what it holds, or was lost. */
  readonly sourcesChanged: Signal<void> = new Signal()
  /** A member told all that it holds; what is new of it is registered. */
  readonly listed: Signal<string> = new Signal()

  constructor (options: {
    readonly feeds: Feeds, readonly members: Members, readonly clock: Clock, readonly random: Random, readonly log: Log,
    readonly own: string, readonly wants: (feed: Feed) => boolean, readonly mayTell: (feed: Feed, member: string) => boolean, readonly listingEveryMs: number, readonly feedsPerMemberMax: number,
    /** Tells the operator of a limit that was reached. */
    readonly alarm: (sentence: string) => void,
    /** A device failed: not a matter of peers. */
    readonly onFatal: (cause: unknown) => void
  }) {
    this.#feeds = options.feeds
    this.#clock = options.clock
    this.#onFatal = options.onFatal
    this.#log = options.log
    this.#wants = options.wants
    this.#admission = new Admission(options.feeds, options.members, options.log)
    this.#lister = new Lister({
      feeds: options.feeds,
      admission: this.#admission,
      own: options.own,
      feedsPerMemberMax: options.feedsPerMemberMax,
      refused: member => options.alarm(`${options.members.nameOf(member)} has more feeds than this node takes of one member (${options.feedsPerMemberMax}): the others are left out`)
    })
    this.#listings = new Listings({
      lister: this.#lister, clock: options.clock, random: options.random, everyMs: options.listingEveryMs,
      begun: link => this.#forks.tell(link),
      listed: (link, entries) => {
        this.#claims(link, entries.filter(({ feed }) => this.#feeds.get(feed) !== undefined))
        this.listed.emit(link.member)
      },
      failed: (link, cause) => this.#faulty(link, cause, 'listing')
    })
    this.#fetcher = new Fetcher(options.feeds, this.#admission, options.clock, {
      head: (feed, head, from) => this.#learn(feed, head, from),
      leavesHeld: feed => this.#input(feed, { type: 'leavesHeld', length: feed.length, missing: feed.missing }),
      stored: (feed, index) => this.#input(feed, { type: 'stored', range: [index, index + 1] }),
      fork: (feed, proof) => this.#forks.freeze(feed, proof),
      bytes: (peerId, sizeBytes) => this.received.emit({ peerId, sizeBytes }),
      isWanted: options.wants
    })
    this.#forks = new Forks({
      feeds: options.feeds,
      members: options.members,
      admission: this.#admission,
      lister: this.#lister,
      log: options.log,
      links: () => this.#links.values(),
      doubt: (feed, link) => this.#fetcher.doubt(feed, this.#pulls.get(feed.key)?.candidate, link),
      fault: (link, cause) => this.#faulty(link, cause, 'explaining another root'),
      mayTell: options.mayTell
    })
    this.#follower = new Follower({
      feeds: options.feeds,
      admission: this.#admission,
      clock: options.clock,
      sourceOf: feed => this.#sourceOf(feed),
      told: { taken: feed => this.#input(feed, { type: 'tick' }), fault: (link, cause) => this.#faulty(link, cause, 'following') }
    })
    this.#feeds.damaged.on(({ feed, index }) => this.#input(feed, { type: 'lost', range: [index, index + 1] }))
    this.#feeds.laid.on(feed => { for (const range of [...feed.gone, ...feed.redacted]) this.#input(feed, { type: 'stored', range }) })
    this.#tick()
  }

  stop (): void {
    this.#isStopped = true
    this.#cancelTick()
    this.#listings.stop()
    this.#follower.stop()
  }

  // --- Peers -------------------------------------------------------------------------------------------------------

  peerUp (peer: Peer, member: string): void {
    const link: Link = {
      peer, member, lane: new Lane(), heads: new Lane(HEADS_AT_ONCE), gone: new AbortController(), digest: new Uint8Array(32), uncompared: new Map(), doubted: new Set(),
      isListing: false
    }
    this.#links.set(peer.peerId, link)
    this.#listings.now(link)
  }

  peerDown (peer: Peer): void {
    const link = this.#links.get(peer.peerId)
    if (link?.peer !== peer) return
    this.#links.delete(peer.peerId)
    link.gone.abort()
    this.#listings.gone(link)
    for (const { feed, state } of this.#pulls.values()) {
      if (state.sources.has(peer.peerId)) this.#input(feed, { type: 'gone', peer: peer.peerId })
    }
    this.sourcesChanged.emit()
  }

  /** The stream by which a peer gives hints is there, for the first time or anew. */
  opened (peer: Peer): void {
    const link = this.#links.get(peer.peerId)
    if (link?.peer === peer) this.#listings.opened(link)
  }

  /** Asks all peers anew, now. */
  listAll (): void {
    for (const link of this.#links.values()) this.#listings.now(link)
  }

  /** How many segments of a feed each peer says it holds, all up to there. */
  sharesOf (feed: Feed): readonly (readonly [peerId: string, segments: number])[] {
    return [...this.#pulls.get(feed.key)?.state.sources ?? []].map(([peerId, { claimed }]) => [peerId, claimed])
  }

  /** Peers that say they hold all that is known of a feed. */
  holdersOf (feed: Feed): readonly string[] {
    return feed.length === 0 ? [] : this.sharesOf(feed).filter(([, segments]) => segments >= feed.length).map(([peerId]) => peerId)
  }

  /** Length that a signed head shows to exist; the leaves up to it may not be here yet. */
  targetOf (feed: Feed): number {
    return Math.max(feed.length, this.#pulls.get(feed.key)?.shown ?? 0)
  }

  /** Length that somebody at least claims to hold. */
  claimedOf (feed: Feed): number {
    return Math.max(this.targetOf(feed), ...this.sharesOf(feed).map(([, segments]) => segments))
  }

  /** False also where the quota is reached. */
  isWanted (feed: Feed): boolean {
    return this.#wants(feed)
  }

  feedsOfferedBy (peerId: string): number {
    return [...this.#pulls.values()].filter(({ state }) => state.sources.has(peerId)).length
  }

  /** Asks for declarations of feeds that somebody spoke of before they were listed. */
  seek (ids: readonly CID[]): void {
    for (const link of this.#links.values()) {
      this.#lister.seek(link, ids).catch((cause: unknown) => this.#faulty(link, cause, 'seeking'))
    }
  }

  /** Peers to ask for what belongs to a feed, the publisher first. */
  linksTo (feed: Feed): readonly Link[] {
    const holders = new Set(this.holdersOf(feed))
    const isPublisher = ({ member }: Link): boolean => member === feed.declaration.publisher
    return [...this.#links.values()]
      .filter(link => isPublisher(link) || holders.has(link.peer.peerId))
      .toSorted((a, b) => Number(isPublisher(b)) - Number(isPublisher(a)))
  }

  follow (feed: Feed): () => void {
    return this.#follower.follow(feed)
  }

  #sourceOf (feed: Feed): Link | undefined {
    return this.linksTo(feed)[0]
  }

  // --- Hints -------------------------------------------------------------------------------------------------------

  note (peer: Peer, body: Uint8Array): void {
    const note = decodeNote(body)
    const link = this.#links.get(peer.peerId)
    if (!note.ok) return peer.blame(`a note that cannot be: ${note.failure.code}`)
    if (link === undefined) return
    const message = note.value
    switch (message.kind) {
      case 'have':
        this.#listings.told(link, message.entries.filter(({ feed }) => this.#feeds.get(feed) !== undefined))
        return this.#claims(link, message.entries)
      case 'fork':
        this.#forks.heard(link, message.feed, message.proof).catch((cause: unknown) => this.#faulty(link, cause, 'telling of a fork'))
        return
      case 'head': {
        this.#admission.admitFrom(link, message.envelope).then(
          head => {
            const feed = head === undefined ? undefined : this.#feeds.get(head.feed)
            if (head !== undefined && feed !== undefined) this.#learn(feed, head, peer.peerId)
          },
          (cause: unknown) => this.#faulty(link, cause, 'hinting')
        )
      }
    }
  }

  /** Judges a head from gossip before it is passed on, and takes it as a hint. */
  gossiped (envelope: Uint8Array): Verdict {
    const head = this.#admission.admit(envelope)
    if (!head.ok) return isNobodysFault(head.failure.code) ? 'ignore' : 'reject'
    const feed = this.#feeds.get(head.value.feed)
    if (feed === undefined) return 'ignore'
    const isNew = head.value.length > this.targetOf(feed)
    const contradicts = head.value.length === feed.head?.length && !equalBytes(head.value.mmrRoot, feed.head.mmrRoot)
    this.#learn(feed, head.value, undefined)
    return isNew || contradicts ? 'accept' : 'ignore'
  }

  #claims (link: Link, entries: readonly ListEntry[]): void {
    let isStranger = false
    for (const entry of entries) {
      const feed = this.#feeds.get(entry.feed)
      if (feed === undefined) {
        isStranger = true
        continue
      }
      this.#forks.claimed(link, feed, entry)
      this.#input(feed, { type: 'claim', peer: link.peer.peerId, length: entry.length })
    }
    if (isStranger) this.#listings.soon(link)
    this.sourcesChanged.emit()
  }

  // --- Heads -------------------------------------------------------------------------------------------------------

  #learn (feed: Feed, head: Head, from: string | undefined): void {
    if (feed.status === 'frozen') return
    const held = feed.head
    if (held !== undefined && head.length < held.length) {
      const isSame = head.length === 0 || equalBytes(feed.log.root(head.length), head.mmrRoot)
      if (!isSame) {
        const { cover } = makeExtensionProof(head, held, feed.log)
        void this.#forks.freeze(feed, { a: head.statement.envelope, b: held.statement.envelope, cover })
      }
      return
    }
    const { verdict } = judgeHead(held, head, { type: 'none' }, this.#clock.nowMs())
    const fork = forkOf(held, head) ?? forkOf(this.#pulls.get(feed.key)?.candidate, head)
    if (fork !== undefined) return void this.#forks.freeze(feed, fork)
    if (verdict === 'refresh') return void this.#feeds.refresh(feed, head)
    if (head.length <= feed.length || verdict === 'hold' || verdict === 'refused') return
    const pull = this.#pullOf(feed)
    const instead = pull.state.target > feed.length && !isInReach(pull.state, this.#clock.monotonicMs())
    if (instead || head.length > Math.max(feed.length, pull.candidate?.length ?? 0)) pull.candidate = head
    pull.shown = Math.max(pull.shown, head.length)
    if (feed.role === 'writer') feed.status = 'recovering'
    for (const link of this.#links.values()) {
      const isSource = link.peer.peerId === from || link.member === feed.declaration.publisher
      if (isSource) this.#input(feed, { type: 'claim', peer: link.peer.peerId, length: head.length })
    }
    this.#input(feed, { type: 'headKnown', length: head.length, instead })
  }

  // --- The machine -------------------------------------------------------------------------------------------------

  #pullOf (feed: Feed): Pull {
    const known = this.#pulls.get(feed.key)
    if (known !== undefined) return known
    const pull: Pull = { feed, state: startPull(feed.length, feed.missingSigned), candidate: undefined, shown: feed.length }
    this.#pulls.set(feed.key, pull)
    return pull
  }

  /** Wakes the pull of a feed that is wanted from now on. */
  want (feed: Feed): void {
    this.#input(feed, { type: 'tick' })
  }

  #input (feed: Feed, input: PullInput): void {
    if (this.#isStopped) return
    const pull = this.#pullOf(feed)
    // Own appends and followed heads lengthen a feed without the machine.
    const held = Math.max(pull.state.held, feed.length)
    const before = held === pull.state.held ? pull.state : { ...pull.state, held, target: Math.max(held, pull.state.target) }
    const { state, effects } = pullStep(before, input, this.#clock.monotonicMs())
    if (!this.#wants(feed) || feed.status === 'frozen') {
      // Claims and gaps are remembered, and what was answered; nothing is asked for.
      const tasks = new Map([...state.tasks].filter(([id]) => before.tasks.has(id)))
      pull.state = { ...state, tasks, nextTask: before.nextTask }
      return
    }
    pull.state = state
    for (const effect of effects) if (effect.type === 'ask') this.#perform(pull, effect.task)
  }

  #perform (pull: Pull, task: Task): void {
    const link = this.#links.get(task.peer)
    const done = (outcome: TaskOutcome): void => this.#input(pull.feed, { type: 'done', task: task.id, outcome })
    if (link === undefined) return queueMicrotask(() => done({ type: 'failed' }))
    this.#work(pull, link, task).then(done, (cause: unknown) => {
      this.#faulty(link, cause, task.work.type)
      done({ type: isFault(cause) ? 'fault' : 'failed' })
    })
  }

  async #work (pull: Pull, link: Link, task: Task): Promise<TaskOutcome> {
    const { feed, candidate } = pull
    try {
      return await this.#attempt(feed, candidate, link, task)
    } catch (cause) {
      if (!(cause instanceof PeerFault) || cause.code !== 'contradicts') throw cause
      // Who was shown another history is not to blame: its head convicts the publisher, by the head that it was asked to fit.
      await this.#fetcher.doubt(feed, candidate, link)
      if (feed.status === 'frozen') return { type: 'failed' }
      throw new PeerFault('fault', cause.message)
    }
  }

  async #attempt (feed: Feed, candidate: Head | undefined, link: Link, task: Task): Promise<TaskOutcome> {
    switch (task.work.type) {
      case 'head': return link.heads.take(() => this.#fetcher.head(feed, link))
      case 'leaves': return candidate === undefined ? { type: 'ok' } : this.#fetcher.leaves(feed, candidate, link)
      case 'tail': return candidate === undefined ? { type: 'ok' } : link.lane.take(() => this.#fetcher.tail(feed, candidate, link))
      case 'segments': return this.#fetcher.segments(feed, task, link)
    }
  }

  #faulty (link: Link, cause: unknown, doing: string): void {
    if (!(cause instanceof PeerFault)) return this.#onFatal(cause)
    if (!isFault(cause)) return
    this.faults++
    this.#log('warn', 'a member sent what cannot be', { member: link.member, doing, reason: cause.message })
    link.peer.blame(cause.message)
  }

  #tick (): void {
    this.#cancelTick = this.#clock.wake(TICK_MS, () => {
      for (const { feed, state } of this.#pulls.values()) {
        const held = Math.max(state.held, feed.length)
        // A claim that could not be looked into is looked into again: who made it says it only once.
        const isClaimed = [...state.sources.values()].some(({ claimed }) => claimed > Math.max(state.target, held))
        const isIdle = state.missing.length === 0 && state.target <= held && !isClaimed
        if (!isIdle) this.#input(feed, { type: 'tick' })
      }
      this.#tick()
    })
  }
}
