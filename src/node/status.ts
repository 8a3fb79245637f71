import { peerIdOfKey } from '../core/identity/index.ts'
import type { Belonging } from './rooms.ts'
import type { Beginnings } from './beginnings.ts'
import type { FoundingStatus, HanseNode, NodeStatus } from './contract/index.ts'
import type { Feed } from './feeds/index.ts'
import type { Home } from './home.ts'
import { nodeMetrics } from './metrics.ts'
import type { NodeOptions } from './options.ts'

type Standing = {
  readonly belonging: Belonging | undefined
  /** Also before all its rooms are open. */
  readonly isBelonging: boolean
  readonly isStopping: boolean
  readonly founding: FoundingStatus | null
  readonly problem: string | undefined
  readonly startedMs: number
}

/** How the node is, and who is there. */
export function standingCalls (
  options: NodeOptions, home: Home, { ceremony, candidacy, profile }: Beginnings, startedMs: number
): Pick<HanseNode, 'status' | 'peers' | 'members' | 'metrics'> {
  return {
    status: () => statusOf(options, {
      belonging: home.belonging, isBelonging: home.isBelonging, isStopping: home.isStopping,
      founding: ceremony.status() ?? candidacy.status(), problem: ceremony.problem ?? candidacy.problem, startedMs
    }),
    peers: () => home.belonging?.counts.peers() ?? [],
    members: () => {
      const members = home.belonging?.federation.members
      return members?.current.members().map(({ did, revokedSinceMs }) => (
        { did, name: members.nameOf(did), revoked: revokedSinceMs !== undefined, place: profile.placeOf(did) })) ?? []
    },
    metrics: () => home.belonging === undefined
      ? new Map()
      : new Map([...nodeMetrics(home.belonging.federation, startedMs, options.host.clock), ...home.belonging.reader.live.metrics()])
  }
}

/** How the node is, in figures. */
function statusOf ({ keys, name, announce }: NodeOptions, { belonging, isBelonging, isStopping, founding, problem, startedMs }: Standing): NodeStatus {
  const federation = belonging?.federation
  const feeds = federation === undefined ? [] : [...federation.feeds.all()]
  const current = federation?.members.current
  const described = belonging === undefined ? [] : [...belonging.catalogue.entries()].map(({ publisher }) => publisher === keys.did)
  const count = (is: (feed: Feed) => boolean): number => feeds.filter(is).length
  return {
    member: { did: keys.did, name },
    state: isStopping ? 'stopping' : federation !== undefined ? 'ready' : isBelonging || founding !== null ? 'founding' : 'alone',
    federation: current === undefined ? null : { id: current.federation.toString(), name: current.charter.name, members: federation?.members.belonging() ?? 0 },
    founding,
    peerId: peerIdOfKey(keys.transport.publicKey),
    addresses: federation?.network?.addresses() ?? announce,
    neighbours: { reachable: federation?.network?.peers().length ?? 0, known: current === undefined ? 0 : Math.max(0, current.peers().size - 1) },
    datasets: { own: described.filter(own => own).length, others: described.filter(own => !own).length },
    feeds: {
      own: count(feed => feed.role === 'writer'), replicated: count(feed => feed.role === 'reader'),
      frozen: count(feed => feed.status === 'frozen'), recovering: count(feed => feed.status === 'recovering')
    },
    records: feeds.reduce((sum, feed) => sum + feed.records, 0),
    storedBytes: feeds.reduce((sum, feed) => sum + feed.storedBytes, 0),
    segmentsMissing: feeds.reduce((sum, feed) => sum + feed.missing.reduce((all, [from, to]) => all + to - from, 0), 0),
    startedMs,
    certificateNotAfterMs: federation?.certificate.notAfterMs ?? null,
    alarms: [...federation?.alarms ?? [], ...belonging?.duties.alarms() ?? [], ...problem === undefined ? [] : [problem]]
  }
}
