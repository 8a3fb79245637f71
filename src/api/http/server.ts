import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { fail, ok, type Result } from '../../base/index.ts'
import { isAllowedHost, isLoopback, mayUse, scopeOf, type KnownToken } from './access.ts'
import type { Limits } from './limits.ts'
import { problem, type AnyFailure, type Reply } from './replies.ts'
import { ApiRequest, BodyBroken } from './request.ts'
import { matchRoute, targetOf, type Route } from './routes.ts'
import { writeReply } from './write.ts'

export type Log = (level: 'debug' | 'info' | 'warn' | 'error', message: string, facts?: Readonly<Record<string, string | number | boolean>>) => void

export type Listen = { readonly host: string, readonly port: number }

export type HttpOptions = {
  readonly routes: readonly Route[]
  readonly tokens: readonly KnownToken[]
  readonly listen: Listen
  /** Names in the `Host` header that are ours beside those of loopback. */
  readonly hostNames: readonly string[]
  readonly limits: Limits
  readonly log: Log
}

export type ListenFailure = {
  readonly code: 'not-loopback' | 'address-in-use' | 'address-refused'
  readonly reason: string
  readonly hint: string
}

export type HttpCounters = {
  readonly requestsByStatus: ReadonlyMap<number, number>
  readonly inFlight: number
  readonly liveStreams: number
  /** Requests that found a limit reached. */
  readonly refusedBusy: number
}

export interface HttpServer {
  readonly port: number
  counters (): HttpCounters
  /** Takes no more requests, ends live streams, lets answers under way finish for a while, then closes all. */
  stop (): Promise<void>
}

export async function listenHttp (options: HttpOptions): Promise<Result<HttpServer, ListenFailure>> {
  const { listen: { host, port }, limits } = options
  if (!isLoopback(host)) {
    return fail({
      code: 'not-loopback', reason: `${host} is not a loopback address, and HTTP without TLS would show tokens and data to the network`,
      hint: 'listen on 127.0.0.1 and put a server with TLS in front'
    })
  }
  const service = new Service(options)
  const server = createServer({
    headersTimeout: limits.headersTimeoutMs, requestTimeout: 0, keepAliveTimeout: limits.headersTimeoutMs, noDelay: true
  })
  server.maxRequestsPerSocket = limits.requestsPerSocketMax
  server.maxConnections = limits.connectionsMax
  server.timeout = limits.idleTimeoutMs
  server.on('request', (message, response) => { void service.serve(message, response) })
  const failure = await new Promise<NodeJS.ErrnoException | undefined>(resolve => {
    server.once('error', resolve)
    server.listen({ host, port }, () => { resolve(undefined) })
  })
  if (failure !== undefined) return fail(listenFailure(failure, host, port))
  server.on('error', error => { options.log('error', 'the HTTP server failed', { error: error.message }) })
  const address = server.address()
  service.port = typeof address === 'object' && address !== null ? address.port : port
  return ok({ port: service.port, counters: () => service.counters(), stop: () => stopServer(server, service, limits) })
}

function listenFailure (error: NodeJS.ErrnoException, host: string, port: number): ListenFailure {
  return error.code === 'EADDRINUSE'
    ? { code: 'address-in-use', reason: `port ${port} on ${host} is taken by another process`, hint: 'stop it or choose another port' }
    : { code: 'address-refused', reason: `cannot listen on ${host}:${port}: ${error.message}`, hint: 'choose another address or port' }
}

const IDLE_CHECK_MS = 50

async function stopServer (server: Server, service: Service, limits: Limits): Promise<void> {
  const closed = new Promise<void>(resolve => { server.close(() => { resolve() }) })
  service.stop()
  // Again and again: a connection becomes idle when its last answer is out.
  const idle = setInterval(() => { server.closeIdleConnections() }, IDLE_CHECK_MS)
  server.closeIdleConnections()
  const timer = setTimeout(() => { server.closeAllConnections() }, limits.stopGraceMs)
  await closed
  clearInterval(idle)
  clearTimeout(timer)
}

class Service {
  port = 0
  readonly #options: HttpOptions
  readonly #stopping = new AbortController()
  readonly #requestsByStatus = new Map<number, number>()
  #inFlight = 0
  #liveStreams = 0
  #refusedBusy = 0

  constructor (options: HttpOptions) {
    this.#options = options
  }

  counters (): HttpCounters {
    return {
      requestsByStatus: this.#requestsByStatus, inFlight: this.#inFlight, liveStreams: this.#liveStreams, refusedBusy: this.#refusedBusy
    }
  }

  stop (): void {
    this.#stopping.abort()
  }

  async serve (message: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController()
    response.once('close', () => { gone.abort() })
    message.on('error', () => { gone.abort() })
    response.on('error', () => { gone.abort() })
    const admitted = this.#admit(message)
    if (admitted.type === 'refused') return await this.#write(message, response, admitted.reply)
    const { route, parameters, search } = admitted
    const slot = this.#takeSlot(route)
    if (slot === undefined) return await this.#write(message, response, this.#busy())
    const signal = route.live === true ? AbortSignal.any([gone.signal, this.#stopping.signal]) : gone.signal
    try {
      const request = new ApiRequest({ message, search, parameters, signal, limits: this.#options.limits })
      await this.#write(message, response, await this.#handle(route, request))
    } finally {
      slot()
    }
  }

  /** Everything that is decided before a handler sees the request. */
  #admit (message: IncomingMessage):
    | { readonly type: 'admitted', readonly route: Route, readonly parameters: Readonly<Record<string, string>>, readonly search: URLSearchParams }
    | { readonly type: 'refused', readonly reply: Reply } {
    const { hostNames, routes, tokens } = this.#options
    const refuse = (failure: AnyFailure, headers?: Readonly<Record<string, string>>): { type: 'refused', reply: Reply } =>
      ({ type: 'refused', reply: problem(failure, headers) })
    if (!isAllowedHost(message.headers.host, this.port, hostNames)) {
      return refuse({ code: 'misdirected', reason: 'the Host header does not name this node', hint: `ask http://127.0.0.1:${this.port}` })
    }
    const target = targetOf(message.url)
    if (target === undefined) return refuse({ code: 'malformed', reason: 'the path is not well formed', hint: 'percent-encode ids' })
    const match = matchRoute(routes, message.method, target.segments)
    const needed = match.type === 'route' ? match.route.scope : 'read'
    if (needed !== null) {
      const scope = scopeOf(message.headers.authorization, tokens)
      if (scope === undefined) {
        const hint = 'send the token of the file api.json in the data folder as `Authorization: Bearer hanse_…`'
        return refuse({ code: 'unauthorised', reason: 'there is no valid token with this request', hint }, { 'www-authenticate': 'Bearer' })
      }
      if (!mayUse(scope, needed)) {
        return refuse({ code: 'forbidden', reason: `this call needs the scope ${needed}, the token has ${scope}`, hint: 'use a token with that scope' })
      }
    }
    if (match.type === 'none') return refuse(match.failure, match.allow === undefined ? {} : { allow: match.allow })
    return { type: 'admitted', route: match.route, parameters: match.parameters, search: target.search }
  }

  /** Counts a request in; undefined where the limit is reached, else what counts it out. */
  #takeSlot (route: Route): (() => void) | undefined {
    const { inFlightMax, liveStreamsMax } = this.#options.limits
    const full = route.live === true ? this.#liveStreams >= liveStreamsMax : this.#inFlight >= inFlightMax
    // Health must answer when nothing else does.
    if (full && route.scope !== null) {
      this.#refusedBusy++
      return undefined
    }
    if (route.live === true) this.#liveStreams++
    else this.#inFlight++
    return () => {
      if (route.live === true) this.#liveStreams--
      else this.#inFlight--
    }
  }

  #busy (): Reply {
    const { retryAfterS } = this.#options.limits
    return problem(
      { code: 'busy', reason: 'the node answers as many requests as it can', hint: `try again in ${retryAfterS} s` },
      { 'retry-after': String(retryAfterS) }
    )
  }

  async #handle (route: Route, request: ApiRequest): Promise<Reply> {
    try {
      return await route.handle(request)
    } catch (error) {
      if (error instanceof BodyBroken) return problem(error.failure)
      this.#options.log('error', 'a request failed', { path: route.path, error: sentenceOf(error) })
      return problem({ code: 'fault', reason: 'the node failed at this request', hint: 'see its log' })
    }
  }

  async #write (message: IncomingMessage, response: ServerResponse, reply: Reply): Promise<void> {
    const status = await writeReply(message, response, reply, {
      closing: this.#stopping.signal.aborted,
      lingerMs: this.#options.limits.lingerMs,
      onBroken: error => { this.#options.log('warn', 'an answer broke off', { path: message.url?.split('?')[0] ?? '', error: sentenceOf(error) }) }
    })
    this.#requestsByStatus.set(status, (this.#requestsByStatus.get(status) ?? 0) + 1)
  }
}

function sentenceOf (error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error)
}
