/** The libp2p node under OrbitDB and Helia: TCP, Noise and yamux on the loopback interface, and nothing that looks for others. */
import { peer } from '../peers.ts'

type Factory = (options?: object) => unknown
type Address = { toString (): string }
export type Libp2p = {
  getMultiaddrs (): readonly Address[]
  dial (address: unknown): Promise<unknown>
}

export async function libp2pOptions (services: Readonly<Record<string, unknown>>): Promise<object> {
  const [{ tcp }, { noise }, { yamux }, { identify }] = await Promise.all([
    peer<{ readonly tcp: Factory }>('@libp2p/tcp'),
    peer<{ readonly noise: Factory }>('@chainsafe/libp2p-noise'),
    peer<{ readonly yamux: Factory }>('@libp2p/yamux'),
    peer<{ readonly identify: Factory }>('@libp2p/identify')
  ])
  return {
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify(), ...services }
  }
}

export async function dial (libp2p: Libp2p, address: string): Promise<void> {
  const { multiaddr } = await peer<{ readonly multiaddr: (text: string) => unknown }>('@multiformats/multiaddr')
  await libp2p.dial(multiaddr(address))
}

export function addressOf (libp2p: Libp2p): string {
  const [address] = libp2p.getMultiaddrs()
  if (address === undefined) throw new Error('libp2p listens nowhere')
  return address.toString()
}
