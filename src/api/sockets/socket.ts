import type { RawData, WebSocket } from 'ws'
import { z } from 'zod'
import type { ListenEnd, Listener, Listening, NumberedRecord } from '../../node/contract/index.ts'
import { textOfRecord } from '../../sdk/index.ts'

const CREDIT_RECORDS = 1_000
const CREDIT_RECORDS_MAX = 1_000_000
/** A reader that has not taken so much is told nothing more until it has. */
const UNSENT_BYTES_MAX = 65_536
/** An answer that has come already may wait for its turn in a node that has much to do: one ping says nothing. */
const UNANSWERED_MAX = 3
/** How long whoever is told that it is over may take to go. */
const CLOSE_MS = 2_000
const REASON_LENGTH_MAX = 120

const grant = z.strictObject({ credit: z.int().min(1).max(CREDIT_RECORDS_MAX) })

/** As ws numbers the states of a connection. */
const OPEN = 1

const CODES: Readonly<Record<ListenEnd['code'], number>> = { 'refused': 1008, 'not-found': 1008, 'incomplete': 1011, 'slow': 1013 }
const AS_TEXT = { binary: false } as const
const GOING_AWAY = 1001
const POLICY = 1008
const OVER = 'the node stops, or the token or session has ended'

/** One reader by WebSocket. */
export class RecordSocket implements Listener {
  readonly #heartbeatMs: number
  readonly #opened: PromiseWithResolvers<void> = Promise.withResolvers()
  readonly #over: PromiseWithResolvers<void> = Promise.withResolvers()
  #socket: WebSocket | undefined
  #credit = CREDIT_RECORDS
  #granted: PromiseWithResolvers<void> = Promise.withResolvers()
  #next = 0
  #ended: { readonly why: ListenEnd | undefined } | undefined

  constructor (heartbeatMs: number) {
    this.#heartbeatMs = heartbeatMs
  }

  readonly take = (records: readonly NumberedRecord[]): Promise<void> | void => {
    if (this.#socket === undefined) return this.#opened.promise.then(() => this.take(records))
    if (this.#credit < records.length) return this.#takeByCredit(records)
    return this.#send(this.#socket, records)
  }

  readonly end = (why: ListenEnd | undefined): void => {
    this.#ended = { why }
    this.#finish()
  }

  /** Until either side closes. */
  async run (socket: WebSocket, { from, stop }: Listening, signal: AbortSignal): Promise<void> {
    this.#socket = socket
    this.#next = from
    let unanswered = 0
    const heartbeat = setInterval(() => {
      if (unanswered === UNANSWERED_MAX) return socket.terminate()
      unanswered++
      socket.ping()
    }, this.#heartbeatMs)
    socket.on('pong', () => { unanswered = 0 })
    socket.on('message', data => { this.#heard(textOf(data)) })
    // What was no message of the protocol has been answered by its code: torn down at once, nobody would hear that.
    socket.on('error', () => { goneLater(socket) })
    socket.on('close', () => { this.#over.resolve() })
    signal.addEventListener('abort', () => { this.#close(GOING_AWAY, OVER) }, { once: true })
    if (signal.aborted) this.#close(GOING_AWAY, OVER)
    this.#opened.resolve()
    if (this.#ended !== undefined) this.#finish()
    await this.#over.promise
    clearInterval(heartbeat)
    stop()
    this.#granted.resolve()
  }

  async #takeByCredit (records: readonly NumberedRecord[]): Promise<void> {
    for (let at = 0; at < records.length;) {
      const socket = this.#socket
      if (socket?.readyState !== OPEN || this.#ended !== undefined) return
      const part = records.slice(at, at + this.#credit)
      at += part.length
      if (part.length > 0) await this.#send(socket, part)
      else await this.#granted.promise
    }
  }

  #send (socket: WebSocket, records: readonly NumberedRecord[]): Promise<void> | undefined {
    const lines = linesOf(records)
    this.#credit -= lines.length
    this.#next = (records.at(-1)?.number ?? this.#next - 1) + 1
    for (const line of lines.slice(0, -1)) socket.send(line, AS_TEXT)
    const last = lines.at(-1) ?? ''
    if (socket.bufferedAmount > UNSENT_BYTES_MAX) return new Promise(resolve => { socket.send(last, AS_TEXT, () => { resolve() }) })
    socket.send(last, AS_TEXT)
    return undefined
  }

  #heard (text: string): void {
    // What comes behind the end is not looked at, however much it is.
    if (this.#socket?.readyState !== OPEN) return
    const given = grant.safeParse(parsed(text))
    if (!given.success || this.#credit + given.data.credit > CREDIT_RECORDS_MAX) {
      return this.#close(POLICY, `a reader sends {"credit": n}, up to ${CREDIT_RECORDS_MAX} in all`)
    }
    this.#credit += given.data.credit
    this.#granted.resolve()
    this.#granted = Promise.withResolvers()
  }

  /** Says why, and where to begin again, before it closes. */
  #finish (): void {
    const socket = this.#socket
    const why = this.#ended?.why
    if (socket === undefined) return
    if (why === undefined) return this.#close(GOING_AWAY, 'the node stops')
    socket.send(JSON.stringify({ closed: { ...why, afterSeq: this.#next - 1 } }))
    this.#close(CODES[why.code], `${why.code}; afterSeq=${this.#next - 1}`)
  }

  #close (code: number, reason: string): void {
    const socket = this.#socket
    if (socket === undefined) return
    socket.close(code, reason.slice(0, REASON_LENGTH_MAX))
    goneLater(socket)
  }
}

function goneLater (socket: WebSocket): void {
  setTimeout(() => { socket.terminate() }, CLOSE_MS).unref()
}

/** All who listen get the same array, so it is encoded once. */
const encodings = new WeakMap<readonly NumberedRecord[], readonly Buffer[]>()

function linesOf (records: readonly NumberedRecord[]): readonly Buffer[] {
  const known = encodings.get(records)
  if (known !== undefined) return known
  const lines = records.map(record => Buffer.from(JSON.stringify(textOfRecord(record))))
  encodings.set(records, lines)
  return lines
}

/** ws gives one buffer, as long as nothing else is asked for. */
function textOf (data: RawData): string {
  return data instanceof Buffer ? data.toString('utf8') : ''
}

function parsed (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
