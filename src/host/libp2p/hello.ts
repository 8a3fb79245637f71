import { decodeCanonical, encodeCanonical, fail, ok, struct, text, type Result } from '../../base/index.ts'
import type { Connection, Stream } from '@libp2p/interface'
import type { Libp2p } from 'libp2p'
import type { Log, NetworkOptions } from '../index.ts'
import { encodeFrame, END, ERROR, NOTE, readFrames, type Breach } from './frame.ts'
import type { Limits } from './limits.ts'

const HELLO = '/hanse/hello/1'

type Greeting = {
  state: 'open' | 'done' | 'refused'
  /** Streams of other protocols that came before hello was done. */
  readonly waiting: { readonly stream: Stream, readonly serve: () => void }[]
  readonly settled: Promise<boolean>
  readonly settle: (done: boolean) => void
  readonly timer: NodeJS.Timeout
}

export type HelloOptions = {
  readonly hello: NetworkOptions['hello']
  readonly limits: Limits
  readonly onDone: (connection: Connection) => void
  readonly onRefused: (connection: Connection, code: string) => void
  readonly log: Log
}

type Refusal = { readonly code: string, readonly by: 'us' | 'them' }
const refusal = struct({ code: text(64) })

/**
 * Lets nothing of ours happen on a connection before both sides accepted each other's hello.
 *
 * Both send a NOTE with their hello at once, and END when the other's was accepted or ERROR with the code why not:
 * so a refused node learns what to do, and a dial that was refused never counts as connected.
 */
export class Greeter {
  readonly #options: HelloOptions
  readonly #node: Libp2p
  readonly #greetings = new WeakMap<Connection, Greeting>()

  constructor (node: Libp2p, options: HelloOptions) {
    this.#node = node
    this.#options = options
  }

  async start (): Promise<void> {
    await this.#node.handle(HELLO, (stream, connection) => {
      const greeting = this.#greetings.get(connection)
      if (greeting?.state !== 'open' || connection.direction !== 'inbound') stream.abort(new Error('hello was said before'))
      else this.#exchange(stream, connection, greeting)
    }, { maxInboundStreams: 1, maxOutboundStreams: 1 })
  }

  /** Starts hello on a new connection: the dialler opens the stream, the other side waits for it. */
  greet (connection: Connection): void {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const greeting: Greeting = {
      state: 'open', waiting: [], settled: promise, settle: resolve,
      timer: setTimeout(() => this.#refuse(connection, greeting, { code: 'timeout', by: 'us' }), this.#options.limits.helloTimeoutMs)
    }
    greeting.timer.unref()
    this.#greetings.set(connection, greeting)
    connection.addEventListener('close', () => this.#refuse(connection, greeting, { code: 'closed', by: 'them' }))
    if (connection.direction === 'outbound') void this.#open(connection, greeting)
  }

  /** Resolves to whether hello was done. */
  settled (connection: Connection): Promise<boolean> {
    return this.#greetings.get(connection)?.settled ?? Promise.resolve(false)
  }

  /**
   * Our own wrapper around a protocol's handler; never `node.use`, which runs a handler once more for each stream
   * before. A stream that comes before hello is done waits, with a small read buffer.
   */
  async serve (protocol: string, handler: (stream: Stream, connection: Connection) => void): Promise<void> {
    const { streamsWaitingForHelloMax, controlBytesMax } = this.#options.limits
    await this.#node.handle(protocol, (stream, connection) => {
      const greeting = this.#greetings.get(connection)
      if (greeting?.state === 'done') return handler(stream, connection)
      if (greeting?.state !== 'open' || greeting.waiting.length >= streamsWaitingForHelloMax) {
        return stream.abort(new Error('no stream before hello'))
      }
      const readBufferLength = stream.maxReadBufferLength
      stream.maxReadBufferLength = controlBytesMax
      greeting.waiting.push({
        stream,
        serve: () => {
          stream.maxReadBufferLength = readBufferLength
          if (stream.status === 'open') handler(stream, connection)
        }
      })
    }, { maxInboundStreams: 2, maxOutboundStreams: 2 })
  }

  async #open (connection: Connection, greeting: Greeting): Promise<void> {
    try {
      const stream = await connection.newStream(HELLO, {
        maxOutboundStreams: 1, signal: AbortSignal.timeout(this.#options.limits.helloTimeoutMs)
      })
      this.#exchange(stream, connection, greeting)
    } catch {   // the connection went, or the other side speaks no hello
      this.#refuse(connection, greeting, { code: 'closed', by: 'them' })
    }
  }

  #exchange (stream: Stream, connection: Connection, greeting: Greeting): void {
    const { hello, limits, log } = this.#options
    let [accepted, wasAccepted] = [false, false]
    const finish = (): undefined => {
      if (accepted && wasAccepted) this.#accept(stream, connection, greeting)
      return undefined
    }
    const frame = (kind: number, id: number, body: Uint8Array): Breach | undefined => {
      if (kind === NOTE && id === 0 && !accepted) {
        const verdict = judged(() => hello.check(connection.remotePeer.toString(), body))
        if (!verdict.ok) {
          reply(stream, encodeFrame(ERROR, 0, encodeCanonical({ code: verdict.failure.code })))
          this.#refuse(connection, greeting, { code: verdict.failure.code, by: 'us' })
          return undefined
        }
        accepted = true
        reply(stream, encodeFrame(END, 0, new Uint8Array(0)))
        return finish()
      }
      if (kind === END && id === 0 && !wasAccepted) {
        wasAccepted = true
        return finish()
      }
      const parsed = kind === ERROR ? decodeCanonical(body, refusal, limits.helloBytesMax) : undefined
      if (parsed?.ok !== true) return { code: 'unexpected', reason: 'no part of hello' }
      this.#refuse(connection, greeting, { code: parsed.value.code, by: 'them' })
      return undefined
    }
    const sink = { frame, dataBegins: (): Breach => ({ code: 'unexpected', reason: 'no part of hello' }), data: () => {} }
    readFrames(stream, sink, { controlBytesMax: limits.helloBytesMax }, () => {},
      breach => this.#refuse(connection, greeting, { code: breach.code, by: 'us' }),
      error => log('error', 'hello failed', { error: String(error) }))
    reply(stream, encodeFrame(NOTE, 0, hello.mine()))
  }

  #accept (stream: Stream, connection: Connection, greeting: Greeting): void {
    if (greeting.state !== 'open') return
    greeting.state = 'done'
    clearTimeout(greeting.timer)
    stream.close().catch(() => stream.abort(new Error('hello is over')))
    this.#options.onDone(connection)
    greeting.settle(true)
    for (const { serve } of greeting.waiting.splice(0)) serve()
  }

  #refuse (connection: Connection, greeting: Greeting, { code, by }: Refusal): void {
    if (greeting.state !== 'open') return
    greeting.state = 'refused'
    clearTimeout(greeting.timer)
    greeting.settle(false)
    for (const { stream } of greeting.waiting.splice(0)) stream.abort(new Error('hello was refused'))
    this.#options.onRefused(connection, code)
    this.#options.log('warn', 'hello refused', { peerId: connection.remotePeer.toString(), code, by })
    // Gracefully first, so that the other side reads why.
    connection.close().catch(() => {}).finally(() => connection.abort(new Error(`hello refused: ${code}`)))
  }
}

function judged (check: () => Result<null, { readonly code: string }>): Result<null, { readonly code: string }> {
  try {
    const verdict = check()
    return verdict.ok ? ok(null) : fail({ code: verdict.failure.code.slice(0, 64) })
  } catch {
    return fail({ code: 'fault' })
  }
}

/** A few hundred bytes on a fresh stream: fits its buffers, so there is nothing to wait for. */
function reply (stream: Stream, frame: Uint8Array): void {
  if (stream.writeStatus === 'writable') stream.send(frame)
}
