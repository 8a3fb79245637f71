import type { Host, Log } from '../host/index.ts'
import type { ProfileName } from './consensus/index.ts'
import type { Place } from './contract/index.ts'
import type { Engine } from './doors/index.ts'
import type { Keys } from './founding/index.ts'
import type { Rooms } from './rooms.ts'

export type NodeOptions = {
  readonly host: Host
  readonly keys: Keys
  readonly name: string
  /** Where this member is, until somebody says otherwise by `setPlace`. */
  readonly place?: Place | undefined
  /** What this member attests of where and how it keeps what it is given; nothing where it is left out. */
  readonly claims?: { readonly storedIn: readonly string[], readonly securityLevel: number } | undefined
  readonly listen: readonly string[]
  /** Addresses that others reach this node at; they go into the charter. */
  readonly announce: readonly string[]
  readonly joinListen: readonly string[]
  readonly joinAnnounce: readonly string[]
  readonly lan: boolean
  readonly profile: 'normal' | 'off-grid'
  readonly gossip: boolean
  /** How far apart the validators are in time; wide area where nothing is said. */
  readonly ledgerProfile?: ProfileName | undefined
  /** How often each neighbour is asked for all that it holds; a minute where nothing is said. */
  readonly listingEveryMs?: number
  /** How many feeds of one member this node takes. */
  readonly feedsPerMemberMax?: number
  /** Keep all datasets of the federation, or those that were asked for. */
  readonly keepsAll: boolean
  /** Bytes of other members' data that this node keeps; beyond it nothing new is fetched. */
  readonly quotaBytes: number
  readonly segmentBytesTarget: number
  readonly lingerMs: number
  readonly scrubHours: number
  /** Whether there is room on the disk to take data in. */
  readonly hasRoom: () => boolean
  /** The charter as it is kept outside of the store: used where the store has none. */
  readonly charter?: Uint8Array | undefined
  /** Keeps the charter outside of the store, which may be lost; resolves when that is durable. */
  readonly keepCharter?: (envelope: Uint8Array) => Promise<void>
  /** The folder was made from a backup: nothing is published before others have told what they hold of this member. */
  readonly isRestored?: boolean
  /**
   * Statements of members of where the ledger stands, for a node that was away for longer than keys are trusted for: two that
   * say the same, got from those members' `/.well-known/hanse-checkpoint.json` by a way that its operator trusts.
   */
  readonly checkpoints?: readonly Uint8Array[]
  /** Told of the rooms of this node once it belongs to a federation: for programs that go deeper than `HanseNode`. */
  readonly onRooms?: (rooms: Rooms) => void
  /** What decides by policies; `core/terms` where nothing is said. */
  readonly engine?: Engine
  /** Told once: all that others hold of this member is here again. */
  readonly restoreEnded?: () => void
  readonly log: Log
}
