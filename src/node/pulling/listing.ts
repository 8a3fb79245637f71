import type { CID, CodecFailure, Result } from '../../base/index.ts'
import { CREDIT_BYTES, decodeListing, LISTED_FEEDS_MAX, STATEMENT_IDS_MAX, type Item, type ListEntry, type Listing, type Request } from '../../core/sync/index.ts'
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
