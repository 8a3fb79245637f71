import { createServer, ServerResponse, type IncomingMessage, type Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { assert, fail, ok, type Result } from '../../base/index.ts'
import { Buckets, networkOf, Slots } from '../quota/index.ts'
import { bearerOfProtocols, isAllowedHost, isLoopback, mayUse, PUBLIC, type Authenticate, type Caller } from './access.ts'
import { BrokenRequests } from './broken.ts'
import type { Limits } from './limits.ts'
import type { Upgrade } from './outlet.ts'
import { problem, type Answer, type AnyFailure, type Reply } from './replies.ts'
import { ApiRequest, BodyBroken } from './request.ts'
import { RouteTable, targetOf, type Route } from './routes.ts'
import { writeReply } from './write.ts'

export type Log = (level: 'debug' | 'info' | 'warn' | 'error', message: string, facts?: Readonly<Record<string, string | number | boolean>>) => void

export type Listen = { readonly host: string, readonly port: number }

export type HttpOptions = {
  readonly routes: readonly Route[]
  /** Left out: nobody is known, so that only routes without a scope answer. */
  readonly authenticate?: Authenticate
  readonly listen: Listen
  /** Names in the `Host` header that are ours beside those of loopback. */
  readonly hostNames: readonly string[]
  /** A server in front says in `X-Forwarded-For` whom it answers. */
  readonly isBehindProxy?: boolean
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
  /** Requests that found a limit of the server reached. */
  readonly refusedBusy: number
  /** Requests of callers that asked too often. */
  readonly refusedRate: number
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
    headersTimeout: limits.headersTimeoutMs, requestTimeout: 0, keepAliveTimeout: limits.headersTimeoutMs, noDelay: true, maxHeaderSize: limits.headBytesMax,
    // Any other protocol is answered as if it had not been asked for (RFC 9110, section 7.8).
    shouldUpgradeCallback: message => message.headers.upgrade?.toLowerCase() === 'websocket'
  })
  server.maxRequestsPerSocket = limits.requestsPerSocketMax
  server.maxConnections = limits.connectionsMax
  server.timeout = limits.idleTimeoutMs
  const broken = new BrokenRequests(limits.lingerMs)
  server.on('request', (message, response) => {
    broken.began(message, response)
    void service.serve(message, response)
  })
  server.on('clientError', (error, socket) => { broken.answer(error, socket) })
  server.on('upgrade', (message, socket, head) => { void service.upgrade(message, socket, head) })
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

type Admitted = {
  readonly type: 'admitted', readonly route: Route, readonly parameters: Readonly<Record<string, string>>, readonly search: URLSearchParams
  readonly caller: Caller | undefined, readonly address: string
}
type Asking = { readonly type: 'asking', readonly address: string, readonly caller: Caller | undefined }
type Refused = { readonly type: 'refused', readonly reply: Answer }

function refuse (failure: AnyFailure, headers?: Readonly<Record<string, string>>): Refused {
  return { type: 'refused', reply: problem(failure, headers) }
}

const NO_TOKEN: Refused = refuse({
  code: 'unauthorised', reason: 'there is no valid token with this request',
  hint: 'send the token of the file api.json in the data folder as `Authorization: Bearer hanse_…`'
}, { 'www-authenticate': 'Bearer' })

class Service {
  port = 0
  readonly #options: HttpOptions
  readonly #stopping = new AbortController()
  readonly #requestsByStatus = new Map<number, number>()
  readonly #calls: Slots
  readonly #streams: Slots
  /** Of routes without a scope: whoever holds these keeps nobody from the others. */
  readonly #open: Slots
  #refusedBusy = 0
  #refusedRate = 0
  readonly #routes: RouteTable
  readonly #buckets: Buckets

  constructor (options: HttpOptions) {
    this.#options = options
    this.#routes = new RouteTable(options.routes)
    const { bucketsMax, inFlight, liveStreams, openInFlightMax } = options.limits
    this.#buckets = new Buckets(bucketsMax)
    this.#calls = new Slots(inFlight)
    this.#streams = new Slots(liveStreams)
    this.#open = new Slots({ max: openInFlightMax, strangersMax: openInFlightMax, strangerMax: openInFlightMax })
  }

  counters (): HttpCounters {
    return {
      requestsByStatus: this.#requestsByStatus, inFlight: this.#calls.taken + this.#open.taken, liveStreams: this.#streams.taken, refusedBusy: this.#refusedBusy, refusedRate: this.#refusedRate
    }
  }

  stop (): void {
    this.#stopping.abort()
  }

  async serve (message: IncomingMessage, response: ServerResponse, upgrade?: Upgrade): Promise<void> {
    const gone = new AbortController()
    response.once('close', () => { gone.abort() })
    upgrade?.socket.once('close', () => { gone.abort() })
    message.on('error', () => { gone.abort() })
    response.on('error', () => { gone.abort() })
    const admitted = this.#admit(message)
    if (admitted.type === 'refused') return await this.#write(message, response, admitted.reply)
    const { route, parameters, search, caller, address } = admitted
    const slot = this.#takeSlot(admitted)
    if (slot === undefined) return await this.#write(message, response, this.#busy())
    const right = new AbortController()
    const signal = route.live === true ? AbortSignal.any([gone.signal, right.signal, this.#stopping.signal]) : gone.signal
    const isOver = route.live === true ? caller?.isOver : undefined
    const watch = isOver === undefined ? undefined : setInterval(() => { if (isOver()) right.abort() }, this.#options.limits.rightCheckMs)
    try {
      const request = new ApiRequest({ message, search, parameters, signal, limits: this.#options.limits, caller, address, isUpgrade: upgrade !== undefined })
      const reply = await this.#handle(route, request)
      // A stream without an end has its own, by the signal of its request.
      if (reply.type === 'stream' && route.live !== true) return await this.#write(message, response, { isEnded: caller?.isEnded, ...reply })
      if (reply.type !== 'upgrade') return await this.#write(message, response, reply)
      assert(upgrade !== undefined, 'only a request for another protocol is answered by one')
      await this.#switch(response, reply, upgrade)
    } finally {
      clearInterval(watch)
      slot()
    }
  }

  /** A request for another protocol is admitted as any other; what is answered otherwise goes out as HTTP. */
  async upgrade (message: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const token = bearerOfProtocols(message.headers['sec-websocket-protocol'])
    if (message.headers.authorization === undefined && token !== undefined) message.headers.authorization = `Bearer ${token}`
    const response = new ServerResponse(message)
    response.assignSocket(socket as Socket)
    response.shouldKeepAlive = false
    response.once('finish', () => {
      socket.end()
      // Nothing else watches this connection any more: whoever does not close its side would hold it for ever.
      const late = setTimeout(() => { socket.destroy() }, this.#options.limits.lingerMs)
      socket.once('close', () => { clearTimeout(late) })
    })
    socket.on('error', () => { socket.destroy() })
    await this.serve(message, response, { message, socket, head })
  }

  /** Everything that is decided before a handler sees the request. */
  #admit (message: IncomingMessage): Admitted | Refused {
    const { hostNames } = this.#options
    if (!isAllowedHost(message.headers.host, this.port, hostNames)) {
      return refuse({ code: 'misdirected', reason: 'the Host header does not name this node', hint: `ask http://127.0.0.1:${this.port}` })
    }
    const target = targetOf(message.url)
    if (target === undefined) return refuse({ code: 'malformed', reason: 'the path is not well formed', hint: 'percent-encode ids' })
    const match = this.#routes.match(message.method, target.segments)
    const route = match.type === 'route' ? match.route : undefined
    const asking = this.#asking(message, route)
    if (asking.type === 'refused') return asking
    if (match.type === 'none') return refuse(match.failure, match.allow === undefined ? {} : { allow: match.allow })
    if (target.isTooLong) return refuse({ code: 'malformed', reason: 'the address is longer than one may be', hint: 'send long values in the body' })
    return { type: 'admitted', route: match.route, parameters: match.parameters, search: target.search, caller: asking.caller, address: asking.address }
  }

  /** Who asks, and whether it may, and not too often. What is not there asks for a token too: paths are nobody's business without one. */
  #asking (message: IncomingMessage, route: Route | undefined): Asking | Refused {
    const { authenticate, limits } = this.#options
    const address = this.#addressOf(message)
    const tooOften = this.#tooOften(address, limits.addressRate)
    if (tooOften !== undefined) return tooOften
    const known = authenticate?.({ method: message.method ?? '', headers: message.headers, live: route?.live === true, address })
    const needed = route === undefined ? 'read' : route.scope
    if (needed === null) return { type: 'asking', address, caller: known?.ok === true ? known.value : undefined }
    if (known === undefined) return NO_TOKEN
    if (!known.ok) return refuse(known.failure, known.failure.code === 'unauthorised' ? { 'www-authenticate': 'Bearer' } : {})
    const caller = known.value
    const asksTooOften = caller === PUBLIC ? this.#tooOften(publicName(address), limits.publicRate) : this.#tooOften(caller.id, limits.callerRate)
    if (asksTooOften !== undefined) return asksTooOften
    const isForPeople = caller.requester !== undefined && route !== undefined && route.forOthers !== true
    if (caller === PUBLIC && (isForPeople || !mayUse(caller.scope, needed))) return NO_TOKEN
    if (!mayUse(caller.scope, needed)) {
      return refuse({ code: 'forbidden', reason: `this call needs the scope ${needed}, the token has ${caller.scope}`, hint: 'use a token with that scope' })
    }
    if (route?.byAdmin === true && caller.isAdmin !== true) {
      return refuse({ code: 'forbidden', reason: 'this call is for admins of this node alone', hint: 'ask an admin, or enter with a link of "hanse open"' })
    }
    if (isForPeople) {
      return refuse({ code: 'forbidden', reason: 'this call is for the people of this node alone', hint: 'use a token that names no requester' })
    }
    return { type: 'asking', address, caller }
  }

  /** Of a connection that comes through a server in front: whom that server saw, which it writes last. */
  #addressOf (message: IncomingMessage): string {
    const forwarded = this.#options.isBehindProxy === true ? String(message.headers['x-forwarded-for'] ?? '').split(',').at(-1)?.trim() : undefined
    return networkOf(forwarded === undefined || forwarded === '' ? message.socket.remoteAddress ?? '' : forwarded.slice(0, 64))
  }

  #tooOften (name: string, rate: Limits['callerRate']): Refused | undefined {
    const waitMs = this.#buckets.take(name, rate, performance.now())
    if (waitMs === 0) return undefined
    this.#refusedRate++
    const waitS = Math.ceil(waitMs / 1_000)
    return refuse({ code: 'too-many', reason: 'more requests came than one caller may make', hint: `try again in ${waitS} s` }, { 'retry-after': String(waitS) })
  }

  /** Counts a request in; undefined where a limit is reached, else what counts it out. */
  #takeSlot ({ route, caller, address }: Pick<Admitted, 'route' | 'caller' | 'address'>): (() => void) | undefined {
    const slots = route.scope === null ? this.#open : route.live === true ? this.#streams : this.#calls
    const slot = slots.take(caller === PUBLIC ? publicName(address) : caller?.requester === undefined ? undefined : caller.id)
    if (slot === undefined) this.#refusedBusy++
    return slot
  }

  #busy (): Answer {
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
      return FAULT
    }
  }

  /** The connection is the other protocol's until that ends. */
  async #switch (response: ServerResponse, reply: Reply & { readonly type: 'upgrade' }, upgrade: Upgrade): Promise<void> {
    response.detachSocket(upgrade.socket as Socket)
    this.#count(101)
    try {
      await reply.run(upgrade)
    } catch (error) {
      this.#options.log('error', 'a connection by another protocol failed', { path: pathOf(upgrade.message), error: sentenceOf(error) })
      upgrade.socket.destroy()
    }
  }

  /** Never rejects: an answer that cannot be written is the matter of one request, and not of the node. */
  async #write (message: IncomingMessage, response: ServerResponse, reply: Answer): Promise<void> {
    const writing = {
      closing: this.#stopping.signal.aborted,
      lingerMs: this.#options.limits.lingerMs,
      onBroken: (error: unknown): void => { this.#options.log('warn', 'an answer broke off', { path: pathOf(message), error: sentenceOf(error) }) }
    }
    try {
      this.#count(await writeReply(message, response, reply, writing))
    } catch (error) {
      this.#options.log('error', 'an answer could not be written', { path: pathOf(message), error: sentenceOf(error) })
      if (response.headersSent) response.destroy()
      else this.#count(await writeReply(message, response, FAULT, writing))
    }
  }

  #count (status: number): void {
    this.#requestsByStatus.set(status, (this.#requestsByStatus.get(status) ?? 0) + 1)
  }
}

const FAULT = problem({ code: 'fault', reason: 'the node failed at this request', hint: 'see its log' })

/** For limits: anybody is told apart by where they ask from. */
function publicName (address: string): string {
  return `${PUBLIC.id} ${address}`
}

function pathOf ({ url }: IncomingMessage): string {
  return url?.split('?')[0] ?? ''
}

function sentenceOf (error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error)
}
