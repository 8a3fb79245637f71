import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Store } from '../index.ts'
import { openStore } from './open.ts'
import { ensureBallast, freeFraction } from './space.ts'

const FREE_FRACTION_MIN = 0.05
const LOOK_EVERY_MS = 10_000

/** The databases of a node, and whether there is room to take data in. Whoever uses the databases closes them. */
export type Disk = {
  readonly store: Store
  readonly signer: Store
  readonly hasRoom: () => boolean
  /** Looks no more whether there is room. */
  stop (): void
}

/** Opens both databases in `folder`, whose ballast is given up for that where the disk is full, and laid in again when there is room. */
export async function openDisk (
  folder: { readonly path: string, readonly store: string, readonly signer: string }, options: { readonly writeBufferBytes: number, readonly onNoBallast: (path: string) => void }
): Promise<Disk> {
  const ballast = join(folder.path, 'ballast')
  // A full disk cannot even be opened.
  if (await freeFraction(folder.path) === 0) await rm(ballast, { force: true })
  const store = await openStore(folder.store, { writeBufferBytes: options.writeBufferBytes })
  const signer = await openStore(folder.signer, {})
  if (!await ensureBallast(ballast)) options.onNoBallast(ballast)
  let hasRoom = await freeFraction(folder.path) >= FREE_FRACTION_MIN
  const looking = setInterval(() => {
    freeFraction(folder.path).then(free => { hasRoom = free >= FREE_FRACTION_MIN }, () => { hasRoom = false })
  }, LOOK_EVERY_MS)
  return { store, signer, hasRoom: () => hasRoom, stop: () => { clearInterval(looking) } }
}
