import { decodeCanonical, literal, struct, text, u32 } from '../../base/index.ts'
import type { Exchange, Outcome } from '../index.ts'
import { CANCEL, CREDIT, REQUEST, type Breach } from './frame.ts'
import type { Credit, Limits } from './limits.ts'

type Asked = {
  readonly id: number
  readonly body: Uint8Array
  readonly parts: Parts
  readonly settle: (outcome: Outcome) => void
  /** `waiting` for credit, `open`, or `cancelled` until the other side confirms that nothing more comes. */
  state: 'waiting' | 'open' | 'cancelled'
  /** Credit reserved: what the sender may still send and what the reader has not yet granted back. */
  windowBytes: number
  outstandingBytes: number
  grantedBytes: number
  progressMs: number
}

const failure = struct({ code: literal('unknown', 'refused', 'gone', 'busy', 'limit', 'fault'), reason: text(1024) })

export type AskingOptions = {
  /** Ids go up by two from here: even for the side that opened the stream, odd for the other. */
  readonly firstId: number
  readonly limits: Limits
  readonly credit: Credit
  readonly nowMs: () => number
  readonly send: (kind: number, requestId: number, body: Uint8Array) => void
}

/** The requests this side asked on one channel: their ids, credit, deadlines and outcomes. */
export class Askings {
  readonly #options: AskingOptions
  readonly #asked = new Map<number, Asked>()
  #nextId: number
  #heldBytes = 0

  constructor (options: AskingOptions) {
    this.#options = options
    this.#nextId = options.firstId
  }

  get size (): number {
    return this.#asked.size
  }

  ask (body: Uint8Array, creditBytes: number): Exchange {
    const { limits, nowMs } = this.#options
    const { promise, resolve } = Promise.withResolvers<Outcome>()
    const parts = new Parts(() => this.#cancel(asked, { type: 'error', code: 'cancelled', reason: 'cancelled by the asker' }))
    const asked: Asked = {
      id: this.#nextId, body, parts, settle: resolve, state: 'waiting',
      windowBytes: creditBytes, outstandingBytes: creditBytes, grantedBytes: 0, progressMs: nowMs()
    }
    const refusal = refusalOf(body, creditBytes, this.#asked.size, limits)
    if (refusal === undefined) {
      this.#nextId = this.#nextId >= 0xfffffffc ? this.#options.firstId : this.#nextId + 2
      this.#asked.set(asked.id, asked)
      this.admit()
    } else {
      parts.finish()
      resolve(refusal)
    }
    return {
      data: parts,
      outcome: promise,
      grant: sizeBytes => this.#grant(asked, sizeBytes),
      cancel: () => parts.cancel()
    }
  }

  /** Sends the requests that waited for credit and now have it. */
  admit (): void {
    for (const asked of this.#asked.values()) {
      if (asked.state !== 'waiting' || !this.#reserve(asked.windowBytes)) continue
      asked.state = 'open'
      asked.progressMs = this.#options.nowMs()
      this.#options.send(REQUEST, asked.id, asked.body)
    }
  }

  dataBegins (id: number, sizeBytes: number): Breach | undefined {
    const asked = this.#asked.get(id)
    if (asked === undefined || asked.state === 'waiting') return { code: 'unexpected', reason: 'data for a request that is not open' }
    if (sizeBytes > asked.outstandingBytes) {
      return { code: 'credit', reason: `${sizeBytes} bytes with ${asked.outstandingBytes} bytes of credit` }
    }
    asked.outstandingBytes -= sizeBytes
    asked.progressMs = this.#options.nowMs()
    if (asked.state === 'open') this.#refill(asked)
    return undefined
  }

  data (id: number, part: Uint8Array): void {
    const asked = this.#asked.get(id)
    if (asked?.state === 'open') asked.parts.push(part)
  }

  end (id: number, body: Uint8Array): Breach | undefined {
    return this.#close(id, { type: 'end', body })
  }

  error (id: number, body: Uint8Array): Breach | undefined {
    const parsed = decodeCanonical(body, failure, this.#options.limits.controlBytesMax)
    if (!parsed.ok) return { code: 'malformed', reason: 'an error without code and reason' }
    return this.#close(id, { type: 'error', ...parsed.value })
  }

  cancelled (id: number): Breach | undefined {
    return this.#close(id, { type: 'error', code: 'cancelled', reason: 'cancelled by the other side' })
  }

  /** Ends what made no progress. A breach when a cancelled request was never confirmed. */
  tick (): Breach | undefined {
    const { limits, nowMs } = this.#options
    for (const asked of this.#asked.values()) {
      if (nowMs() - asked.progressMs < limits.progressTimeoutMs) continue
      if (asked.state === 'cancelled') return { code: 'unexpected', reason: 'a cancelled request was not confirmed' }
      if (asked.state === 'waiting') {
        this.#asked.delete(asked.id)
        asked.parts.finish()
        asked.settle({ type: 'error', code: 'busy', reason: 'no credit became free for this request' })
      } else if (asked.outstandingBytes > 0 || asked.windowBytes === 0) {   // else its reader withholds the credit
        this.#cancel(asked, { type: 'error', code: 'timeout', reason: `no progress in ${limits.progressTimeoutMs} ms` })
      }
    }
    return undefined
  }

  close (reason: string): void {
    for (const asked of this.#asked.values()) {
      this.#forget(asked)
      asked.settle({ type: 'error', code: 'closed', reason })
    }
  }

  #close (id: number, outcome: Outcome): Breach | undefined {
    const asked = this.#asked.get(id)
    if (asked === undefined || asked.state === 'waiting') return { code: 'unexpected', reason: 'an answer without a request' }
    this.#forget(asked)
    asked.settle(outcome)
    return undefined
  }

  #cancel (asked: Asked, outcome: Outcome): void {
    if (!this.#asked.has(asked.id) || asked.state === 'cancelled') return
    if (asked.state === 'open') {
      asked.state = 'cancelled'
      asked.progressMs = this.#options.nowMs()
      this.#options.send(CANCEL, asked.id, new Uint8Array(0))
    } else {
      this.#asked.delete(asked.id)
    }
    asked.parts.finish()
    asked.settle(outcome)
  }

  /**
   * Gives back what was received. A grant beyond that widens the window, as far as there is credit.
   * Grants are gathered until they are worth a frame, but never while the sender runs dry.
   */
  #grant (asked: Asked, sizeBytes: number): void {
    if (asked.state !== 'open' || !this.#asked.has(asked.id)) return
    const held = asked.windowBytes - asked.outstandingBytes - asked.grantedBytes
    const wider = Math.max(0, sizeBytes - held)
    const granted = wider === 0 || this.#reserve(wider) ? sizeBytes : held
    asked.windowBytes += Math.max(0, granted - held)
    asked.grantedBytes += granted
    if (asked.grantedBytes * 8 >= asked.windowBytes) this.#flush(asked)
    else this.#refill(asked)
  }

  /** Sends what was gathered before the sender runs dry: a reader may need all of the window for one item. */
  #refill (asked: Asked): void {
    if (asked.outstandingBytes * 2 <= asked.windowBytes) this.#flush(asked)
  }

  #flush (asked: Asked): void {
    if (asked.grantedBytes === 0) return
    if (asked.outstandingBytes === 0) asked.progressMs = this.#options.nowMs()
    asked.outstandingBytes += asked.grantedBytes
    this.#options.send(CREDIT, asked.id, u32(asked.grantedBytes))
    asked.grantedBytes = 0
  }

  #reserve (sizeBytes: number): boolean {
    if (this.#heldBytes + sizeBytes > this.#options.limits.creditPerStreamMax) return false
    if (!this.#options.credit.take(sizeBytes)) return false
    this.#heldBytes += sizeBytes
    return true
  }

  #forget (asked: Asked): void {
    this.#asked.delete(asked.id)
    asked.parts.finish()
    if (asked.state === 'waiting') return
    this.#heldBytes -= asked.windowBytes
    this.#options.credit.give(asked.windowBytes)
  }
}

function refusalOf (body: Uint8Array, creditBytes: number, open: number, limits: Limits): Outcome | undefined {
  if (open >= limits.requestsInFlightMax) {
    return { type: 'error', code: 'busy', reason: `${open} requests are open on this stream, which is the limit` }
  }
  if (body.length > limits.controlBytesMax || creditBytes > limits.creditPerStreamMax) {
    return { type: 'error', code: 'limit', reason: 'the request or its credit is larger than a stream allows' }
  }
  return undefined
}

/** Parts of data between the stream and one reader; credit bounds what lies in it. */
class Parts implements AsyncIterable<Uint8Array> {
  readonly #onCancel: () => void
  readonly #parts: Uint8Array[] = []
  #ended = false
  #deliver: ((result: IteratorResult<Uint8Array, undefined>) => void) | undefined

  constructor (onCancel: () => void) {
    this.#onCancel = onCancel
  }

  push (part: Uint8Array): void {
    if (this.#deliver === undefined) this.#parts.push(part)
    else this.#take()?.({ done: false, value: part })
  }

  finish (): void {
    this.#ended = true
    this.#take()?.({ done: true, value: undefined })
  }

  /** Of an answer that has come to its end there is nothing to stop: what it says it is, it stays. */
  cancel (): void {
    if (this.#ended) return
    this.#parts.length = 0
    this.#onCancel()
  }

  [Symbol.asyncIterator] (): AsyncIterator<Uint8Array, undefined> {
    return {
      next: () => {
        const part = this.#parts.shift()
        if (part !== undefined) return Promise.resolve({ done: false, value: part })
        if (this.#ended) return Promise.resolve({ done: true, value: undefined })
        return new Promise(resolve => { this.#deliver = resolve })
      },
      return: () => {
        this.cancel()
        return Promise.resolve({ done: true, value: undefined })
      }
    }
  }

  #take (): ((result: IteratorResult<Uint8Array, undefined>) => void) | undefined {
    const deliver = this.#deliver
    this.#deliver = undefined
    return deliver
  }
}
