import type { Head } from '../../core/feed/index.ts'
import type { ListEntry, PullState } from '../../core/sync/index.ts'
import type { Peer } from '../../host/index.ts'
import type { Feed } from '../feeds/index.ts'
import type { Lane } from './lane.ts'

/** A member's node, as long as it is connected. */
export type Link = {
  readonly peer: Peer
  readonly member: string
  /** Bulk work on this peer's stream, one at a time. */
  readonly lane: Lane
  /** Questions for heads: with many feeds at once they would leave no room for anything else. */
  readonly heads: Lane
  /** Aborted when the peer is gone. */
  readonly gone: AbortController
  /** Digest of the set of feeds that it listed last. */
  digest: Uint8Array
  /** By feed, what it claims and this node does not hold as much of yet. */
  readonly uncompared: Map<string, ListEntry>
  /** Feeds of which it was just asked why it claims another root. */
  readonly doubted: Set<string>
  isListing: boolean
}

/** How far one feed has come from others. */
export type Pull = {
  readonly feed: Feed
  state: PullState
  /** Signed and longer than what is held: what is aimed at. */
  candidate: Head | undefined
  /** Length of the longest head that was shown. */
  shown: number
}
