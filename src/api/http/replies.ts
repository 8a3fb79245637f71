import { hex, sha256, utf8, type Result } from '../../base/index.ts'
import { MEDIA_TYPES, type Problem, type Progress } from '../../sdk/index.ts'
import type { Outlet, Upgrade } from './outlet.ts'

/** What a handler answers; the server writes it. */
export type Reply =
  | { readonly type: 'json', readonly status: number, readonly value: unknown, readonly headers?: Headers, readonly tagged?: boolean }
  /**
   * Chunks as they come. Where they throw, the connection is cut, so that nobody takes a part for the whole; so it is before the chunk
   * at which `isEnded` tells that whoever asked may ask no more. Left out: as the token or session of the request says.
   */
  | { readonly type: 'stream', readonly status: number, readonly headers: Headers, readonly chunks: AsyncIterable<Uint8Array>, readonly isEnded?: (() => boolean) | undefined }
  /** Written into as things come, until `run` resolves. */
  | { readonly type: 'pushed', readonly status: number, readonly headers: Headers, readonly run: (outlet: Outlet) => Promise<void> }
  /** Of a request that asks for another protocol; any other is told to. */
  | { readonly type: 'upgrade', readonly run: (upgrade: Upgrade) => Promise<void> }
  | { readonly type: 'problem', readonly problem: Problem, readonly headers?: Headers }
  | { readonly type: 'nothing', readonly headers?: Headers }

/** What goes out as HTTP. */
export type Answer = Exclude<Reply, { readonly type: 'upgrade' }>

export type Headers = Readonly<Record<string, string>>

/** A failure of the node or of this floor. */
export type AnyFailure = { readonly code: string, readonly reason: string, readonly hint: string, readonly reasons?: readonly string[] | undefined, readonly position?: number | undefined }

const STATUS: Readonly<Record<string, number>> = {
  'malformed': 400, 'cut-short': 400,
  'unauthorised': 401,
  'forbidden': 403, 'refused': 403,
  'not-found': 404, 'no-such-path': 404,
  'method-not-allowed': 405,
  'not-acceptable': 406,
  'timeout': 408,
  'ambiguous': 409, 'incomplete': 409, 'not-ready': 409, 'frozen': 409, 'already-member': 409,
  'expired': 410,
  'too-large': 413,
  'wrong-media-type': 415,
  'range': 416,
  'misdirected': 421,
  'invalid': 422, 'tampered': 422, 'other-federation': 422,
  'upgrade-required': 426,
  'too-many': 429,
  'head-too-large': 431,
  'fault': 500,
  'busy': 503, 'recovering': 503, 'stopping': 503,
  'unreachable': 504,
  'disk-full': 507
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad request', 401: 'No token', 403: 'Refused', 404: 'Not found', 405: 'Wrong method', 406: 'Not in that form', 408: 'Too slow', 409: 'Not now',
  410: 'Gone', 413: 'Too large', 415: 'Wrong media type', 416: 'No such range', 421: 'Not my name', 422: 'Not valid', 426: 'Another protocol', 429: 'Too many requests', 431: 'Too large a head',
  500: 'Fault of the node', 503: 'Busy', 504: 'Unreachable', 507: 'Disk full'
}

function problemOf ({ code, reason, hint, reasons, position }: AnyFailure, status = STATUS[code] ?? 409): Problem {
  return { type: `urn:hanse:problem:${code}`, title: TITLES[status] ?? 'Failed', status, detail: reason, code, hint, ...reasons === undefined ? {} : { reasons }, ...position === undefined ? {} : { position } }
}

export function problem (failure: AnyFailure, headers?: Headers, status?: number): Reply & { readonly type: 'problem' } {
  return { type: 'problem', problem: problemOf(failure, status), ...(headers === undefined ? {} : { headers }) }
}

export function json (value: unknown, status = 200, headers: Headers = {}): Reply {
  return { type: 'json', status, value, headers }
}

/** An answer that a client may keep and ask for again by its tag. */
export function tagged (value: unknown): Reply {
  return { type: 'json', status: 200, value, tagged: true }
}

export function tagOf (body: Uint8Array): string {
  return `"${hex(sha256(body).subarray(0, 16))}"`
}

export function jsonOrProblem<T> (result: Result<T, AnyFailure>, status = 200): Reply {
  return result.ok ? json(result.value, status) : problem(result.failure)
}

/** Canonical bytes, whole. */
export function bytesOrProblem (result: Result<Uint8Array, AnyFailure>): Reply {
  if (!result.ok) return problem(result.failure)
  const headers = { 'content-type': MEDIA_TYPES.cbor, 'content-length': String(result.value.length) }
  return { type: 'stream', status: 200, headers, chunks: only(result.value) }
}

async function * only (bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

/**
 * Answers long work by lines of progress and a last line with the outcome. A failure that comes before any progress, and
 * before the first heartbeat is due, still becomes an answer with the status of its own.
 */
export async function progressing<T> (
  run: (onProgress: (progress: Progress) => void) => Promise<Result<T, AnyFailure>>, heartbeatMs: number
): Promise<Reply> {
  const told = new LatestProgress()
  const outcome = run(progress => { told.put(progress) }).then(result => ({ result }))
  // Awaited by the lines below; until then a rejection must not count as unhandled.
  outcome.catch(() => undefined)
  const first = await before(Promise.race([outcome, told.next()]), heartbeatMs)
  if (first !== undefined && 'result' in first && !first.result.ok) return problem(first.result.failure)
  const chunks = progressLines(told, outcome, first !== undefined && 'progress' in first ? first.progress : undefined)
  return {
    type: 'stream', status: 200, headers: { 'content-type': MEDIA_TYPES.lines, 'cache-control': 'no-store' },
    chunks: withHeartbeats(chunks, utf8('\n'), heartbeatMs),
    // What somebody began goes on, and is told to its end.
    isEnded: () => false
  }
}

type Outcome<T> = { readonly result: Result<T, AnyFailure> }

async function * progressLines<T> (
  told: LatestProgress, outcome: Promise<Outcome<T>>, first: Progress | undefined
): AsyncGenerator<Uint8Array> {
  if (first !== undefined) yield line({ progress: first })
  const over = (): void => { told.end() }
  outcome.then(over, over)
  for (let next = await told.next(); next !== undefined; next = await told.next()) yield line(next)
  const { result } = await outcome
  yield line(result.ok ? { result: result.value } : { problem: problemOf(result.failure) })
}

/** Only the newest progress is worth sending: a slow reader skips what is stale, and nothing queues. */
class LatestProgress {
  #latest: Progress | undefined
  #isOver = false
  #wake: (() => void) | undefined

  put (progress: Progress): void {
    this.#latest = progress
    this.#wake?.()
  }

  end (): void {
    this.#isOver = true
    this.#wake?.()
  }

  /** Undefined once it is over. */
  async next (): Promise<{ readonly progress: Progress } | undefined> {
    while (this.#latest === undefined && !this.#isOver) await new Promise<void>(resolve => { this.#wake = resolve })
    if (this.#latest === undefined || this.#isOver) return undefined
    const progress = this.#latest
    this.#latest = undefined
    return { progress }
  }
}

export function line (value: unknown): Uint8Array {
  return utf8(`${JSON.stringify(value)}\n`)
}

/** Puts `heartbeat` between chunks that let wait for themselves, so that both ends know the connection lives. */
export async function * withHeartbeats (
  chunks: AsyncIterable<Uint8Array>, heartbeat: Uint8Array, everyMs: number
): AsyncGenerator<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]()
  let done = false
  try {
    for (;;) {
      const next = iterator.next()
      const settling = new Settling(next)
      while (!await settling.within(everyMs)) yield heartbeat
      const result = await next
      if (result.done === true) break
      yield result.value
    }
    done = true
  } finally {
    // Not awaited: a source that waits for its next item answers only when its own signal aborts.
    if (!done) iterator.return?.()?.catch(() => undefined)
  }
}

/** A promise that is waited for again and again. A race for each wait would stay with it until it settles: days, where nothing comes. */
class Settling {
  #isSettled = false
  #wake: () => void = () => undefined

  constructor (promise: Promise<unknown>) {
    const settled = (): void => {
      this.#isSettled = true
      this.#wake()
    }
    promise.then(settled, settled)
  }

  async within (timeMs: number): Promise<boolean> {
    if (this.#isSettled) return true
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, timeMs)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    return this.#isSettled
  }
}

/** What the promise brings within `timeMs`; undefined if it takes longer. */
async function before<T> (promise: Promise<T>, timeMs: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>(resolve => { timer = setTimeout(() => { resolve(undefined) }, timeMs) })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
