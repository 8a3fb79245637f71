import { equalBytes, fail, hex, ok, utf8, type Result } from '../../base/index.ts'
import {
  CATALOGUE_DATASET_ID, catalogueOf, encodeEntry, ENTRY_MEDIA_TYPES, keyOfDataset, type Advertisement, type Catalogue as PublisherCatalogue,
  type Claims,  type DatasetEntry, type Entry, type EntryFailure, type Notice
} from '../../core/catalogue/index.ts'
import type { FeedClass, FeedRecord, Placed } from '../../core/feed/index.ts'
import { decodeRevocation, type Did } from '../../core/identity/index.ts'
import type { Clock, Log } from '../../host/index.ts'
import { VERSIONS_TOLD_MAX, type Failure, type PublishFailure } from '../contract/index.ts'
import type { Federation } from '../federation/index.ts'
import { Signal, type Feed } from '../feeds/index.ts'
import { failureOf } from '../publishing/index.ts'
import { Incomplete, readableEnd, recordsOf } from '../reading/index.ts'
import type { PlaceUnits, Profile } from '../profile/index.ts'

const NUMBERS_KEPT = VERSIONS_TOLD_MAX + 1

/** One catalogue feed, read so far: of each key the latest record, and where the last ones of each stand. */
type Shelf = { readonly feed: Feed, next: number, readonly latest: Map<string, Placed>, readonly numbers: Map<string, readonly number[]>, state: PublisherCatalogue, reading: Promise<void> | undefined, isNewer: boolean }

/**
 * The catalogues of all members, kept up to date, and the own ones, which it writes: the one for all members, and one for each
 * member that may know of what not all may; the publisher's own copy of these is the one for itself.
 */
export class Catalogue {
  readonly #federation: Federation
  readonly #own: string
  readonly #clock: Clock
  readonly #log: Log
  /** By publisher and class of the feed. */
  readonly #shelves = new Map<string, Shelf>()
  readonly #declaring = new Map<string, Promise<Feed>>()
  readonly #name: string
  readonly #claims: Claims | null
  readonly #profile: Profile
  /** None while it is not known whether there was one before: it is fetched back, or declared once that is known. */
  #ownFeed: Feed | undefined
  #isIntroducing = false
  /** A dataset came, changed or was withdrawn. */
  readonly changed: Signal<{ readonly publisher: string, readonly datasetId: string, readonly isNew: boolean }> = new Signal()

  /** A publisher passed on an erasure or an emergency. */
  readonly noticed: Signal<string> = new Signal()

  private constructor (federation: Federation, own: string, name: string, claims: Claims | null, profile: Profile, clock: Clock, log: Log) {
    this.#federation = federation
    this.#profile = profile
    this.#own = own
    this.#name = name
    this.#claims = claims
    this.#clock = clock
    this.#log = log
  }

  static async open (options: {
    readonly federation: Federation, readonly own: string, readonly name: string, readonly claims: Claims | null, readonly profile: Profile, readonly clock: Clock, readonly log: Log
  }): Promise<Catalogue> {
    const { federation, own, name, claims, profile, clock, log } = options
    const catalogue = new Catalogue(federation, own, name, claims, profile, clock, log)
    const failed = (cause: unknown): void => log('warn', 'a catalogue could not be read or written', { reason: String(cause) })
    for (const feed of federation.feeds.all()) await catalogue.#read(feed)
    federation.feeds.changed.on(feed => {
      catalogue.#read(feed).catch(failed)
      if (isOwnCatalogue(feed)) catalogue.introduce().catch(failed)
    })
    federation.own.changed.on(() => { catalogue.introduce().catch(failed) })
    await catalogue.introduce()
    profile.tellBy(catalogue)
    return catalogue
  }

  * entries (): Generator<Advertisement> {
    for (const shelf of this.#shelves.values()) {
      if (!this.#isMine(shelf)) continue
      for (const advertisement of shelf.state.datasets.values()) {
        const { publisher, entry } = advertisement
        if (this.#shelfWith(publisher, entry.datasetId) === shelf) yield advertisement
      }
    }
  }

  entry (publisher: string, datasetId: string): DatasetEntry | undefined {
    return this.#shelfWith(publisher, datasetId)?.state.datasets.get(datasetId)?.entry
  }

  /**
   * What a publisher said of a dataset, oldest first, as far as it is here and stands in a catalogue that the viewer is told of, null
   * being nobody in particular: the last ones, of which one more than `VERSIONS_TOLD_MAX` is enough to compare the oldest that is told.
   */
  async versions (publisher: string, datasetId: string, viewer: string | null): Promise<readonly DatasetEntry[]> {
    const versions = new Map<number, DatasetEntry>()
    for (const feedClass of ['members', ...viewer === null ? [] : [`pair:${viewer}`]]) {
      const shelf = this.#shelves.get(nameOf(publisher, feedClass))
      for (const number of shelf?.numbers.get(hex(utf8(keyOfDataset(datasetId)))) ?? []) {
        const entry = shelf === undefined ? undefined : await this.#entryAt(shelf.feed, number, datasetId)
        if (entry !== undefined) versions.set(entry.version, entry)
      }
    }
    return [...versions.values()].toSorted((one, other) => one.version - other.version)
  }

  /** What one record of a catalogue says of a dataset; undefined where it is not here any more, or was not its publisher's to say. */
  async #entryAt (feed: Feed, number: number, datasetId: string): Promise<DatasetEntry | undefined> {
    try {
      for await (const record of recordsOf(this.#federation, feed, number, number + 1)) {
        const said = catalogueOf(feed.declaration.publisher, [{ record, recordIndex: number }], id => this.#federation.feeds.get(id)?.declaration)
        return said.datasets.get(datasetId)?.entry
      }
    } catch (cause) {
      if (!(cause instanceof Incomplete)) throw cause
    }
    return undefined
  }

  /** The feeds in which a publisher describes itself, and a dataset as this member is told of it. */
  feedsFor (publisher: string, datasetId: string, viewer: string | null): readonly Feed[] {
    const classes = ['members', `pair:${viewer ?? this.#own}`]
    return classes.flatMap(each => this.#shelves.get(nameOf(publisher, each)) ?? [])
      .filter(({ feed, state }) => feed.declaration.class === 'members' || state.datasets.has(datasetId))
      .map(({ feed }) => feed)
  }

  /** Erasures and emergencies that members have passed on; whose word they are is for the reader to check. */
  * notices (): Generator<{ readonly publisher: string, readonly notice: Notice }> {
    for (const { feed, state } of this.#shelves.values()) for (const notice of state.notices) yield { publisher: feed.declaration.publisher, notice }
  }

  /** What a member attests of where and how it keeps what it is given. */
  claimsOf (member: string): Claims | undefined {
    return this.#shelves.get(nameOf(member, 'members'))?.state.profile?.claims ?? undefined
  }

  /** Where a member says that it is. */
  placeOf (member: string): PlaceUnits | null {
    return this.#shelves.get(nameOf(member, 'members'))?.state.profile?.place ?? null
  }

  /** Who may see that a dataset exists, as far as this node can know. */
  viewersOf (publisher: string, datasetId: string): 'members' | ReadonlySet<string> {
    const shelf = this.#shelfWith(publisher, datasetId)
    if (shelf === undefined || shelf.feed.declaration.class === 'members') return 'members'
    if (publisher !== this.#own) return new Set([this.#own])
    const shown = [...this.#shelves.values()].filter(({ feed, state }) => feed.declaration.publisher === this.#own && state.datasets.has(datasetId))
    return new Set(shown.flatMap(({ feed }) => viewerOf(feed) ?? []))
  }

  /** Where a dataset is described: what is for this member alone before what is for all. */
  #shelfWith (publisher: string, datasetId: string): Shelf | undefined {
    return [`pair:${this.#own}`, 'members'].map(each => this.#shelves.get(nameOf(publisher, each))).find(shelf => shelf?.state.datasets.has(datasetId) === true)
  }

  /** Copies that are for other members are only written here. */
  #isMine ({ feed }: Shelf): boolean {
    const viewer = viewerOf(feed)
    return viewer === undefined || viewer === this.#own
  }

  /** What speaks against a description, as a reader would say it. */
  check (entry: DatasetEntry): PublishFailure | undefined {
    const status = this.#ownFeed?.status ?? 'recovering'
    if (status !== 'open') return failureOf({ code: status })
    const encoded = encodeEntry({ type: 'dataset', dataset: entry }, this.#clock.nowMs())
    return encoded.ok ? undefined : describe(encoded.failure)
  }

  /**
   * Describes an own dataset to all members, or to those named alone and then nowhere else. Whoever may no longer know of it
   * is told so before those who may are told anything new.
   */
  async put (entry: DatasetEntry, viewers: 'members' | readonly Did[]): Promise<Result<null, PublishFailure>> {
    const targets = viewers === 'members' ? ['members'] : [...new Set([this.#own, ...viewers])].map(did => `pair:${did}`)
    for (const shelf of this.#shelves.values()) {
      const { class: feedClass, publisher } = shelf.feed.declaration
      if (publisher !== this.#own || targets.includes(feedClass) || !shelf.state.datasets.has(entry.datasetId)) continue
      const gone = await this.#appendTo(shelf.feed, {
        key: utf8(keyOfDataset(entry.datasetId)), timeMs: this.#clock.nowMs(), operation: 'delete', mediaType: ENTRY_MEDIA_TYPES.dataset, body: new Uint8Array(0)
      })
      if (!gone.ok) return gone
    }
    const encoded = encodeEntry({ type: 'dataset', dataset: entry }, this.#clock.nowMs())
    if (!encoded.ok) return fail(describe(encoded.failure))
    for (const target of targets) {
      const feed = target === 'members' ? this.#ownFeed : await this.#pairFeed(target as FeedClass)
      if (feed === undefined) return fail(failureOf({ code: 'recovering' }))
      const put = await this.#appendTo(feed, encoded.value)
      if (!put.ok) return put
    }
    return ok(null)
  }

  /** Passes on a notice of erasure, a declared emergency or its end. */
  async notify (notice: Notice): Promise<Result<null, PublishFailure>> {
    return this.#put(notice)
  }

  #pairFeed (feedClass: FeedClass): Promise<Feed> | Feed | undefined {
    const shelf = this.#shelves.get(nameOf(this.#own, feedClass))?.feed
    const isOne = ({ role, status, declaration }: Feed): boolean =>
      role === 'writer' && status !== 'frozen' && declaration.datasetId === CATALOGUE_DATASET_ID && declaration.class === feedClass
    const held = shelf !== undefined && isOne(shelf) ? shelf : [...this.#federation.feeds.all()].find(isOne)
    if (held !== undefined || !this.#federation.own.mayDeclare) return held
    const declaring = this.#declaring.get(feedClass) ?? this.#federation.declare(CATALOGUE_DATASET_ID, feedClass, 'keyed')
    this.#declaring.set(feedClass, declaring)
    return declaring.finally(() => this.#declaring.delete(feedClass))
  }

  /** Passes on a revocation, so that every member takes it from here. */
  async revoke (envelope: Uint8Array): Promise<Result<null, Failure<'invalid' | 'not-ready'>>> {
    const revocation = decodeRevocation(envelope)
    const added = revocation.ok ? await this.#federation.members.addRevocation(envelope) : revocation
    if (!revocation.ok || !added.ok) {
      const code = revocation.ok ? (added.ok ? '' : added.failure.code) : revocation.failure.code
      return fail({ code: 'invalid', reason: `this revocation does not hold: ${code}`, hint: 'it takes the member\'s own root key, or enough of the others' })
    }
    const put = await this.#put({ type: 'revocation', revocation: revocation.value })
    return put.ok ? put : fail({ code: 'not-ready', reason: put.failure.reason, hint: put.failure.hint })
  }

  async #put (entry: Entry): Promise<Result<null, PublishFailure>> {
    const encoded = encodeEntry(entry, this.#clock.nowMs())
    if (!encoded.ok) return fail(describe(encoded.failure))
    return this.#append(encoded.value)
  }

  async #append (record: FeedRecord): Promise<Result<null, PublishFailure>> {
    return this.#ownFeed === undefined ? fail(failureOf({ code: 'recovering' })) : this.#appendTo(this.#ownFeed, record)
  }

  async #appendTo (feed: Feed, record: FeedRecord): Promise<Result<null, PublishFailure>> {
    const appended = await this.#federation.writer.append(feed, [record], { flush: true })
    if (!appended.ok) return fail(failureOf(appended.failure))
    await this.#read(feed)
    return ok(null)
  }

  /** Finds the own catalogue, or declares it where there never was one, and says in it who this publisher is. */
  async introduce (): Promise<void> {
    if (this.#isIntroducing) return
    this.#isIntroducing = true
    try {
      const { feeds, own, certificate } = this.#federation
      if (this.#ownFeed === undefined || this.#ownFeed.status === 'frozen') this.#ownFeed = [...feeds.all()].find(isOwnCatalogue)
      if (this.#ownFeed === undefined && own.mayDeclare) this.#ownFeed = await this.#federation.declare(CATALOGUE_DATASET_ID, 'members', 'keyed')
      if (this.#ownFeed?.status !== 'open') return
      await this.#read(this.#ownFeed)
      const state = this.#shelves.get(nameOf(this.#own, 'members'))?.state
      // What was said before stays said where this node no longer knows it.
      const said = state?.profile
      const place = this.#profile.place ?? said?.place ?? null
      const isSame = said !== undefined && said.name === this.#name && samePlace(said.place, place) && sameClaims(said.claims, this.#claims)
      if (!isSame) await this.#put({ type: 'profile', profile: { name: this.#name, place, homepage: said?.homepage ?? null, claims: this.#claims } })
      const isSaid = state?.certificate !== undefined && equalBytes(state.certificate.envelope, certificate.envelope)
      if (!isSaid) await this.#put({ type: 'certificate', certificate })
    } finally {
      this.#isIntroducing = false
    }
  }

  /** Reads on in a catalogue feed that grew; another feed may be one that a catalogue spoke of before it was known. */
  async #read (feed: Feed): Promise<void> {
    const { publisher, datasetId } = feed.declaration
    if (datasetId !== CATALOGUE_DATASET_ID) {
      for (const shelf of this.#shelves.values()) {
        const isWaiting = shelf.feed.declaration.publisher === publisher && shelf.state.quarantined.some(({ reason }) => reason.code === 'unknown-feed')
        if (isWaiting) await this.#fold(shelf)
      }
      return
    }
    const shelf = this.#shelfOf(publisher, feed)
    if (shelf.feed !== feed) return
    // Whoever is reading reads on, also where it was just about to end.
    shelf.isNewer = true
    shelf.reading ??= this.#readAll(shelf)
    await shelf.reading
  }

  async #readAll (shelf: Shelf): Promise<void> {
    try {
      while (shelf.isNewer) {
        shelf.isNewer = false
        await this.#readOn(shelf)
      }
    } finally {
      // In the same moment as the last look: whoever comes one turn later would wait for a read that is over.
      shelf.reading = undefined
    }
  }

  async #readOn (shelf: Shelf): Promise<void> {
    const { feed } = shelf
    const end = readableEnd(feed)
    if (end <= shelf.next) return
    try {
      for await (const record of recordsOf(this.#federation, feed, shelf.next, end)) {
        const key = hex(record.key)
        shelf.latest.set(key, { record, recordIndex: record.number })
        shelf.numbers.set(key, [...shelf.numbers.get(key) ?? [], record.number].slice(-NUMBERS_KEPT))
        shelf.next = record.number + 1
      }
    } catch (cause) {
      if (!(cause instanceof Incomplete)) throw cause
      // Damaged on the disk: it is being fetched again, and read when it is back.
      this.#log('warn', 'a catalogue is not whole', { publisher: feed.declaration.publisher, reason: cause.message })
    }
    await this.#fold(shelf)
  }

  #shelfOf (publisher: string, feed: Feed): Shelf {
    const name = nameOf(publisher, feed.declaration.class)
    const known = this.#shelves.get(name)
    // A newer catalogue feed replaces one that was frozen.
    if (known !== undefined && (known.feed === feed || known.feed.declaration.createdMs >= feed.declaration.createdMs)) return known
    const shelf: Shelf = { feed, next: 0, latest: new Map(), numbers: new Map(), state: catalogueOf(publisher, [], () => undefined), reading: undefined, isNewer: false }
    this.#shelves.set(name, shelf)
    return shelf
  }

  async #fold (shelf: Shelf): Promise<void> {
    const { publisher } = shelf.feed.declaration
    const before = shelf.state
    const placed = [...shelf.latest.values()].toSorted((a, b) => a.recordIndex - b.recordIndex)
    shelf.state = catalogueOf(publisher, placed, id => this.#federation.feeds.get(id)?.declaration)
    if (shelf.state.quarantinedCount > before.quarantinedCount) {
      this.#log('debug', 'catalogue entries are set aside', { publisher, count: shelf.state.quarantinedCount })
    }
    const unknown = shelf.state.quarantined.flatMap(({ reason }) => reason.code === 'unknown-feed' ? [reason.feed] : [])
    if (unknown.length > 0) this.#federation.puller.seek(unknown)
    const { members } = this.#federation
    if (shelf.state.profile !== undefined) members.told(publisher, shelf.state.profile.name)
    if (shelf.state.certificate !== undefined) await members.addCertificate(shelf.state.certificate.envelope)
    for (const revocation of shelf.state.revocations) await members.addRevocation(revocation.envelope)
    for (const [datasetId, { entry }] of shelf.state.datasets) {
      const known = before.datasets.get(datasetId)
      if (known?.entry.version === entry.version && known.entry.withdrawn === entry.withdrawn) continue
      this.changed.emit({ publisher, datasetId, isNew: known === undefined })
    }
    for (const datasetId of before.datasets.keys()) if (!shelf.state.datasets.has(datasetId)) this.changed.emit({ publisher, datasetId, isNew: false })
    // The end of an emergency takes the place of its declaration.
    if (shelf.state.notices.length !== before.notices.length || shelf.state.notices.some((notice, at) => notice.envelope !== before.notices[at]?.envelope)) this.noticed.emit(publisher)
  }
}

function isOwnCatalogue (feed: Feed): boolean {
  return feed.role === 'writer' && feed.declaration.datasetId === CATALOGUE_DATASET_ID && feed.declaration.class === 'members' && feed.status !== 'frozen'
}

function samePlace (a: PlaceUnits | null, b: PlaceUnits | null): boolean {
  return a?.latitude === b?.latitude && a?.longitude === b?.longitude
}

function sameClaims (a: Claims | null, b: Claims | null): boolean {
  return a === null || b === null ? a === b : a.securityLevel === b.securityLevel && a.storedIn.join() === b.storedIn.join()
}

function nameOf (publisher: string, feedClass: string): string {
  return `${publisher} ${feedClass}`
}

/** Of a catalogue for one member. */
function viewerOf ({ declaration: { class: feedClass } }: Feed): Did | undefined {
  return feedClass.startsWith('pair:') ? feedClass.slice('pair:'.length) : undefined
}

/** Tells a publisher what is wrong with a description. */
function describe (failure: EntryFailure): PublishFailure {
  const schema = 'failure' in failure && failure.failure.code === 'schema' ? failure.failure : undefined
  const reason = schema === undefined
    ? `the description cannot be published: ${failure.code}`
    : `the description cannot be published: ${schema.path.replace(/^\./, '')} must be ${schema.expected}`
  return { code: 'invalid', reason, hint: 'change the description and publish again' }
}
