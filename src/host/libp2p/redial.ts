import { start, stop, type PeerDiscovery } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Log, PeerId } from '../index.ts'
import { mayDial, parseAddress, type AddressRule } from './gater.ts'
import type { Limits } from './limits.ts'

type Target = {
  readonly peerId: PeerId
  named: readonly string[]
  /** Addresses by mDNS, newest first. */
  seen: readonly string[]
  lastGood: string | undefined
  failures: number
  dueMs: number
  dialling: boolean
  warned: boolean
}

export type RedialOptions = {
  readonly limits: Limits
  readonly rule: AddressRule
  readonly delayMsMax: number
  readonly nowMs: () => number
  /** From 0 to 1: spreads dials in time, so that nodes that lost each other together do not meet the same limits again. */
  readonly chance: () => number
  readonly isConnected: (peerId: PeerId) => boolean
  /** Resolves to the address at which hello was done; a dial that merely resolved is no success. */
  readonly connect: (peerId: PeerId, addresses: readonly Multiaddr[]) => Promise<string | undefined>
  readonly log: Log
}

/** Keeps dialling every member that is not connected, ever slower, and never gives up. */
export class Redial {
  readonly #options: RedialOptions
  readonly #targets = new Map<PeerId, Target>()
  #timer: NodeJS.Timeout | undefined
  #active = 0
  #stopped = false

  constructor (options: RedialOptions) {
    this.#options = options
  }

  setMembers (addressesByPeer: ReadonlyMap<PeerId, readonly string[]>): void {
    const nowMs = this.#options.nowMs()
    for (const peerId of this.#targets.keys()) if (!addressesByPeer.has(peerId)) this.#targets.delete(peerId)
    for (const [peerId, named] of addressesByPeer) {
      const known = this.#targets.get(peerId)
      if (known === undefined) {
        this.#targets.set(peerId, { peerId, named, seen: [], lastGood: undefined, failures: 0, dueMs: nowMs, dialling: false, warned: false })
      } else if (named.join() !== known.named.join()) {
        known.named = named
        known.warned = false
        known.dueMs = nowMs
      }
    }
    this.#run()
  }

  /** mDNS saw a member: its address is worth trying at once. */
  sighted (peerId: PeerId, addresses: readonly string[]): void {
    const target = this.#targets.get(peerId)
    if (target === undefined) return
    target.seen = [...new Set([...addresses, ...target.seen])].slice(0, this.#options.limits.addressesPerPeerMax)
    target.dueMs = this.#options.nowMs()
    this.#run()
  }

  greeted (peerId: PeerId): void {
    const target = this.#targets.get(peerId)
    if (target !== undefined) target.failures = 0
  }

  lost (peerId: PeerId): void {
    const target = this.#targets.get(peerId)
    if (target === undefined) return
    target.dueMs = this.#options.nowMs() + this.#delayMs(0)
    this.#run()
  }

  stop (): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  #run (): void {
    if (this.#stopped) return
    const { nowMs, isConnected, limits } = this.#options
    let nextMs = Infinity
    for (const target of this.#targets.values()) {
      if (target.dialling || isConnected(target.peerId)) continue
      if (target.dueMs > nowMs()) nextMs = Math.min(nextMs, target.dueMs)
      else if (this.#active < limits.dialsMax) void this.#dial(target)
    }
    clearTimeout(this.#timer)
    if (nextMs === Infinity) return
    this.#timer = setTimeout(() => this.#run(), Math.max(1, nextMs - nowMs()))
    this.#timer.unref()
  }

  async #dial (target: Target): Promise<void> {
    const { connect, nowMs } = this.#options
    const addresses = this.#addressesOf(target)
    target.dialling = true
    this.#active += 1
    const good = addresses.length === 0 ? undefined : await connect(target.peerId, addresses)
    this.#active -= 1
    target.dialling = false
    if (good === undefined) {
      target.dueMs = nowMs() + this.#delayMs(target.failures)
      target.failures += 1
    } else {
      target.lastGood = good
      target.failures = 0
    }
    this.#run()
  }

  #addressesOf (target: Target): Multiaddr[] {
    const { limits, rule, log } = this.#options
    const texts = new Set([...(target.lastGood === undefined ? [] : [target.lastGood]), ...target.named, ...target.seen])
    const addresses = [...texts]
      .filter(text => text.length <= limits.addressBytesMax)
      .flatMap(text => parseAddress(text.replace(/\/p2p\/[^/]+$/, '')) ?? [])
      .filter(address => mayDial(address, rule))
      .slice(0, limits.addressesPerPeerMax)
      .map(address => address.encapsulate(`/p2p/${target.peerId}`))
    if (addresses.length === 0 && target.named.length > 0 && !target.warned) {
      target.warned = true
      log('warn', 'a member has no address that this node may dial; private addresses need the LAN switch',
        { peerId: target.peerId, addresses: target.named.join(' ').slice(0, 512) })
    }
    return addresses
  }

  #delayMs (failures: number): number {
    const { limits, delayMsMax, chance } = this.#options
    return Math.min(delayMsMax, limits.redialDelayMs * 2 ** Math.min(failures, 30)) * (0.5 + chance())
  }
}

/**
 * Says who is seen on the local network. Started by libp2p as a service, not as its peer discovery: that one reports
 * only peers it does not know yet, hence no member and no new address, and stores strangers.
 */
export class Lan {
  readonly #discovery: PeerDiscovery | undefined
  onSighted: (peerId: PeerId, addresses: readonly string[]) => void = () => {}

  constructor (discovery: PeerDiscovery | undefined) {
    this.#discovery = discovery
    discovery?.addEventListener('peer', ({ detail: { id, multiaddrs } }) => this.onSighted(id.toString(), multiaddrs.map(String)))
  }

  async start (): Promise<void> {
    if (this.#discovery !== undefined) await start(this.#discovery)
  }

  async stop (): Promise<void> {
    if (this.#discovery !== undefined) await stop(this.#discovery)
  }
}
