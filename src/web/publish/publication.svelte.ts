import type { Box, Client, Column, Dataset, DatasetDescription, Failure, Inspection, TermsFile } from '../../sdk/index.ts'
import type { Draft } from '../terms/index.ts'
import { Meter } from '../transfer/index.ts'

/** What is made of the rows hangs on this name. */
export const RAW = '-raw'
const CATCHING_UP_MS = 20_000
const POLL_MS = 300

export type Period = { readonly fromMs: number, readonly toMs: number }

/** What somebody wrote over what was found in the file. */
export type Described = {
  title: string, datasetId: string, description: string, theme: string, keywords: string, licence: string, model: string, columns: readonly Column[], box: Box | null, period: Period | null
}

/** One file on its way out: sent, looked at, described, published. */
export class Publication {
  file = $state.raw<Inspection | null>(null)
  described = $state<Described>({ title: '', datasetId: '', description: '', theme: '', keywords: '', licence: '', model: '', columns: [], box: null, period: null })
  readonly meter: Meter = new Meter()
  failure = $state.raw<Failure | null>(null)
  done = $state.raw<Dataset | null>(null)
  /** What was said of what was derived. */
  warnings = $state.raw<readonly string[]>([])
  readonly #client: Client
  #stopping: AbortController | undefined

  constructor (client: Client) {
    this.#client = client
  }

  async look (file: File): Promise<void> {
    await this.forget()
    const stopping = new AbortController()
    this.#stopping = stopping
    this.meter.show('sending', { done: 0, total: file.size, unit: 'bytes' })
    const looked = await this.#client.inspect(file, file.name.slice(-255), {
      signal: stopping.signal,
      onSent: done => { this.meter.show('sending', { done, total: file.size, unit: 'bytes' }) },
      onProgress: progress => { this.meter.show('reading', progress) }
    })
    if (this.#stopping !== stopping) return
    this.meter.end()
    if (looked.ok) {
      const { suggested, columns, box, time } = looked.value
      this.file = looked.value
      this.described = { title: suggested.title, datasetId: suggested.datasetId, description: '', theme: '', keywords: '', licence: '', model: suggested.model ?? '', columns, box, period: time === null ? null : { fromMs: time.fromMs, toMs: time.toMs } }
    } else if (!stopping.signal.aborted) this.failure = looked.failure
  }

  stop (): void {
    this.#stopping?.abort()
    this.#stopping = undefined
    this.meter.end()
  }

  /** Throws away what was looked at. */
  async forget (): Promise<void> {
    this.stop()
    const before = this.file
    this.file = null
    this.failure = null
    this.done = null
    this.warnings = []
    if (before !== null) await this.#client.removeInspected(before.name)
  }

  async publish (draft: Draft, did: string, rawTitle: string): Promise<void> {
    const { file } = this
    if (file === null) return
    this.failure = null
    const description = this.#description(draft)
    const terms = draft.file
    const review = terms === undefined ? undefined : await this.#client.reviewTerms(terms)
    if (review?.ok === false) this.failure = review.failure
    else if (terms !== undefined && review !== undefined && review.value.derived !== null) await this.#publishDerived(file, description, terms, draft.entity, { did, rawTitle })
    else await this.#publishWhole(file.name, { description: review === undefined ? description : { ...description, access: review.value.access }, terms })
    this.meter.end()
  }

  async #publishWhole (name: string, publication: { readonly description: DatasetDescription, readonly terms: TermsFile | undefined }): Promise<Dataset | null> {
    const { rows } = this.file ?? { rows: null }
    this.meter.show('publishing', { done: 0, total: this.file?.sizeBytes ?? null, unit: 'bytes' })
    const published = await this.#client.publishInspected(name, publication, progress => {
      const total = progress.total ?? (progress.unit === 'records' ? rows : null)
      // The header is a record too.
      this.meter.show('publishing', { ...progress, total, done: Math.min(progress.done, total ?? Infinity) })
    })
    if (!published.ok) {
      this.failure = published.failure
      return null
    }
    this.file = null
    this.done = published.value
    return published.value
  }

  /** All of it goes out to nobody; what the terms leave of it is derived from there. */
  async #publishDerived (file: Inspection, description: DatasetDescription, terms: TermsFile, entity: string | null, { did, rawTitle }: { readonly did: string, readonly rawTitle: string }): Promise<void> {
    const hidden = await this.#termsForNobody(did)
    if (hidden === null) return
    const raw = await this.#publishWhole(file.name, { description: { ...description, datasetId: description.datasetId + RAW, title: rawTitle, access: 'restricted' }, terms: hidden })
    if (raw === null) return
    this.done = null
    this.meter.show('deriving', { done: 0, total: raw.distribution.records, unit: 'records' })
    const { datasetId, title, description: text } = description
    const derived = await this.#client.derive(raw.id, { datasetId, title, description: text, terms, ...entity === null ? {} : { entityKey: entity } })
    if (!derived.ok) {
      this.failure = derived.failure
      return
    }
    this.warnings = derived.value.warnings
    this.done = await this.#caughtUp(derived.value.dataset, raw.distribution.records)
  }

  async #caughtUp (dataset: Dataset, total: number | null): Promise<Dataset> {
    for (const untilMs = Date.now() + CATCHING_UP_MS; Date.now() < untilMs;) {
      const derivations = await this.#client.derivations()
      const status = derivations.ok ? derivations.value.find(({ datasetId }) => datasetId === dataset.datasetId) : undefined
      if (status !== undefined) this.meter.show('deriving', { done: status.recordsDone, total, unit: 'records' })
      if (status !== undefined && (status.recordsBehind === 0 || status.dueMs !== null || status.state !== 'following')) break
      await new Promise(resolve => { setTimeout(resolve, POLL_MS) })
    }
    const again = await this.#client.dataset(dataset.id)
    return again.ok ? again.value : dataset
  }

  async #termsForNobody (did: string): Promise<TermsFile | null> {
    const template = await this.#client.termsTemplate('members')
    if (!template.ok) {
      this.failure = template.failure
      return null
    }
    const { terms } = template.value
    const form: object = typeof terms === 'object' && terms !== null ? terms : {}
    return { terms: { ...form, audience: { type: 'named', members: [did] }, passOn: { type: 'no' }, creditTexts: [] }, dataset: { replicas: 'nobody' }, visibility: [] }
  }

  #description (draft: Draft): DatasetDescription {
    const { title, datasetId, description, theme, keywords, licence, model, columns, box, period } = this.described
    return {
      datasetId, title: title.trim(), description, theme, licence, spatial: box, schema: columns.map(({ name, type, unit }) => ({ name, type, unit })), simulated: false,
      keywords: keywords.split(',').map(word => word.trim()).filter(word => word !== ''), temporal: period,
      access: draft.access, model: model === '' ? null : model
    }
  }
}
