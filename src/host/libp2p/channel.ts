import type { Stream } from '@libp2p/interface'
import { readUint } from '../../base/index.ts'
import type { Exchange, Reply } from '../index.ts'
import { Answerings } from './answering.ts'
import { Askings } from './asking.ts'
import {
  CANCEL, CREDIT, encodeFrame, END, ERROR, HEADER_SIZE_BYTES, joinFrames, NOTE, readFrames, REQUEST, type Breach, type FrameSink
} from './frame.ts'
import { TokenBucket, type Credit, type Limits } from './limits.ts'

export type ChannelOptions = {
  /** Whether this side opened the stream: it then numbers its requests even, else odd. */
  readonly opener: boolean
  readonly limits: Limits
  readonly credit: Credit
  readonly nowMs: () => number
  readonly onRequest: (body: Uint8Array, reply: Reply) => Promise<void>
  readonly onNote: (body: Uint8Array) => void
  readonly onFault: (error: unknown) => void
}

type Queued = { readonly frame: Uint8Array, readonly note: boolean, sentBytes: number }

/** DATA frames below this count against the rate of frames, so that empty ones are no free flood. */
const SMALL_DATA_BYTES = 1024

/**
 * Requests, notes and credit over one ordered byte stream, without the stream: frames go in by `frame`, `dataBegins`
 * and `data`, bytes come out of `takeWrite`. Lives before its stream does, so that the first requests wait in it.
 */
export class Channel implements FrameSink {
  readonly #options: ChannelOptions
  readonly #askings: Askings
  readonly #answerings: Answerings
  readonly #rate: TokenBucket
  readonly #control: Queued[] = []
  #answers = 0
  #answersBytes = 0
  #notes = 0
  #notesBytes = 0
  #overflow: Breach | undefined
  #closed: string | undefined
  #wake: () => void = () => {}

  constructor (options: ChannelOptions) {
    const { limits, nowMs, credit, onRequest, onFault } = options
    const send = (kind: number, requestId: number, body: Uint8Array): void => this.#queue(encodeFrame(kind, requestId, body), false)
    this.#options = options
    this.#askings = new Askings({ firstId: options.opener ? 2 : 1, limits, credit, nowMs, send })
    this.#answerings = new Answerings({ limits, nowMs, send, onRequest, onFault, wake: () => this.#wake() })
    this.#rate = new TokenBucket(limits.controlFramesPerSecondMax, limits.controlFramesPerSecondMax, nowMs())
  }

  get open (): number {
    return this.#askings.size + this.#answerings.size
  }

  /** Says whom to tell when there is something to write. */
  attach (wake: () => void): void {
    this.#wake = wake
    if (this.#control.length > 0) wake()
  }

  request (body: Uint8Array, creditBytes: number): Exchange {
    const exchange = this.#askings.ask(body, creditBytes)
    if (this.#closed !== undefined) this.#askings.close(this.#closed)
    return exchange
  }

  /** Looks again at requests that wait for credit. */
  admit (): void {
    this.#askings.admit()
  }

  note (body: Uint8Array): boolean {
    const { noteBytesMax, notesQueuedMax, notesQueuedBytesMax } = this.#options.limits
    if (this.#closed !== undefined || body.length > noteBytesMax) return false
    if (this.#notes >= notesQueuedMax || this.#notesBytes + body.length > notesQueuedBytesMax) return false
    this.#queue(encodeFrame(NOTE, 0, body), true)
    return true
  }

  frame (kind: number, requestId: number, body: Uint8Array): Breach | undefined {
    if (!this.#rate.take(this.#options.nowMs())) return { code: 'rate', reason: 'more frames than a second allows' }
    const breach = this.#dispatch(kind, requestId, body)
    return breach ?? this.#overflow
  }

  dataBegins (requestId: number, sizeBytes: number): Breach | undefined {
    if (sizeBytes < SMALL_DATA_BYTES && !this.#rate.take(this.#options.nowMs())) {
      return { code: 'rate', reason: 'more frames than a second allows' }
    }
    return this.#askings.dataBegins(requestId, sizeBytes)
  }

  data (requestId: number, part: Uint8Array): void {
    this.#askings.data(requestId, part)
  }

  /**
   * The next bytes to write: control frames first, joined; or one part of somebody's data, joined when small. A frame above
   * the size of a write goes in parts: libp2p resets a stream whose buffer a single write overfills.
   */
  takeWrite (): Uint8Array | undefined {
    const { writeBytesMax } = this.#options.limits
    const parts: { readonly bytes: Uint8Array, readonly dataOf: number | undefined }[] = []
    let size = 0
    for (;;) {
      const queued = this.#control[0]
      const data = queued === undefined ? this.#answerings.nextData() : undefined
      const bytes = queued?.frame.subarray(queued.sentBytes, queued.sentBytes + writeBytesMax) ?? data?.part
      if (bytes === undefined) break
      const grown = size + bytes.length + (data === undefined ? 0 : HEADER_SIZE_BYTES)
      if (size > 0 && grown > writeBytesMax) break
      parts.push({ bytes, dataOf: data?.id })
      size = grown
      if (data === undefined) this.#unqueue(bytes.length)
      else this.#answerings.took(data.id, bytes.length)
    }
    return parts.length === 0 ? undefined : joinFrames(parts, size)
  }

  /** Ends what is over its time; a breach when the stream itself must go. */
  tick (): Breach | undefined {
    this.#answerings.tick()
    return this.#askings.tick() ?? this.#overflow
  }

  close (reason: string): void {
    if (this.#closed !== undefined) return
    this.#closed = reason
    this.#wake = () => {}
    this.#askings.close(reason)
    this.#answerings.close(reason)
    this.#control.length = 0
  }

  #dispatch (kind: number, requestId: number, body: Uint8Array): Breach | undefined {
    const mine = requestId !== 0 && (requestId % 2 === 0) === this.#options.opener
    switch (kind) {
      case REQUEST:
        return mine || requestId === 0
          ? { code: 'unexpected', reason: 'a request with an id of the other side' }
          : this.#answerings.request(requestId, body)
      case CREDIT: {
        const sizeBytes = body.length === 4 ? readUint(body, 0, 4) : undefined
        if (sizeBytes === undefined || mine) return { code: 'malformed', reason: 'credit that is not four bytes for a request' }
        this.#answerings.credit(requestId, sizeBytes)
        return undefined
      }
      case END:
        return this.#askings.end(requestId, body)
      case ERROR:
        return this.#askings.error(requestId, body)
      case CANCEL:
        if (mine) return this.#askings.cancelled(requestId)
        this.#answerings.cancel(requestId)
        return undefined
      default:
        if (requestId !== 0) return { code: 'malformed', reason: 'a note with a request id' }
        this.#options.onNote(body)
        return undefined
    }
  }

  #queue (frame: Uint8Array, note: boolean): void {
    if (this.#closed !== undefined) return
    const { controlQueueFramesMax, controlQueueBytesMax } = this.#options.limits
    this.#control.push({ frame, note, sentBytes: 0 })
    this.#count(note, 1, frame.length)
    if (this.#answers > controlQueueFramesMax || this.#answersBytes > controlQueueBytesMax) {
      this.#overflow = { code: 'rate', reason: 'asks faster than it reads the answers' }
    }
    this.#wake()
  }

  #unqueue (sizeBytes: number): void {
    const queued = this.#control[0]
    if (queued === undefined) return
    queued.sentBytes += sizeBytes
    if (queued.sentBytes < queued.frame.length) return
    this.#control.shift()
    this.#count(queued.note, -1, -queued.frame.length)
  }

  /** Notes are refused at their limits; what else queues up here the other side asked for. */
  #count (note: boolean, frames: number, sizeBytes: number): void {
    if (note) {
      this.#notes += frames
      this.#notesBytes += sizeBytes
    } else {
      this.#answers += frames
      this.#answersBytes += sizeBytes
    }
  }
}

export type PumpOptions = {
  readonly limits: Limits
  readonly nowMs: () => number
  readonly onBreach: (breach: Breach) => void
  readonly onFault: (error: unknown) => void
  readonly onClose: (reason: string) => void
  readonly onReceived: (sizeBytes: number) => void
  readonly onSent: (sizeBytes: number) => void
}

/** Moves bytes between one stream and one channel until either ends. */
export class Pump {
  readonly #stream: Stream
  readonly #channel: Channel
  readonly #options: PumpOptions
  #writing = false
  #waitingSinceMs: number | undefined

  constructor (stream: Stream, channel: Channel, options: PumpOptions) {
    this.#stream = stream
    this.#channel = channel
    this.#options = options
    readFrames(stream, channel, options.limits, options.onReceived, breach => this.#broken(breach), options.onFault)
    stream.addEventListener('close', event => options.onClose(event.error?.message ?? 'the stream was closed'))
    stream.addEventListener('remoteCloseWrite', () => this.abort('the other side closed the stream'))
    channel.attach(() => this.#wake())
  }

  abort (reason: string): void {
    this.#stream.abort(new Error(reason))
  }

  tick (): void {
    const { limits, nowMs } = this.#options
    const breach = this.#channel.tick()
    if (breach !== undefined) {
      this.#broken(breach)
    } else if (this.#waitingSinceMs !== undefined && nowMs() - this.#waitingSinceMs > limits.drainTimeoutMs) {
      this.abort(`nothing could be written for ${limits.drainTimeoutMs} ms`)
    }
  }

  #broken (breach: Breach): void {
    this.#options.onBreach(breach)
    this.abort(breach.reason)
  }

  /** Writes at once when idle; what is queued in the same turn of the event loop goes into one write. */
  #wake (): void {
    if (this.#writing) return
    this.#writing = true
    queueMicrotask(() => { void this.#write() })
  }

  async #write (): Promise<void> {
    try {
      for (let bytes = this.#channel.takeWrite(); bytes !== undefined; bytes = this.#channel.takeWrite()) {
        this.#options.onSent(bytes.length)
        await this.#send(bytes)
      }
    } catch (error) {
      this.abort(error instanceof Error ? error.message : 'the stream cannot be written')
    } finally {
      this.#writing = false
    }
  }

  /**
   * Hands bytes to the stream and waits until it takes more. Own loop instead of `onDrain`, which waits only once in
   * the life of a stream; a loop, since the flush behind one `drain` may fill the muxer again.
   */
  async #send (bytes: Uint8Array): Promise<void> {
    if (this.#stream.writeStatus !== 'writable') throw new Error('the stream is closed for writing')
    if (this.#stream.send(bytes)) return
    while (this.#stream.writableNeedsDrain) {
      this.#waitingSinceMs = this.#options.nowMs()
      try {
        await drained(this.#stream)
      } finally {
        this.#waitingSinceMs = undefined
      }
    }
  }
}

function drained (stream: Stream): Promise<void> {
  return new Promise((resolve, reject) => {
    if (stream.writeStatus === 'closed') return reject(new Error('the stream is closed'))
    const done = (event: Event & { readonly error?: Error }): void => {
      stream.removeEventListener('drain', done)
      stream.removeEventListener('close', done)
      if (event.type === 'drain') resolve()
      else reject(event.error ?? new Error('the stream is closed'))
    }
    stream.addEventListener('drain', done)
    stream.addEventListener('close', done)
  })
}
