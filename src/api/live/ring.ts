import { eventBytes, type NodeEvent } from '../../sdk/index.ts'
import type { Events } from '../context/index.ts'
import { withHeartbeats, type Reply } from '../http/index.ts'
import { beginning, EVENT_HEADERS, HEARTBEAT } from './records.ts'

/** A stream of server-sent events. A slow reader holds back its source, which ends what lags too far; it resumes by id. */
export function liveReply (events: AsyncIterable<Uint8Array>, heartbeatMs: number): Reply {
  return {
    type: 'stream', status: 200, headers: EVENT_HEADERS, chunks: withHeartbeats(events, HEARTBEAT, heartbeatMs)
  }
}

/**
 * Keeps the newest events of the node for all live views, so that one that was cut off resumes by id.
 *
 * Ids are `<start of this ring>-<counter>`: after a restart an old id is recognised as such and answered by `resync`,
 * as is one that is no longer kept. A reader holds a position and no buffer of its own.
 */
export class EventRing implements Events {
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

  /** Everything behind the event `lastId`, or from this call on, until the signal aborts. */
  after (lastId: string | undefined, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const resumed = lastId === undefined ? this.#end() : this.#positionOf(lastId)
    return this.#from(resumed ?? this.#end(), resumed === undefined, signal)
  }

  async * #from (position: number, isCut: boolean, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    let at = position
    // Headers travel with the first bytes: an empty stream must not keep its reader waiting for them.
    yield beginning(this.#idOf(at - 1))
    if (isCut) yield this.#bytes(at - 1, { type: 'resync' })
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
    return eventBytes(this.#idOf(position), event.type, event)
  }

  #idOf (position: number): string {
    return `${this.#epoch}-${position}`
  }
}
