/**
 * Connects this node to the nodes of the other members, over libp2p: TCP, Noise, yamux, gossipsub.
 *
 * - Members only, before any protocol: the connection gater knows the PeerIds, the Noise prologue the federation.
 * - A peer exists once hello was accepted by both sides. Peers are redialled for ever, with jitter.
 * - One long-lived stream per peer and protocol, opened by the side whose PeerId sorts first, carries framed requests.
 *   A request waits in its channel until the stream is open; when the stream goes, its outcome is `closed`.
 * - Credit bounds memory at both ends; libp2p's own backpressure is relied on for nothing. A request reserves its
 *   credit (2 MiB per stream, 128 MiB per node) and waits while there is none. Grants return what was received.
 * - `Exchange.data` yields parts as they arrive, not the chunks that were sent. A request whose answer is END alone
 *   asks with a credit of 0.
 * - 30 s without progress end a request. A handler that has nothing to say for longer sends an empty chunk now and then.
 * - Gossip only hints: it may lose anything, and a watchdog closes connections on which it fell silent.
 */
import { noise } from '@chainsafe/libp2p-noise'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import type { Connection, ConnectionGater, PrivateKey } from '@libp2p/interface'
import { mdns } from '@libp2p/mdns'
import { peerIdFromString } from '@libp2p/peer-id'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import type { Multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2p, type Libp2pOptions } from 'libp2p'
import { utf8 } from '../../base/index.ts'
import type { HostError, Network, NetworkOptions, Peer, PeerId } from '../index.ts'
import { guardedYamux } from './frame.ts'
import { membersOnly, parseAddress, reachOf, type AddressRule } from './gater.ts'
import { Gossip, gossipService, Watchdog } from './gossip.ts'
import { Greeter } from './hello.ts'
import { Breaches, CreditPool, LIMITS, type Limits } from './limits.ts'
import { PeerLink } from './peer.ts'
import { Lan, Redial } from './redial.ts'

export { joinPort, joinPortWith } from './join.ts'
export { LIMITS, type Limits } from './limits.ts'

type PubSub = ReturnType<ReturnType<typeof gossipsub>>
type Parts = {
  readonly options: NetworkOptions
  readonly limits: Limits
  readonly rule: AddressRule
  readonly node: Libp2p<{ readonly lan: Lan }>
  readonly pubsub: PubSub | undefined
  readonly members: Map<PeerId, readonly string[]>
  readonly breaches: Breaches
  readonly counters: Map<string, number>
}

const nowMs = (): number => performance.now()

/** `limits` differ from the built-in ones in tests alone. */
export async function openNetwork (options: NetworkOptions, limits: Limits = LIMITS): Promise<Network> {
  const rule = { lan: options.lan, loopback: options.listen.some(isLoopback) }
  const members = new Map<PeerId, readonly string[]>()
  const counters = new Map<string, number>()
  const breaches = new Breaches(limits, nowMs)
  const gater = membersOnly(peerId => members.has(peerId), rule, hook => add(counters, `hanse_network_denied_total{hook="${hook}"}`))
  const privateKey = await generateKeyPairFromSeed('Ed25519', options.transportSeed)
  const shared = nodeOptions(options, limits, privateKey, gater)
  const serviceTag = `_hanse-${options.federation.slice(-8)}._udp.local`
  const services = {
    identify: identify(),
    ping: ping(),
    lan: (components: Parameters<ReturnType<typeof mdns>>[0]) => new Lan(options.lan ? mdns({ serviceTag })(components) : undefined)
  }
  let node: Libp2p<{ readonly lan: Lan }>
  let pubsub: PubSub | undefined
  if (options.gossip) {
    const isMisbehaving = (peerId: PeerId): boolean => breaches.isMisbehaving(peerId)
    const gossiping = await createLibp2p({
      ...shared, services: { ...services, pubsub: gossipService({ topics: options.topics, limits, isMisbehaving }) }
    })
    node = gossiping
    pubsub = gossiping.services.pubsub
  } else {
    node = await createLibp2p({ ...shared, services })
  }
  const network = new Libp2pNetwork({ options, limits, rule, node, pubsub, members, breaches, counters })
  try {
    await network.start()
  } catch (cause) {
    await network.stop()
    throw hostError(`cannot listen on ${options.listen.join(', ')}: free the port or choose another address`, cause)
  }
  return network
}

class Libp2pNetwork implements Network {
  readonly peerId: PeerId
  readonly #parts: Parts
  readonly #links = new Map<PeerId, PeerLink>()
  readonly #timers: NodeJS.Timeout[] = []
  readonly #credit: CreditPool
  readonly #greeter: Greeter
  readonly #redial: Redial
  readonly #gossip: Gossip | undefined
  #stopped: Promise<void> | undefined

  constructor (parts: Parts) {
    const { options, limits, rule, node, pubsub } = parts
    this.#parts = parts
    this.peerId = node.peerId.toString()
    this.#credit = new CreditPool(limits, () => { for (const link of this.#links.values()) link.admit() })
    this.#greeter = new Greeter(node, {
      hello: options.hello,
      limits,
      log: options.log,
      onDone: connection => this.#greeted(connection),
      onRefused: (_connection, code) => this.#count(`hanse_network_hello_refused_total{code="${code}"}`)
    })
    this.#redial = new Redial({
      limits,
      rule,
      delayMsMax: limits.redialDelayMsMax ?? REDIAL_DELAY_MS_MAX[options.profile === 'off-grid' ? 'off-grid' : options.lan ? 'lan' : 'normal'],
      nowMs,
      chance: Math.random,
      isConnected: peerId => this.#links.has(peerId),
      connect: (peerId, addresses) => this.#connect(peerId, addresses),
      log: options.log
    })
    this.#gossip = pubsub === undefined ? undefined : new Gossip(pubsub, {
      topics: options.topics,
      limits,
      nowMs,
      onReject: from => this.#blame(from, 'a gossip message was rejected'),
      count: metric => this.#count(metric),
      log: options.log
    })
  }

  async start (): Promise<void> {
    const { options, limits, node, members } = this.#parts
    node.addEventListener('connection:open', ({ detail: connection }) => {
      if (members.has(connection.remotePeer.toString())) this.#greeter.greet(connection)
      else connection.abort(new Error('no member'))
    })
    node.addEventListener('connection:close', ({ detail: connection }) => this.#closed(connection))
    node.services.lan.onSighted = (peerId, addresses) => this.#redial.sighted(peerId, addresses)
    await this.#greeter.start()
    for (const protocol of Object.keys(options.protocols)) {
      await this.#greeter.serve(protocol, (stream, connection) => {
        const link = this.#links.get(connection.remotePeer.toString())
        if (link === undefined) stream.abort(new Error('no such peer'))
        else link.accept(protocol, stream)
      })
    }
    await node.start()
    this.#gossip?.start()
    this.#every(limits.tickMs, () => { for (const link of this.#links.values()) link.tick() })
    this.#watch()
  }

  addresses (): readonly string[] {
    return this.#parts.node.getMultiaddrs().map(String)
  }

  setMembers (addressesByPeer: ReadonlyMap<PeerId, readonly string[]>): void {
    const { members, node, breaches } = this.#parts
    members.clear()
    for (const [peerId, addresses] of addressesByPeer) if (peerId !== this.peerId) members.set(peerId, addresses)
    breaches.keepOnly(peerId => members.has(peerId))
    for (const connection of node.getConnections()) {
      if (!members.has(connection.remotePeer.toString())) connection.abort(new Error('no member any longer'))
    }
    for (const peerId of members.keys()) this.#tag(peerId)
    this.#redial.setMembers(members)
  }

  peers (): readonly Peer[] {
    return [...this.#links.values()].map(link => link.peer)
  }

  publish (topic: string, message: Uint8Array): boolean {
    return this.#stopped === undefined && this.#gossip?.publish(topic, message) === true
  }

  metrics (): ReadonlyMap<string, number> {
    const { node, members, counters } = this.#parts
    let requestsOpen = 0
    for (const link of this.#links.values()) requestsOpen += link.requestsOpen
    return new Map([
      ...counters,
      ['hanse_network_members', members.size],
      ['hanse_network_peers', this.#links.size],
      ['hanse_network_connections', node.getConnections().length],
      ['hanse_network_requests_open', requestsOpen],
      ['hanse_network_credit_bytes', this.#credit.heldBytes]
    ])
  }

  /** Never hangs: libp2p's own stop was seen not to settle after a peer died. */
  stop (): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop (): Promise<void> {
    const { node, limits, members } = this.#parts
    members.clear()   // nobody may come back while the listener still stands
    this.#redial.stop()
    for (const timer of this.#timers) clearInterval(timer)
    for (const connection of node.getConnections()) connection.abort(new Error('this node stops'))
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, limits.stopTimeoutMs)
    await Promise.race([promise, Promise.resolve(node.stop()).catch(() => {})])
    clearTimeout(timer)
  }

  async #connect (peerId: PeerId, addresses: readonly Multiaddr[]): Promise<string | undefined> {
    const { node, options } = this.#parts
    try {
      const connection = await node.dial([...addresses])
      return await this.#greeter.settled(connection) ? connection.remoteAddr.toString() : undefined
    } catch (error) {
      options.log('debug', 'a member cannot be reached', { peerId, error: String(error) })
      return undefined
    }
  }

  #greeted (connection: Connection): void {
    const { options, limits, node, members } = this.#parts
    const peerId = connection.remotePeer.toString()
    if (!members.has(peerId)) return connection.abort(new Error('no member any longer'))
    this.#redial.greeted(peerId)
    const known = this.#links.get(peerId)
    if (known !== undefined) return known.add(connection)
    const link = new PeerLink({
      ownPeerId: this.peerId,
      peerId,
      protocols: options.protocols,
      limits,
      credit: this.#credit.of(peerId),
      nowMs,
      allConnections: () => node.getConnections(connection.remotePeer),
      blame: reason => this.#blame(peerId, reason),
      count: (metric, by) => this.#count(metric, by),
      log: options.log
    })
    this.#links.set(peerId, link)
    link.add(connection)
    options.onPeer(link.peer)
  }

  #closed (connection: Connection): void {
    const peerId = connection.remotePeer.toString()
    const link = this.#links.get(peerId)
    if (link?.remove(connection) !== true) return
    this.#links.delete(peerId)
    this.#parts.options.onPeerGone(link.peer)
    this.#redial.lost(peerId)
  }

  #blame (peerId: PeerId, reason: string): void {
    const { breaches, options } = this.#parts
    this.#count('hanse_network_breaches_total')
    options.log('warn', 'a peer broke the protocol', { peerId, reason })
    if (breaches.add(peerId)) this.#links.get(peerId)?.drop('too many breaches of protocol')
  }

  #watch (): void {
    const gossip = this.#gossip
    if (gossip === undefined) return
    const { limits, options } = this.#parts
    const watchdog = new Watchdog({
      limits,
      nowMs,
      peers: () => new Map([...this.#links].map(([peerId, link]) => [peerId, link.connections])),
      isHeard: (peerId, connections) => gossip.isHeard(peerId, connections),
      close: peerId => {
        this.#count('hanse_gossip_muted_total')
        options.log('warn', 'gossip fell silent; reconnecting', { peerId })
        this.#links.get(peerId)?.drop('gossip fell silent')
      }
    })
    this.#every(limits.watchdogPeriodMs, () => watchdog.look())
  }

  #every (periodMs: number, run: () => void): void {
    this.#timers.push(setInterval(run, periodMs).unref())
  }

  /** The connection pruner goes by the value of tags. */
  #tag (peerId: PeerId): void {
    this.#parts.node.peerStore.merge(peerIdFromString(peerId), { tags: { 'hanse-member': { value: 100 } } })
      .catch((error: unknown) => this.#parts.options.log('debug', 'a member was not tagged', { peerId, error: String(error) }))
  }

  #count (metric: string, by = 1): void {
    add(this.#parts.counters, metric, by)
  }
}

/** Short enough that members who were apart for long meet within a minute: 100 absent members are two dials a second. */
const REDIAL_DELAY_MS_MAX = { 'normal': 60_000, 'lan': 30_000, 'off-grid': 10 * 60_000 }

function nodeOptions (
  options: NetworkOptions, limits: Limits, privateKey: PrivateKey, connectionGater: ConnectionGater
): Libp2pOptions {
  const offGrid = options.profile === 'off-grid'
  return {
    start: false,
    privateKey,
    nodeInfo: { name: 'hanse', version: '1', userAgent: 'hanse' },
    addresses: { listen: [...options.listen], announce: [...options.announce] },
    transports: [tcp({ maxConnections: limits.connectionsMax + limits.connectionsPendingMax, backlog: 64 })],
    connectionEncrypters: [noise({ prologueBytes: utf8(`/hanse/1/${options.federation}`) })],
    streamMuxers: [guardedYamux({ maxInboundStreams: 64, maxOutboundStreams: 64, streamOptions: { maxWriteBufferLength: 1024 * 1024 } })],
    connectionGater,
    connectionManager: {
      maxConnections: limits.connectionsMax,
      maxIncomingPendingConnections: limits.connectionsPendingMax,
      inboundUpgradeTimeout: 5_000,
      inboundConnectionThreshold: options.listen.every(isLoopback)
        ? limits.connectionsPerSecondMaxOnLoopback
        : limits.connectionsPerHostAndSecondMax,
      maxParallelDials: limits.dialsMax,
      maxDialQueueLength: 256,
      maxPeerAddrsToDial: limits.addressesPerPeerMax,
      dialTimeout: offGrid ? 30_000 : 10_000,
      reconnectRetries: 0
    },
    // A ping waits behind all data with credit: 2 MiB take 17 s on a line of 1 Mbit/s, and its failure ends the connection.
    connectionMonitor: offGrid
      ? { pingInterval: 60_000, pingTimeout: { minTimeout: 120_000, maxTimeout: 240_000 } }
      : { pingInterval: 15_000, pingTimeout: { minTimeout: 20_000 } }
  }
}

function isLoopback (text: string): boolean {
  const address = parseAddress(text)
  return address !== undefined && reachOf(address) === 'loopback'
}

function add (counters: Map<string, number>, metric: string, by = 1): void {
  counters.set(metric, (counters.get(metric) ?? 0) + by)
}

function hostError (message: string, cause: unknown): HostError {
  return Object.assign(new Error(message, { cause }), { code: 'network.start' as const })
}
