import { equalBytes, type CID } from '../../base/index.ts'
import { decodeForkProof, encodeForkProof, verifyForkProof, type ForkProof, type Head } from '../../core/feed/index.ts'
import { encodeNote, type ListEntry } from '../../core/sync/index.ts'
import type { Log } from '../../host/index.ts'
import type { Feed, Feeds } from '../feeds/index.ts'
import type { Members } from '../members/index.ts'
import type { Admission } from './admission.ts'
import { PeerFault, SYNC_PROTOCOL } from './exchange.ts'
import type { Link } from './link.ts'
import type { Lister } from './listing.ts'

/**
 * Finds out that a member signed two histories of one feed, keeps the proof, and passes it on.
 *
 * Every claim of a neighbour is held against what is held here, once. Where the roots differ, its head is asked for: either
 * that convicts the publisher, or the neighbour claimed what it cannot show. So two who were shown different histories
 * find out when they meet, whatever hint was lost; and kept proofs are told again with every listing.
 */
export class Forks {
  readonly #feeds: Feeds
  readonly #members: Members
  readonly #admission: Admission
  readonly #lister: Lister
  readonly #log: Log
  readonly #links: () => Iterable<Link>
  readonly #doubt: (feed: Feed, link: Link) => Promise<void>
  readonly #fault: (link: Link, cause: unknown) => void
  readonly #mayTell: (feed: Feed, member: string) => boolean

  constructor (options: {
    readonly feeds: Feeds, readonly members: Members, readonly admission: Admission, readonly lister: Lister, readonly log: Log,
    readonly links: () => Iterable<Link>,
    /** Asks a peer for its head, and for what shows whether it contradicts the one that is known. */
    readonly doubt: (feed: Feed, link: Link) => Promise<void>, readonly fault: (link: Link, cause: unknown) => void,
    /** Whether a member may know that there is such a feed. */
    readonly mayTell: (feed: Feed, member: string) => boolean
  }) {
    this.#feeds = options.feeds
    this.#members = options.members
    this.#admission = options.admission
    this.#lister = options.lister
    this.#log = options.log
    this.#links = options.links
    this.#doubt = options.doubt
    this.#fault = options.fault
    this.#mayTell = options.mayTell
    this.#feeds.changed.on(feed => { for (const link of this.#links()) this.#compare(link, feed) })
  }

  /** Takes what a peer says it holds, to be compared as soon as as much is held here. */
  claimed (link: Link, feed: Feed, entry: ListEntry): void {
    link.uncompared.set(feed.key, entry)
    this.#compare(link, feed)
  }

  /** Tells a peer of all proofs that are kept, and asks anew what it did not answer. */
  tell (link: Link): void {
    for (const feed of this.#feeds.all()) {
      if (feed.fork !== undefined) this.#passOn(link, feed, feed.fork)
      this.#compare(link, feed)
    }
  }

  /** Takes a proof that another member keeps, also of a feed that is not known here yet. */
  async heard (link: Link, id: CID, encoded: Uint8Array): Promise<void> {
    if (this.#feeds.get(id) === undefined) await this.#lister.seek(link, [id])
    const feed = this.#feeds.get(id)
    if (feed === undefined || feed.fork !== undefined) return
    const proof = decodeForkProof(encoded)
    if (!proof.ok) throw new PeerFault('fault', `a fork proof that cannot be read: ${proof.failure.code}`)
    for (const head of [proof.value.a, proof.value.b]) await this.#admission.admitFrom(link, head)
    const verified = verifyForkProof(proof.value, feed.declaration, this.#members.speaker)
    if (!verified.ok) throw new PeerFault('fault', `a fork proof that proves nothing: ${verified.failure.code}`)
    await this.freeze(feed, proof.value)
  }

  async freeze (feed: Feed, proof: ForkProof): Promise<void> {
    if (feed.fork !== undefined) return
    this.#log('error', 'a member signed two histories of one feed; the feed is frozen', {
      feed: feed.key, member: feed.declaration.publisher
    })
    const encoded = encodeForkProof(proof)
    await this.#feeds.freeze(feed, encoded)
    for (const link of this.#links()) this.#passOn(link, feed, encoded)
  }

  #passOn (link: Link, feed: Feed, proof: Uint8Array): void {
    if (this.#mayTell(feed, link.member)) link.peer.note(SYNC_PROTOCOL, encodeNote({ kind: 'fork', feed: feed.id, proof }))
  }

  #compare (link: Link, feed: Feed): void {
    const claim = link.uncompared.get(feed.key)
    if (claim === undefined || claim.length > feed.length || link.doubted.has(feed.key)) return
    if (feed.status === 'frozen' || equalBytes(feed.log.root(claim.length), claim.mmrRoot)) {
      link.uncompared.delete(feed.key)
      return
    }
    link.doubted.add(feed.key)
    this.#doubt(feed, link)
      .then(() => {
        const head = feed.head
        if (link.uncompared.get(feed.key) === claim) link.uncompared.delete(feed.key)
        const isExplained = head === undefined || feed.status === 'frozen' || claim.length > head.length
        if (!isExplained) throw new PeerFault('fault', 'it claims a root that its own head does not show')
      })
      .catch((cause: unknown) => this.#fault(link, cause))
      .finally(() => link.doubted.delete(feed.key))
  }
}

/** Two heads of one length and two roots. */
export function forkOf (a: Head | undefined, b: Head): ForkProof | undefined {
  if (a === undefined || a.length !== b.length || equalBytes(a.mmrRoot, b.mmrRoot)) return undefined
  return { a: a.statement.envelope, b: b.statement.envelope, cover: null }
}
