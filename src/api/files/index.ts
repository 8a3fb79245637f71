/**
 * Keeps small files of this node that are for its owner alone: tokens, accounts, subscriptions, where it listens.
 *
 * A file is written beside, synced, and renamed, and then its folder is synced: whoever was answered finds what was kept after a
 * power cut too, and a crash leaves the old file or the new one. The mode is set before anything is in it.
 */
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

const MODE = 0o600

export async function replaceFile (path: string, text: string): Promise<void> {
  const fresh = `${path}.new`
  await rm(fresh, { force: true })
  const file = await open(fresh, 'wx', MODE)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(fresh, path)
  const folder = await open(dirname(path))
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
