import { gossipsub, TopicValidatorResult, type GossipSub, type GossipsubOpts } from '@libp2p/gossipsub'
import type { Connection } from '@libp2p/interface'
import { assert, concat, sha256, utf8 } from '../../base/index.ts'
import type { Log, PeerId, Topic, Verdict } from '../index.ts'
import { TokenBucket, type Limits } from './limits.ts'

/** Score of a misbehaving peer before the default weight of 10: below the graylist threshold of -80. */
const MISBEHAVING_SCORE = -10
const RPC_LIMITS = {
  maxSubscriptions: 512, maxMessages: 2048, maxIhaveMessageIDs: 2048, maxIwantMessageIDs: 2048,
  maxControlMessages: 1024, maxIdontwantMessageIDs: 512, maxPeerInfos: 0
}
const SEPARATOR = new Uint8Array(1)

export type GossipOptions = {
  readonly topics: readonly Topic[]
  readonly limits: Limits
  readonly isMisbehaving: (peerId: PeerId) => boolean
}

/** The service for libp2p. Every option stands here for a measured reason, see the design note on the network. */
export function gossipService ({ topics, limits, isMisbehaving }: GossipOptions): ReturnType<typeof gossipsub> {
  assert(topics.length <= limits.gossipTopicsMax, `at most ${limits.gossipTopicsMax} topics`)
  assert(limits.gossipTopicsMax <= Math.min(RPC_LIMITS.maxSubscriptions, RPC_LIMITS.maxControlMessages),
    'all subscriptions of a node fit one RPC: a larger one is dropped whole, silently')
  assert(RPC_LIMITS.maxIwantMessageIDs * (limits.gossipBytesMax + 256) <= limits.gossipFrameBytesMax,
    'the answer to the largest IWANT fits one frame: a larger one mutes the peer')
  const options: Partial<GossipsubOpts> = {
    globalSignaturePolicy: 'StrictNoSign',
    msgIdFn: ({ topic, data }) => sha256(concat([utf8(topic), SEPARATOR, data])).subarray(0, 20),
    allowedTopics: topics.map(topic => topic.name),
    fallbackToFloodsub: false,
    doPX: false,
    emitSelf: false,
    runOnLimitedConnection: false,
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    floodPublish: true,
    maxOutboundBufferSize: limits.gossipBufferBytesMax,
    maxInboundDataLength: limits.gossipFrameBytesMax,
    maxTopicBytesPerPeer: 1024 * 1024,
    maxInboundStreams: 2,
    maxOutboundStreams: 2,
    decodeRpcLimits: RPC_LIMITS,
    scoreParams: {
      IPColocationFactorWeight: 0,
      topics: {},
      appSpecificScore: peerId => isMisbehaving(peerId) ? MISBEHAVING_SCORE : 0
    }
  }
  return gossipsub(options)
}

export type GossipRunOptions = {
  readonly topics: readonly Topic[]
  readonly limits: Limits
  readonly nowMs: () => number
  readonly onReject: (from: PeerId) => void
  readonly count: (metric: string) => void
  readonly log: Log
}

/** Hints to all members: judged before they are passed on, never the only way anything arrives. */
export class Gossip {
  readonly #pubsub: GossipSub
  readonly #options: GossipRunOptions
  readonly #topics: ReadonlyMap<string, Topic>
  readonly #buckets: ReadonlyMap<string, TokenBucket>

  constructor (pubsub: GossipSub, options: GossipRunOptions) {
    const { topics, limits, nowMs } = options
    this.#pubsub = pubsub
    this.#options = options
    this.#topics = new Map(topics.map(topic => [topic.name, topic]))
    this.#buckets = new Map(topics.map(topic =>
      [topic.name, new TokenBucket(limits.publishesPerSecondMax, limits.publishesBurstMax, nowMs())]))
  }

  start (): void {
    // By this event alone: with synchronous validators it fires after the verdict.
    this.#pubsub.addEventListener('gossipsub:message', ({ detail: { propagationSource, msg } }) => {
      try {
        this.#topics.get(msg.topic)?.deliver(msg.data, propagationSource.toString())
      } catch (error) {
        this.#options.log('error', 'a gossip message could not be delivered', { topic: msg.topic, error: String(error) })
      }
    })
    for (const topic of this.#topics.values()) {
      this.#pubsub.topicValidators.set(topic.name, (from, { data }) => {
        const verdict = this.#judge(topic, data, from.toString())
        this.#options.count(`hanse_gossip_messages_total{verdict="${verdict}"}`)
        if (verdict === 'accept') return TopicValidatorResult.Accept
        if (verdict === 'ignore') return TopicValidatorResult.Ignore
        this.#options.onReject(from.toString())
        return TopicValidatorResult.Reject
      })
      this.#pubsub.subscribe(topic.name)
    }
  }

  publish (name: string, message: Uint8Array): boolean {
    const bucket = this.#buckets.get(name)
    const { limits, nowMs, count, log } = this.#options
    if (bucket === undefined || message.length > limits.gossipBytesMax || !bucket.take(nowMs())) {
      count('hanse_gossip_unpublished_total')
      return false
    }
    this.#pubsub.publish(name, message).catch((error: unknown) => log('debug', 'a hint was not published', { error: String(error) }))
    return true
  }

  /** Whether gossip with this peer looks alive from here: listed, subscribed to something of ours, and a stream open. */
  isHeard (peerId: PeerId, connections: readonly Connection[]): boolean {
    if (!this.#pubsub.getPeers().some(peer => peer.toString() === peerId)) return false
    const subscribed = [...this.#topics.keys()].slice(0, 1)
      .every(topic => this.#pubsub.getSubscribers(topic).some(peer => peer.toString() === peerId))
    return subscribed && connections.some(({ streams }) => streams.some(stream =>
      stream.direction === 'outbound' && stream.protocol.startsWith('/meshsub/') && stream.writeStatus === 'writable'))
  }

  #judge (topic: Topic, data: Uint8Array, from: PeerId): Verdict {
    if (data.length > this.#options.limits.gossipBytesMax) return 'reject'
    try {
      return topic.validate(data, from)
    } catch (error) {
      this.#options.log('error', 'a gossip validator threw', { topic: topic.name, error: String(error) })
      return 'ignore'
    }
  }
}

type Watched = { sinceMs: number, mutedSinceMs: number | undefined, readonly closesMs: number[] }

export type WatchdogOptions = {
  readonly limits: Limits
  readonly nowMs: () => number
  readonly peers: () => ReadonlyMap<PeerId, readonly Connection[]>
  readonly isHeard: (peerId: PeerId, connections: readonly Connection[]) => boolean
  readonly close: (peerId: PeerId) => void
}

/**
 * Closes connections on which gossip fell silent, so that the redial loop makes fresh ones: gossipsub never reopens
 * a stream that died of a frame or a buffer over its limit, and goes on listing the peer.
 */
export class Watchdog {
  readonly #options: WatchdogOptions
  readonly #watchedByPeer = new Map<PeerId, Watched>()

  constructor (options: WatchdogOptions) {
    this.#options = options
  }

  look (): void {
    const { limits, nowMs, peers, isHeard, close } = this.#options
    const now = nowMs()
    const connected = peers()
    this.#forget(connected, now)
    for (const [peerId, connections] of connected) {
      const watched = this.#watchedByPeer.get(peerId) ?? { sinceMs: now, mutedSinceMs: undefined, closesMs: [] }
      this.#watchedByPeer.set(peerId, watched)
      watched.sinceMs = Math.min(watched.sinceMs, now)
      if (now - watched.sinceMs < limits.watchdogGraceMs) continue
      if (isHeard(peerId, connections)) watched.mutedSinceMs = undefined
      else watched.mutedSinceMs ??= now
      if (watched.mutedSinceMs === undefined || now - watched.mutedSinceMs < limits.watchdogMutedMs) continue
      if (watched.closesMs.length >= limits.watchdogClosesPerHourMax) continue
      watched.closesMs.push(now)
      watched.mutedSinceMs = undefined
      close(peerId)
    }
  }

  /** A peer that is gone starts anew when it returns; what was closed within the hour is remembered. */
  #forget (connected: ReadonlyMap<PeerId, readonly Connection[]>, now: number): void {
    for (const [peerId, watched] of this.#watchedByPeer) {
      while ((watched.closesMs[0] ?? now) < now - 60 * 60_000) watched.closesMs.shift()
      if (connected.has(peerId)) continue
      watched.sinceMs = Infinity
      watched.mutedSinceMs = undefined
      if (watched.closesMs.length === 0) this.#watchedByPeer.delete(peerId)
    }
  }
}
