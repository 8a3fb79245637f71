import type { CID, CodecFailure, Result } from '../../base/index.ts'
import { CREDIT_BYTES, decodeListing, LISTED_FEEDS_MAX, STATEMENT_IDS_MAX, type Item, type ListEntry, type Listing, type Request } from '../../core/sync/index.ts'
import type { Clock, Random } from '../../host/index.ts'
import { FEEDS_MAX, type Feeds } from '../feeds/index.ts'
import type { Admission } from './admission.ts'
import { ask, PeerFault, SYNC_PROTOCOL } from './exchange.ts'
import type { Link } from './link.ts'

/** Asks a peer for all feeds that this node may see, page by page, and gets to know the new ones. */
export class Lister {
  readonly #feeds: Feeds
  readonly #admission: Admission
  readonly #own: string
  readonly #feedsPerMemberMax: number
  readonly #refused: (member: string) => void

  constructor (options: {
    readonly feeds: Feeds, readonly admission: Admission, readonly own: string, readonly feedsPerMemberMax: number,
    /** A member has more feeds than this node takes. */
    readonly refused: (member: string) => void
  }) {
    this.#feeds = options.feeds
    this.#admission = options.admission
    this.#own = options.own
    this.#feedsPerMemberMax = options.feedsPerMemberMax
    this.#refused = options.refused
  }

  /** What the peer says it holds; nothing where it is what it said last. */
  async list (link: Link): Promise<readonly ListEntry[]> {
    const entries: ListEntry[] = []
    let [after, digest]: [CID | null, Uint8Array] = [null, link.digest]
    do {
      const request: Request = { verb: 'feeds', creditBytes: CREDIT_BYTES.small, setDigest: link.digest, after }
      let next: CID | null = null
      const items: AsyncGenerator<Item> = ask(link.peer, SYNC_PROTOCOL, request, link.gone.signal)
      for await (const item of items) {
        const page: Result<Listing, CodecFailure> | undefined = item.type === 'listing' ? decodeListing(item.header) : undefined
        if (page?.ok !== true) throw new PeerFault('fault', 'a listing that cannot be read')
        if (page.value.same) return []
        entries.push(...page.value.entries)
        if (entries.length > LISTED_FEEDS_MAX) throw new PeerFault('fault', 'a listing without end')
        next = page.value.next
        digest = page.value.setDigest
      }
      after = next
    } while (after !== null)
    await this.seek(link, entries.map(({ feed }) => feed))
    // Not before all of them are known here: the same set is not told again.
    link.digest = digest
    return entries
  }

  /** Gets to know feeds that a peer need not list yet, because nothing is in them. */
  async seek (link: Link, ids: readonly CID[]): Promise<void> {
    const unknown = ids.filter(id => this.#feeds.get(id) === undefined)
    for (let at = 0; at < unknown.length; at += STATEMENT_IDS_MAX) {
      for (const envelope of await this.#admission.statements(link, unknown.slice(at, at + STATEMENT_IDS_MAX))) {
        await this.#introduce(link, envelope)
      }
    }
  }

  async #introduce (link: Link, envelope: Uint8Array): Promise<void> {
    const declaration = await this.#admission.admitDeclarationFrom(link, envelope)
    if (declaration === undefined) return
    const ofPublisher = [...this.#feeds.all()].filter(feed => feed.declaration.publisher === declaration.publisher).length
    if (this.#feeds.size >= FEEDS_MAX || ofPublisher >= this.#feedsPerMemberMax) return this.#refused(declaration.publisher)
    const isOwn = declaration.publisher === this.#own
    // An own feed that this node did not know: its rows were lost, and it is fetched back before it is written again.
    await this.#feeds.register(declaration.statement, declaration, isOwn ? 'writer' : 'reader', isOwn ? 'recovering' : 'open')
  }
}

/** A peer that speaks of feeds that are not known here, or whose hints may have been lost, is listed anew so much later. */
const SOON_MS = 100
/** One that had no room for the question, or did not answer it: a hint that came meanwhile was for this listing. */
const UNLISTED_REST_MS = 1_000

/** When each peer is asked for what it holds: when it comes, now and then, and soon where a hint may have been lost. */
export class Listings {
  readonly #options: ListingsOptions
  readonly #waiting = new WeakMap<Link, { readonly dueMs: number, readonly cancel: () => void }>()
  /** Those that could tell something already. */
  readonly #heard = new WeakSet<Link>()
  /** By peer that is being asked, what it told by hints meanwhile: its answer may be older. */
  readonly #told = new WeakMap<Link, Map<string, ListEntry>>()
  #isStopped = false

  constructor (options: ListingsOptions) {
    this.#options = options
  }

  stop (): void {
    this.#isStopped = true
  }

  gone (link: Link): void {
    this.#waiting.get(link)?.cancel()
  }

  /** The stream of a peer is there. Where it is another one, hints may have gone with the one before, and nobody tells them again. */
  opened (link: Link): void {
    if (this.#heard.has(link)) this.soon(link)
    this.#heard.add(link)
  }

  /** What a peer tells of feeds that are known here. */
  told (link: Link, entries: readonly ListEntry[]): void {
    for (const entry of entries) this.#told.get(link)?.set(entry.feed.toString(), entry)
  }

  now (link: Link): void {
    if (link.isListing || this.#isStopped) return
    const { lister, random, everyMs, begun, listed, failed } = this.#options
    link.isListing = true
    begun(link)
    const told = new Map<string, ListEntry>()
    this.#told.set(link, told)
    lister.list(link)
      .then(entries => {
        const newest = entries.map(entry => {
          const hint = told.get(entry.feed.toString())
          return hint !== undefined && hint.length > entry.length ? hint : entry
        })
        listed(link, newest)
      })
      .catch((cause: unknown) => {
        failed(link, cause)
        if (cause instanceof PeerFault && (cause.code === 'busy' || cause.code === 'unanswered')) this.#after(link, UNLISTED_REST_MS)
      })
      .finally(() => {
        link.isListing = false
        this.#told.delete(link)
        const jitter = (random.bytes(1)[0] ?? 0) / 256
        this.#after(link, everyMs * (0.75 + jitter / 2))
      })
  }

  soon (link: Link): void {
    this.#after(link, SOON_MS)
  }

  /** One timer for each peer, however often it speaks of feeds that are not known here; the sooner time counts. */
  #after (link: Link, delayMs: number): void {
    const { clock } = this.#options
    const dueMs = clock.monotonicMs() + delayMs
    const waiting = this.#waiting.get(link)
    if (link.gone.signal.aborted || (waiting !== undefined && waiting.dueMs <= dueMs)) return
    waiting?.cancel()
    const cancel = clock.wake(delayMs, () => {
      this.#waiting.delete(link)
      if (link.isListing) this.soon(link)
      else this.now(link)
    })
    this.#waiting.set(link, { dueMs, cancel })
  }
}

export type ListingsOptions = {
  readonly lister: Pick<Lister, 'list'>
  readonly clock: Clock
  readonly random: Random
  readonly everyMs: number
  readonly begun: (link: Link) => void
  /** What a peer holds, as far as it is not what it said last. */
  readonly listed: (link: Link, entries: readonly ListEntry[]) => void
  readonly failed: (link: Link, cause: unknown) => void
}
