import type { Clock } from '../host/index.ts'
import type { PeerStatus } from './contract/index.ts'
import type { Federation } from './federation/index.ts'

/** Counts bytes by peer, and remembers since when it is there, or is not. */
export class PeerCounts {
  readonly #federation: Federation
  readonly #receivedBytes = new Map<string, number>()
  readonly #sentBytes = new Map<string, number>()
  readonly #sinceMs = new Map<string, number>()

  constructor (federation: Federation, clock: Clock) {
    this.#federation = federation
    federation.puller.received.on(({ peerId, sizeBytes }) => add(this.#receivedBytes, peerId, sizeBytes))
    federation.server.sent.on(({ peerId, sizeBytes }) => add(this.#sentBytes, peerId, sizeBytes))
    federation.peersChanged.on(({ peer }) => { this.#sinceMs.set(peer.peerId, clock.nowMs()) })
  }

  /** All members' nodes, whether they can be reached or not. */
  peers (): readonly PeerStatus[] {
    const { members, network, puller } = this.#federation
    const reachable = new Set(network?.peers().map(peer => peer.peerId))
    return [...members.current.peers()].filter(([peerId]) => peerId !== network?.peerId).map(([peerId, addresses]) => {
      const did = members.current.memberOfPeer(peerId) ?? peerId
      return {
        member: { did, name: members.nameOf(did) }, peerId, reachable: reachable.has(peerId), sinceMs: this.#sinceMs.get(peerId) ?? null,
        addresses, feedsOffered: puller.feedsOfferedBy(peerId), receivedBytes: this.#receivedBytes.get(peerId) ?? 0,
        sentBytes: this.#sentBytes.get(peerId) ?? 0
      }
    })
  }
}

function add (counts: Map<string, number>, key: string, value: number): void {
  counts.set(key, (counts.get(key) ?? 0) + value)
}

/** Gauges and counters of a node by name, in the form of Prometheus. */
export function nodeMetrics (federation: Federation, startedMs: number, clock: Clock): ReadonlyMap<string, number> {
  const { feeds, network, members, puller, writer, consensus } = federation
  const all = [...feeds.all()]
  const missing = all.reduce((sum, feed) => sum + feed.missing.reduce((count, [from, to]) => count + to - from, 0), 0)
  const replicated = all.filter(feed => feed.role === 'writer' && puller.holdersOf(feed).length > 0).length
  return new Map([
    ...network?.metrics() ?? [],
    ...consensus.metrics(),
    ...[...federation.access.refusals].map(([reason, count]) => [`hanse_terms_refusals_total{reason="${reason.replaceAll(/["\\\n]/g, '')}"}`, count] as const),
    ['hanse_uptime_seconds', (clock.nowMs() - startedMs) / 1000],
    ['hanse_neighbours_reachable', network?.peers().length ?? 0],
    ['hanse_neighbours_known', Math.max(0, members.current.peers().size - 1)],
    ['hanse_feeds', all.length],
    ['hanse_feeds_frozen', all.filter(feed => feed.status === 'frozen').length],
    ['hanse_feeds_recovering', all.filter(feed => feed.status === 'recovering').length],
    ['hanse_feeds_own_unreplicated', all.filter(feed => feed.role === 'writer').length - replicated],
    ['hanse_records', all.reduce((sum, feed) => sum + feed.records, 0)],
    ['hanse_stored_bytes', all.reduce((sum, feed) => sum + feed.storedBytes, 0)],
    ['hanse_segments_missing', missing],
    ['hanse_segments_damaged_total', feeds.damagedCount],
    ['hanse_peer_faults_total', puller.faults],
    ['hanse_append_queue_bytes', writer.queuedBytes],
    ['hanse_certificate_expiry_seconds', (federation.certificate.notAfterMs - clock.nowMs()) / 1000]
  ])
}
