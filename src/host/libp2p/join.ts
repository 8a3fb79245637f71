import { noise } from '@chainsafe/libp2p-noise'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { Connection, ConnectionGater, Stream } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { createLibp2p, type Libp2p } from 'libp2p'
import { decodeCanonical, encodeCanonical, fail, ok, struct, text, type Result } from '../../base/index.ts'
import type { JoinPort } from '../index.ts'
import { encodeFrame, END, ERROR, guardedYamux, readFrames, REQUEST, type Breach } from './frame.ts'
import { parseAddress, reachOf } from './gater.ts'
import { LIMITS, TokenBucket, type Limits } from './limits.ts'

const JOIN = '/hanse/join/1'
const HOUR_S = 60 * 60

type ListenOptions = Parameters<JoinPort['listen']>[0]
type CallOptions = Parameters<JoinPort['call']>[0]
type Listener = Awaited<ReturnType<JoinPort['listen']>>
type Answer = Result<Uint8Array, { readonly code: 'unreachable' | 'refused' | 'timeout', readonly reason: string }>

const refusal = struct({ reason: text(1024) })

export const joinPort: JoinPort = joinPortWith(LIMITS)

/** `limits` differ from the built-in ones in tests alone. */
export function joinPortWith (limits: Limits): JoinPort {
  return {
    listen: options => listen(options, limits),
    call: options => call(options, limits)
  }
}

/** An own libp2p instance: no gossip, no identify, no ping, no prologue, one protocol, few and short connections. */
async function listen (options: ListenOptions, limits: Limits): Promise<Listener> {
  const node = await bareNode(options.transportSeed, options.listen, limits, new Hosts(limits).gater(() => node.getConnections()))
  node.addEventListener('connection:open', ({ detail: connection }) => {
    const timer = setTimeout(() => connection.abort(new Error('a join connection lives only a short while')), limits.joinLifetimeMs)
    connection.addEventListener('close', () => clearTimeout(timer))
  })
  const asked = new WeakMap<Connection, number>()
  await node.handle(JOIN, (stream, connection) => {
    const requests = (asked.get(connection) ?? 0) + 1
    asked.set(connection, requests)
    if (requests > limits.joinRequestsMax) stream.abort(new Error('too many requests on one connection'))
    else answerOne(stream, options, limits)
  }, { maxInboundStreams: 1, maxOutboundStreams: 0 })
  await node.start()
  return {
    addresses: node.getMultiaddrs().map(String),
    stop: () => stopWithin(node, limits.stopTimeoutMs)
  }
}

function answerOne (stream: Stream, { answer, log }: ListenOptions, limits: Limits): void {
  let answered = false
  const frame = (kind: number, id: number, body: Uint8Array): Breach | undefined => {
    if (kind !== REQUEST || id === 0 || answered) return { code: 'unexpected', reason: 'one request and nothing else' }
    answered = true
    answer(body).then(
      answerBody => send(stream, encodeFrame(END, id, answerBody)),
      (error: unknown) => {
        log('warn', 'an application was not answered', { error: String(error) })
        send(stream, encodeFrame(ERROR, id, encodeCanonical({ reason: 'the node could not answer; try again later' })))
      })
    return undefined
  }
  readFrames(stream, { frame, dataBegins: noData, data: () => {} }, { controlBytesMax: limits.joinRequestBytesMax }, () => {},
    breach => stream.abort(new Error(breach.reason)),
    error => log('error', 'a join request failed', { error: String(error) }))
}

async function call (options: CallOptions, limits: Limits): Promise<Answer> {
  const signal = AbortSignal.timeout(options.timeoutMs)
  const node = await bareNode(options.transportSeed, [], limits, {})
  try {
    await node.start()
    let last: Answer = fail({ code: 'unreachable', reason: 'no address was given' })
    for (const address of options.addresses) {
      last = await callOne(node, address, options.request, signal, limits)
      if (last.ok || last.failure.code === 'refused') break
    }
    return last
  } finally {
    await stopWithin(node, limits.stopTimeoutMs)
  }
}

async function callOne (node: Libp2p, text: string, request: Uint8Array, signal: AbortSignal, limits: Limits): Promise<Answer> {
  const address = parseAddress(text)
  if (address === undefined) return fail({ code: 'unreachable', reason: `${text} is no multiaddr` })
  let connection: Connection | undefined
  try {
    // Forced: a dial by PeerId may return a connection to the other, members-only instance of the same node.
    connection = await node.dial(address, { force: true, signal })
    const stream = await connection.newStream(JOIN, { signal })
    return await asked(stream, request, signal, limits)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return fail({ code: signal.aborted ? 'timeout' : connection === undefined ? 'unreachable' : 'refused', reason: `${text}: ${reason}` })
  }
}

function asked (stream: Stream, request: Uint8Array, signal: AbortSignal, limits: Limits): Promise<Answer> {
  return new Promise(resolve => {
    const refuse = (reason: string): void => resolve(fail({ code: 'refused', reason }))
    const frame = (kind: number, _id: number, body: Uint8Array): Breach | undefined => {
      if (kind === END) {
        resolve(ok(body))
        return undefined
      }
      const parsed = kind === ERROR ? decodeCanonical(body, refusal, limits.joinRequestBytesMax) : undefined
      refuse(parsed?.ok === true ? parsed.value.reason : 'the answer is not one')
      return undefined
    }
    readFrames(stream, { frame, dataBegins: noData, data: () => {} }, { controlBytesMax: limits.joinAnswerBytesMax }, () => {},
      breach => refuse(breach.reason), error => refuse(String(error)))
    stream.addEventListener('close', event => refuse(event.error?.message ?? 'the connection was closed'))
    signal.addEventListener('abort', () => resolve(fail({ code: 'timeout', reason: 'no answer in time' })), { once: true })
    stream.send(encodeFrame(REQUEST, 2, request))
  })
}

/** How many connections a host has now and opened of late. An IPv6 host is its /64. */
class Hosts {
  readonly #limits: Limits
  readonly #bucketByHost = new Map<string, TokenBucket>()

  constructor (limits: Limits) {
    this.#limits = limits
  }

  gater (connections: () => readonly Connection[]): ConnectionGater {
    return {
      denyInboundConnection: ({ remoteAddr }) => {
        if (connections().length >= this.#limits.joinConnectionsMax) return true
        // Several founders may share one machine; nobody else reaches its loopback address.
        if (reachOf(remoteAddr) === 'loopback') return false
        const host = hostOf(remoteAddr.toString())
        return connections().some(connection => hostOf(connection.remoteAddr.toString()) === host) || !this.#take(host)
      },
      // Again here, since many may be in their handshake at the same time.
      denyInboundEncryptedConnection: () => connections().length >= this.#limits.joinConnectionsMax
    }
  }

  #take (host: string): boolean {
    const { joinPerHostAndHourMax, joinHostsMax } = this.#limits
    const now = performance.now()
    const bucket = this.#bucketByHost.get(host) ?? new TokenBucket(joinPerHostAndHourMax / HOUR_S, joinPerHostAndHourMax, now)
    this.#bucketByHost.delete(host)
    this.#bucketByHost.set(host, bucket)
    for (const oldest of this.#bucketByHost.keys()) {
      if (this.#bucketByHost.size <= joinHostsMax) break
      this.#bucketByHost.delete(oldest)
    }
    return bucket.take(now)
  }
}

function hostOf (address: string): string {
  const [, family = '', host = ''] = address.split('/')
  return family === 'ip6' ? host.split(':').slice(0, 4).join(':') : host
}

async function bareNode (seed: Uint8Array, listen: readonly string[], limits: Limits, connectionGater: ConnectionGater): Promise<Libp2p> {
  return createLibp2p({
    start: false,
    privateKey: await generateKeyPairFromSeed('Ed25519', seed),
    nodeInfo: { name: 'hanse', version: '1', userAgent: 'hanse' },
    addresses: { listen: [...listen] },
    transports: [tcp({ maxConnections: 2 * limits.joinConnectionsMax, backlog: 16 })],
    connectionEncrypters: [noise()],
    streamMuxers: [guardedYamux({ maxInboundStreams: 2, maxOutboundStreams: 2 })],
    connectionGater,
    connectionManager: {
      maxConnections: limits.joinConnectionsMax, maxIncomingPendingConnections: limits.joinConnectionsMax,
      inboundUpgradeTimeout: 5_000, inboundConnectionThreshold: limits.connectionsPerSecondMaxOnLoopback, reconnectRetries: 0
    },
    connectionMonitor: { enabled: false }
  })
}

async function stopWithin (node: Libp2p, timeoutMs: number): Promise<void> {
  for (const connection of node.getConnections()) connection.abort(new Error('this node stops'))
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, timeoutMs)
  await Promise.race([promise, Promise.resolve(node.stop()).catch(() => {})])
  clearTimeout(timer)
}

function noData (): Breach {
  return { code: 'unexpected', reason: 'no data here' }
}

function send (stream: Stream, frame: Uint8Array): void {
  if (stream.writeStatus === 'writable') stream.send(frame)
}
