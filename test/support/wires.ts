import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { LIMITS, openNetwork, type Limits } from '../../src/host/libp2p/index.ts'
import type { Host, Network, NetworkOptions, Peer } from '../../src/host/index.ts'

/** Redialling within a second, so that a test need not wait for minutes; all else is as it is in production. */
const IMPATIENT: Limits = { ...LIMITS, tickMs: 250, redialDelayMs: 100, redialDelayMsMax: 1_000, streamReopenDelayMsMax: 1_000 }

type End = { readonly name: string, readonly port: number }
/** What ran over a wire in one connection: to the city that listens, and back from it. */
export type Session = { readonly there: Buffer[], readonly back: Buffer[] }
type Wire = { readonly server: Server, readonly port: number, readonly sockets: Set<Socket>, isCut: boolean, readonly sessions: Session[] }

/**
 * Wires between cities: one TCP relay for each pair and direction, dialled in place of the address that the charter names.
 * A cut wire resets what runs over it and whatever comes next, as a broken line does: no node is told, in either direction.
 */
export class Wires {
  readonly #wires = new Map<string, Wire>()
  readonly #networks = new Map<string, Network>()

  /** The real network of the city of that name, over these wires. `losesHints`: no gossip and no note ever arrives. */
  network (name: string, { losesHints }: { readonly losesHints: boolean } = { losesHints: false }): Host['openNetwork'] {
    return async options => {
      const real = losesHints ? await openHintless(options) : await openNetwork(options, IMPATIENT)
      const rewired: Network = {
        peerId: real.peerId,
        addresses: () => real.addresses(),
        setMembers: members => real.setMembers(new Map([...members].map(([peerId, addresses]) =>
          [peerId, addresses.flatMap(address => this.#through(name, address))]))),
        peers: () => real.peers(),
        publish: (topic, message) => real.publish(topic, message),
        metrics: () => real.metrics(),
        stop: () => real.stop()
      }
      this.#networks.set(name, rewired)
      return rewired
    }
  }

  /** What the node of that city is connected with, to say things that no honest node would. */
  networkOf (name: string): Network {
    const network = this.#networks.get(name)
    if (network === undefined) throw new Error(`${name} has no network`)
    return network
  }

  async lay (from: string, to: End): Promise<void> {
    const sockets = new Set<Socket>()
    const sessions: Session[] = []
    const server = createServer(near => {
      if (wire.isCut) return void near.resetAndDestroy()
      const far = connect(to.port, '127.0.0.1')
      const session: Session = { there: [], back: [] }
      sessions.push(session)
      for (const [socket, other, record] of [[near, far, session.there], [far, near, session.back]] as const) {
        sockets.add(socket)
        socket.on('data', chunk => record.push(chunk))
        socket.on('error', () => other.destroy())
        socket.on('close', () => {
          sockets.delete(socket)
          other.destroy()
        })
        socket.pipe(other)
      }
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const wire: Wire = { server, port: (server.address() as AddressInfo).port, sockets, isCut: false, sessions }
    this.#wires.set(nameOf(from, to.port), wire)
  }

  /** A wire from each to each other. */
  async layAll (ends: readonly End[]): Promise<void> {
    for (const from of ends) for (const to of ends) if (from !== to) await this.lay(from.name, to)
  }

  cut (...ends: readonly [End, End]): void {
    this.#each(ends, wire => {
      wire.isCut = true
      for (const socket of wire.sockets) socket.resetAndDestroy()
    })
  }

  heal (...ends: readonly [End, End]): void {
    this.#each(ends, wire => { wire.isCut = false })
  }

  /** All that ran over a wire, as an eavesdropper has it. */
  sessions (from: string, to: End): readonly Session[] {
    return this.#wires.get(nameOf(from, to.port))?.sessions ?? []
  }

  /** Where one city dials the other. */
  addressOf (from: string, to: End): string {
    return this.#through(from, `/ip4/127.0.0.1/tcp/${to.port}`)[0] ?? ''
  }

  close (): void {
    for (const { server, sockets } of this.#wires.values()) {
      server.close()
      for (const socket of sockets) socket.destroy()
    }
  }

  #each ([one, other]: readonly [End, End], change: (wire: Wire) => void): void {
    for (const wire of [this.#wires.get(nameOf(one.name, other.port)), this.#wires.get(nameOf(other.name, one.port))]) {
      if (wire !== undefined) change(wire)
    }
  }

  /** Where there is no wire there is no way. */
  #through (name: string, address: string): readonly string[] {
    const port = Number(/\/tcp\/(\d+)/.exec(address)?.[1])
    const wire = this.#wires.get(nameOf(name, port))
    return wire === undefined ? [] : [address.replace(/\/tcp\/\d+/, `/tcp/${wire.port}`)]
  }
}

function nameOf (from: string, port: number): string {
  return `${from} to ${port}`
}

/** The real network, on which every hint is lost: what the port allows to happen at any time, all the time. */
async function openHintless (options: NetworkOptions): Promise<Network> {
  const mutes = new WeakMap<Peer, Peer>()
  const muteOf = (peer: Peer): Peer => {
    const known = mutes.get(peer)
    const mute = known ?? { ...peer, note: () => false }
    mutes.set(peer, mute)
    return mute
  }
  const real = await openNetwork({
    ...options, onPeer: peer => options.onPeer(muteOf(peer)), onPeerGone: peer => options.onPeerGone(muteOf(peer))
  }, IMPATIENT)
  return {
    peerId: real.peerId,
    addresses: () => real.addresses(),
    setMembers: members => real.setMembers(members),
    peers: () => real.peers().map(muteOf),
    publish: () => false,
    metrics: () => real.metrics(),
    stop: () => real.stop()
  }
}
