import type { Connection, Stream } from '@libp2p/interface'
import type { Log, Peer, PeerId, ProtocolHandler } from '../index.ts'
import { Channel, Pump } from './channel.ts'
import type { Credit, Limits } from './limits.ts'

/** The long-lived stream of one protocol with one peer. Its channel exists before, between and after streams. */
type Slot = {
  readonly protocol: string
  readonly handler: ProtocolHandler
  readonly limits: Limits
  channel: Channel
  pump: Pump | undefined
  opening: boolean
  failures: number
  /** When to try to open again; for the side that waits: since when it does. */
  atMs: number
  reported: boolean
}

export type LinkOptions = {
  readonly ownPeerId: PeerId
  readonly peerId: PeerId
  readonly protocols: Readonly<Record<string, ProtocolHandler>>
  readonly limits: Limits
  readonly credit: Credit
  readonly nowMs: () => number
  readonly allConnections: () => readonly Connection[]
  readonly blame: (reason: string) => void
  readonly count: (metric: string, by?: number) => void
  readonly log: Log
}

/** Everything between this node and one peer: its helloed connections, oldest first, and one stream per protocol. */
export class PeerLink {
  readonly #options: LinkOptions
  readonly #opener: boolean
  readonly #slots = new Map<string, Slot>()
  readonly #connections: Connection[] = []
  readonly peer: Peer
  #gone = false

  constructor (options: LinkOptions) {
    this.#options = options
    this.#opener = options.ownPeerId < options.peerId
    this.peer = {
      peerId: options.peerId,
      request: (protocol, body, creditBytes) => this.#channelOf(protocol).request(body, creditBytes),
      note: (protocol, body) => this.#channelOf(protocol).note(body),
      drop: reason => this.drop(reason),
      blame: options.blame
    }
    for (const [protocol, handler] of Object.entries(options.protocols)) {
      this.#slots.set(protocol, {
        protocol, handler, limits: limitsOf(options.limits, handler), channel: this.#newChannel(protocol, handler), pump: undefined,
        opening: false, failures: 0, atMs: options.nowMs(), reported: false
      })
    }
  }

  get connections (): readonly Connection[] {
    return this.#connections
  }

  get requestsOpen (): number {
    let open = 0
    for (const { channel } of this.#slots.values()) open += channel.open
    return open
  }

  add (connection: Connection): void {
    this.#connections.push(connection)
    for (const slot of this.#slots.values()) this.#open(slot)
  }

  /** True when it was the last one: this link is then over. */
  remove (connection: Connection): boolean {
    const at = this.#connections.indexOf(connection)
    if (at >= 0) this.#connections.splice(at, 1)
    if (this.#connections.length > 0) return false
    this.#gone = true
    for (const slot of this.#slots.values()) slot.channel.close('the connection to this peer is gone')
    return true
  }

  /** Takes a stream that the other side opened. A second one replaces the first: half-dead peers come back this way. */
  accept (protocol: string, stream: Stream): void {
    const slot = this.#slots.get(protocol)
    if (slot === undefined || this.#opener || this.#gone) {
      stream.abort(new Error('this stream is not expected'))
      return
    }
    if (stream.status === 'open') this.#attach(slot, stream)
  }

  /** Aborts every connection to this peer, also those whose hello is not done. */
  drop (reason: string): void {
    for (const connection of this.#options.allConnections()) connection.abort(new Error(reason))
  }

  admit (): void {
    for (const { channel } of this.#slots.values()) channel.admit()
  }

  tick (): void {
    const { nowMs, limits, log, peerId, count } = this.#options
    for (const slot of this.#slots.values()) {
      if (slot.pump !== undefined) {
        slot.pump.tick()
      } else {
        if (slot.channel.tick() !== undefined) this.#renew(slot, 'an unopened stream was given up')
        this.#open(slot)
        if (!this.#opener && !slot.reported && nowMs() - slot.atMs > limits.streamOpenTimeoutMs) {
          slot.reported = true
          count('hanse_network_stream_missing_total')
          log('warn', 'the other side opened no stream for a protocol', { peerId, protocol: slot.protocol })
        }
      }
    }
  }

  #channelOf (protocol: string): Channel {
    const slot = this.#slots.get(protocol)
    if (slot !== undefined) return slot.channel
    const none = this.#newChannel(protocol, { request: () => Promise.resolve(), note: () => {} })
    none.close(`this node does not speak ${protocol}`)
    return none
  }

  #open (slot: Slot): void {
    const connection = this.#connections[0]
    const { nowMs, limits } = this.#options
    if (!this.#opener || connection === undefined || slot.opening || slot.pump !== undefined || slot.atMs > nowMs()) return
    slot.opening = true
    connection.newStream(slot.protocol, { maxOutboundStreams: 2, signal: AbortSignal.timeout(limits.streamOpenTimeoutMs) })
      .then(stream => {
        slot.opening = false
        if (this.#gone) return stream.abort(new Error('this peer is gone'))
        // It may have gone while it was handed over, which nothing tells any more.
        if (stream.status !== 'open') return this.#later(slot)
        slot.failures = 0
        this.#attach(slot, stream)
      }, (error: unknown) => {
        slot.opening = false
        this.#later(slot)
        // A peer that does not speak the protocol will not soon: waiting requests need an answer now.
        if (error instanceof Error && error.name === 'UnsupportedProtocolError') this.#renew(slot, 'the peer does not speak this protocol')
      })
  }

  #attach (slot: Slot, stream: Stream): void {
    if (slot.pump !== undefined) {
      const replaced = slot.pump
      this.#renew(slot, 'replaced by a new stream')
      replaced.abort('replaced by a new stream')
    }
    const { nowMs, count, blame, log, peerId } = this.#options
    const { protocol, limits } = slot
    const pump: Pump = new Pump(stream, slot.channel, {
      limits,
      nowMs,
      onBreach: ({ code, reason }) => blame(`${code} on ${protocol}: ${reason}`),
      onFault: error => log('error', 'a protocol failed', { peerId, protocol, error: String(error) }),
      onReceived: sizeBytes => count(`hanse_network_received_bytes_total{peer="${peerId}"}`, sizeBytes),
      onSent: sizeBytes => count(`hanse_network_sent_bytes_total{peer="${peerId}"}`, sizeBytes),
      onClose: reason => {
        if (slot.pump !== pump) return
        this.#renew(slot, reason)
        this.#later(slot)
      }
    })
    slot.pump = pump
    slot.reported = false
    slot.handler.opened?.(this.peer)
  }

  /** Ends all that goes on in the slot's channel and starts an empty one. */
  #renew (slot: Slot, reason: string): void {
    slot.pump = undefined
    slot.atMs = this.#options.nowMs()
    slot.channel.close(reason)
    if (!this.#gone) slot.channel = this.#newChannel(slot.protocol, slot.handler)
  }

  #later (slot: Slot): void {
    const { nowMs, limits } = this.#options
    slot.atMs = nowMs() + Math.min(limits.streamReopenDelayMsMax, limits.tickMs * 2 ** slot.failures)
    slot.failures += 1
  }

  #newChannel (protocol: string, handler: ProtocolHandler): Channel {
    const { credit, nowMs, log, peerId } = this.#options
    return new Channel({
      opener: this.#opener,
      limits: limitsOf(this.#options.limits, handler),
      credit,
      nowMs,
      onRequest: (body, reply) => handler.request(this.peer, body, reply),
      onNote: body => handler.note(this.peer, body),
      onFault: error => log('error', 'a request failed', { peerId, protocol, error: String(error) })
    })
  }
}

function limitsOf (limits: Limits, { notes }: ProtocolHandler): Limits {
  return notes === undefined
    ? limits
    : { ...limits, noteBytesMax: notes.bytesMax, notesQueuedMax: notes.queuedMax, notesQueuedBytesMax: notes.queuedBytesMax }
}
