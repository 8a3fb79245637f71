import type { LedgerMember, MemberStatus, NodeStatus, PeerStatus, Place } from '../../sdk/index.ts'

export type Reach = 'self' | 'reachable' | 'away' | 'unknown' | 'removed'

/** A member as a row of the table and a dot of the graph. */
export type MemberRow = {
  readonly did: string
  readonly name: string
  readonly reach: Reach
  /** Since when it is reachable, or away; null: since this node began. */
  readonly sinceMs: number | null
  /** Where it says that it is. */
  readonly place: Place | null
  readonly seat: LedgerMember['seat'] | null
  readonly nodes: readonly PeerStatus[]
  readonly sentBytes: number
  readonly receivedBytes: number
}

/** One row a member, oneself first, then by name. Reachable: one of its nodes is. */
export function memberRows (
  own: NodeStatus['member'], members: readonly MemberStatus[], peers: readonly PeerStatus[], ledger: readonly LedgerMember[]
): readonly MemberRow[] {
  return members.map(({ did, name, revoked, place }) => {
    const nodes = peers.filter(({ member }) => member.did === did)
    const up = nodes.find(({ reachable }) => reachable)
    const sinceMs = up?.sinceMs ?? latest(nodes)
    const reach = did === own.did ? 'self' as const : revoked ? 'removed' as const : up !== undefined ? 'reachable' as const : sinceMs === null ? 'unknown' as const : 'away' as const
    return {
      did, name, reach, sinceMs, place, seat: ledger.find(each => each.did === did)?.seat ?? null, nodes,
      sentBytes: nodes.reduce((sum, each) => sum + each.sentBytes, 0), receivedBytes: nodes.reduce((sum, each) => sum + each.receivedBytes, 0)
    }
  }).toSorted((a, b) => Number(b.reach === 'self') - Number(a.reach === 'self') || a.name.localeCompare(b.name))
}

function latest (nodes: readonly PeerStatus[]): number | null {
  return nodes.reduce<number | null>((newest, { sinceMs }) => sinceMs === null ? newest : Math.max(newest ?? 0, sinceMs), null)
}
