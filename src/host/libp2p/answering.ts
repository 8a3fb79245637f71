import { assert, decodeCanonical, encodeCanonical, fail, ok, type Schema } from '../../base/index.ts'
import type { Reply, RequestErrorCode } from '../index.ts'
import { CANCEL, DATA_BYTES_MAX, END, ERROR, type Breach } from './frame.ts'
import type { Limits } from './limits.ts'

type Chunk = {
  readonly bytes: Uint8Array
  sentBytes: number
  readonly sent: () => void
  readonly failed: (error: Error) => void
}

type Answer = {
  readonly id: number
  readonly chunks: Chunk[]
  readonly controller: AbortController
  creditBytes: number
  end: Uint8Array | undefined
  progressMs: number
}

/** The one field of a request that the channel itself reads. */
const creditBytes: Schema<number> = (value, path) => {
  const credit: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'creditBytes') : undefined
  return typeof credit === 'number' && Number.isSafeInteger(credit) && credit >= 0
    ? ok(credit)
    : fail({ path: `${path}.creditBytes`, expected: 'an integer' })
}

export type AnsweringOptions = {
  readonly limits: Limits
  readonly nowMs: () => number
  readonly send: (kind: number, requestId: number, body: Uint8Array) => void
  /** There is data to write. */
  readonly wake: () => void
  readonly onRequest: (body: Uint8Array, reply: Reply) => Promise<void>
  readonly onFault: (error: unknown) => void
}

const EMPTY = new Uint8Array(0)

/** The requests this side answers on one channel, and whose turn it is to send data. */
export class Answerings {
  readonly #options: AnsweringOptions
  /** In the order of their turns. */
  readonly #answers = new Map<number, Answer>()

  constructor (options: AnsweringOptions) {
    this.#options = options
  }

  get size (): number {
    return this.#answers.size
  }

  request (id: number, body: Uint8Array): Breach | undefined {
    const { limits, nowMs } = this.#options
    if (this.#answers.has(id)) return { code: 'unexpected', reason: 'a request id that is in use' }
    const credit = decodeCanonical(body, creditBytes, limits.controlBytesMax)
    if (!credit.ok) return { code: 'malformed', reason: 'a request that is not canonical or names no credit' }
    const answer: Answer = {
      id, chunks: [], controller: new AbortController(), creditBytes: credit.value, end: undefined, progressMs: nowMs()
    }
    if (this.#answers.size >= limits.requestsInFlightMax) {
      this.#sendError(id, 'busy', 'too many requests are open')
      return undefined
    }
    this.#answers.set(id, answer)
    void this.#run(answer, body)
    return undefined
  }

  credit (id: number, sizeBytes: number): void {
    const answer = this.#answers.get(id)
    if (answer === undefined) return      // crossed our END
    if (answer.creditBytes === 0) answer.progressMs = this.#options.nowMs()
    answer.creditBytes += sizeBytes
    if (answer.chunks.length > 0) this.#options.wake()
  }

  cancel (id: number): void {
    const answer = this.#answers.get(id)
    if (answer === undefined) return      // crossed our END
    this.#drop(answer, 'the asker cancelled')
    this.#options.send(CANCEL, id, EMPTY)
  }

  /** The next part to send and whose it is: one chunk after the other of a request, then the next request's turn. */
  nextData (): { readonly id: number, readonly part: Uint8Array } | undefined {
    for (const answer of this.#answers.values()) {
      const chunk = answer.chunks[0]
      if (chunk === undefined || (answer.creditBytes === 0 && chunk.bytes.length > 0)) continue
      const sizeBytes = this.#sizeOfNext(answer, chunk)
      return { id: answer.id, part: chunk.bytes.subarray(chunk.sentBytes, chunk.sentBytes + sizeBytes) }
    }
    return undefined
  }

  /** Confirms that the part `nextData` named was taken. */
  took (id: number, sizeBytes: number): void {
    const answer = this.#answers.get(id)
    const chunk = answer?.chunks[0]
    assert(answer !== undefined && chunk !== undefined, 'what was taken is at the head of its queue')
    chunk.sentBytes += sizeBytes
    answer.creditBytes -= sizeBytes
    answer.progressMs = this.#options.nowMs()
    const complete = chunk.sentBytes === chunk.bytes.length
    if (complete) {
      answer.chunks.shift()
      chunk.sent()
    }
    if (answer.chunks.length === 0 && answer.end !== undefined) {
      this.#answers.delete(id)
      this.#options.send(END, id, answer.end)
    } else if (complete || answer.creditBytes === 0) {
      this.#answers.delete(id)
      this.#answers.set(id, answer)
    }
  }

  /** Ends what waits for credit for too long. */
  tick (): void {
    const { limits, nowMs } = this.#options
    for (const answer of this.#answers.values()) {
      if (answer.chunks.length === 0 || answer.creditBytes > 0) continue
      if (nowMs() - answer.progressMs < limits.progressTimeoutMs) continue
      this.#drop(answer, `no credit in ${limits.progressTimeoutMs} ms`)
      this.#options.send(CANCEL, answer.id, EMPTY)
    }
  }

  close (reason: string): void {
    for (const answer of this.#answers.values()) this.#drop(answer, reason)
  }

  async #run (answer: Answer, body: Uint8Array): Promise<void> {
    const { onRequest, onFault } = this.#options
    try {
      await onRequest(body, this.#reply(answer))
      if (this.#answers.has(answer.id) && answer.end === undefined) throw new Error('the handler ended without an answer')
    } catch (error) {
      if (answer.controller.signal.aborted) return
      onFault(error)
      this.#fail(answer, 'fault', 'the answering side failed')
    }
  }

  #reply (answer: Answer): Reply {
    return {
      signal: answer.controller.signal,
      send: bytes => this.#enqueue(answer, bytes),
      end: body => {
        if (!this.#isOpen(answer)) return
        answer.end = body
        if (answer.chunks.length > 0) return
        this.#answers.delete(answer.id)
        this.#options.send(END, answer.id, body)
      },
      error: (code, reason) => this.#fail(answer, code, reason)
    }
  }

  #enqueue (answer: Answer, bytes: Uint8Array): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    promise.catch(() => {})   // a handler that stopped waiting for its last chunk must not end the process
    if (this.#isOpen(answer)) {
      assert(answer.chunks.length < this.#options.limits.chunksQueuedMax, 'a handler awaits its sends')
      if (answer.chunks.length === 0) answer.progressMs = this.#options.nowMs()
      answer.chunks.push({ bytes, sentBytes: 0, sent: resolve, failed: reject })
      this.#options.wake()
    } else {
      reject(new Error('this request is closed'))
    }
    return promise
  }

  #isOpen (answer: Answer): boolean {
    return this.#answers.get(answer.id) === answer && answer.end === undefined
  }

  #fail (answer: Answer, code: RequestErrorCode, reason: string): void {
    if (this.#answers.get(answer.id) !== answer) return
    this.#drop(answer, reason)
    this.#sendError(answer.id, code, reason)
  }

  #sendError (id: number, code: RequestErrorCode, reason: string): void {
    this.#options.send(ERROR, id, encodeCanonical({ code, reason: reason.normalize('NFC').slice(0, 1024) }))
  }

  #drop (answer: Answer, reason: string): void {
    this.#answers.delete(answer.id)
    const error = new Error(reason)
    answer.controller.abort(error)
    for (const chunk of answer.chunks.splice(0)) chunk.failed(error)
  }

  #sizeOfNext (answer: Answer, chunk: Chunk): number {
    return Math.min(chunk.bytes.length - chunk.sentBytes, answer.creditBytes, DATA_BYTES_MAX)
  }
}
