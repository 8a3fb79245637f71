import { BlockList } from 'node:net'
import type { ConnectionGater } from '@libp2p/interface'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'

export type Reach = 'public' | 'private' | 'loopback' | 'none'

/** Which addresses may be dialled and kept. */
export type AddressRule = { readonly lan: boolean, readonly loopback: boolean }

const LOOPBACK = ranges(['127.0.0.0', 8, 'ipv4'], ['::1', 128, 'ipv6'])
const PRIVATE = ranges(
  ['10.0.0.0', 8, 'ipv4'], ['172.16.0.0', 12, 'ipv4'], ['192.168.0.0', 16, 'ipv4'], ['100.64.0.0', 10, 'ipv4'], ['fc00::', 7, 'ipv6']
)
/** Unspecified, link-local, multicast and reserved: nothing that can be dialled. */
const NONE = ranges(
  ['0.0.0.0', 8, 'ipv4'], ['169.254.0.0', 16, 'ipv4'], ['224.0.0.0', 3, 'ipv4'],
  ['::', 128, 'ipv6'], ['fe80::', 10, 'ipv6'], ['ff00::', 8, 'ipv6']
)

/** How far an address reaches. A name may resolve to anything and is taken as public. */
export function reachOf (address: Multiaddr): Reach {
  const first = address.getComponents()[0]
  if (first?.value === undefined) return 'none'
  if (first.name.startsWith('dns')) return 'public'
  if (first.name !== 'ip4' && first.name !== 'ip6') return 'none'
  const family = first.name === 'ip4' ? 'ipv4' : 'ipv6'
  if (LOOPBACK.check(first.value, family)) return 'loopback'
  if (NONE.check(first.value, family)) return 'none'
  return PRIVATE.check(first.value, family) ? 'private' : 'public'
}

export function mayDial (address: Multiaddr, rule: AddressRule): boolean {
  switch (reachOf(address)) {
    case 'public': return true
    case 'private': return rule.lan || rule.loopback
    case 'loopback': return rule.loopback
    case 'none': return false
  }
}

export function parseAddress (text: string): Multiaddr | undefined {
  try {
    return multiaddr(text)
  } catch {
    return undefined
  }
}

/**
 * Members only, before any protocol. All hooks are synchronous look-ups; one that throws denies.
 *
 * `denyDialPeer` is not called for an address without PeerId, hence the check on the encrypted connection too.
 */
export function membersOnly (
  isMember: (peerId: string) => boolean, rule: AddressRule, onDenied: (hook: string) => void
): ConnectionGater {
  const deny = (hook: string, denied: () => boolean): boolean => {
    let verdict = true
    try {
      verdict = denied()
    } finally {
      if (verdict) onDenied(hook)
    }
    return verdict
  }
  return {
    denyDialPeer: peer => deny('denyDialPeer', () => !isMember(peer.toString())),
    denyDialMultiaddr: address => deny('denyDialMultiaddr', () => !mayDial(address, rule)),
    denyOutboundConnection: peer => deny('denyOutboundConnection', () => !isMember(peer.toString())),
    denyInboundEncryptedConnection: peer => deny('denyInboundEncryptedConnection', () => !isMember(peer.toString())),
    denyOutboundEncryptedConnection: peer => deny('denyOutboundEncryptedConnection', () => !isMember(peer.toString())),
    denyInboundRelayReservation: peer => deny('denyInboundRelayReservation', () => !isMember(peer.toString())),
    denyOutboundRelayedConnection: (source, destination) => deny('denyOutboundRelayedConnection',
      () => !isMember(source.toString()) || !isMember(destination.toString())),
    denyInboundRelayedConnection: (relay, peer) => deny('denyInboundRelayedConnection',
      () => !isMember(relay.toString()) || !isMember(peer.toString())),
    filterMultiaddrForPeer: (peer, address) => isMember(peer.toString()) && mayDial(address, rule)
  }
}

function ranges (...subnets: readonly (readonly [net: string, prefix: number, family: 'ipv4' | 'ipv6'])[]): BlockList {
  const list = new BlockList()
  for (const [net, prefix, family] of subnets) list.addSubnet(net, prefix, family)
  return list
}
