import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { z } from 'zod'
import { concat, fail, ok, plain, textOf, type Result } from '../../base/index.ts'
import type { Caller } from './access.ts'
import type { Limits } from './limits.ts'
import { parsedBy } from './refusal.ts'
import type { AnyFailure } from './replies.ts'

/** Thrown out of a body that turns out broken, where an iterable knows no other way; carries what to answer. */
export class BodyBroken extends Error {
  override readonly name = 'BodyBroken'
  readonly failure: AnyFailure

  constructor (failure: AnyFailure) {
    super(failure.reason)
    this.failure = failure
  }
}

/** One request, its parts checked as they are asked for. */
export class ApiRequest {
  /** Aborts when the other side has gone or the server stops. */
  readonly signal: AbortSignal
  readonly parameters: Readonly<Record<string, string>>
  /** Who asks; undefined where the call asks nobody for a token and none came. */
  readonly caller: Caller | undefined
  /** Of the other end, as it counts for limits. */
  readonly address: string
  /** It asks for WebSocket. */
  readonly isUpgrade: boolean
  readonly #message: IncomingMessage
  readonly #search: URLSearchParams
  readonly #limits: Limits

  constructor (options: {
    readonly message: IncomingMessage, readonly search: URLSearchParams, readonly parameters: Readonly<Record<string, string>>
    readonly signal: AbortSignal, readonly limits: Limits, readonly caller: Caller | undefined, readonly address: string, readonly isUpgrade: boolean
  }) {
    this.isUpgrade = options.isUpgrade
    this.caller = options.caller
    this.address = options.address
    this.#message = options.message
    this.#search = options.search
    this.#limits = options.limits
    this.parameters = options.parameters
    this.signal = options.signal
  }

  /** The dataset that the path names. */
  get reference (): string {
    return this.parameters['reference'] ?? ''
  }

  get headers (): IncomingHttpHeaders {
    return this.#message.headers
  }

  header (name: string): string | undefined {
    const value = this.#message.headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  }

  /** The query by its schema. A name that is given twice has no one value: it is an error, not the last of them. */
  query<T> (schema: z.ZodType<T>): Result<T, AnyFailure> {
    const names = [...this.#search.keys()]
    const twice = names.find((name, at) => names.indexOf(name) !== at)
    if (twice !== undefined) return fail(invalid(`${twice.slice(0, 64)} is given more than once`, 'give each name behind the question mark once'))
    const parsed = parsedBy(schema, Object.fromEntries(this.#search))
    return parsed.ok
      ? ok(parsed.value)
      : fail(invalid(`the query does not fit: ${parsed.complaint}`, 'check the names and values behind the question mark'))
  }

  /** All of the query, for links to where the client goes on. */
  get search (): URLSearchParams {
    return new URLSearchParams(this.#search)
  }

  /** One name of the query, of a call that does not mind others. */
  searched (name: string): string | null {
    return this.#search.get(name)
  }

  mediaType (): string {
    return (this.header('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
  }

  expect (...mediaTypes: readonly string[]): Result<string, AnyFailure> {
    const given = this.mediaType()
    return mediaTypes.includes(given)
      ? ok(given)
      : fail({
        code: 'wrong-media-type', reason: `the body is sent as ${given === '' ? 'nothing' : given.slice(0, 64)}`,
        hint: `send it with Content-Type: ${mediaTypes.join(' or ')}`
      })
  }

  async json<T> (schema: z.ZodType<T>, sizeBytesMax?: number): Promise<Result<T, AnyFailure>> {
    const bytes = await this.bytes(sizeBytesMax)
    return bytes.ok ? parseJson(bytes.value, schema) : bytes
  }

  /** The whole body, within size and time. */
  async bytes (sizeBytesMax: number = this.#limits.jsonBytesMax): Promise<Result<Uint8Array, AnyFailure>> {
    const tooLarge: AnyFailure = {
      code: 'too-large', reason: `the body has more than ${sizeBytesMax} bytes`, hint: 'send less at once'
    }
    if (Number(this.header('content-length') ?? '0') > sizeBytesMax) return fail(tooLarge)
    const deadline = setTimeout(() => { this.#message.destroy() }, this.#limits.bodyTimeoutMs)
    const parts: Uint8Array[] = []
    let size = 0
    try {
      for await (const chunk of this.chunks()) {
        size += chunk.length
        if (size > sizeBytesMax) return fail(tooLarge)
        parts.push(chunk)
      }
    } catch (error) {
      if (error instanceof BodyBroken) return fail(error.failure)
      throw error
    } finally {
      clearTimeout(deadline)
    }
    return ok(concat(parts))
  }

  /** The body as it arrives. Ends with `BodyBroken` where the sender goes away before its end. */
  async * chunks (): AsyncGenerator<Uint8Array> {
    // Leaving the loop early must not close the socket: the answer is still to be sent on it.
    const iterator = this.#message.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>
    try {
      for await (const chunk of iterator) yield plain(chunk)
    } catch {
      throw new BodyBroken({ code: 'cut-short', reason: 'the body broke off before its end', hint: 'send it again' })
    }
  }
}

export function parseJson<T> (bytes: Uint8Array, schema: z.ZodType<T>): Result<T, AnyFailure> {
  const hint = 'compare it with the documentation of this call'
  let value: unknown
  try {
    value = JSON.parse(textOf(bytes) ?? '')
  } catch {
    return fail({ code: 'malformed', reason: 'the body is no JSON in UTF-8', hint })
  }
  const parsed = parsedBy(schema, value)
  return parsed.ok ? ok(parsed.value) : fail(invalid(`the body does not fit: ${parsed.complaint}`, hint))
}

export function invalid (reason: string, hint: string): AnyFailure {
  return { code: 'invalid', reason, hint }
}

/** The first line of a stream and what follows it; undefined where no line ends within `sizeBytesMax`. */
export async function splitLine (
  chunks: AsyncGenerator<Uint8Array>, sizeBytesMax: number
): Promise<{ readonly line: Uint8Array, readonly rest: AsyncIterable<Uint8Array> } | undefined> {
  const parts: Uint8Array[] = []
  let size = 0
  for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
    const end = next.value.indexOf(10)
    size += end === -1 ? next.value.length : end
    if (size > sizeBytesMax) return undefined
    if (end !== -1) {
      return { line: concat([...parts, next.value.subarray(0, end)]), rest: joined(next.value.subarray(end + 1), chunks) }
    }
    parts.push(next.value)
  }
  return undefined
}

async function * joined (first: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (first.length > 0) yield first
  yield * rest
}
