/**
 * Keeps small files of this node that are for its owner alone: tokens, accounts, subscriptions, where it listens.
 *
 * A file is written beside, synced, and renamed, and then its folder is synced: whoever was answered finds what was kept after a
 * power cut too, and a crash leaves the old file or the new one. The mode is set before anything is in it.
 */
import { open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

const MODE = 0o600
const OTHERS = 0o077

/** `json` is undefined where the file holds none. `loose-mode`: others may read or write it, so that nothing in it is believed. */
export type OwnFile = { readonly state: 'absent' } | { readonly state: 'loose-mode' } | { readonly state: 'read', readonly json: unknown }

export async function readOwnFile (path: string): Promise<OwnFile> {
  let text: string
  try {
    if (((await stat(path)).mode & OTHERS) !== 0) return { state: 'loose-mode' }
    text = await readFile(path, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return { state: 'absent' }
    throw cause
  }
  try {
    return { state: 'read', json: JSON.parse(text) }
  } catch {
    return { state: 'read', json: undefined }
  }
}

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
