import { concat, fail, ok, utf8, type Result } from '../../base/index.ts'
import type { Asker, HanseNode, ListenEnd, Listener, Listening, NumberedRecord } from '../../node/contract/index.ts'
import { eventBytes, MEDIA_TYPES, textOfRecord } from '../../sdk/index.ts'
import type { AnyFailure, Outlet, Reply } from '../http/index.ts'

export const HEARTBEAT = utf8(': still here\n\n')

/** The first of a stream is behind which id it begins: who is cut off before anything came goes on there, and not with what comes then. */
export function beginning (id: string): Uint8Array {
  return concat([utf8(`id: ${id}\n`), HEARTBEAT])
}

/** A browser whose stream broke opens it anew after so long. */
const RETRY = utf8('retry: 1000\n')

export const EVENT_HEADERS = { 'content-type': MEDIA_TYPES.events, 'cache-control': 'no-store', 'x-accel-buffering': 'no' }

/** A reader that has not taken so much is told nothing more until it has. */
const UNSENT_BYTES_MAX = 65_536

/** Where a reader begins: behind the last record that it has seen, or with the last records that there are. */
export type Start = { readonly from: number } | { readonly last: number }

/** Records as events, each with its number as id. */
export function recordEvents (
  { node, heartbeatMs }: { readonly node: HanseNode, readonly heartbeatMs: number }, reference: string, start: Start, asker: Asker, signal: AbortSignal
): Result<Reply, AnyFailure> {
  const stream = new EventStream(heartbeatMs)
  const listening = node.listen(reference, start, stream, asker)
  if (!listening.ok) return fail(listening.failure)
  return ok({ type: 'pushed', status: 200, headers: EVENT_HEADERS, run: outlet => stream.run(outlet, listening.value, signal) })
}

class EventStream implements Listener {
  readonly #heartbeatMs: number
  readonly #opened: PromiseWithResolvers<void> = Promise.withResolvers()
  readonly #over: PromiseWithResolvers<void> = Promise.withResolvers()
  #outlet: Outlet | undefined
  #next = 0
  /** Comes before the answer has begun where the right is lost at once. */
  #ended: { readonly why: ListenEnd | undefined } | undefined

  constructor (heartbeatMs: number) {
    this.#heartbeatMs = heartbeatMs
  }

  readonly take = (records: readonly NumberedRecord[]): Promise<void> | void => {
    const outlet = this.#outlet
    if (outlet === undefined) return this.#opened.promise.then(() => this.take(records))
    outlet.write(encoded(records))
    this.#next = (records.at(-1)?.number ?? this.#next - 1) + 1
    return outlet.unsentBytes > UNSENT_BYTES_MAX ? outlet.drained() : undefined
  }

  readonly end = (why: ListenEnd | undefined): void => {
    this.#ended = { why }
    this.#finish()
  }

  /** Until the reader leaves, the right is lost or the node stops. */
  async run (outlet: Outlet, { from, stop }: Listening, signal: AbortSignal): Promise<void> {
    this.#outlet = outlet
    this.#next = from
    // Headers travel with the first bytes: an empty stream must not keep its reader waiting for them.
    outlet.write(concat([RETRY, beginning(String(from - 1))]))
    const heartbeat = setInterval(() => { if (outlet.unsentBytes === 0) outlet.write(HEARTBEAT) }, this.#heartbeatMs)
    signal.addEventListener('abort', () => { this.#over.resolve() }, { once: true })
    if (signal.aborted) this.#over.resolve()
    this.#opened.resolve()
    if (this.#ended !== undefined) this.#finish()
    await this.#over.promise
    clearInterval(heartbeat)
    stop()
  }

  /** Whoever is ended is told why, and where to begin again: a browser does so by itself. */
  #finish (): void {
    const why = this.#ended?.why
    if (this.#outlet === undefined) return
    if (why !== undefined) this.#outlet.write(endBytes(why, this.#next))
    this.#over.resolve()
  }
}

function endBytes (why: ListenEnd, next: number): Uint8Array {
  const isFinal = why.code === 'refused' || why.code === 'not-found'
  return eventBytes(undefined, isFinal ? 'refused' : 'closed', isFinal ? why : { ...why, lastEventId: String(next - 1) })
}

/** All who listen get the same array, so it is encoded once. */
const encodings = new WeakMap<readonly NumberedRecord[], Uint8Array>()

function encoded (records: readonly NumberedRecord[]): Uint8Array {
  const known = encodings.get(records)
  if (known !== undefined) return known
  const bytes = concat(records.map(record => eventBytes(String(record.number), 'record', textOfRecord(record))))
  encodings.set(records, bytes)
  return bytes
}
