import { Signal } from '../../src/node/feeds/index.ts'
import { Doors, Standings, TERMS_ENGINE, type AssetFacts, type DoorsOptions, type Engine, type FileUse } from '../../src/node/doors/index.ts'
import type { Members } from '../../src/node/members/index.ts'
import { membership } from '../core/feed.fixture.ts'
import { openMemoryStore } from './memory-store.ts'

export const OPEN: AssetFacts = { access: 'members', terms: null, sources: [], derivation: null, viewers: 'members' }

export const realEngine: Engine = TERMS_ENGINE

export type OpenDoors = { readonly doors: Doors, readonly standings: Standings }

/** Doors of a node of `own`, to whom `describe` tells what there is; every access is taken as written down. */
export async function openDoors (
  given: Partial<DoorsOptions> & Pick<DoorsOptions, 'own' | 'clock'>,
  assets: { readonly describe?: (name: string) => AssetFacts | undefined, readonly uses?: readonly FileUse[], readonly claims?: { readonly storedIn: readonly string[], readonly securityLevel: number } | undefined, readonly changed?: Signal<{ readonly publisher: string, readonly datasetId: string }> } = {}
): Promise<OpenDoors> {
  const standings = given.standings ?? await Standings.load(openMemoryStore(), given.clock)
  const doors = new Doors({
    federation: membership.federation.toString(), members: membersOf(), standings, engine: realEngine,
    ledger: { classOf: () => 'municipality', revokedMs: () => null, height: () => 1, changed: new Signal() },
    access: { counters: () => ({ requests: 0, requestsToday: 0, recordsToday: 0 }), record: async () => true, refuse: () => {} },
    log: () => {}, ...given
  })
  doors.openAssets({
    describe: ({ datasetId }) => assets.describe?.(datasetId), usesOf: () => assets.uses ?? [], claimsOf: () => assets.claims, changed: assets.changed ?? new Signal()
  })
  return { doors, standings }
}

function membersOf (): Pick<Members, 'current' | 'changed'> {
  return { current: membership, changed: new Signal() }
}

