import { fail, ok, textOf, utf8, type Result } from '../../src/base/index.ts'
import { LIMITS, openNetwork, type Limits } from '../../src/host/libp2p/index.ts'
import type { Network, NetworkOptions, Outcome, Peer, PeerId } from '../../src/host/index.ts'

export const ECHO = '/hanse/test/1'

/** Times shortened so that what takes a minute in production is seen in a second here. */
export const FAST: Limits = {
  ...LIMITS, tickMs: 50, redialDelayMs: 50, redialDelayMsMax: 400, streamReopenDelayMsMax: 200, helloTimeoutMs: 4_000
}

export type Member = {
  readonly network: Network
  readonly peerId: PeerId
  readonly came: Peer[]
  readonly gone: Peer[]
  readonly logged: string[]
}

/** A seed that tells members apart. */
export function seedOf (number: number): Uint8Array {
  return new Uint8Array(32).fill(number)
}

/** Polls until `condition` holds; the only way a test here waits. */
export async function until (sentence: string, condition: () => boolean, timeoutMs = 20_000): Promise<void> {
  const endMs = performance.now() + timeoutMs
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`gave up waiting until ${sentence}`)
    await new Promise(resolve => { setTimeout(resolve, 5) })
  }
}

export async function openMember (number: number, changes: Partial<NetworkOptions> = {}, limits: Limits = FAST): Promise<Member> {
  const came: Peer[] = []
  const gone: Peer[] = []
  const logged: string[] = []
  const network = await openNetwork({
    transportSeed: seedOf(number),
    federation: 'test-federation',
    listen: ['/ip4/127.0.0.1/tcp/0'],
    announce: [],
    lan: false,
    profile: 'normal',
    gossip: false,
    hello: {
      mine: () => utf8('hello'),
      check: (_peerId, hello): Result<null, { readonly code: string }> => textOf(hello) === 'hello' ? ok(null) : fail({ code: 'certificate' })
    },
    protocols: {},
    topics: [],
    onPeer: peer => came.push(peer),
    onPeerGone: peer => gone.push(peer),
    log: (level, message, facts) => logged.push(`${level} ${message} ${JSON.stringify(facts ?? {})}`),
    ...changes
  }, limits)
  return { network, peerId: network.peerId, came, gone, logged }
}

/** Makes all of them members of one federation, each knowing where the others listen. */
export function introduce (...members: readonly Member[]): void {
  const addressesByPeer = new Map(members.map(({ peerId, network }) => [peerId, network.addresses()]))
  for (const { network } of members) network.setMembers(addressesByPeer)
}

export async function met (...members: readonly Member[]): Promise<void> {
  await until('all members met', () => members.every(({ network }) => network.peers().length >= members.length - 1))
}

export function peerOf (member: Member, other: Member): Peer {
  const peer = member.network.peers().find(({ peerId }) => peerId === other.peerId)
  if (peer === undefined) throw new Error('these two are not connected')
  return peer
}

export async function closeAll (...members: readonly Member[]): Promise<void> {
  await Promise.all(members.map(({ network }) => network.stop()))
}

/** All bytes of an exchange, granting as it reads. */
export async function readAll (exchange: ReturnType<Peer['request']>): Promise<{ readonly sizeBytes: number, readonly outcome: Outcome }> {
  let sizeBytes = 0
  for await (const part of exchange.data) {
    sizeBytes += part.length
    exchange.grant(part.length)
  }
  return { sizeBytes, outcome: await exchange.outcome }
}
