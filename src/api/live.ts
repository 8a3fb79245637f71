import { fail, ok, utf8, type Result } from '../base/index.ts'
import { RightLost, type Asker, type HanseNode, type NumberedRecord } from '../node/contract/index.ts'
import { eventBytes, MEDIA_TYPES, textOfRecord, type NodeEvent } from '../sdk/index.ts'
import { withHeartbeats, type AnyFailure, type Reply } from './http/index.ts'

const HEARTBEAT = utf8(': still here\n\n')

/** A stream of server-sent events. A slow reader holds back its source, which ends what lags too far; it resumes by id. */
export function liveReply (events: AsyncIterable<Uint8Array>, heartbeatMs: number): Reply {
  return {
    type: 'stream', status: 200, chunks: withHeartbeats(begun(events), HEARTBEAT, heartbeatMs),
    headers: { 'content-type': MEDIA_TYPES.events, 'cache-control': 'no-store', 'x-accel-buffering': 'no' }
  }
}

/** Headers travel with the first bytes: an empty stream must not keep its reader waiting for them. */
async function * begun (events: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield HEARTBEAT
  yield * events
}

/**
 * Records as events, by number. One that resumes follows from the newest record on and reads whatever lies between
 * what it has seen and what comes, so that no record is missed while the two are joined.
 */
export function followedRecords (
  node: HanseNode, reference: string,
  { last, seen, signal, asker }: { readonly last: number, readonly seen: number | undefined, readonly signal: AbortSignal, readonly asker: Asker }
): Result<AsyncIterable<Uint8Array>, AnyFailure> {
  const records = node.follow(reference, { last: seen === undefined ? last : 1, signal }, asker)
  if (!records.ok) return fail(records.failure)
  return ok(untilRefused(recordEvents(withoutGaps(node, reference, records.value, seen, asker))))
}

/** Who loses the right while it follows is told why, and the stream ends: it would be refused if it came again. */
async function * untilRefused (events: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield * events
  } catch (cause) {
    if (!(cause instanceof RightLost)) throw cause
    yield eventBytes('', 'refused', cause.failure)
  }
}

async function * withoutGaps (
  node: HanseNode, reference: string, records: AsyncIterable<NumberedRecord>, seen: number | undefined, asker: Asker
): AsyncGenerator<NumberedRecord> {
  let next = seen === undefined ? undefined : seen + 1
  for await (const record of records) {
    if (next !== undefined && record.number < next) continue
    if (next !== undefined && record.number > next) {
      const missed = node.read(reference, { from: next, limit: record.number - next }, asker)
      if (missed.ok) yield * missed.value
    }
    yield record
    next = record.number + 1
  }
}

async function * recordEvents (records: AsyncIterable<NumberedRecord>): AsyncGenerator<Uint8Array> {
  for await (const record of records) yield eventBytes(String(record.number), 'record', textOfRecord(record))
}

/**
 * Keeps the newest events of the node for all live views, so that one that was cut off resumes by id.
 *
 * Ids are `<start of this ring>-<counter>`: after a restart an old id is recognised as such and answered by `resync`,
 * as is one that is no longer kept. A reader holds a position and no buffer of its own.
 */
export class EventRing {
  readonly #epoch: string
  readonly #keptMax: number
  readonly #events: NodeEvent[] = []
  #first = 0
  #changed: PromiseWithResolvers<void> = Promise.withResolvers()

  constructor (epoch: string, keptMax: number) {
    this.#epoch = epoch
    this.#keptMax = keptMax
  }

  put (event: NodeEvent): void {
    this.#events.push(event)
    // Dropped in blocks, because each shift of an array moves all of it.
    if (this.#events.length >= 2 * this.#keptMax) {
      this.#events.splice(0, this.#keptMax)
      this.#first += this.#keptMax
    }
    this.#wake()
  }

  /** Everything behind the event `lastId`, or from now on, until the signal aborts. */
  async * after (lastId: string | undefined, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const resumed = lastId === undefined ? this.#end() : this.#positionOf(lastId)
    let at = resumed ?? this.#end()
    if (resumed === undefined) yield this.#bytes(at - 1, { type: 'resync' })
    signal.addEventListener('abort', () => { this.#wake() }, { once: true })
    while (!signal.aborted) {
      if (at < this.#first) {
        at = this.#end()
        yield this.#bytes(at - 1, { type: 'resync' })
      }
      const event = this.#events[at - this.#first]
      if (event === undefined) await this.#changed.promise
      else yield this.#bytes(at++, event)
    }
  }

  /** Wakes all readers; each looks for itself whether there is something for it. */
  #wake (): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }

  #end (): number {
    return this.#first + this.#events.length
  }

  #positionOf (id: string): number | undefined {
    const [, epoch, counter] = /^(\w{1,32})-(-?\d{1,15})$/.exec(id) ?? []
    const position = Number(counter) + 1
    return epoch === this.#epoch && position >= this.#first && position <= this.#end() ? position : undefined
  }

  #bytes (position: number, event: NodeEvent): Uint8Array {
    return eventBytes(`${this.#epoch}-${position}`, event.type, event)
  }
}
