import { gzipSync } from 'node:zlib'
import { ok, utf8, type Result } from '../../base/index.ts'
import { MESSAGE_BYTES_MAX } from '../../core/agreement/index.ts'
import type { DspAnswer, DspRequest } from '../../node/contract/index.ts'
import { linkOf } from '../../node/dsp/index.ts'
import { DEFAULT_LIMITS, listenHttp, problem, type ApiRequest, type Limits, type Listen, type ListenFailure, type Log, type Reply, type Route } from '../http/index.ts'

/** Who sends a request: the participant, or undefined for nobody that is known. */
export type WhoIs = (request: {
  readonly authorization: string | undefined, readonly method: 'GET' | 'POST', readonly url: string, readonly body: Uint8Array
}) => Promise<string | undefined> | string | undefined

export type DspListenOptions = {
  readonly listen: Listen
  /** How peers reach the root of this listener, without a slash at the end; it stands in every request's signature. Undefined: as it listens. */
  readonly url?: string | undefined
  readonly answer: (request: DspRequest) => Promise<DspAnswer>
  readonly whoIs: WhoIs
  readonly participantId: string
  /** Other addresses on the same listener. */
  readonly more?: readonly Route[]
  readonly limits?: Partial<Limits>
  readonly log: Log
}

export interface DspListener {
  /** For instance `https://hanse.bellevue.example/dsp`. */
  readonly address: string
  stop (): Promise<void>
}

const PATH = '/dsp'
const GZIP_FROM_BYTES = 1_024

export async function listenDsp (options: DspListenOptions): Promise<Result<DspListener, ListenFailure>> {
  const { listen, more = [], log } = options
  let root = options.url
  // Many servers in front pass on the name by which they were asked.
  const hostNames = root === undefined ? [] : [new URL(root).hostname]
  const handle = (request: ApiRequest, verb: 'GET' | 'POST'): Promise<Reply> => answered(options, `${root ?? ''}${PATH}`, request, verb)
  const route = (method: 'GET' | 'POST', path: string): Route => ({ method, path: PATH + path, scope: null, handle: request => handle(request, method) })
  const server = await listenHttp({
    routes: [
      { method: 'GET', path: '/.well-known/dspace-version', scope: null, handle: () => versions(options.participantId) },
      ...['/:a/:b', '/:a/:b/:c', '/:a/:b/:c/:d'].flatMap(path => [route('POST', path), route('GET', path)]), ...more
    ],
    listen, hostNames, limits: { ...DEFAULT_LIMITS, ...options.limits }, log
  })
  if (!server.ok) return server
  root ??= `http://${listen.host.includes(':') ? `[${listen.host}]` : listen.host}:${server.value.port}`
  return ok({ address: root + PATH, stop: () => server.value.stop() })
}

async function answered ({ answer, whoIs }: DspListenOptions, base: string, request: ApiRequest, verb: 'GET' | 'POST'): Promise<Reply> {
  const segments = ['a', 'b', 'c', 'd'].flatMap(name => request.parameters[name] ?? [])
  const path = segments.map(segment => `/${encodeURIComponent(segment).replaceAll('%3A', ':')}`).join('')
  const body = verb === 'POST' ? await request.bytes(MESSAGE_BYTES_MAX) : ok(new Uint8Array(0))
  if (!body.ok) return problem(body.failure)
  const page = request.searched('page')
  const url = base + path + (page === null ? '' : `?page=${encodeURIComponent(page)}`)
  const peer = await whoIs({ authorization: request.header('authorization'), method: verb, url, body: body.value })
  if (peer === undefined) return empty(401, { 'www-authenticate': 'Bearer' })
  const answered = await answer({ peer, verb, path, page, body: verb === 'POST' ? body.value : null })
  return replyOf(answered, base + path, request.header('accept-encoding') ?? '')
}

function replyOf (answer: DspAnswer, url: string, encodings: string): Reply {
  const { status, body } = answer
  if (body === null) return empty(status, status === 503 ? { 'retry-after': '1' } : {})
  const pages = linkOf(url, answer)
  const link: Readonly<Record<string, string>> = pages === null ? {} : { link: pages }
  const bytes = utf8(JSON.stringify(body))
  if (bytes.length < GZIP_FROM_BYTES || !/\bgzip\b/.test(encodings)) return whole(status, bytes, link)
  const zipped = new Uint8Array(gzipSync(bytes))
  return whole(status, zipped, { ...link, 'content-encoding': 'gzip', 'vary': 'accept-encoding' })
}

function whole (status: number, bytes: Uint8Array, headers: Readonly<Record<string, string>>): Reply {
  return {
    type: 'stream', status, chunks: only(bytes), headers: { 'content-type': 'application/json', 'content-length': String(bytes.length), ...headers }
  }
}

function empty (status: number, headers: Readonly<Record<string, string>>): Reply {
  return { type: 'stream', status, chunks: only(new Uint8Array(0)), headers: { 'content-length': '0', ...headers } }
}

async function * only (bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes
}

/** Not under the base, and for anybody. */
function versions (participantId: string): Reply {
  const version = {
    version: '2025-1', path: PATH, binding: 'HTTPS', serviceId: participantId, identifierType: 'did:key',
    auth: { protocol: 'HanseJWT', version: '1', profile: ['did:key'] }
  }
  return { type: 'json', status: 200, value: { protocolVersions: [version] } }
}
