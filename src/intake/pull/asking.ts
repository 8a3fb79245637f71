import { readFile, stat } from 'node:fs/promises'
import { extname } from 'node:path'
import { fail, ok, type Result } from '../../base/index.ts'
import type { SafeAnswer, SafeFetch, SinkFailure } from '../connector/index.ts'
import { BACKOFF_MS_MAX, HEADERS_FILE_BYTES_MAX, TTL_MS_MAX } from './limits.ts'
import { markOf, validatorOf, type Conditions } from './state.ts'

const OK = 200
const NOT_MODIFIED = 304

export type PullFailure = SinkFailure & { readonly retryAfterMs?: number }

/** `declared`: the address that the operator gave, which led to this one or is it. */
export type Source = { readonly url: string, readonly declared: string, readonly accept: string, readonly headers: Readonly<Record<string, string>> }

export type Asked =
  | { readonly type: 'unchanged', readonly ttlMs: number }
  | { readonly type: 'answer', readonly answer: SafeAnswer, readonly conditions: Conditions, readonly ttlMs: number }

/** Asks a source, with the conditions that are known of it. */
export async function ask (web: SafeFetch, { url, declared, accept, headers }: Source, known: Conditions | undefined, nowMs: number, signal: AbortSignal): Promise<Result<Asked, PullFailure>> {
  const conditions = known?.url !== markOf(url) ? {} : {
    ...known.etag === null ? {} : { 'if-none-match': known.etag }, ...known.lastModified === null ? {} : { 'if-modified-since': known.lastModified }
  }
  const answered = await web({ url, method: 'GET', headers: { 'user-agent': 'hanse', accept, ...conditions, ...headers }, body: null, redirectsMax: 3, namedBy: declared, signal })
  if (!answered.ok) return answered
  const answer = answered.value
  const ttlMs = maxAgeMs(answer.headers['cache-control'] ?? '')
  if (answer.status === OK) {
    return ok({ type: 'answer', answer, ttlMs, conditions: { url: markOf(url), etag: validatorOf(answer.headers['etag']), lastModified: validatorOf(answer.headers['last-modified']), sha256: null } })
  }
  answer.cancel()
  if (answer.status === NOT_MODIFIED && Object.keys(conditions).length > 0) return ok({ type: 'unchanged', ttlMs })
  const retryAfterMs = retryMs(answer.headers['retry-after'] ?? '', nowMs)
  return fail({
    code: 'status', reason: `the server answers with ${answer.status}`, ...retryAfterMs === undefined ? {} : { retryAfterMs },
    hint: answer.status === 401 || answer.status === 403 ? 'see whether it wants a key, and give it in headers_file' : 'check the address; it is asked again'
  })
}

function maxAgeMs (cacheControl: string): number {
  const seconds = Number(/(?:^|[\s,])max-age=(\d{1,9})/i.exec(cacheControl)?.[1] ?? 0)
  return Math.min(seconds * 1_000, TTL_MS_MAX)
}

/** Seconds, or a date. */
function retryMs (retryAfter: string, nowMs: number): number | undefined {
  const waitMs = /^\d{1,9}$/.test(retryAfter) ? Number(retryAfter) * 1_000 : Date.parse(retryAfter) - nowMs
  return Number.isFinite(waitMs) && waitMs > 0 ? Math.min(waitMs, BACKOFF_MS_MAX) : undefined
}

const EXTENSIONS: readonly (readonly [mediaType: string, extension: string])[] = [
  ['text/csv', '.csv'], ['text/tab-separated-values', '.tsv'], ['application/geo+json', '.geojson'], ['application/x-ndjson', '.ndjson'], ['application/json', '.json']
]

/** What to call what came from an address, with an extension that helps to tell what it is. */
export function fileNameOf (answer: SafeAnswer, fallback: string): string {
  const last = new URL(answer.url).pathname.split('/').at(-1) ?? ''
  const name = decoded(last) || fallback
  const mediaType = (answer.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase()
  return extname(name) === '' ? name + (EXTENSIONS.find(([type]) => type === mediaType)?.[1] ?? '') : name
}

function decoded (text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}

/** Headers of a file: `NAME: VALUE` a line. Secrets are never in a declaration. Throws where there is no such file, or it is none. */
export async function headersOf (path: string): Promise<Readonly<Record<string, string>>> {
  if (path === '') return {}
  if ((await stat(path)).size > HEADERS_FILE_BYTES_MAX) throw new Error(`headers_file has more than ${HEADERS_FILE_BYTES_MAX} bytes`)
  const lines = (await readFile(path, 'utf8')).split(/\r?\n/).map(line => line.trim()).filter(line => line !== '' && !line.startsWith('#'))
  return Object.fromEntries(lines.map((line, at) => {
    const [, name, value] = /^([\w!#$%&'*+.^`|~-]+):\s*([\t\x20-\x7e]*)$/.exec(line) ?? []
    // The line itself may be a secret.
    if (name === undefined || value === undefined) throw new Error(`line ${at + 1} of headers_file is no header; write NAME: VALUE`)
    return [name.toLowerCase(), value]
  }))
}
