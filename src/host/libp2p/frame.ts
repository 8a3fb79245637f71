/** `length u32 | kind u8 | requestId u32 | body`; length counts what follows it. */
import type { Stream, StreamMuxerFactory } from '@libp2p/interface'
import { yamux, type YamuxMuxerInit } from '@libp2p/yamux'
import { readUint, writeUint } from '../../base/index.ts'

export const REQUEST = 1
export const DATA = 2
export const CREDIT = 3
export const END = 4
export const ERROR = 5
export const CANCEL = 6
export const NOTE = 7

export const HEADER_SIZE_BYTES = 9
/** Largest body of a DATA frame. */
export const DATA_BYTES_MAX: number = 256 * 1024
const BEHIND_LENGTH_BYTES = 5

/** What a peer did against the protocol: its stream is reset and the breach counts against it. */
export type Breach = {
  readonly code: 'too-large' | 'unknown-kind' | 'malformed' | 'unexpected' | 'credit' | 'rate'
  readonly reason: string
}

/** Takes what a reader finds. Anything returned ends the stream. */
export interface FrameSink {
  frame (kind: number, requestId: number, body: Uint8Array): Breach | undefined
  /** A DATA frame starts; nothing of its body has been kept yet. */
  dataBegins (requestId: number, sizeBytes: number): Breach | undefined
  /** A part of the body, as it came in: a view, not a copy. */
  data (requestId: number, part: Uint8Array): void
}

function writeHeader (target: Uint8Array, at: number, kind: number, requestId: number, bodySizeBytes: number): void {
  writeUint(target, at, 4, BEHIND_LENGTH_BYTES + bodySizeBytes)
  target[at + 4] = kind
  writeUint(target, at + 5, 4, requestId)
}

export function encodeFrame (kind: number, requestId: number, body: Uint8Array): Uint8Array {
  const frame = new Uint8Array(HEADER_SIZE_BYTES + body.length)
  writeHeader(frame, 0, kind, requestId, body.length)
  frame.set(body, HEADER_SIZE_BYTES)
  return frame
}

/**
 * Cuts a byte stream into frames, in whatever pieces it comes.
 *
 * A length is judged before anything of its body is kept: a control body is collected up to its limit, a note up to one of
 * its own, a DATA body is never collected but passed on in parts. After a breach the reader is dead and says so again.
 */
export class FrameReader {
  readonly #sink: FrameSink
  readonly #controlBytesMax: number
  readonly #noteBytesMax: number
  readonly #header = new Uint8Array(HEADER_SIZE_BYTES)
  #headerFill = 0
  #kind = 0
  #requestId = 0
  #body = new Uint8Array(0)
  #bodyFill = 0
  #dataLeft = 0
  #breach: Breach | undefined

  constructor (sink: FrameSink, controlBytesMax: number, noteBytesMax: number = controlBytesMax) {
    this.#sink = sink
    this.#controlBytesMax = controlBytesMax
    this.#noteBytesMax = noteBytesMax
  }

  /** Bytes held while a frame is incomplete. */
  get heldBytes (): number {
    return this.#headerFill + this.#body.length
  }

  read (chunk: Uint8Array): Breach | undefined {
    let at = 0
    while (at < chunk.length && this.#breach === undefined) {
      if (this.#headerFill < HEADER_SIZE_BYTES) at = this.#readHeader(chunk, at)
      else if (this.#kind === DATA) at = this.#readData(chunk, at)
      else at = this.#readBody(chunk, at)
    }
    return this.#breach
  }

  #readHeader (chunk: Uint8Array, at: number): number {
    const size = Math.min(HEADER_SIZE_BYTES - this.#headerFill, chunk.length - at)
    this.#header.set(chunk.subarray(at, at + size), this.#headerFill)
    this.#headerFill += size
    if (this.#headerFill === HEADER_SIZE_BYTES) this.#breach = this.#begin()
    return at + size
  }

  #begin (): Breach | undefined {
    const size = (readUint(this.#header, 0, 4) ?? 0) - BEHIND_LENGTH_BYTES
    this.#kind = this.#header[4] ?? 0
    this.#requestId = readUint(this.#header, 5, 4) ?? 0
    if (this.#kind < REQUEST || this.#kind > NOTE) return { code: 'unknown-kind', reason: `no frame kind ${this.#kind}` }
    if (size < 0) return { code: 'malformed', reason: 'a frame shorter than its header' }
    const sizeMax = this.#kind === DATA ? DATA_BYTES_MAX : this.#kind === NOTE ? this.#noteBytesMax : this.#controlBytesMax
    if (size > sizeMax) return { code: 'too-large', reason: `a frame of ${size} bytes where ${sizeMax} are allowed` }
    if (this.#kind === DATA) {
      this.#dataLeft = size
      const breach = this.#sink.dataBegins(this.#requestId, size)
      if (size === 0) this.#headerFill = 0
      return breach
    }
    this.#body = new Uint8Array(size)
    this.#bodyFill = 0
    return size === 0 ? this.#finish() : undefined
  }

  #readData (chunk: Uint8Array, at: number): number {
    const size = Math.min(this.#dataLeft, chunk.length - at)
    this.#dataLeft -= size
    if (this.#dataLeft === 0) this.#headerFill = 0
    this.#sink.data(this.#requestId, chunk.subarray(at, at + size))
    return at + size
  }

  #readBody (chunk: Uint8Array, at: number): number {
    const size = Math.min(this.#body.length - this.#bodyFill, chunk.length - at)
    this.#body.set(chunk.subarray(at, at + size), this.#bodyFill)
    this.#bodyFill += size
    if (this.#bodyFill === this.#body.length) this.#breach = this.#finish()
    return at + size
  }

  #finish (): Breach | undefined {
    const body = this.#body
    this.#headerFill = 0
    this.#body = new Uint8Array(0)
    return this.#sink.frame(this.#kind, this.#requestId, body)
  }
}

/** One buffer with all parts, each data part behind its header. */
export function joinFrames (parts: readonly { readonly bytes: Uint8Array, readonly dataOf: number | undefined }[], size: number): Uint8Array {
  const only = parts.length === 1 ? parts[0] : undefined
  if (only !== undefined && only.dataOf === undefined) return only.bytes
  const write = Buffer.allocUnsafeSlow(size)
  let at = 0
  for (const { bytes, dataOf } of parts) {
    if (dataOf !== undefined) {
      writeHeader(write, at, DATA, dataOf, bytes.length)
      at += HEADER_SIZE_BYTES
    }
    write.set(bytes, at)
    at += bytes.length
  }
  return write
}

/** Feeds a stream into a sink by its only `message` listener. Neither pauses nor iterates: both were measured to lose. */
export function readFrames (
  stream: Stream, sink: FrameSink, { controlBytesMax, noteBytesMax = controlBytesMax }: { readonly controlBytesMax: number, readonly noteBytesMax?: number },
  onReceived: (sizeBytes: number) => void, onBreach: (breach: Breach) => void, onFault: (error: unknown) => void
): void {
  const reader = new FrameReader(sink, controlBytesMax, noteBytesMax)
  let broken = false
  const read = (part: Uint8Array): void => {
    if (broken) return
    const breach = reader.read(new Uint8Array(part.buffer, part.byteOffset, part.byteLength))
    if (breach === undefined) return
    broken = true
    onBreach(breach)
  }
  stream.addEventListener('message', ({ data }) => {
    try {
      onReceived(data.byteLength)
      if (data instanceof Uint8Array) read(data)
      else for (const part of data) read(part)
    } catch (error) {   // thrown from a listener it would end the process
      broken = true
      onFault(error)
      stream.abort(new Error('reading failed'))
    }
  })
}

/**
 * yamux that cannot end the process: it opens a stream in a microtask, and what that throws when the connection went
 * in between is caught by nobody. Here such a connection is aborted instead.
 */
export function guardedYamux (options: YamuxMuxerInit): () => StreamMuxerFactory {
  const factoryOf = yamux(options)
  return () => {
    const factory: StreamMuxerFactory = factoryOf()
    return {
      protocol: factory.protocol,
      createStreamMuxer: connection => {
        const send = connection.send.bind(connection)
        connection.send = data => {
          try {
            return send(data)
          } catch (error) {
            connection.abort(error instanceof Error ? error : new Error('the connection cannot be written'))
            return false
          }
        }
        return factory.createStreamMuxer(connection)
      }
    }
  }
}
