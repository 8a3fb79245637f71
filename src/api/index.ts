/**
 * Offers a running node over HTTP on loopback: the calls of the sdk, health, and metrics for Prometheus.
 *
 * All calls stand in `sdk/contract`; `routes.ts` binds them to their handlers. Who asks is known by a token or by the session of a
 * browser; with a public face, who has neither may read what the doors give to anybody. Metrics have a port of their own. A command on this machine finds the node by `api.json` in the data
 * folder (mode 0600), which the composition writes when the node runs and removes when it stops.
 *
 * Deviates from RFC 9110 in that several ranges at once are answered by the whole content, and `HEAD` is not taken.
 */
import { fail, ok, type Result } from '../base/index.ts'
import type { HanseNode } from '../node/contract/index.ts'
import type { Diagnose } from '../sdk/diagnosis/index.ts'
import type { Connectors } from '../sdk/index.ts'
import type { Inspector } from '../sdk/inspection/index.ts'
import {
  bearerOf, DEFAULT_LIMITS, isAllowedHost, listenHttp, PUBLIC, type Authenticate, type Caller, type HttpServer, type Limits, type Listen, type ListenFailure, type Log
} from './http/index.ts'
import { AccountBook, type AccountFileFailure } from './accounts/index.ts'
import { EventRing } from './live/index.ts'
import { Metrics } from './metrics.ts'
import { openEntities, type EntityFileFailure, type EntityOptions } from './ngsi.ts'
import { consoleRoutes } from './console/index.ts'
import { PasskeyDesk } from './passkeys/index.ts'
import { ProviderDesk, type ProviderOptions } from './provider/index.ts'
import { routesOf } from './routes.ts'
import { authenticateSession, SessionBook } from './sessions/index.ts'
import { TokenBook, type KnownToken, type TokenFileFailure } from './tokens/index.ts'

export { readApiFile, removeApiFile, writeApiFile } from './apiFile.ts'
export type { Limits, Listen } from './http/index.ts'
export { termMapOf, type TermMap } from './entities/index.ts'
export type { EntityOptions } from './ngsi.ts'
export type { ProviderFetch, ProviderOptions } from './provider/index.ts'
export { createToken, knownToken } from './tokens/index.ts'

export type ApiOptions = {
  readonly node: HanseNode
  /** Tokens that stand in no file: that of this start. */
  readonly tokens: readonly KnownToken[]
  /** Where tokens are kept that calls make; left out: nowhere, they end with the process. */
  readonly tokenFile?: string
  /** Where accounts of people are kept; left out: nowhere, they end with the process. */
  readonly accountFile?: string
  /** Who else knows the people of this node; left out: nobody. */
  readonly provider?: ProviderOptions | undefined
  readonly random: (sizeBytes: number) => Uint8Array
  /** Answers who has no token as somebody outside, where the doors let anybody in. */
  readonly isPublic?: boolean
  /** A server with TLS in front says whom it answers, and how. */
  readonly isBehindProxy?: boolean
  /** Port 0 takes a free one. */
  readonly listen: Listen
  /** Null: no metrics. */
  readonly metricsListen: Listen | null
  /** Names in the `Host` header that are ours beside those of loopback. */
  readonly hostNames?: readonly string[]
  readonly limits?: Partial<Limits>
  /** What brings data in, where the composition has it. */
  readonly connectors?: Connectors
  /** What looks at files before they are published, where the composition has it. */
  readonly inspector?: Inspector
  /** How entities are taken in and told of; left out: subscriptions reach nobody. */
  readonly entities?: EntityOptions
  /** How the node and its machine are; left out: nobody can tell. */
  readonly diagnose?: Diagnose
  /** Where the build put the console; left out: none is served. */
  readonly consoleFolder?: string
  /** Where the operator's own maps lie; left out: there are none. */
  readonly basemapFolder?: string
  readonly log: Log
  /** Called when a client asks the node to stop: the composition then stops the API, the node and the process. */
  readonly requestStop: () => void
}

export interface Api {
  /** For instance `http://127.0.0.1:7420`. */
  readonly url: string
  readonly metricsUrl: string | null
  /** Whom a token lets ask, for other servers of this node; undefined for one that opens nothing. */
  callerOf (token: string): Caller | undefined
  /** Ends live streams, lets answers under way finish, closes. The node is not stopped. */
  stop (): Promise<void>
}

export async function createApi (options: ApiOptions): Promise<Result<Api, ListenFailure | TokenFileFailure | AccountFileFailure | EntityFileFailure>> {
  const { node, listen, metricsListen, hostNames = [], isBehindProxy = false, random, log, requestStop } = options
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const events = new EventRing(Date.now().toString(36), limits.eventsKeptMax)
  const context = { node, limits, events, requestStop, nowMs: Date.now, isBehindProxy }
  const tokens = await TokenBook.open({
    path: options.tokenFile ?? null, known: options.tokens, random, nowMs: Date.now,
    onBroken: cause => { log('error', 'the file of tokens was not written', { error: String(cause) }) }
  })
  if (!tokens.ok) return tokens
  const accounts = await AccountBook.open({ path: options.accountFile ?? null, random, nowMs: Date.now })
  if (!accounts.ok) return accounts
  const sessions = new SessionBook({ random, nowMs: Date.now })
  let port = listen.port
  const passkeys = new PasskeyDesk({ accounts: accounts.value, random, nowMs: Date.now, answersTo: host => isAllowedHost(host, port, hostNames) })
  const authenticate = authenticateBy(tokens.value, authenticateSession(sessions, isBehindProxy), options.isPublic === true)
  const pages = options.consoleFolder === undefined ? [] : await consoleRoutes(options.consoleFolder)
  const entities = await openEntities({ node, random, nowMs: Date.now, log, ...options.entities })
  if (!entities.ok) return entities
  const routes = routesOf(context, { tokens: tokens.value, accounts: accounts.value, sessions, passkeys, provider: new ProviderDesk(options.provider, random, Date.now), connectors: options.connectors, inspector: options.inspector, diagnose: options.diagnose, basemapFolder: options.basemapFolder, entities: entities.value })
  const api = await listenHttp({ routes: [...pages, ...routes], authenticate, listen, hostNames, isBehindProxy, limits, log })
  if (!api.ok) {
    await entities.value.book.stop()
    return api
  }
  port = api.value.port
  const metrics = metricsListen === null ? ok(null) : await listenMetrics(options, limits, metricsListen, api.value)
  if (!metrics.ok) {
    await Promise.all([api.value.stop(), entities.value.book.stop()])
    return fail(metrics.failure)
  }
  const ending = new AbortController()
  const pumped = pump(node, events, ending.signal, log)
  return ok({
    url: urlOf(listen.host, api.value.port),
    metricsUrl: metrics.value === null || metricsListen === null ? null : `${urlOf(metricsListen.host, metrics.value.port)}/metrics`,
    callerOf: token => tokens.value.callerOf(token),
    stop: async () => {
      ending.abort()
      await Promise.all([api.value.stop(), entities.value.book.stop(), metrics.value?.stop(), pumped])
      await tokens.value.close()
    }
  })
}

/** By the token, where one is sent; else by the session; else, with a public face, as anybody. */
function authenticateBy (tokens: TokenBook, bySession: Authenticate, isPublic: boolean): Authenticate {
  return credentials => {
    if (credentials.headers.authorization !== undefined) {
      const caller = tokens.callerOf(bearerOf(credentials.headers) ?? '')
      return caller === undefined ? undefined : ok(caller)
    }
    return bySession(credentials) ?? (isPublic ? ok(PUBLIC) : undefined)
  }
}

async function listenMetrics (
  { node, log }: ApiOptions, limits: Limits, listen: Listen, api: HttpServer
): Promise<Result<HttpServer, ListenFailure>> {
  const metrics = new Metrics()
  const handle = (): ReturnType<Metrics['scrape']> => metrics.scrape(node.metrics(), api.counters())
  const server = await listenHttp({
    routes: [{ method: 'GET', path: '/metrics', scope: null, handle }], listen, hostNames: [], limits, log
  })
  if (!server.ok) {
    metrics.close()
    return server
  }
  const stop = async (): Promise<void> => {
    metrics.close()
    await server.value.stop()
  }
  return ok({ ...server.value, stop })
}

async function pump (node: HanseNode, events: EventRing, signal: AbortSignal, log: Log): Promise<void> {
  try {
    let came = true
    while (came && !signal.aborted) {
      came = false
      for await (const event of node.events(signal)) {
        came = true
        events.put(event)
      }
      // The node ends a reader that lags; what it missed meanwhile is not known.
      if (!signal.aborted) events.put({ type: 'resync' })
    }
  } catch (error) {
    log('error', 'live events of the node ended', { error: error instanceof Error ? error.message : String(error) })
  }
}

function urlOf (host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}
