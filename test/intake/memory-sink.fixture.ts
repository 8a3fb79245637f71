/** A `Sink` in memory: the other side of connectors in tests. Not a node: it keeps what is appended, and fails when it is told to. */
import { fail, ok, type Result } from '../../src/base/index.ts'
import type { ConnectorClock, ConnectorContext, Sink, SinkFailure } from '../../src/intake/connector/index.ts'
import type { DatasetDescription, NumberedRecord, RecordInput } from '../../src/sdk/index.ts'

export class MemorySink implements Sink {
  readonly streams: Map<string, NumberedRecord[]> = new Map()
  readonly descriptions: Map<string, DatasetDescription> = new Map()
  /** How many records each append had. */
  readonly appends: number[] = []
  failure: SinkFailure | undefined
  /** Appends wait for it. */
  gate: Promise<void> = Promise.resolve()
  /** A record that the sink holds for malformed. */
  isBad: (record: RecordInput) => boolean = () => false

  async ensureStream (description: DatasetDescription): Promise<Result<null, SinkFailure>> {
    if (this.failure !== undefined) return fail(this.failure)
    if (!this.streams.has(description.datasetId)) this.streams.set(description.datasetId, [])
    this.descriptions.set(description.datasetId, description)
    return ok(null)
  }

  async append (datasetId: string, records: readonly RecordInput[]): Promise<Result<null, SinkFailure>> {
    await this.gate
    if (this.failure !== undefined) return fail(this.failure)
    if (records.some(this.isBad)) return fail({ code: 'invalid', reason: 'a record is bad', hint: '' })
    const stream = this.streams.get(datasetId)
    if (stream === undefined) return fail({ code: 'not-found', reason: `no stream ${datasetId}`, hint: '' })
    this.appends.push(records.length)
    for (const record of records) stream.push({ ...record, number: stream.length })
    return ok(null)
  }

  async tail (datasetId: string, count: number): Promise<Result<AsyncIterable<NumberedRecord>, SinkFailure>> {
    const stream = this.streams.get(datasetId)
    if (stream === undefined) return fail({ code: 'not-found', reason: `no stream ${datasetId}`, hint: '' })
    return ok(each(stream.slice(-count)))
  }

  async ensurePrivateStream (datasetId: string): Promise<Result<null, SinkFailure>> {
    if (!this.streams.has(datasetId)) this.streams.set(datasetId, [])
    return ok(null)
  }

  async publishTable (): Promise<Result<null, SinkFailure>> {
    return ok(null)
  }

  async publishFile (): Promise<Result<null, SinkFailure>> {
    return ok(null)
  }

  contentSha256 (): null {
    return null
  }

  /** Bodies of a stream, as JSON. */
  bodies (datasetId: string): Record<string, unknown>[] {
    return (this.streams.get(datasetId) ?? []).map(({ body }) => JSON.parse(new TextDecoder().decode(body)) as Record<string, unknown>)
  }
}

async function * each<T> (items: readonly T[]): AsyncGenerator<T> {
  yield * items
}

/** Time that a test moves. */
export class TestClock implements ConnectorClock {
  #nowMs = 1_800_000_000_000
  #sleeping: { readonly atMs: number, readonly wake: () => void }[] = []
  /** Resolves at the next time that somebody goes to sleep, with for how long. */
  slept: PromiseWithResolvers<number> = Promise.withResolvers()

  nowMs (): number {
    return this.#nowMs
  }

  sleep (delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      if (signal.aborted) return resolve()
      signal.addEventListener('abort', () => { resolve() }, { once: true })
      this.#sleeping.push({ atMs: this.#nowMs + delayMs, wake: resolve })
      this.slept.resolve(delayMs)
      this.slept = Promise.withResolvers()
    })
  }

  advance (delayMs: number): void {
    this.#nowMs += delayMs
    const due = this.#sleeping.filter(({ atMs }) => atMs <= this.#nowMs)
    this.#sleeping = this.#sleeping.filter(({ atMs }) => atMs > this.#nowMs)
    for (const { wake } of due) wake()
  }
}

export const noWeb: ConnectorContext['web'] = () => { throw new Error('nothing is asked for') }
