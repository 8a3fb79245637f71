import type { DatasetEntry } from '../../core/catalogue/index.ts'
import { formatOf } from '../../core/rows/index.ts'
import type { Catalogue } from '../catalogue/index.ts'
import type { Federation } from '../federation/index.ts'
import type { Feed } from '../feeds/index.ts'
import type { FeedIndex, Indexes } from '../indexing/index.ts'
import { Incomplete, readableEnd, recordsOf } from '../reading/index.ts'

/** What keeps rows of a dataset from being read. `nothing`: none has come. */
export type Uncovered = 'nothing' | 'file' | 'columns' | 'fields' | 'media-type'

type Covered = { readonly entry: DatasetEntry, readonly feed: Feed, readonly outcome: FeedIndex | Exclude<Uncovered, 'nothing'> }

type CoveringOptions = {
  readonly federation: Pick<Federation, 'feeds' | 'keyring'>
  readonly catalogue: Catalogue
  readonly indexes: Indexes
  readonly onFatal: (cause: unknown) => void
}

/** Has the feed of each dataset indexed whose rows can be read, as its newest description says. */
export class Covering {
  readonly #options: CoveringOptions
  readonly #covered = new Map<string, Covered>()
  readonly #turns = new Map<string, Promise<unknown>>()
  readonly #stops: readonly (() => void)[]

  constructor (options: CoveringOptions) {
    this.#options = options
    const { catalogue, federation: { feeds, keyring }, onFatal } = options
    const again = (publisher: string, datasetId: string): void => { this.coverageOf(publisher, datasetId).catch(onFatal) }
    this.#stops = [
      catalogue.changed.on(({ publisher, datasetId }) => again(publisher, datasetId)),
      // Of what is covered the index hears itself.
      feeds.changed.on(({ declaration: { publisher, datasetId } }) => { if (!this.#covered.has(`${publisher}/${datasetId}`) && catalogue.entry(publisher, datasetId) !== undefined) again(publisher, datasetId) }),
      keyring.changed.on(() => { for (const { publisher, entry: { datasetId } } of catalogue.entries()) if (!this.#covered.has(`${publisher}/${datasetId}`)) again(publisher, datasetId) })
    ]
  }

  /** Covers all that is described. */
  async open (): Promise<void> {
    const described = [...this.#options.catalogue.entries()]
    for (const { publisher, entry: { datasetId } } of described) await this.coverageOf(publisher, datasetId)
  }

  stop (): void {
    for (const stop of this.#stops) stop()
  }

  /** The index of a dataset as it is described now, or why there is none. */
  async coverageOf (publisher: string, datasetId: string): Promise<FeedIndex | Uncovered> {
    const id = `${publisher}/${datasetId}`
    const turn = (this.#turns.get(id) ?? Promise.resolve()).then(() => this.#cover(id, publisher, datasetId))
    const settled = turn.then(() => {}, () => {})
    this.#turns.set(id, settled)
    try {
      return await turn
    } finally {
      if (this.#turns.get(id) === settled) this.#turns.delete(id)
    }
  }

  async #cover (id: string, publisher: string, datasetId: string): Promise<FeedIndex | Uncovered> {
    const { catalogue, federation: { feeds }, indexes } = this.#options
    const entry = catalogue.entry(publisher, datasetId)
    const feed = entry === undefined || entry.withdrawn ? undefined : feeds.get(entry.distribution.feed)
    const held = this.#covered.get(id)
    if (held !== undefined && held.entry === entry && held.feed === feed) return held.outcome
    // Another feed holds it now, or none does.
    if (held !== undefined && held.feed !== feed) {
      this.#covered.delete(id)
      await indexes.uncover(held.feed)
    }
    if (entry === undefined || feed === undefined) return 'nothing'
    const outcome = await this.#outcomeOf(entry, feed)
    if (outcome === 'nothing') return outcome
    this.#covered.set(id, { entry, feed, outcome })
    return outcome
  }

  async #outcomeOf (entry: DatasetEntry, feed: Feed): Promise<FeedIndex | Uncovered> {
    const { indexes } = this.#options
    const { schema, distribution: { form, mediaType, firstRecord, records } } = entry
    if (form === 'file') return 'file'
    const first = form === 'table' ? await this.#firstOf(feed, firstRecord) : undefined
    if (form === 'table' && first === undefined) return 'nothing'
    const format = formatOf({ mediaType, schema }, first)
    if (!format.ok) {
      await indexes.uncover(feed)
      return format.failure.code
    }
    const coverage = { format: format.value, first: firstRecord, end: records === null ? null : firstRecord + records }
    const known = indexes.of(feed)
    if (known !== undefined && JSON.stringify(coverage) === JSON.stringify({ format: known.scope.format, first: known.scope.first, end: known.scope.end })) return known
    return indexes.cover(feed, coverage)
  }

  async #firstOf (feed: Feed, firstRecord: number): Promise<Uint8Array | undefined> {
    if (readableEnd(feed) <= firstRecord) return undefined
    try {
      for await (const { body } of recordsOf(this.#options.federation, feed, firstRecord, firstRecord + 1)) return body
    } catch (error) {
      if (!(error instanceof Incomplete)) throw error
    }
    return undefined
  }
}
