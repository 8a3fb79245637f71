import { fail, ok, type Result } from '../base/index.ts'
import { eventsOf, StreamBroken, type ServerSentEvent } from './textStreams.ts'
import { chunksOf, type Call, type Failure, type Transport } from './transport.ts'

export type LiveOptions = {
  readonly signal: AbortSignal
  /** Without even a heartbeat for so long the stream counts as dead and is opened anew. */
  readonly silenceMs?: number
  /** Begins behind the event of this id. */
  readonly afterId?: string
  /** Told when the stream breaks, and when it stands again. */
  readonly onChange?: (isOpen: boolean) => void
  /** For how long a node that does not answer is asked again, before the stream ends with `StreamBroken`. */
  readonly retryForMs?: number
}

const SILENCE_MS = 40_000
const RETRY_FOR_MS = 60_000
const RETRY_FIRST_MS = 250
const RETRY_MAX_MS = 5_000

/**
 * Events of a live stream, opened anew where it breaks and resumed behind the last event that was handed out; before the first of
 * them, where it was opened. The first opening answers at once, so that a refusal is a value.
 */
export async function openLive (
  transport: Transport, call: Call, options: LiveOptions
): Promise<Result<AsyncIterable<ServerSentEvent>, Failure>> {
  const first = await connect(transport, call, options, options.afterId ?? '')
  return first.ok ? ok(resuming(transport, call, options, first.value)) : first
}

type Connection = { readonly events: AsyncIterable<ServerSentEvent>, readonly close: () => void, readonly lastId: () => string }

async function * resuming (
  transport: Transport, call: Call, options: LiveOptions, first: Connection
): AsyncGenerator<ServerSentEvent> {
  let connection: Connection | undefined = first
  while (connection !== undefined) {
    try {
      for await (const event of connection.events) {
        if (event.event === 'refused') throw new StreamBroken('refused', reasonOf(event.data))
        // The node wants this reader to come back, and says so: it goes on behind the last id.
        if (event.event === 'closed') break
        yield event
      }
    } catch (error) {
      if (!(error instanceof StreamBroken) || error.code !== 'cut') throw error
    } finally {
      connection.close()
    }
    if (!options.signal.aborted) options.onChange?.(false)
    connection = options.signal.aborted ? undefined : await reconnect(transport, call, options, connection.lastId())
    if (connection !== undefined) options.onChange?.(true)
  }
}

/** Of the failure that a stream ends with when the right to it is lost. */
function reasonOf (data: string): string {
  try {
    const { reason } = JSON.parse(data) as { readonly reason?: unknown }
    return typeof reason === 'string' ? reason : 'the terms no longer allow it'
  } catch {
    return 'the terms no longer allow it'
  }
}

async function reconnect (transport: Transport, call: Call, options: LiveOptions, lastId: string): Promise<Connection | undefined> {
  const deadline = Date.now() + (options.retryForMs ?? RETRY_FOR_MS)
  for (let delayMs = RETRY_FIRST_MS; ; delayMs = Math.min(delayMs * 2, RETRY_MAX_MS)) {
    await delay(delayMs, options.signal)
    if (options.signal.aborted) return undefined
    const next = await connect(transport, call, options, lastId)
    if (next.ok) return next.value
    if (options.signal.aborted) return undefined
    const final = next.failure.status !== null && next.failure.status < 500
    if (final || Date.now() >= deadline) throw new StreamBroken('cut', next.failure.reason)
  }
}

async function connect (
  transport: Transport, call: Call, options: LiveOptions, lastId: string
): Promise<Result<Connection, Failure>> {
  const ending = new AbortController()
  const signal = AbortSignal.any([options.signal, ending.signal])
  const silenceMs = options.silenceMs ?? SILENCE_MS
  let timer = setTimeout(() => { ending.abort() }, silenceMs)
  let reachedId = lastId
  const alive = (id: string): void => {
    if (id !== '') reachedId = id
    clearTimeout(timer)
    timer = setTimeout(() => { ending.abort() }, silenceMs)
  }
  const close = (): void => {
    clearTimeout(timer)
    options.signal.removeEventListener('abort', close)
    ending.abort()
  }
  // Also where nobody reads on: a forgotten timer would keep the process alive.
  options.signal.addEventListener('abort', close, { once: true })
  const headers = { accept: 'text/event-stream', ...(lastId === '' ? {} : { 'last-event-id': lastId }) }
  const response = await transport.call({ ...call, headers: { ...call.headers, ...headers }, signal })
  if (!response.ok) {
    close()
    return fail(response.failure)
  }
  return ok({ events: watched(response.value, alive), close, lastId: () => reachedId })
}

async function * watched (response: Response, alive: (id: string) => void): AsyncGenerator<ServerSentEvent> {
  for await (const event of eventsOf(chunksOf(response), alive)) {
    alive(event.id)
    yield event
  }
}

async function delay (delayMs: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>(resolve => {
    const timer = setTimeout(resolve, delayMs)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    }, { once: true })
  })
}
