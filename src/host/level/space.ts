import { open, rename, rm, stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncFolder } from './folder.ts'

/** LevelDB cannot open on a full disk; deleting a file of this size gives it the room. */
export const BALLAST_BYTES: number = 64 << 20
const STEP_BYTES = 1 << 20

/** Makes sure that `path` takes up `sizeBytes` of the disk; false where there is no room for it. */
export async function ensureBallast (path: string, sizeBytes: number = BALLAST_BYTES): Promise<boolean> {
  const present = await stat(path).catch(() => undefined)
  if (present?.size === sizeBytes) return true
  const draft = `${path}.draft`
  try {
    const file = await open(draft, 'w', 0o600)
    try {
      const zeros = new Uint8Array(STEP_BYTES)
      for (let at = 0; at < sizeBytes; at += STEP_BYTES) await file.write(zeros, 0, Math.min(STEP_BYTES, sizeBytes - at))
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, path)
    await syncFolder(dirname(path))
    return true
  } catch (error) {
    await rm(draft, { force: true })
    if (error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')) return false
    throw error
  }
}

/** The part of the disk under `folder` that this user may still fill, from 0 to 1. Intake is refused below 0.05. */
export async function freeFraction (folder: string): Promise<number> {
  const { bavail, blocks } = await statfs(folder)
  return blocks === 0 ? 0 : bavail / blocks
}
