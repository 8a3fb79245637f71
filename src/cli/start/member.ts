import { access, rm } from 'node:fs/promises'
import type { Log } from '../../host/index.ts'
import { createSqlEngine } from '../../host/duckdb/index.ts'
import type { Disk } from '../../host/level/index.ts'
import { joinPort, openNetwork } from '../../host/libp2p/index.ts'
import { systemClock, systemRandom } from '../../host/system/index.ts'
import { keysOf, type NodeOptions, type Seeds } from '../../node/index.ts'
import type { Config } from '../config/index.ts'
import { keepCharter, readCharter, type Folder } from '../keys/index.ts'
import { announced, joinAnnounced } from './addresses.ts'

/** What this node is made with: its keys, what the settings say of it, and the real host. */
export async function nodeOptions (
  { folder, config: { member, network, storage, sync, ledger }, seeds, checkpoints, log }: {
    readonly folder: Folder, readonly config: Config, readonly seeds: Seeds, readonly checkpoints: readonly Uint8Array[], readonly log: Log
  },
  { store, signer, hasRoom }: Disk
): Promise<NodeOptions> {
  const charter = await readCharter(folder)
  return {
    host: { clock: systemClock, random: systemRandom, store, signer, openNetwork, join: joinPort, sql: createSqlEngine() },
    keys: keysOf(seeds), name: member.name, claims: claimsOf(member), place: placeOf(member),
    listen: network.listen, announce: announced(network.listen, network.announce),
    joinListen: network.join_listen, joinAnnounce: joinAnnounced(network.join_listen, network.announce),
    lan: network.lan, profile: network.profile, gossip: network.gossip, ledgerProfile: ledger.profile,
    keepsAll: sync.datasets === 'all', quotaBytes: sync.quota_bytes,
    segmentBytesTarget: storage.segment_bytes_target, lingerMs: storage.linger_ms, scrubHours: storage.scrub_hours, hasRoom,
    charter: charter.ok ? charter.value : undefined, keepCharter: envelope => keepCharter(folder, envelope), checkpoints,
    isRestored: await access(folder.restored).then(() => true, () => false),
    restoreEnded: () => { rm(folder.restored, { force: true }).catch(() => {}) },
    log
  }
}

function placeOf ({ place }: { readonly place: string }): { readonly latitude: number, readonly longitude: number } | undefined {
  const [latitude, longitude] = place.split(',').map(Number)
  return latitude === undefined || longitude === undefined ? undefined : { latitude, longitude }
}

function claimsOf ({ stored_in: storedIn, security_level: securityLevel }: { readonly stored_in: readonly string[], readonly security_level: number }): { readonly storedIn: readonly string[], readonly securityLevel: number } | undefined {
  return storedIn.length === 0 && securityLevel === 0 ? undefined : { storedIn: storedIn.toSorted(), securityLevel }
}
