import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { Aedes, type Client, type ConnectPacket, type PublishPacket, type Subscription } from 'aedes'
import { fail, ok, type Result } from '../../base/index.ts'
import { PACKET_BYTES_MAX, PacketSizes, type EmbeddedBroker } from '../mqtt/index.ts'
import type { SinkFailure } from '../connector/index.ts'
import {
  CLIENT_ID_LENGTH_MAX, CLIENTS_MAX, CONNECT_TIMEOUT_MS, DRAIN_TIMEOUT_MS, STOP_WITHIN_MS, SUBSCRIPTIONS_MAX, SUBSCRIPTIONS_PER_CLIENT_MAX, TOPIC_LENGTH_MAX,
  TOPIC_LEVELS_MAX
} from './limits.ts'
import { OutSubscription } from './subscription.ts'
import { matches, OUT_PREFIX, outFilterOf } from './topics.ts'
import type { BrokerCaller, BrokerOptions } from './types.ts'

type Take = (topic: string, payload: Uint8Array) => Promise<Result<unknown, SinkFailure>>
type Route = { readonly filters: readonly string[], readonly take: Take }

/** What is known of a connection beside what the library knows. */
type Visitor = {
  /** Asked anew each time: a token ends, or is revoked, while its client is connected. */
  callerNow: () => BrokerCaller | undefined
  readonly subscriptions: Map<string, OutSubscription>
  /** Resolves when the client was told what it is subscribed to now. */
  told: PromiseWithResolvers<void>
}

export type ListenFailure = { readonly code: 'address-in-use' | 'address', readonly reason: string, readonly hint: string }

/** The broker of this node. Made before it listens, so that connectors can be made that it serves. */
export class Broker implements EmbeddedBroker {
  readonly #options: BrokerOptions
  readonly #aedes: Aedes
  readonly #routes = new Set<Route>()
  readonly #visitors = new WeakMap<Client, Visitor>()
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined
  #address: string | null = null
  #subscriptions = 0
  #dropped = 0

  constructor (options: BrokerOptions) {
    this.#options = options
    this.#aedes = new Aedes({
      connectTimeout: CONNECT_TIMEOUT_MS, drainTimeout: DRAIN_TIMEOUT_MS, maxTopicLevels: TOPIC_LEVELS_MAX, maxClientsIdLength: CLIENT_ID_LENGTH_MAX,
      preConnect: (client, packet, done) => { done(null, this.#admit(client, packet)) },
      authenticate: (client, username, password, done) => { done(null, this.#authenticate(client, username, password)) },
      authorizePublish: (client, packet, done) => { this.#publish(client, packet).then(() => { done(null) }, (cause: unknown) => { done(cause instanceof Error ? cause : new Error(String(cause))) }) },
      authorizeSubscribe: (client, subscription, done) => { done(null, this.#subscribe(client, subscription)) }
    })
    this.#aedes.on('subscribe', (_subscriptions, client) => {
      const visitor = this.#visitors.get(client)
      visitor?.told.resolve()
      if (visitor !== undefined) visitor.told = Promise.withResolvers()
    })
    this.#aedes.on('unsubscribe', (filters, client) => { for (const filter of filters) this.#end(client, filter) })
    this.#aedes.on('clientDisconnect', client => { this.#leave(client) })
    for (const event of ['clientError', 'connectionError'] as const) {
      this.#aedes.on(event, (client, error) => {
        options.log('debug', 'a connection to the broker broke', { reason: error.message })
        this.#leave(client)
      })
    }
  }

  get address (): string | null {
    return this.#address
  }

  /** Messages that no connector asks for, since the start. */
  get dropped (): number {
    return this.#dropped
  }

  async listen (): Promise<Result<{ readonly address: string }, ListenFailure>> {
    const { listen: { host, port }, tls } = this.#options
    await this.#aedes.listen()
    const server = tls === null ? createServer(socket => { this.#connect(socket) }) : createTlsServer({ ...tls, minVersion: 'TLSv1.2', handshakeTimeout: CONNECT_TIMEOUT_MS }, socket => { this.#connect(socket) })
    // Also of those that have not yet come through the handshake.
    server.maxConnections = CLIENTS_MAX
    this.#server = server
    const failure = await new Promise<NodeJS.ErrnoException | undefined>(resolve => {
      server.once('error', resolve)
      server.listen(port, host, () => { resolve(undefined) })
    })
    if (failure !== undefined) {
      await this.stop()
      return fail(failure.code === 'EADDRINUSE'
        ? { code: 'address-in-use', reason: `port ${port} on ${host} is taken already`, hint: 'set mqtt.listen to another port; port 0 takes any free one' }
        : { code: 'address', reason: `cannot listen on ${host}:${port}: ${failure.code ?? failure.message}`, hint: 'set mqtt.listen to an address of this machine' })
    }
    server.on('error', error => { this.#options.log('warn', 'the listener of the broker failed', { reason: error.message }) })
    const taken = (server.address() as AddressInfo).port
    this.#address = `${tls === null ? 'mqtt' : 'mqtts'}://${host.includes(':') ? `[${host}]` : host}:${taken}`
    return ok({ address: this.#address })
  }

  async stop (): Promise<void> {
    const server = this.#server
    this.#address = null
    const closed = Promise.all([
      new Promise<void>(resolve => { if (server?.listening === true) server.close(() => { resolve() }); else resolve() }),
      new Promise<void>(resolve => { this.#aedes.close(() => { resolve() }) })
    ])
    await Promise.race([closed, new Promise(resolve => setTimeout(resolve, STOP_WITHIN_MS).unref())])
    for (const socket of this.#sockets) socket.destroy()
  }

  route (filters: readonly string[], take: Take): () => void {
    const route = { filters, take }
    this.#routes.add(route)
    return () => { this.#routes.delete(route) }
  }

  #connect (socket: Socket): void {
    this.#sockets.add(socket)
    socket.once('close', () => { this.#sockets.delete(socket) })
    // Beside the library's own listeners, and called with each chunk before it reads it.
    const sizes = new PacketSizes(PACKET_BYTES_MAX)
    this.#aedes.handle(socket)
    socket.on('data', (chunk: Uint8Array) => {
      if (sizes.tooLarge(chunk) !== undefined) socket.destroy(new Error(`a packet of more than ${PACKET_BYTES_MAX} bytes`))
    })
  }

  /** Sessions are not kept over a connection, and wills are not taken. */
  #admit (client: Client, packet: ConnectPacket): boolean {
    if (packet.clientId.length > CLIENT_ID_LENGTH_MAX) return false
    packet.clean = true
    delete packet.will
    this.#visitors.set(client, { callerNow: () => undefined, subscriptions: new Map(), told: Promise.withResolvers() })
    return true
  }

  /** The token is the password, or the user name where there is no password. */
  #authenticate (client: Client, username: string | undefined, password: Buffer | undefined): boolean {
    const visitor = this.#visitors.get(client)
    const token = password === undefined || password.length === 0 ? username ?? '' : password.toString('utf8')
    const caller = this.#options.callerOf(token)
    if (visitor === undefined || caller === undefined) return false
    visitor.callerNow = () => this.#options.callerOf(token)
    // Whoever uses a name that another token's client has would end that one.
    client.id = `${caller.id}/${client.id}`
    return true
  }

  /** Resolves when PUBACK may go out. */
  async #publish (client: Client | null, packet: PublishPacket): Promise<void> {
    const caller = client === null ? undefined : this.#visitors.get(client)?.callerNow()
    if (caller?.mayPublish !== true) throw new Error('the token of this client may not publish')
    const { topic } = packet
    if (topic.length > TOPIC_LENGTH_MAX) throw new Error(`a topic has at most ${TOPIC_LENGTH_MAX} characters`)
    packet.retain = false
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload
    if (topic.startsWith(OUT_PREFIX)) throw new Error(`what is under ${OUT_PREFIX} is published by the node alone`)
    const routes = [...this.#routes].filter(({ filters }) => filters.some(filter => matches(filter, topic)))
    const wanted = this.#options.declared().filter(filters => filters.some(filter => matches(filter, topic))).length
    // One acknowledgement stands for all who want it: it is given when none of them is missing.
    if (routes.length < wanted) throw new Error(`${wanted - routes.length} of ${wanted} connectors that take ${topic.slice(0, 100)} are not at work`)
    if (routes.length === 0) {
      if (topic.startsWith('hanse/')) throw new Error(`there is no connector that takes ${topic.slice(0, 100)}`)
      // As any broker does with what nobody subscribes to.
      this.#dropped++
      return
    }
    const taken = await Promise.all(routes.map(({ take }) => take(topic, payload)))
    for (const result of taken) if (!result.ok) throw new Error(result.failure.reason)
  }

  /** Null refuses this one of the subscriptions (return code 128). */
  #subscribe (client: Client, subscription: Subscription): Subscription | null {
    const visitor = this.#visitors.get(client)
    const caller = visitor?.callerNow()
    const filter = outFilterOf(subscription.topic)
    if (visitor === undefined || caller === undefined || filter === undefined) return null
    this.#end(client, subscription.topic)
    if (visitor.subscriptions.size >= SUBSCRIPTIONS_PER_CLIENT_MAX || this.#subscriptions >= SUBSCRIPTIONS_MAX) return null
    const qos = subscription.qos === 0 ? 0 : 1
    const opened = OutSubscription.open({
      client, filter, qos, caller, outflow: this.#options.outflow, begun: visitor.told.promise, isValid: () => visitor.callerNow() !== undefined,
      onEnd: why => {
        // MQTT 3.1.1 knows no other way to tell a client that it gets no more.
        this.#options.log('info', 'a subscription ended', { topic: subscription.topic, reason: why })
        client.close()
      }
    })
    if (!opened.ok) {
      this.#options.log('debug', 'a subscription was refused', { topic: subscription.topic, reason: opened.failure.reason })
      return null
    }
    visitor.subscriptions.set(subscription.topic, opened.value)
    this.#subscriptions++
    return { ...subscription, qos }
  }

  #end (client: Client, filter: string): void {
    const visitor = this.#visitors.get(client)
    const subscription = visitor?.subscriptions.get(filter)
    if (visitor === undefined || subscription === undefined) return
    visitor.subscriptions.delete(filter)
    this.#subscriptions--
    subscription.stop()
  }

  #leave (client: Client): void {
    for (const filter of this.#visitors.get(client)?.subscriptions.keys() ?? []) this.#end(client, filter)
  }
}
