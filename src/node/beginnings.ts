import { ConsensusKeys } from './consensus/index.ts'
import { Candidacy, Ceremony, JoinListener } from './founding/index.ts'
import type { NodeOptions } from './options.ts'
import { Profile } from './profile/index.ts'

/** What a node has before it belongs anywhere: keys to vote with, the two ways into a federation, and what it says of itself. */
export type Beginnings = {
  readonly consensusKeys: ConsensusKeys
  readonly listener: JoinListener
  readonly ceremony: Ceremony
  readonly candidacy: Candidacy
  readonly profile: Profile
}

export async function openBeginnings ({ host, keys, name, place, announce, joinListen, joinAnnounce, log }: NodeOptions): Promise<Beginnings> {
  const { clock, store, random, join } = host
  const consensusKeys = await ConsensusKeys.load(host.signer, random)
  const consensusKey = async (): Promise<Uint8Array> => (await consensusKeys.first()).publicKey
  const listener = new JoinListener({ join, transportSeed: keys.transportSeed, listen: joinListen, announce: joinAnnounce, log })
  return {
    consensusKeys,
    listener,
    ceremony: new Ceremony({ store, clock, random, join, keys, consensusKey, name, addresses: announce, listener }),
    candidacy: new Candidacy({ store, clock, join, keys, consensusKey, name, addresses: announce }),
    profile: await Profile.load(store, { own: keys.did, name, place })
  }
}

export async function closeBeginnings ({ candidacy, ceremony, listener }: Beginnings): Promise<void> {
  await candidacy.stop()
  await ceremony.stop()
  await listener.stop()
}
