import { assert, fail, ok, unreachable, type CID, type Result } from '../../base/index.ts'
import { searchCatalogue, type Advertisement, type DatasetEntry } from '../../core/catalogue/index.ts'
import type { Clock, Log, Store } from '../../host/index.ts'
import { unitsOfBox, viewOf, type Catalogue } from '../catalogue/index.ts'
import type {
  Box, Content, Dataset, DatasetDescription, Failure, NumberedRecord, OnProgress, PublishFailure, RecordInput, VerifyReport
} from '../contract/index.ts'
import type { Federation } from '../federation/index.ts'
import { Signal, type Feed } from '../feeds/index.ts'
import { failureOf, storeFile, storeTable, type Stored } from '../publishing/index.ts'
import { followedRecords, readableEnd, recordsOf } from '../reading/index.ts'
import { metaKey } from '../rows/index.ts'
import { verifyDataset } from '../verifying/index.ts'
import { fileRootOf, heldOf } from './held.ts'

const SUBSCRIBED = metaKey('subscribed')
const PROGRESS_EVERY_MS = 250

type Found = Pick<Advertisement, 'publisher' | 'entry'>
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
  /** By dataset: the root of its file, once the record that names it is here. */
  readonly #roots = new Map<string, CID>()
  readonly #fetchingFiles = new Set<string>()
  readonly #publishing = new Map<string, Promise<unknown>>()
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
      this.#followFile(publisher, datasetId)
      this.changed.emit(`${publisher}/${datasetId}`)
    })
    options.federation.feeds.changed.on(feed => this.#feedChanged(feed))
  }

  static async open (options: DatasetsOptions): Promise<Datasets> {
    const read = await options.store.get(SUBSCRIBED)
    const lines = read.state === 'found' ? new TextDecoder().decode(read.value).split('\n') : []
    const datasets = new Datasets(options, new Set(lines.filter(line => line !== '')))
    for (const { publisher, entry } of options.catalogue.entries()) datasets.#followFile(publisher, entry.datasetId)
    return datasets
  }

  stop (): void {
    this.#stopped.abort()
  }

  // --- Finding -----------------------------------------------------------------------------------------------------

  list (query: {
    readonly text?: string, readonly publisher?: string, readonly theme?: string, readonly box?: Box, readonly limit: number, readonly after?: string
  }): readonly Dataset[] {
    const { text, theme, box, limit, after } = query
    const publisher = query.publisher === undefined ? undefined : this.#memberCalled(query.publisher) ?? query.publisher
    const found = searchCatalogue(this.#catalogue.entries(), {
      ...text === undefined ? {} : { text }, ...theme === undefined ? {} : { theme }, ...publisher === undefined ? {} : { publisher },
      ...box === undefined ? {} : { box: unitsOfBox(box) ?? box }
    })
    const start = after === undefined ? 0 : found.findIndex(each => idOf(each) === after) + 1
    return found.slice(start, start + limit).map(each => this.view(each))
  }

  find (reference: string): Reference {
    const slash = reference.lastIndexOf('/')
    const [who, datasetId] = slash < 0 ? [undefined, reference] : [reference.slice(0, slash), reference.slice(slash + 1)]
    const publisher = who === undefined ? undefined : this.#memberCalled(who) ?? who
    const matches = [...this.#catalogue.entries()]
      .filter(each => each.entry.datasetId === datasetId && (publisher === undefined || each.publisher === publisher))
    const [match] = matches
    if (match === undefined) {
      return fail({ code: 'not-found', reason: `no dataset "${reference}" is known here`, hint: 'see "hanse ls"; a neighbour\'s new dataset takes a moment to arrive' })
    }
    if (matches.length > 1) {
      const names = matches.map(each => `${this.#federation.members.nameOf(each.publisher)}/${datasetId}`).join(', ')
      return fail({ code: 'ambiguous', reason: `"${reference}" could be any of ${names}`, hint: 'name the publisher too: PUBLISHER/DATASET' })
    }
    return ok(match)
  }

  /** The did of the one member of that name, in any case of letters. */
  #memberCalled (name: string): string | undefined {
    const wanted = name.toLowerCase()
    const called = this.#federation.members.current.members().filter(member => member.name.toLowerCase() === wanted || slugOf(member.name) === wanted)
    return called.length === 1 ? called[0]?.did : undefined
  }

  view ({ publisher, entry }: Found): Dataset {
    const held = heldOf(this.#federation, entry, this.#isWanted(publisher, entry.datasetId), this.#hasFile(`${publisher}/${entry.datasetId}`))
    return viewOf(entry, { did: publisher, name: this.#federation.members.nameOf(publisher) }, held)
  }

  #hasFile (id: string): boolean {
    const root = this.#roots.get(id)
    return root !== undefined && this.#federation.files.has(root)
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
    this.#followFile(publisher, datasetId)
    this.changed.emit(`${publisher}/${datasetId}`)
  }

  /** Fetches the file of a dataset once the record that names it is here. */
  #followFile (publisher: string, datasetId: string): void {
    const id = `${publisher}/${datasetId}`
    const entry = this.#catalogue.entry(publisher, datasetId)
    if (entry?.distribution.form !== 'file' || this.#fetchingFiles.has(id) || !this.#isWanted(publisher, datasetId)) return
    this.#fetchingFiles.add(id)
    this.#fetchFile(id, entry)
      .catch((cause: unknown) => this.#log('warn', 'a file could not be fetched', { dataset: id, reason: String(cause) }))
      .finally(() => this.#fetchingFiles.delete(id))
  }

  async #fetchFile (id: string, entry: DatasetEntry): Promise<void> {
    const root = await fileRootOf(this.#federation, entry)
    if (root === undefined) return
    const { files, feeds, puller } = this.#federation
    const feed = feeds.get(entry.distribution.feed)
    const fetched = await files.fetch(root, () => feed === undefined ? [] : puller.linksTo(feed), this.#stopped.signal)
    this.#roots.set(id, root)
    if (!fetched.ok) this.#log('info', 'a file is not here yet', { dataset: id, reason: fetched.failure.reason })
    this.changed.emit(id)
  }

  /** Waits until all of a dataset is here. */
  async fetch (reference: string, signal: AbortSignal, onProgress: OnProgress): Promise<Result<Dataset, Failure<'not-found' | 'ambiguous' | 'unreachable' | 'frozen'>>> {
    const found = this.find(reference)
    if (!found.ok) return found
    const { publisher, entry } = found.value
    await this.#subscribe(idOf(found.value))
    const feed = this.#feedOf(publisher, entry.datasetId)
    if (feed !== undefined) this.#federation.puller.want(feed)
    else this.#federation.puller.listAll()
    this.#followFile(publisher, entry.datasetId)
    for (;;) {
      const now = this.find(idOf(found.value))
      const dataset = this.view(now.ok ? now.value : found.value)
      const { phase, segmentsHave, segmentsKnown, because } = dataset.held
      if (phase === 'complete') return ok(dataset)
      if (phase === 'frozen') return fail({ code: 'frozen', reason: because ?? 'frozen', hint: 'ask the publisher; what was verified before the fork can still be read' })
      onProgress({ phase: phase === 'fetching' ? 'fetching' : 'looking', done: segmentsHave, total: segmentsKnown || null, unit: 'segments' })
      if (signal.aborted) return fail({ code: 'unreachable', reason: because ?? 'not all of it has come yet', hint: 'the node goes on fetching; see "hanse peers", or ask again later' })
      await this.#pause(signal)
    }
  }

  /** Until something changes or a moment has passed. */
  async #pause (signal: AbortSignal): Promise<void> {
    const over = new AbortController()
    const cancel = this.#clock.wake(PROGRESS_EVERY_MS, () => over.abort())
    await this.changed.next(AbortSignal.any([signal, over.signal]))
    cancel()
  }

  // --- Publishing --------------------------------------------------------------------------------------------------

  async publish (description: DatasetDescription, content: Content, onProgress: OnProgress): Promise<Result<Dataset, PublishFailure>> {
    const before = this.#publishing.get(description.datasetId) ?? Promise.resolve()
    const turn = before.then(() => this.#publish(description, content, onProgress))
    const settled = turn.catch(() => {})
    this.#publishing.set(description.datasetId, settled)
    try {
      return await turn
    } finally {
      if (this.#publishing.get(description.datasetId) === settled) this.#publishing.delete(description.datasetId)
    }
  }

  async #publish (description: DatasetDescription, content: Content, onProgress: OnProgress): Promise<Result<Dataset, PublishFailure>> {
    const { datasetId, access } = description
    const held = this.#catalogue.entry(this.#own, datasetId)
    const known = held === undefined ? undefined : this.#federation.feeds.get(held.distribution.feed)
    const probe = this.#catalogue.check(this.#entry(description, content, known?.id ?? this.#federation.members.current.federation, held, undefined))
    if (probe !== undefined) return fail(probe)
    // Another audience is another feed: who could read the old one keeps what it holds, and gets nothing new.
    const isReusable = known !== undefined && known.declaration.class === access && known.status === 'open'
    const feed = isReusable ? known : await this.#federation.declare(datasetId, access, 'log')
    const stored = await this.#storeContent(feed, content, onProgress)
    if (!stored.ok) return stored
    if (content.form !== 'stream' && stored.value.records === 0) {
      return fail({ code: 'invalid', reason: 'there is nothing in it', hint: 'publish a file that has content' })
    }
    const entry = this.#entry(description, content, feed.id, held, stored.value)
    const put = await this.#catalogue.put(entry)
    if (!put.ok) return put
    if (content.form === 'file') this.#followFile(this.#own, datasetId)
    onProgress({ phase: 'done', done: stored.value.records, total: stored.value.records, unit: 'records' })
    return ok(this.view({ publisher: this.#own, entry }))
  }

  async #storeContent (feed: Feed, content: Content, onProgress: OnProgress): Promise<Result<Stored, PublishFailure>> {
    const { writer, files } = this.#federation
    switch (content.form) {
      case 'table': return storeTable(writer, feed, content.records, onProgress)
      case 'file': return storeFile(writer, files, feed, content, this.#clock.nowMs(), onProgress)
      case 'stream': return ok({ firstRecord: writer.nextRecordOf(feed), records: 0, sizeBytes: 0, sha256: new Uint8Array(32) })
      default: return unreachable(content)
    }
  }

  #entry (description: DatasetDescription, content: Content, feed: CID, held: DatasetEntry | undefined, stored: Stored | undefined): DatasetEntry {
    const nowMs = this.#clock.nowMs()
    const isStream = content.form === 'stream'
    return {
      ...description,
      spatial: unitsOfBox(description.spatial),
      temporal: description.temporal,
      issuedMs: held?.issuedMs ?? nowMs,
      modifiedMs: nowMs,
      version: (held?.version ?? 0) + 1,
      distribution: {
        feed, form: content.form, mediaType: content.mediaType, fileName: isStream ? `${description.datasetId}.ndjson` : content.fileName,
        firstRecord: stored?.firstRecord ?? 0, records: isStream ? null : stored?.records ?? 0,
        sizeBytes: isStream ? null : stored?.sizeBytes ?? 0, sha256: isStream ? null : stored?.sha256 ?? new Uint8Array(32)
      },
      withdrawn: false
    }
  }

  async append (datasetId: string, records: readonly RecordInput[], options: { readonly flush: boolean }): Promise<Result<{ readonly first: number, readonly count: number }, PublishFailure>> {
    const entry = this.#catalogue.entry(this.#own, datasetId)
    const feed = entry === undefined ? undefined : this.#federation.feeds.get(entry.distribution.feed)
    if (entry === undefined || feed === undefined) {
      return fail({ code: 'not-found', reason: `this node publishes no dataset "${datasetId}"`, hint: 'open the stream first: "hanse publish --stream --id ID"' })
    }
    if (entry.distribution.form !== 'stream') {
      return fail({ code: 'invalid', reason: `"${datasetId}" is a finished ${entry.distribution.form}, not a stream`, hint: 'publish it anew as a whole, or open a stream' })
    }
    const appended = await this.#federation.writer.append(feed, records, options)
    return appended.ok ? appended : fail(failureOf(appended.failure))
  }

  async withdraw (datasetId: string): Promise<Result<null, PublishFailure>> {
    const entry = this.#catalogue.entry(this.#own, datasetId)
    if (entry === undefined) return fail({ code: 'not-found', reason: `this node publishes no dataset "${datasetId}"`, hint: 'see "hanse ls"' })
    return this.#catalogue.put({ ...entry, withdrawn: true, version: entry.version + 1, modifiedMs: this.#clock.nowMs() })
  }

  // --- Reading -----------------------------------------------------------------------------------------------------

  read (reference: string, { from, limit }: { readonly from: number, readonly limit: number }): Result<AsyncIterable<NumberedRecord>, Failure<'not-found' | 'ambiguous'>> {
    const found = this.find(reference)
    if (!found.ok) return found
    const { firstRecord, records, feed: id } = found.value.entry.distribution
    const feed = this.#federation.feeds.get(id)
    if (feed === undefined) return ok(nothing())
    const end = Math.min(records === null ? readableEnd(feed) : firstRecord + records, readableEnd(feed))
    return ok(renumbered(recordsOf(this.#federation.feeds, feed, firstRecord + from, Math.min(end, firstRecord + from + limit)), firstRecord))
  }

  follow (reference: string, { last, signal }: { readonly last: number, readonly signal: AbortSignal }): Result<AsyncIterable<NumberedRecord>, Failure<'not-found' | 'ambiguous'>> {
    const found = this.find(reference)
    if (!found.ok) return found
    const { firstRecord, feed: id } = found.value.entry.distribution
    const feed = this.#federation.feeds.get(id)
    if (feed === undefined) {
      return fail({ code: 'not-found', reason: `nothing of "${reference}" has come yet`, hint: 'wait a moment, or fetch it with "hanse get"' })
    }
    const stopped = AbortSignal.any([signal, this.#stopped.signal])
    const { feeds, puller } = this.#federation
    const from = Math.max(firstRecord, readableEnd(feed) - last)
    return ok(renumbered((async function * () {
      const leave = feed.role === 'reader' ? puller.follow(feed) : () => {}
      try {
        yield * followedRecords(feeds, feed, from, stopped)
      } finally {
        leave()
      }
    })(), firstRecord))
  }

  async content (reference: string, range?: { readonly from: number, readonly to: number }): Promise<Result<{
    readonly sizeBytes: number, readonly mediaType: string, readonly fileName: string, readonly bytes: AsyncIterable<Uint8Array>
  }, Failure<'not-found' | 'ambiguous' | 'incomplete' | 'range'>>> {
    const found = this.find(reference)
    if (!found.ok) return found
    const dataset = this.view(found.value)
    const { form, mediaType, fileName, firstRecord, records } = found.value.entry.distribution
    const sizeBytes = dataset.distribution.sizeBytes
    if (sizeBytes === null || records === null) {
      return fail({ code: 'range', reason: 'a stream has no end, so it cannot be had as a whole', hint: 'read its records, or follow it with "hanse tail"' })
    }
    if (dataset.held.phase !== 'complete') {
      return fail({ code: 'incomplete', reason: dataset.held.because ?? 'not all of it is here yet', hint: 'fetch it first: "hanse get" waits for it' })
    }
    const { from, to } = range ?? { from: 0, to: sizeBytes }
    if (from < 0 || to > sizeBytes || from > to) return fail({ code: 'range', reason: `there are ${sizeBytes} bytes`, hint: 'ask within them' })
    const head = { sizeBytes, mediaType, fileName }
    if (form === 'file') {
      const root = await fileRootOf(this.#federation, found.value.entry)
      assert(root !== undefined, 'a complete file has a root')
      return ok({ ...head, bytes: this.#federation.files.read(root, from, to) })
    }
    const feed = this.#federation.feeds.get(found.value.entry.distribution.feed)
    assert(feed !== undefined, 'a complete dataset has its feed')
    return ok({ ...head, bytes: slice(bodies(recordsOf(this.#federation.feeds, feed, firstRecord, firstRecord + records)), from, to) })
  }

  async verify (reference: string, onProgress: OnProgress): Promise<Result<VerifyReport, Failure<'not-found' | 'ambiguous' | 'incomplete'>>> {
    const found = this.find(reference)
    if (!found.ok) return found
    const { form, firstRecord, records, sizeBytes, sha256, feed: id } = found.value.entry.distribution
    const feed = this.#federation.feeds.get(id)
    if (feed?.head === undefined) return fail({ code: 'incomplete', reason: 'nothing of it is here yet', hint: 'fetch it first with "hanse get"' })
    const fileRoot = await fileRootOf(this.#federation, found.value.entry) ?? null
    return ok(await verifyDataset(this.#federation, feed, {
      dataset: idOf(found.value), form, firstRecord, records, sizeBytes, sha256, fileRoot
    }, onProgress))
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

function idOf ({ publisher, entry }: Found): string {
  return `${publisher}/${entry.datasetId}`
}

/** A name as it is typed in a shell: lower case, hyphens for what is neither letter nor digit. */
function slugOf (name: string): string {
  return name.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, '-')
}

async function * nothing (): AsyncGenerator<NumberedRecord> {}

async function * renumbered (records: AsyncIterable<NumberedRecord>, first: number): AsyncGenerator<NumberedRecord> {
  for await (const record of records) yield { ...record, number: record.number - first }
}

async function * bodies (records: AsyncIterable<NumberedRecord>): AsyncGenerator<Uint8Array> {
  for await (const { body } of records) yield body
}

/** Bytes [from, to) of joined chunks. */
async function * slice (chunks: AsyncIterable<Uint8Array>, from: number, to: number): AsyncGenerator<Uint8Array> {
  let at = 0
  for await (const chunk of chunks) {
    const part = chunk.subarray(Math.max(0, from - at), Math.max(0, to - at))
    if (part.length > 0) yield part
    at += chunk.length
    if (at >= to) return
  }
}
