import { access, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createStore, openStore } from '../../host/level/index.ts'
import { systemRandom } from '../../host/system/index.ts'
import { adoptStore, promisedFeeds } from '../../node/index.ts'
import { folderOf, readCharter } from '../keys/index.ts'
import { answer, EXIT, problem, type Outcome } from '../terminal/index.ts'

/**
 * Gives a node whose store cannot be opened an empty one. Keys, settings, charter and the signer stay: the node is who it
 * was, and fetches everything back from neighbours. The damaged store is set aside, never deleted.
 */
export async function rebuild (path: string, nowMs: number): Promise<Outcome> {
  const folder = folderOf(path)
  // A signer that cannot be opened, as while the node runs, throws, and nothing is changed. The store is not even tried: damage
  // can be such that LevelDB ends the process over it.
  const signer = await openStore(folder.signer, {})
  try {
    const promised = await promisedFeeds(signer)
    const charter = await readCharter(folder)
    if (promised > 0 && (!charter.ok || charter.value.length === 0)) {
      return problem(EXIT.failed, 'no-charter', `${folder.charter} is missing, and without it the node would not know its federation`,
        `Copy charter.cbor from the folder of another member to ${folder.charter}, then try again. Nothing was changed.`)
    }
    const aside = `${folder.store}.damaged-${nowMs}`
    const moved = await setAside(folder.store, aside)
    const store = await createStore(folder.store, { random: systemRandom })
    await adoptStore(signer, store.storeId)
    await store.close()
    const lines = [
      moved ? `The damaged store was set aside as ${aside}; delete it when you no longer want it.` : 'There was no store to set aside.',
      `${folder.store} is new and empty. Keys, settings and what was signed are untouched.`,
      '',
      'Next: hanse start. The node fetches back what its neighbours hold, its own feeds first, and publishes again once they',
      'are here as far as they were signed; hanse status tells how far it is.'
    ]
    return answer({ store: folder.store, setAside: moved ? aside : null, ownFeedsToFetchBack: promised }, lines.join('\n'))
  } finally {
    await signer.close()
  }
}

async function setAside (store: string, aside: string): Promise<boolean> {
  const moved: string[] = []
  for (const [from, to] of [[store, aside], [`${store}.marker`, `${aside}.marker`]] as const) {
    if (!await access(from).then(() => true, () => false)) continue
    await rename(from, to)
    moved.push(to)
  }
  const parent = await open(dirname(store))
  try {
    await parent.sync()
  } finally {
    await parent.close()
  }
  return moved.length > 0
}
