import { fail, ok, unreachable, type CID, type Result } from '../../base/index.ts'
import type { DatasetEntry, Derivation, EntryTerms, Source } from '../../core/catalogue/index.ts'
import type { Did } from '../../core/identity/index.ts'
import { formOfPolicy } from '../../core/terms/index.ts'
import type { Clock } from '../../host/index.ts'
import { unitsOfBox, type Catalogue } from '../catalogue/index.ts'
import type { Content, Dataset, DatasetDescription, OnProgress, PublishFailure, RecordInput } from '../contract/index.ts'
import type { Federation } from '../federation/index.ts'
import type { Feed } from '../feeds/index.ts'
import { ENDED, failureOf, storeFile, storeTable, type Stored } from '../publishing/index.ts'
import type { Datasets } from './datasets.ts'

/** Under what a dataset is published, and what it was made of. */
export type Governed = {
  readonly access: DatasetEntry['access']
  readonly terms: EntryTerms | null
  /** Who may see that it exists; with `named` visibility, and else all members. */
  readonly viewers: 'members' | readonly Did[]
  readonly sources: readonly Source[]
  readonly derivation: Derivation | null
  /** The feed that a derivation was made of. */
  readonly derivedFrom?: CID | undefined
}

/** Publishes own datasets: content into a feed of its own, then the entry in the catalogue that makes it known. */
export class Publisher {
  readonly #federation: Federation
  readonly #catalogue: Catalogue
  readonly #datasets: Datasets
  readonly #clock: Clock
  readonly #own: string
  readonly #ending = new AbortController()
  /** Work under way on a dataset: the next waits for it. */
  readonly #publishing = new Map<string, Promise<unknown>>()

  constructor (options: {
    readonly federation: Federation, readonly catalogue: Catalogue, readonly datasets: Datasets, readonly clock: Clock, readonly own: string
  }) {
    this.#federation = options.federation
    this.#catalogue = options.catalogue
    this.#datasets = options.datasets
    this.#clock = options.clock
    this.#own = options.own
  }

  /** What is being published ends, and nothing more is; resolves when nothing is under way any more. */
  async stop (): Promise<void> {
    this.#ending.abort()
    await Promise.all(this.#publishing.values())
  }

  /** Without `governed` a dataset keeps the terms that it has, and a new one has none. */
  async publish (
    description: DatasetDescription, content: Content, onProgress: OnProgress, governed?: Governed
  ): Promise<Result<Dataset, PublishFailure>> {
    return this.#inTurn(description.datasetId, () => this.#publish(description, content, onProgress, governed))
  }

  async #inTurn<T> (datasetId: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#publishing.get(datasetId) ?? Promise.resolve()).then(work)
    const settled = turn.then(() => {}, () => {})
    this.#publishing.set(datasetId, settled)
    try {
      return await turn
    } finally {
      if (this.#publishing.get(datasetId) === settled) this.#publishing.delete(datasetId)
    }
  }

  async #publish (
    given: DatasetDescription, content: Content, onProgress: OnProgress, wanted: Governed | undefined
  ): Promise<Result<Dataset, PublishFailure>> {
    const { datasetId } = given
    if (this.#ending.signal.aborted) return fail(ENDED)
    const governed = wanted ?? this.#governedNow(datasetId)
    if (governed === undefined && given.access === 'restricted') {
      return fail({ code: 'invalid', reason: 'what is restricted needs terms that say to whom', hint: 'make terms with "hanse terms new" and publish with --terms FILE' })
    }
    const barrier = governed === undefined ? undefined : this.#barrierTo(governed)
    if (barrier !== undefined) return fail(barrier)
    const access = governed?.access ?? given.access
    const description = { ...given, access }
    const held = this.#catalogue.entry(this.#own, datasetId)
    const known = held === undefined ? undefined : this.#federation.feeds.get(held.distribution.feed)
    if (held?.derivation != null && wanted?.derivation == null) return fail(derivedAlone(datasetId))
    const probe = this.#catalogue.check(this.#entry(description, content, known?.id ?? this.#federation.members.current.federation, held, undefined, governed))
    if (probe !== undefined) return fail(probe)
    // Another audience is another feed: who could read the old one keeps what it holds, and gets nothing new.
    const derivedFrom = governed?.derivedFrom ?? null
    const isReusable = known !== undefined && known.declaration.class === access && known.status === 'open' &&
      known.declaration.derivedFrom?.toString() === derivedFrom?.toString()
    const feed = isReusable ? known : await this.#federation.declare(datasetId, access, 'log', {
      derivedFrom, isAlone: governed !== undefined && governed.viewers !== 'members' && governed.viewers.every(did => did === this.#own)
    })
    const stored = await this.#storeContent(feed, content, onProgress)
    if (!stored.ok) return stored
    if (content.form !== 'stream' && stored.value.records === 0) {
      return fail({ code: 'invalid', reason: 'there is nothing in it', hint: 'publish a file that has content' })
    }
    const entry = this.#entry(description, content, feed.id, held, stored.value, governed)
    const put = await this.#catalogue.put(entry, governed?.viewers ?? 'members')
    if (!put.ok) return put
    if (content.form === 'file') this.#datasets.followFile(this.#own, datasetId)
    onProgress({ phase: 'done', done: stored.value.records, total: stored.value.records, unit: 'records' })
    return ok(this.#datasets.view({ publisher: this.#own, entry }))
  }

  async #storeContent (feed: Feed, content: Content, onProgress: OnProgress): Promise<Result<Stored, PublishFailure>> {
    const { writer } = this.#federation
    switch (content.form) {
      case 'table': return storeTable(writer, feed, content.records, this.#ending.signal, onProgress)
      case 'file': return storeFile(this.#federation, feed, content, this.#clock.nowMs(), this.#ending.signal, onProgress)
      case 'stream': return ok({ firstRecord: writer.nextRecordOf(feed), records: 0, sizeBytes: 0, sha256: new Uint8Array(32) })
      default: return unreachable(content)
    }
  }

  /** What was made of others' data is offered no wider than they allow. */
  #barrierTo (governed: Governed): PublishFailure | undefined {
    const path = this.#federation.doors.barrierTo(governed)
    return path === undefined ? undefined : {
      code: 'invalid', reason: `these terms are wider than those of what it was made of: ${path.join(', by way of ')}`,
      hint: 'set terms that are as strict, or pass on results of large enough groups alone; see "hanse terms show" of the source'
    }
  }

  /** As it stands in the catalogue; undefined where it has no terms and was made of nothing. */
  #governedNow (datasetId: string): Governed | undefined {
    const held = this.#catalogue.entry(this.#own, datasetId)
    if (held === undefined || (held.terms === null && held.derivation === null && held.sources.length === 0)) return undefined
    const { access, terms, sources, derivation } = held
    return { access, terms, sources, derivation, viewers: this.#viewersNow(datasetId) }
  }

  #viewersNow (datasetId: string): Governed['viewers'] {
    const viewers = this.#catalogue.viewersOf(this.#own, datasetId)
    return viewers === 'members' ? viewers : [...viewers]
  }

  /**
   * Other terms for what is published already: a new version of its description. Running agreements keep the policy that was
   * agreed. Another audience is another feed, so it is published anew.
   */
  async setTerms (datasetId: string, governed: Governed): Promise<Result<Dataset, PublishFailure>> {
    return this.#inTurn(datasetId, async () => {
      const held = this.#catalogue.entry(this.#own, datasetId)
      if (held === undefined) return fail({ code: 'not-found', reason: `this node publishes no dataset "${datasetId}"`, hint: 'see "hanse ls"' })
      if (held.access !== governed.access) {
        return fail({
          code: 'invalid', reason: `these terms are for ${WHOM[governed.access]}, and the data are held for ${WHOM[held.access]}`,
          hint: `another audience is another feed: ${againFor(held)}`
        })
      }
      const barrier = this.#barrierTo(governed)
      if (barrier !== undefined) return fail(barrier)
      const { terms, sources, derivation, viewers } = governed
      const entry: DatasetEntry = { ...held, terms, sources, derivation, version: held.version + 1, modifiedMs: this.#clock.nowMs() }
      const put = this.#catalogue.check(entry) ?? await this.#catalogue.put(entry, viewers)
      if ('code' in put) return fail(put)
      return put.ok ? ok(this.#datasets.view({ publisher: this.#own, entry })) : put
    })
  }

  #entry (
    description: DatasetDescription, content: Content, feed: CID, held: DatasetEntry | undefined, stored: Stored | undefined, governed: Governed | undefined
  ): DatasetEntry {
    const nowMs = this.#clock.nowMs()
    const isStream = content.form === 'stream'
    return {
      ...description,
      model: description.model ?? null,
      spatial: unitsOfBox(description.spatial),
      temporal: description.temporal,
      issuedMs: held?.issuedMs ?? nowMs,
      modifiedMs: nowMs,
      version: (held?.version ?? 0) + 1,
      distribution: {
        feed, form: content.form, mediaType: content.mediaType, fileName: isStream ? `${description.datasetId}.ndjson` : content.fileName,
        firstRecord: stored?.firstRecord ?? 0, records: isStream ? null : stored?.records ?? 0,
        sizeBytes: isStream ? null : stored?.sizeBytes ?? 0,
        // Of what not everybody may read, not even a guess shall be tested.
        sha256: isStream || (governed?.access ?? description.access) === 'restricted' || this.#isForGroupsAlone(governed) ? null : stored?.sha256 ?? new Uint8Array(32)
      },
      withdrawn: false,
      terms: governed?.terms ?? null,
      sources: governed?.sources ?? [],
      derivation: governed?.derivation ?? null
    }
  }

  /** Rows as they are, under terms that let groups of them be told and nothing else. */
  #isForGroupsAlone (governed: Governed | undefined): boolean {
    const ready = governed?.terms == null || governed.derivation !== null ? undefined : this.#federation.doors.policies.of(governed.terms.policy)
    return ready?.ok === true && formOfPolicy(ready.value.policy)?.summarise != null
  }

  async append (datasetId: string, records: readonly RecordInput[], options: { readonly flush: boolean }): Promise<Result<{ readonly first: number, readonly count: number }, PublishFailure>> {
    const entry = this.#catalogue.entry(this.#own, datasetId)
    const feed = entry === undefined ? undefined : this.#federation.feeds.get(entry.distribution.feed)
    if (entry === undefined || feed === undefined) {
      return fail({ code: 'not-found', reason: `this node publishes no dataset "${datasetId}"`, hint: 'open the stream first: "hanse publish --stream --id ID"' })
    }
    if (entry.derivation !== null) return fail(derivedAlone(datasetId))
    if (entry.distribution.form !== 'stream') {
      return fail({ code: 'invalid', reason: `"${datasetId}" is a finished ${entry.distribution.form}, not a stream`, hint: 'publish it anew as a whole, or open a stream' })
    }
    const appended = await this.#federation.writer.append(feed, records, options)
    if (!appended.ok) return fail(failureOf(appended.failure))
    return ok({ first: appended.value.first - entry.distribution.firstRecord, count: appended.value.count })
  }

  async withdraw (datasetId: string): Promise<Result<null, PublishFailure>> {
    const entry = this.#catalogue.entry(this.#own, datasetId)
    if (entry === undefined) return fail({ code: 'not-found', reason: `this node publishes no dataset "${datasetId}"`, hint: 'see "hanse ls"' })
    return this.#catalogue.put({ ...entry, withdrawn: true, version: entry.version + 1, modifiedMs: this.#clock.nowMs() }, this.#viewersNow(datasetId))
  }
}

const WHOM: Readonly<Record<DatasetEntry['access'], string>> = {
  public: 'anyone', members: 'all members', restricted: 'those who have an agreement'
}

/** What gives it other terms, where it cannot keep its feed. */
function againFor ({ datasetId, derivation, distribution: { form } }: DatasetEntry): string {
  if (derivation !== null) return 'derive it again under another id, with "hanse derive SOURCE --id ID --terms TERMS"'
  const what = form === 'stream' ? '--stream' : 'FILE'
  return `publish ${form === 'stream' ? 'the stream' : 'the data'} again with "hanse publish ${what} --id ${datasetId} --terms TERMS"`
}

/** Else its description would promise less detail than somebody put in. */
function derivedAlone (datasetId: string): PublishFailure {
  return { code: 'invalid', reason: `"${datasetId}" is derived: what is in it follows from its source by its recipe`, hint: 'append to its source, or publish under another id' }
}
