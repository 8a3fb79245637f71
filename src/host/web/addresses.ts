import { BlockList, isIPv4, isIPv6 } from 'node:net'

/** Nothing in these is anybody's public server: IANA's registries of special addresses. */
const BLOCKED_V4 = [
  '0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24',
  '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'
]
/** Of IPv6 only global unicast is public at all, without what tunnels, documents or is discarded. */
const PUBLIC_V6 = '2000::/3'
const BLOCKED_V6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']

const blockedV4 = listOf(BLOCKED_V4, 'ipv4')
const publicV6 = listOf([PUBLIC_V6], 'ipv6')
const blockedV6 = listOf(BLOCKED_V6, 'ipv6')

/**
 * Whether an address of a resolver, in its canonical text, is one that a stranger may make this node connect to. Forms of IPv6 that carry an
 * IPv4 address (mapped, NAT64, 6to4, Teredo) are none: whoever has such a server has an address of IPv4 too.
 */
export function isPublicAddress (address: string): boolean {
  if (isIPv4(address)) return !blockedV4.check(address, 'ipv4')
  return isIPv6(address) && publicV6.check(address, 'ipv6') && !blockedV6.check(address, 'ipv6')
}

function listOf (ranges: readonly string[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [network = '', bits = ''] = range.split('/')
    list.addSubnet(network, Number(bits), family)
  }
  return list
}
