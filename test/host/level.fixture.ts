import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Store } from '../../src/host/index.ts'
import { createStore, openStore, type StoreOptions } from '../../src/host/level/index.ts'
import { systemRandom } from '../../src/host/system/index.ts'
import type { OpenStore } from '../contract/store.ts'

/** A store in a folder of its own under the system's temporary folder. */
export async function temporaryStore (options: StoreOptions = {}): Promise<OpenStore & { readonly folder: string }> {
  const parent = await mkdtemp(join(tmpdir(), 'hanse-level-'))
  const folder = join(parent, 'store')
  let current: Store = await createStore(folder, { ...options, random: systemRandom })
  return {
    folder,
    store: current,
    async reopen () {
      await current.close()
      current = await openStore(folder, options)
      return current
    },
    async remove () {
      await current.close()
      await rm(parent, { recursive: true })
    }
  }
}
