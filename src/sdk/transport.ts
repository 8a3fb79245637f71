import { z } from 'zod'
import { fail, ok, type Result } from '../base/index.ts'
import { complaintOf, problemSchema, progressSchema } from './bodies/index.ts'
import { linesOf, StreamBroken } from './textStreams.ts'
import type { OnProgress } from './bodies/index.ts'

/** Why a call brought no answer. `status` is that of HTTP, null where the node could not be asked at all. */
export type Failure = {
  readonly code: string
  readonly reason: string
  readonly hint: string
  readonly status: number | null
  /** Codes of all reasons, where terms refuse. */
  readonly reasons?: readonly string[] | undefined
  /** Of the character in a question that it is about, from 0. */
  readonly position?: number | undefined
}
export type Answer<T> = Promise<Result<T, Failure>>

/** `onSent`: how much of the body has gone, for those that can tell. */
export type Fetch = (url: string, init: RequestInit & { readonly onSent?: (sentBytes: number) => void }) => Promise<Response>

export type Call = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string | Blob | AsyncIterable<Uint8Array>
  readonly signal?: AbortSignal | undefined
  readonly onSent?: ((sentBytes: number) => void) | undefined
}

/** Sends calls with the token and turns whatever goes wrong into a failure. */
export class Transport {
  readonly #baseUrl: string
  readonly #token: string | undefined
  readonly #fetch: Fetch

  /** Without a token the cookie of a browser speaks. */
  constructor (options: { readonly baseUrl: string, readonly token?: string | undefined, readonly fetch?: Fetch | undefined }) {
    this.#baseUrl = options.baseUrl.replace(/\/+$/, '')
    this.#token = options.token
    this.#fetch = options.fetch ?? fetch
  }

  /** The response, where it is one of success. */
  async call (call: Call): Answer<Response> {
    let response: Response
    let broken: unknown
    const body = bodyOf(call.body, call.signal, cause => { broken = cause })
    try {
      response = await this.#fetch(this.#baseUrl + call.path + queryText(call.query ?? {}), {
        method: call.method,
        headers: { ...this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }, ...call.headers },
        redirect: 'error',
        ...(body === undefined ? {} : { body, duplex: 'half' }),
        ...(call.onSent === undefined ? {} : { onSent: call.onSent }),
        ...(call.signal === undefined ? {} : { signal: call.signal })
      })
    } catch (cause) {
      if (call.signal?.aborted === true) return fail(CANCELLED)
      if (broken !== undefined) return fail({ code: 'source', reason: sentenceOf(broken), hint: 'see to what was to be sent', status: null })
      if (CLOSED.includes(codeOf(cause))) return fail(cut(`the connection to the node broke: ${sentenceOf(cause)}`))
      return fail({
        code: 'unreachable',
        reason: `the node does not answer at ${this.#baseUrl}: ${sentenceOf(cause)}`,
        hint: 'start it with `hanse start`',
        status: null
      })
    }
    return response.ok ? ok(response) : fail(await failureOf(response))
  }

  async json<T> (call: Call, schema: z.ZodType<T>): Answer<T> {
    const response = await this.call(call)
    if (!response.ok) return response
    try {
      return parse(await response.value.json(), schema)
    } catch (cause) {
      return fail(call.signal?.aborted === true ? CANCELLED : notUnderstood(sentenceOf(cause)))
    }
  }

  /** A call that answers with lines: progress, and at last a result or a failure. */
  async progressing<T> (call: Call, schema: z.ZodType<T>, onProgress: OnProgress | undefined): Answer<T> {
    const response = await this.call(call)
    if (!response.ok) return response
    try {
      for await (const line of linesOf(chunksOf(response.value))) {
        const parsed = lineSchema.parse(JSON.parse(line))
        if ('progress' in parsed) onProgress?.(parsed.progress)
        else if ('problem' in parsed) return fail(failureOfProblem(parsed.problem))
        else return parse(parsed.result, schema)
      }
    } catch (cause) {
      if (call.signal?.aborted === true) return fail(CANCELLED)
      return fail(cause instanceof StreamBroken && cause.code === 'cut' ? cut(cause.message) : notUnderstood(sentenceOf(cause)))
    }
    return fail(cut('the answer ended before its result'))
  }
}

const CANCELLED: Failure = { code: 'cancelled', reason: 'interrupted', hint: 'run it again when you want it', status: null }

const lineSchema = z.union([
  z.strictObject({ progress: progressSchema }), z.strictObject({ problem: problemSchema }), z.strictObject({ result: z.unknown() })
])

function cut (reason: string): Failure {
  return { code: 'cut', reason, hint: 'see whether the node still runs (`hanse status`), then try again', status: null }
}

function notUnderstood (reason: string): Failure {
  return { code: 'protocol', reason: `the answer was not understood: ${reason}`, hint: 'use the command and the node of one version', status: null }
}

function parse<T> (value: unknown, schema: z.ZodType<T>): Result<T, Failure> {
  const parsed = schema.safeParse(value)
  return parsed.success ? ok(parsed.data) : fail(notUnderstood(complaintOf(parsed.error)))
}

async function failureOf (response: Response): Promise<Failure> {
  try {
    return failureOfProblem(problemSchema.parse(await response.json()))
  } catch {
    const reason = `HTTP ${response.status} ${response.statusText}`
    return { code: 'http', reason, hint: 'is this the address of a Hanse node?', status: response.status }
  }
}

function failureOfProblem ({ code, detail, hint, status, reasons, position }: z.infer<typeof problemSchema>): Failure {
  return { code, reason: detail, hint, status, ...reasons === undefined ? {} : { reasons }, ...position === undefined ? {} : { position } }
}

function queryText (query: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const given = Object.entries(query).flatMap(([name, value]) => value === undefined ? [] : [[name, String(value)]])
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`
}

/** Codes of a connection that stood and then broke, in contrast to one that never came to be. */
const CLOSED: readonly string[] = ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']

function codeOf (error: unknown): string {
  if (!(error instanceof Error)) return ''
  if ('code' in error && typeof error.code === 'string') return error.code
  return codeOf(error.cause)
}

/** The deepest cause says most: fetch itself only says that it failed. */
function sentenceOf (error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? sentenceOf(error.cause) : error.message === '' ? error.name : error.message
}

/** The bytes of a response. A connection that breaks ends them with `StreamBroken`, never early and silently. */
export async function * chunksOf (response: Response): AsyncGenerator<Uint8Array> {
  if (response.body === null) return
  const reader = response.body.getReader()
  let whole = false
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw new StreamBroken('cut', `the connection to the node broke: ${sentenceOf(cause)}`, cause)
      })
      if (done) break
      yield value
    }
    whole = true
  } finally {
    if (!whole) await reader.cancel().catch(() => undefined)
  }
}

function bodyOf (body: Call['body'], signal: AbortSignal | undefined, onBroken: (cause: unknown) => void): BodyInit | undefined {
  // A browser streams no other body than a Blob over HTTP/1.1.
  if (body === undefined || typeof body === 'string' || body instanceof Blob) return body
  if (body instanceof Uint8Array) return new Uint8Array(body)
  const iterator = body[Symbol.asyncIterator]()
  return new ReadableStream<Uint8Array>({
    async pull (controller) {
      try {
        // An aborted fetch goes on to pull: a source without an end would never be left.
        signal?.throwIfAborted()
        const { done, value } = await iterator.next()
        if (done === true) controller.close()
        else controller.enqueue(value)
      } catch (cause) {
        onBroken(cause)
        controller.error(cause)
      }
    },
    async cancel () {
      await iterator.return?.()
    }
  })
}

/** A call whose answer says nothing. */
export async function nothing (transport: Transport, call: Call): Answer<null> {
  const response = await transport.call(call)
  if (!response.ok) return response
  await response.value.body?.cancel()
  return ok(null)
}
