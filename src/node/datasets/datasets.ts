import { fail, ok, type CID, type Result } from '../../base/index.ts'
import { searchCatalogue, type Advertisement, type DatasetEntry, type EntryTerms } from '../../core/catalogue/index.ts'
import { cellsOfBox } from '../../core/derivation/index.ts'
import type { Clock, Log, Store } from '../../host/index.ts'
import { boxOfUnits, termsViewOf, unitsOfBox, viewOf, type Catalogue } from '../catalogue/index.ts'
import type { Asker, Box, Dataset, Failure, OnProgress, TermsView } from '../contract/index.ts'
import { refusalOf, type AssetName, type Assets, type FileUse } from '../doors/index.ts'
import type { Federation } from '../federation/index.ts'
import { Signal, type Feed } from '../feeds/index.ts'
import { metaKey } from '../rows/index.ts'
import { fileOf, heldOf } from './held.ts'

const SUBSCRIBED = metaKey('subscribed')
const PROGRESS_EVERY_MS = 250
/** Members may be called otherwise meanwhile. */
const TERMS_SHOWN_MS = 10_000

/** The record that names a file. */
type Place = Pick<DatasetEntry['distribution'], 'feed' | 'firstRecord'>
export type Found = Pick<Advertisement, 'publisher' | 'entry'>
type Reference = Result<Found, Failure<'not-found' | 'ambiguous'>>

/** The datasets of the federation: found, published, fetched, read, verified. */
export class Datasets {
  readonly #federation: Federation
  readonly #catalogue: Catalogue
  readonly #clock: Clock
  readonly #store: Store
  readonly #log: Log
  readonly #own: string
  readonly #keepsAll: boolean
  #subscribed: Set<string>
  /** Which datasets name a file, by its root: also earlier versions, which somebody may still be fetching. */
  readonly #usesByRoot = new Map<string, Map<string, FileUse>>()
  /** By dataset: the root of its file, once the record that names it is here, and which record that is. */
  readonly #roots = new Map<string, { readonly root: CID, readonly named: Place }>()
  /** Sentences cost more than all else that is shown of a dataset, and are shown with every live record. */
  readonly #termsShown = new WeakMap<EntryTerms, { readonly view: TermsView, readonly untilMs: number }>()
  /** `isNewer`: something came meanwhile that may name another. */
  readonly #fetchingFiles = new Map<string, { isNewer: boolean }>()
  /** Datasets whose file is wanted and not here: asked for again whenever somebody tells what they hold. */
  readonly #lackingFiles = new Set<string>()
  readonly #stopped = new AbortController()
  /** What this node holds of a dataset has changed. */
  readonly changed: Signal<string> = new Signal()

  private constructor (options: DatasetsOptions, subscribed: Set<string>) {
    this.#federation = options.federation
    this.#catalogue = options.catalogue
    this.#clock = options.clock
    this.#store = options.store
    this.#log = options.log
    this.#own = options.own
    this.#keepsAll = options.keepsAll
    this.#subscribed = subscribed
    options.catalogue.changed.on(({ publisher, datasetId }) => {
      const feed = this.#feedOf(publisher, datasetId)
      if (feed !== undefined) this.#federation.puller.want(feed)
      this.followFile(publisher, datasetId)
      this.changed.emit(`${publisher}/${datasetId}`)
    })
    options.federation.feeds.changed.on(feed => this.#feedChanged(feed))
    options.federation.files.changed.on(({ root, isComplete }) => { if (!isComplete) this.#fileDamaged(root) })
    // A record that was sealed may name a file.
    options.federation.keyring.changed.on(() => {
      for (const { publisher, entry } of options.catalogue.entries()) if (entry.access === 'restricted') this.followFile(publisher, entry.datasetId)
    })
    options.federation.puller.sourcesChanged.on(() => { for (const id of this.#lackingFiles) this.#followFileOf(id) })
  }

  static async open (options: DatasetsOptions): Promise<Datasets> {
    const read = await options.store.get(SUBSCRIBED)
    const lines = read.state === 'found' ? new TextDecoder().decode(read.value).split('\n') : []
    const datasets = new Datasets(options, new Set(lines.filter(line => line !== '')))
    for (const { publisher, entry } of options.catalogue.entries()) datasets.followFile(publisher, entry.datasetId)
    return datasets
  }

  stop (): void {
    this.#stopped.abort()
  }

  /** What doors are told of datasets. */
  assets (): Assets {
    const changed = new Signal<AssetName>()
    this.#catalogue.changed.on(asset => changed.emit(asset))
    return {
      changed,
      describe: ({ publisher, datasetId }) => {
        const entry = this.#catalogue.entry(publisher, datasetId)
        if (entry === undefined) return undefined
        const { access, terms, sources, derivation } = entry
        return { access, terms, sources, derivation, area: areaOf(entry), viewers: this.#catalogue.viewersOf(publisher, datasetId) }
      },
      claimsOf: member => this.#catalogue.claimsOf(member),
      usesOf: root => [...this.#usesByRoot.get(root.toString())?.values() ?? []]
    }
  }

  // --- Finding -----------------------------------------------------------------------------------------------------

  list (query: {
    readonly text?: string, readonly publisher?: string, readonly theme?: string, readonly box?: Box, readonly limit: number, readonly after?: string
  }, asker?: Asker): readonly Dataset[] {
    const { text, theme, box, limit, after } = query
    const publisher = query.publisher === undefined ? undefined : this.#memberCalled(query.publisher) ?? query.publisher
    const known = [...this.#catalogue.entries()].filter(each => this.#isKnownTo(each, asker))
    const found = searchCatalogue(known, {
      ...text === undefined ? {} : { text }, ...theme === undefined ? {} : { theme }, ...publisher === undefined ? {} : { publisher },
      ...box === undefined ? {} : { box: unitsOfBox(box) ?? box }
    })
    const start = after === undefined ? 0 : found.findIndex(each => idOf(each) === after) + 1
    return found.slice(start, start + limit).map(each => this.view(each))
  }

  /** The dataset that a reference names, for one who may know of it. */
  findFor (reference: string, asker: Asker | undefined): Reference {
    const found = this.find(reference)
    return found.ok && !this.#isKnownTo(found.value, asker) ? this.unknown(reference) : found
  }

  #isKnownTo ({ publisher, entry: { datasetId } }: Found, asker: Asker | undefined): boolean {
    return asker?.requester === undefined ||
      this.#federation.doors.decide({ door: 'advertise', requester: asker.requester, asset: { publisher, datasetId } }).allow
  }

  find (reference: string): Reference {
    const slash = reference.lastIndexOf('/')
    const [who, datasetId] = slash < 0 ? [undefined, reference] : [reference.slice(0, slash), reference.slice(slash + 1)]
    const publisher = who === undefined ? undefined : this.#memberCalled(who) ?? who
    const matches = [...this.#catalogue.entries()]
      .filter(each => each.entry.datasetId === datasetId && (publisher === undefined || each.publisher === publisher))
    const [match] = matches
    if (match === undefined) return this.unknown(reference)
    if (matches.length > 1) {
      const names = matches.map(each => `${this.#federation.members.nameOf(each.publisher)}/${datasetId}`).join(', ')
      return fail({ code: 'ambiguous', reason: `"${reference}" could be any of ${names}`, hint: 'name the publisher too: PUBLISHER/DATASET' })
    }
    return ok(match)
  }

  unknown (reference: string): Result<never, Failure<'not-found'>> {
    return fail({ code: 'not-found', reason: `no dataset "${reference}" is known here`, hint: 'see "hanse ls"; a neighbour\'s new dataset takes a moment to arrive' })
  }

  /** The did of the member of that did or name. */
  memberNamed (reference: string): string | undefined {
    return this.#federation.members.current.member(reference)?.did ?? this.#memberCalled(reference)
  }

  /** The did of the one member of that name, in any case of letters. */
  #memberCalled (name: string): string | undefined {
    const wanted = name.toLowerCase()
    const { members } = this.#federation
    const called = members.current.members().map(({ did }) => ({ did, name: members.nameOf(did) }))
      .filter(each => each.name.toLowerCase() === wanted || slugOf(each.name) === wanted)
    return called.length === 1 ? called[0]?.did : undefined
  }

  view ({ publisher, entry }: Found): Dataset {
    const held = heldOf(this.#federation, entry, this.#isWanted(publisher, entry.datasetId), this.#hasFile(`${publisher}/${entry.datasetId}`, entry))
    return viewOf(entry, { did: publisher, name: this.#federation.members.nameOf(publisher) }, this.#termsOf(entry), held)
  }

  #termsOf ({ terms }: DatasetEntry): TermsView | null {
    if (terms === null) return null
    const { members, doors } = this.#federation
    const nowMs = this.#clock.monotonicMs()
    const known = this.#termsShown.get(terms)
    if (known !== undefined && nowMs < known.untilMs) return known.view
    const view = termsViewOf(terms, doors.policies, did => members.nameOf(did))
    this.#termsShown.set(terms, { view, untilMs: nowMs + TERMS_SHOWN_MS })
    return view
  }

  /** Not that of an earlier version. */
  #hasFile (id: string, { distribution: { feed, firstRecord } }: DatasetEntry): boolean {
    const held = this.#roots.get(id)
    return held !== undefined && held.named.feed.equals(feed) && held.named.firstRecord === firstRecord && this.#federation.files.has(held.root)
  }

  // --- Keeping -----------------------------------------------------------------------------------------------------

  /** Catalogues always; datasets all, or those asked for. */
  wants (feed: Feed): boolean {
    const { publisher, datasetId } = feed.declaration
    return feed.role === 'writer' || datasetId === 'catalogue' || this.#isWanted(publisher, datasetId)
  }

  #isWanted (publisher: string, datasetId: string): boolean {
    return publisher === this.#own || this.#keepsAll || this.#subscribed.has(`${publisher}/${datasetId}`)
  }

  async #subscribe (id: string): Promise<void> {
    if (this.#subscribed.has(id)) return
    this.#subscribed = new Set([...this.#subscribed, id])
    await this.#store.commit([{ type: 'put', key: SUBSCRIBED, value: new TextEncoder().encode([...this.#subscribed].join('\n')) }])
  }

  #feedOf (publisher: string, datasetId: string): Feed | undefined {
    const entry = this.#catalogue.entry(publisher, datasetId)
    return entry === undefined ? undefined : this.#federation.feeds.get(entry.distribution.feed)
  }

  #feedChanged (feed: Feed): void {
    const { publisher, datasetId } = feed.declaration
    if (datasetId === 'catalogue') return
    this.followFile(publisher, datasetId)
    this.changed.emit(`${publisher}/${datasetId}`)
  }

  /** The ledger has another anchor of the feed. */
  anchored ({ declaration: { publisher, datasetId } }: Feed): void {
    if (datasetId !== 'catalogue') this.changed.emit(`${publisher}/${datasetId}`)
  }

  /** Fetches the file of a dataset once the record that names it is here. */
  followFile (publisher: string, datasetId: string): void {
    const id = `${publisher}/${datasetId}`
    if (this.#catalogue.entry(publisher, datasetId)?.distribution.form !== 'file' || !this.#isWanted(publisher, datasetId)) return
    const fetching = this.#fetchingFiles.get(id)
    if (fetching === undefined) void this.#fetchFiles(id, publisher, datasetId)
    else fetching.isNewer = true
  }

  /** Once more where something came meanwhile: that may have been the record, or another version. */
  async #fetchFiles (id: string, publisher: string, datasetId: string): Promise<void> {
    const fetching = { isNewer: true }
    this.#fetchingFiles.set(id, fetching)
    while (fetching.isNewer && !this.#stopped.signal.aborted) {
      fetching.isNewer = false
      const entry = this.#catalogue.entry(publisher, datasetId)
      try {
        if (entry !== undefined) await this.#fetchFile(id, entry)
      } catch (cause) {
        this.#log('warn', 'a file could not be fetched', { dataset: id, reason: String(cause) })
      }
    }
    // In the same moment as the last look: whoever comes one turn later begins anew.
    this.#fetchingFiles.delete(id)
  }

  /** What was damaged on the disk comes again from those who have it. */
  #fileDamaged (damaged: CID): void {
    for (const [id, { root }] of this.#roots) {
      if (!root.equals(damaged)) continue
      this.#lackingFiles.add(id)
      this.#followFileOf(id)
    }
  }

  #followFileOf (id: string): void {
    const slash = id.lastIndexOf('/')
    this.followFile(id.slice(0, slash), id.slice(slash + 1))
  }

  async #fetchFile (id: string, entry: DatasetEntry): Promise<void> {
    const file = await fileOf(this.#federation, entry)
    if (file === undefined) return
    const { root } = file
    const { files, feeds, puller } = this.#federation
    const slash = id.lastIndexOf('/')
    const uses = this.#usesByRoot.get(root.toString()) ?? new Map<string, FileUse>()
    this.#usesByRoot.set(root.toString(), uses.set(id, { asset: { publisher: id.slice(0, slash), datasetId: id.slice(slash + 1) }, isSealed: file.cipher !== null }))
    this.#roots.set(id, { root, named: entry.distribution })
    const feed = feeds.get(entry.distribution.feed)
    const fetched = await files.fetch(root, () => feed === undefined ? [] : puller.linksTo(feed), this.#stopped.signal)
    if (fetched.ok) this.#lackingFiles.delete(id)
    else this.#lackingFiles.add(id)
    if (!fetched.ok) this.#log('info', 'a file is not here yet', { dataset: id, reason: fetched.failure.reason })
    this.changed.emit(id)
  }

  /** Waits until all of a dataset is here. */
  async fetch (reference: string, signal: AbortSignal, onProgress: OnProgress): Promise<Result<Dataset, Failure<'not-found' | 'ambiguous' | 'unreachable' | 'frozen' | 'refused'>>> {
    const found = this.find(reference)
    if (!found.ok) return found
    const { publisher, entry } = found.value
    await this.#subscribe(idOf(found.value))
    const feed = this.#feedOf(publisher, entry.datasetId)
    if (feed !== undefined) this.#federation.puller.want(feed)
    else this.#federation.puller.listAll()
    this.followFile(publisher, entry.datasetId)
    for (;;) {
      const now = this.find(idOf(found.value))
      const dataset = this.view(now.ok ? now.value : found.value)
      const { phase, segmentsHave, segmentsKnown, because } = dataset.held
      if (phase === 'complete') return ok(dataset)
      if (phase === 'frozen') return fail({ code: 'frozen', reason: because ?? 'frozen', hint: 'ask the publisher; what was verified before the fork can still be read' })
      const barrier = this.#barrierTo(publisher, entry.datasetId)
      if (barrier !== undefined) return fail(barrier)
      onProgress({ phase: phase === 'fetching' ? 'fetching' : 'looking', done: segmentsHave, total: segmentsKnown || null, unit: 'segments' })
      if (signal.aborted) return fail({ code: 'unreachable', reason: because ?? 'not all of it has come yet', hint: 'the node goes on fetching; see "hanse peers", or ask again later' })
      await this.#pause(signal)
    }
  }

  /** Why waiting is in vain: without an agreement nobody gives it, not even to keep it unread. Whatever else is missing may come. */
  #barrierTo (publisher: string, datasetId: string): Failure<'not-found' | 'refused'> | undefined {
    const { doors } = this.#federation
    const asked = { requester: this.#own, asset: { publisher, datasetId }, records: 0 } as const
    const decision = doors.decide({ ...asked, door: 'read' })
    const isFutile = !decision.allow && decision.reasons.some(({ code }) => code === 'agreement.none' || code === 'agreement.revoked')
    return isFutile && !doors.decide({ ...asked, door: 'sync', form: 'ciphertext' }).allow ? refusalOf(decision) : undefined
  }

  /** Until something changes or a moment has passed. */
  async #pause (signal: AbortSignal): Promise<void> {
    const over = new AbortController()
    const cancel = this.#clock.wake(PROGRESS_EVERY_MS, () => over.abort())
    await this.changed.next(AbortSignal.any([signal, over.signal]))
    cancel()
  }
}

export type DatasetsOptions = {
  readonly federation: Federation
  readonly catalogue: Catalogue
  readonly clock: Clock
  readonly store: Store
  readonly log: Log
  readonly own: string
  readonly keepsAll: boolean
}

export function idOf ({ publisher, entry }: Found): string {
  return `${publisher}/${entry.datasetId}`
}

const areas = new WeakMap<DatasetEntry, readonly string[]>()

/** The H3 cells of its box: descriptions do not change, and cutting a box takes a while. */
function areaOf (entry: DatasetEntry): readonly string[] | undefined {
  if (entry.spatial === null) return undefined
  const known = areas.get(entry)
  const cells = known ?? cellsOfBox(boxOfUnits(entry.spatial))
  if (known === undefined && cells !== undefined) areas.set(entry, cells)
  return cells
}

/** A name as it is typed in a shell: lower case, hyphens for what is neither letter nor digit. */
function slugOf (name: string): string {
  return name.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, '-')
}
