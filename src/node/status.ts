import { peerIdOfKey } from '../core/identity/index.ts'
import type { Belonging } from './rooms.ts'
import type { FoundingStatus, NodeStatus } from './contract/index.ts'
import type { Feed } from './feeds/index.ts'
import type { NodeOptions } from './options.ts'

export type Standing = {
  readonly belonging: Belonging | undefined
  /** Also before all its rooms are open. */
  readonly isBelonging: boolean
  readonly isStopping: boolean
  readonly founding: FoundingStatus | null
  readonly problem: string | undefined
  readonly startedMs: number
}

/** How the node is, in figures. */
export function statusOf ({ keys, name, announce }: NodeOptions, { belonging, isBelonging, isStopping, founding, problem, startedMs }: Standing): NodeStatus {
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
