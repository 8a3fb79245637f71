/** Datasets that a `HanseNode` holds in memory: published, found, read, queried, followed. */
import { concat, fail, hex, ok, sha256, utf8, type Result } from '../../src/base/index.ts'
import type {
  Asker, Content, Dataset, DatasetDescription, DerivationOrder, Failure, HanseNode, ListenEnd, Listener, NodeEvent, NumberedRecord, OnProgress, RecordInput
} from '../../src/node/contract/index.ts'
import { formatOfRecords, naiveRows } from './naiveQuery.ts'

export const DID = 'did:key:z6MkmemoryNode'
export const NAME = 'Bellevue'
export const TIME_MS = 1_700_000_000_000

type Held = {
  readonly description: DatasetDescription
  readonly form: Content['form']
  readonly mediaType: string
  readonly fileName: string
  readonly records: NumberedRecord[]
}

export abstract class MemoryDatasets {
  /** Datasets that were made of others, by their orders. */
  readonly ordered: DerivationOrder[] = []
  readonly held: Map<string, Held> = new Map()
  /** Ends those who listen, each by a call. */
  readonly ends: Set<(why: ListenEnd | undefined) => void> = new Set()
  /** Datasets that nobody has: `fetch` waits for them until its signal aborts. */
  readonly missing: Set<string> = new Set()
  abstract readonly alarms: readonly string[]
  readonly #followers: Set<() => void> = new Set()

  abstract emit (event: NodeEvent): void

  datasets ({ text, publisher, limit, after }: Parameters<HanseNode['datasets']>[0], asker?: Asker): readonly Dataset[] {
    return [...this.held.keys()].toSorted()
      .map(datasetId => this.#describe(datasetId))
      .filter(dataset => isKnownTo(dataset, asker) && (after === undefined || dataset.id > after) && (publisher === undefined || publisher === DID) &&
        (text === undefined || dataset.title.toLowerCase().includes(text.toLowerCase())))
      .slice(0, limit)
  }

  dataset (reference: string, asker?: Asker): Result<Dataset, Failure<'not-found'>> {
    const datasetId = reference.replace(`${DID}/`, '').replace(`${NAME}/`, '')
    const dataset = this.held.has(datasetId) ? this.#describe(datasetId) : undefined
    return dataset !== undefined && isKnownTo(dataset, asker)
      ? ok(dataset)
      : fail({ code: 'not-found', reason: `no dataset is called ${reference}`, hint: '`hanse ls` shows those there are' })
  }

  async history (reference: string, asker?: Asker): ReturnType<HanseNode['history']> {
    const dataset = this.dataset(reference, asker)
    if (!dataset.ok) return dataset
    const { title, version, modifiedMs, distribution: { records } } = dataset.value
    return ok({ versions: [{ version, modifiedMs, title, records, changes: null }], isPart: false, sources: [], recipe: null, holders: [], segments: 0 })
  }

  async fetch (reference: string, signal: AbortSignal, onProgress?: OnProgress): ReturnType<HanseNode['fetch']> {
    if (this.missing.has(reference)) {
      onProgress?.({ phase: 'looking', done: 0, total: null, unit: 'segments' })
      await aborted(signal)
      return fail({ code: 'unreachable', reason: 'nobody who has it was reachable', hint: 'try again when a neighbour is there' })
    }
    const dataset = this.dataset(reference)
    for (const done of [1, 2]) onProgress?.({ phase: 'fetching', done, total: 2, unit: 'segments' })
    return dataset
  }

  read (reference: string, { from, limit }: { readonly from: number, readonly limit: number }): ReturnType<HanseNode['read']> {
    const held = this.#find(reference)
    return held.ok ? ok(each(held.value.records.slice(from, from + limit))) : held
  }

  async query (reference: string, query: Parameters<HanseNode['query']>[1]): ReturnType<HanseNode['query']> {
    const held = this.#find(reference)
    if (!held.ok) return held
    const { description, mediaType, records } = held.value
    const format = formatOfRecords(mediaType, description.schema, records)
    if (format === undefined) return fail({ code: 'invalid', reason: 'rows of it cannot be read', hint: 'describe its columns' })
    const from = query.after === undefined ? 0 : Number(/^memory([0-9]+)$/.exec(query.after)?.[1])
    if (Number.isNaN(from)) return fail({ code: 'cursor', reason: 'the cursor is of another question', hint: 'begin anew' })
    const rows = naiveRows(format, records, query)
    const to = from + query.limit
    return ok({ rows: rows.slice(from, to), next: to < rows.length ? `memory${to}` : null, incomplete: null })
  }

  follow (reference: string, { last, signal }: { readonly last: number, readonly signal: AbortSignal }): ReturnType<HanseNode['follow']> {
    const held = this.#find(reference)
    return held.ok ? ok(this.#follow(held.value.records, Math.max(0, held.value.records.length - last), signal)) : held
  }

  async * #follow (records: readonly NumberedRecord[], from: number, signal: AbortSignal): AsyncGenerator<NumberedRecord> {
    let at = from
    let wake = (): void => undefined
    const waker = (): void => { wake() }
    this.#followers.add(waker)
    signal.addEventListener('abort', waker)
    while (!signal.aborted) {
      const record = records[at]
      if (record === undefined) await new Promise<void>(resolve => { wake = resolve })
      else {
        at++
        yield record
      }
    }
    this.#followers.delete(waker)
  }

  listen (reference: string, where: Parameters<HanseNode['listen']>[1], listener: Listener): ReturnType<HanseNode['listen']> {
    const held = this.#find(reference)
    if (!held.ok) return held
    const from = 'from' in where ? where.from : Math.max(0, held.value.records.length - where.last)
    const ending = new AbortController()
    const end = (why: ListenEnd | undefined): void => {
      if (ending.signal.aborted) return
      ending.abort()
      listener.end(why)
    }
    this.ends.add(end)
    void (async () => {
      for await (const record of this.#follow(held.value.records, from, ending.signal)) await listener.take([record])
    })()
    return ok({ from, stop: () => { ending.abort() } })
  }

  async content (reference: string, range?: { readonly from: number, readonly to: number }): ReturnType<HanseNode['content']> {
    const held = this.#find(reference)
    if (!held.ok) return held
    const whole = concat(held.value.records.map(({ body }) => body))
    const bytes = range === undefined ? whole : whole.subarray(range.from, range.to)
    return ok({ sizeBytes: whole.length, mediaType: held.value.mediaType, fileName: held.value.fileName, bytes: each([bytes]) })
  }

  async verify (reference: string, onProgress?: OnProgress): ReturnType<HanseNode['verify']> {
    const held = this.#find(reference)
    if (!held.ok) return held
    const records = held.value.records.length
    onProgress?.({ phase: 'verifying', done: records, total: records, unit: 'records' })
    const verified = !this.alarms.includes('damaged')
    return ok({
      dataset: reference, verified, segments: 1, records, bytes: 0, publisher: NAME, headSignedMs: TIME_MS,
      checks: [{ name: 'segments', ok: verified, detail: verified ? 'all hashes are right' : 'segment 0 is not what was signed' }]
    })
  }

  async proof (reference: string, number: number): ReturnType<HanseNode['proof']> {
    const held = this.#find(reference)
    return held.ok ? ok(new Uint8Array([1, 2, 3, number])) : held
  }

  async derive (reference: string, order: DerivationOrder): ReturnType<HanseNode['derive']> {
    const source = this.#find(reference)
    if (!source.ok) return source
    const { datasetId, title, description } = order
    this.held.set(datasetId, { ...source.value, description: { ...source.value.description, datasetId, title, description }, form: 'stream', records: [] })
    this.ordered.push(order)
    return ok({ dataset: this.#describe(datasetId), warnings: ['one sentence'] })
  }

  derivations (): ReturnType<HanseNode['derivations']> {
    return this.ordered.map(({ datasetId }) => ({
      datasetId, source: `${DID}/source`, recipe: 'bafyrecipe', recipeBytes: new Uint8Array(1), state: 'following', because: null, recordsDone: 2, recordsBehind: 0,
      dueMs: null, tally: { taken: 2, malformed: 0, late: 0, ahead: 0 }
    }))
  }

  async publish (description: DatasetDescription, content: Content, onProgress?: OnProgress): ReturnType<HanseNode['publish']> {
    const records: NumberedRecord[] = []
    const add = (record: RecordInput): void => { records.push({ ...record, body: record.body.slice(), key: record.key.slice(), number: records.length }) }
    if (content.form === 'table') for await (const some of content.records) for (const record of 'key' in some ? [some] : some) add(record)
    if (content.form === 'file') {
      for await (const body of content.bytes) add({ key: utf8('part'), timeMs: TIME_MS, operation: 'put', mediaType: content.mediaType, body })
    }
    onProgress?.({ phase: 'done', done: records.length, total: records.length, unit: 'records' })
    const fileName = content.form === 'stream' ? '' : content.fileName
    this.held.set(description.datasetId, { description, form: content.form, mediaType: content.mediaType, fileName, records })
    const dataset = this.#describe(description.datasetId)
    this.emit({ type: 'dataset', id: dataset.id, change: 'new' })
    return ok(dataset)
  }

  async append (datasetId: string, records: readonly RecordInput[]): ReturnType<HanseNode['append']> {
    const held = this.held.get(datasetId)
    if (held === undefined) return fail({ code: 'not-found', reason: `no own stream is called ${datasetId}`, hint: 'publish it first' })
    if (held.form !== 'stream') return fail({ code: 'invalid', reason: `${datasetId} is a finished ${held.form}, not a stream`, hint: 'publish it anew as a whole' })
    const first = held.records.length
    for (const record of records) held.records.push({ ...record, number: held.records.length })
    for (const wake of this.#followers) wake()
    return ok({ first, count: records.length })
  }

  async withdraw (datasetId: string): ReturnType<HanseNode['withdraw']> {
    return this.held.delete(datasetId)
      ? ok(null)
      : fail({ code: 'not-found', reason: `no own dataset is called ${datasetId}`, hint: '`hanse ls` shows those there are' })
  }

  #find (reference: string): Result<Held, Failure<'not-found'>> {
    const dataset = this.dataset(reference)
    const held = dataset.ok ? this.held.get(dataset.value.datasetId) : undefined
    return held === undefined ? fail({ code: 'not-found', reason: `no dataset is called ${reference}`, hint: '`hanse ls` shows those there are' }) : ok(held)
  }

  #describe (datasetId: string): Dataset {
    const held = this.held.get(datasetId)
    if (held === undefined) throw new Error(`${datasetId} is not held`)
    const content = concat(held.records.map(({ body }) => body))
    const stream = held.form === 'stream'
    return {
      ...held.description, model: held.description.model ?? null, id: `${DID}/${datasetId}`, publisher: { did: DID, name: NAME }, version: 1, issuedMs: TIME_MS, modifiedMs: TIME_MS,
      distribution: {
        feed: `bafy${datasetId}`, form: held.form, mediaType: held.mediaType, fileName: held.fileName, firstRecord: 0,
        records: stream ? null : held.records.length, sizeBytes: stream ? null : content.length, sha256: stream ? null : hex(sha256(content))
      },
      sources: [],
      terms: null,
      held: {
        phase: 'complete', segmentsHave: 1, segmentsKnown: 1, records: held.records.length, bytes: content.length, sources: 0, because: null,
        state: 'replicated', replicas: 1
      }
    }
  }
}

async function aborted (signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise<void>(resolve => { signal.addEventListener('abort', () => { resolve() }) })
}

export async function * each<T> (items: readonly T[]): AsyncGenerator<T> {
  yield * items
}

/** By class alone: people outside know what is public, other members all that is not restricted. */
function isKnownTo ({ access }: Dataset, asker: Asker | undefined): boolean {
  if (asker?.requester === undefined || access === 'public') return true
  return asker.requester !== null && access === 'members'
}
