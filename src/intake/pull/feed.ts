import { fail, hex, ok, sha256, utf8, type Result } from '../../base/index.ts'
import type { DatasetDeclaration, DatasetDescription, RecordInput } from '../../sdk/index.ts'
import type { Spool } from '../arrival/index.ts'
import { descriptionOf, type ConnectorContext, type PrivateTerms } from '../connector/index.ts'
import { changesOf, type Asked, type KnownBodies, type Output, type Reader, type Reading } from '../reader/index.ts'
import type { PullFailure } from './asking.ts'
import { FeedDocuments } from './documents.ts'
import { BATCH_BYTES_MAX, BATCH_RECORDS_MAX, DATASET_ID_LENGTH_MAX, DOCUMENTS_MAX, WINDOW_RECORDS_MAX } from './limits.ts'
import type { Conditions, PullState } from './state.ts'

export type FeedLooked = {
  readonly ttlMs: number
  readonly conditions: Conditions | undefined
  readonly documents: number
  readonly streams: readonly string[]
  readonly found: Reading['found']
}

type FeedOptions = {
  readonly context: ConnectorContext
  readonly spool: Spool
  readonly dataset: DatasetDeclaration
  readonly reader: Reader
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly secret: Uint8Array
}

/** A feed of one of the readers, as far as one run knows it. */
export class PulledFeed {
  readonly #options: FeedOptions
  /** Of each stream that holds the newest state by key. */
  readonly #known = new Map<string, KnownBodies>()

  constructor (options: FeedOptions) {
    this.#options = options
  }

  async pull (state: PullState, signal: AbortSignal): Promise<Result<FeedLooked, PullFailure>> {
    const { context, reader, secret } = this.#options
    const nowMs = context.clock.nowMs()
    // Of a feed that leads to others the first may be what it was, and the others not.
    const documents = new FeedDocuments(this.#options, state.documents === 1 ? state.sources[''] : undefined, signal)
    const session = reader.begin({ nowMs, secret })
    try {
      const read = await this.#readAll(session, documents)
      if (!read.ok) return read
      const { ttlMs, conditions, count } = documents
      const { streams } = state
      if (read.value === 'unchanged') return ok({ ttlMs, conditions: undefined, documents: state.documents, streams, found: [] })
      const reading = read.value
      for (const { code, sentence } of reading.warnings) context.report.note(code, sentence)
      for (const { reason, bytes } of reading.rejected) {
        const kept = await context.deadLetter({ reason, bytes, origin: this.#options.url, mediaType: 'application/octet-stream' })
        if (!kept.ok) return kept
      }
      for (const output of reading.outputs) {
        const stored = await this.#store(output, state, nowMs)
        if (!stored.ok) return stored
      }
      const opened = new Set([...streams, ...this.#known.keys()])
      return ok({ ttlMs: Math.max(ttlMs, reading.ttlMs ?? 0), conditions, documents: count + reading.found.length, streams: [...opened], found: reading.found })
    } finally {
      session.close()
      await documents.remove()
    }
  }

  async #readAll (session: ReturnType<Reader['begin']>, documents: FeedDocuments): Promise<Result<Reading | 'unchanged', PullFailure>> {
    const { context, url } = this.#options
    const waiting: Asked[] = [{ name: '', url, optional: false }]
    for (let asked = waiting.shift(); asked !== undefined; asked = waiting.shift()) {
      const got = documents.count >= DOCUMENTS_MAX ? fail(TOO_MANY_DOCUMENTS) : await documents.get(asked)
      if (got.ok && got.value === 'unchanged') return ok('unchanged')
      const taken = got.ok && got.value !== 'unchanged' ? await session.take(got.value) : got
      if (taken.ok && Array.isArray(taken.value)) waiting.push(...taken.value as readonly Asked[])
      if (taken.ok) continue
      if (!asked.optional) return taken
      context.report.error(`${asked.name}: ${taken.failure.reason}`)
    }
    return session.finish()
  }

  async #store (output: Output, state: PullState, nowMs: number): Promise<Result<unknown, PullFailure>> {
    const { context: { sink, report }, dataset } = this.#options
    const description = describe(dataset, output)
    const { datasetId } = description
    if (output.form === 'table') {
      const { mediaType, fileName } = output
      if (sink.contentSha256(datasetId) === output.sha256) return ok(null)
      const published = await sink.publishTable(description, { mediaType, fileName, records: output.records() })
      if (published.ok) report.stored(1)
      return published
    }
    // Nothing is opened for what never was there; what was there may all be gone.
    if (output.records.length === 0 && !this.#known.has(datasetId) && !state.streams.includes(datasetId)) return ok(null)
    const known = await this.#knownOf(description, output.personal === null ? undefined : { template: 'aggregates', countedBy: output.personal })
    if (!known.ok) return known
    const changes = changesOf(known.value, output.records, output.complete, nowMs)
    // Where only a part of it became durable, what is known is read back from the stream.
    this.#known.delete(datasetId)
    for (const batch of batchesOf(changes.records)) {
      const appended = await sink.append(datasetId, batch)
      if (!appended.ok) return appended
      report.stored(batch.length)
    }
    this.#known.set(datasetId, changes.known)
    return ok(null)
  }

  /** What is known of a stream is what is in it, as far back as its window goes. */
  async #knownOf (description: DatasetDescription, terms: PrivateTerms | undefined): Promise<Result<KnownBodies, PullFailure>> {
    const { datasetId } = description
    const known = this.#known.get(datasetId)
    if (known !== undefined) return ok(known)
    const { sink } = this.#options.context
    const opened = await sink.ensureStream(description, terms)
    if (!opened.ok) return opened
    const tail = await sink.tail(datasetId, WINDOW_RECORDS_MAX)
    if (!tail.ok) return tail
    const newest = new Map<string, RecordInput>()
    for await (const record of tail.value) newest.set(hex(record.key), record)
    return ok(changesOf({}, [...newest.values()], false, 0).known)
  }
}

function * batchesOf (records: readonly RecordInput[]): Generator<readonly RecordInput[]> {
  let batch: RecordInput[] = []
  let bytes = 0
  for (const record of records) {
    if (batch.length === BATCH_RECORDS_MAX || (batch.length > 0 && bytes + record.body.length > BATCH_BYTES_MAX)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(record)
    bytes += record.body.length
  }
  if (batch.length > 0) yield batch
}

const TOO_MANY_DOCUMENTS: PullFailure = {
  code: 'too-large', reason: `the feed leads to more than ${DOCUMENTS_MAX} documents`, hint: 'name a part of it'
}

/** What the operator said goes before what the feed says of itself. */
function describe (dataset: DatasetDeclaration, output: Output): DatasetDescription {
  const { suffix, title, columns, model, spatial, licence, personal, simulated } = output
  const own = suffix === null ? dataset : { ...dataset, id: datasetIdOf(dataset.id, suffix), title: `${dataset.title}: ${title}`.slice(0, 256), model: null }
  return {
    ...descriptionOf(own, columns), spatial, model: own.model ?? model, licence: dataset.licence === '' ? licence ?? '' : dataset.licence,
    access: personal !== null ? 'restricted' : dataset.access, simulated: dataset.simulated || simulated
  }
}

const DIGEST_DIGITS = 8

/** Stable: the same for the same source, whatever comes before or after it. */
export function datasetIdOf (id: string, suffix: string): string {
  const whole = `${id}-${suffix.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-|-$/g, '')}`
  if (whole.length <= DATASET_ID_LENGTH_MAX) return whole
  return `${whole.slice(0, DATASET_ID_LENGTH_MAX - DIGEST_DIGITS - 1)}-${hex(sha256(utf8(whole))).slice(0, DIGEST_DIGITS)}`
}
