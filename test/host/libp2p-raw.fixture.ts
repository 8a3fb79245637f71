/** libp2p nodes without our guards, to play strangers, liars and broken peers. */
import { noise } from '@chainsafe/libp2p-noise'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import type { Connection, Stream } from '@libp2p/interface'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2p } from 'libp2p'
import { ok, utf8 } from '../../src/base/index.ts'
import { Greeter } from '../../src/host/libp2p/hello.ts'
import { seedOf, FAST, type Member } from './libp2p.fixture.ts'

type Services = {
  readonly identify: ReturnType<ReturnType<typeof identify>>
  readonly ping: ReturnType<ReturnType<typeof ping>>
  readonly pubsub: ReturnType<ReturnType<typeof gossipsub>>
}
export type Raw = { readonly node: Libp2p<Services>, readonly greeter: Greeter, readonly greeted: Connection[] }

/** Without a federation it has no prologue, like a join listener. */
export async function openRaw (number: number, federation: string | null = 'test-federation'): Promise<Raw> {
  const node = await createLibp2p<Services>({
    privateKey: await generateKeyPairFromSeed('Ed25519', seedOf(number)),
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise(federation === null ? {} : { prologueBytes: utf8(`/hanse/1/${federation}`) })],
    streamMuxers: [yamux()],
    connectionManager: { reconnectRetries: 0, inboundConnectionThreshold: 1_000_000 },
    services: {
      identify: identify(),
      ping: ping(),
      pubsub: gossipsub({
        globalSignaturePolicy: 'StrictNoSign', allowPublishToZeroTopicPeers: true, fallbackToFloodsub: false,
        msgIdFn: ({ data }) => data.slice(0, 20), scoreParams: { IPColocationFactorWeight: 0 }
      })
    }
  })
  const greeted: Connection[] = []
  const greeter = new Greeter(node, {
    hello: { mine: () => utf8('hello'), check: () => ok(null) },
    limits: FAST,
    onDone: connection => greeted.push(connection),
    onRefused: () => {},
    log: () => {}
  })
  await greeter.start()
  node.addEventListener('connection:open', ({ detail }) => greeter.greet(detail))
  return { node, greeter, greeted }
}

export async function stopRaws (raws: readonly Raw[]): Promise<void> {
  for (const { node } of raws) await node.stop()
}

export function dial (raw: Raw, member: Member): Promise<Connection> {
  return raw.node.dial(member.network.addresses().map(address => multiaddr(address)), { force: true })
}

export function addressesOf (raw: Raw): readonly string[] {
  return raw.node.getMultiaddrs().map(String)
}

/** Bytes that come over a stream, counted. */
export function counted (stream: Stream): { readonly received: { bytes: number } } {
  const received = { bytes: 0 }
  stream.addEventListener('message', ({ data }) => { received.bytes += data.byteLength })
  return { received }
}

/** What we need to see and do inside gossipsub, which its types hide. */
type Inside = {
  decodeRpc: (bytes: Uint8Array) => unknown
  readonly sendRpc: (peerId: string, rpc: unknown) => boolean
}

/** Sends a gossip frame with this body on a stream of its own. */
export async function pushFrame (raw: Raw, peerId: string, body: Uint8Array): Promise<void> {
  const connection = raw.node.getConnections().find(each => each.remotePeer.toString() === peerId)
  const stream = await connection?.newStream('/meshsub/1.2.0')
  const prefix: number[] = []
  for (let rest = body.length; rest > 0; rest >>>= 7) prefix.push((rest & 127) | (rest > 127 ? 128 : 0))
  stream?.send(Uint8Array.from(prefix))
  stream?.send(body)
}

/** Asks a peer for messages by their ids, all in one frame. */
export function askFor (raw: Raw, peerId: string, messageIDs: readonly Uint8Array[]): void {
  const { pubsub } = raw.node.services as unknown as { readonly pubsub: Inside }
  pubsub.sendRpc(peerId, {
    subscriptions: [], messages: [], control: { iwant: [{ messageIDs }], ihave: [], graft: [], prune: [], idontwant: [] }
  })
}

/** Watches how large the largest gossip frame was that came in. */
export function largestFrame (raw: Raw): () => number {
  const { pubsub } = raw.node.services as unknown as { readonly pubsub: Inside }
  const decode = pubsub.decodeRpc.bind(pubsub)
  let largestBytes = 0
  pubsub.decodeRpc = bytes => {
    largestBytes = Math.max(largestBytes, bytes.length)
    return decode(bytes)
  }
  return () => largestBytes
}
