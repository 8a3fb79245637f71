import { statSync } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { hostError } from './failure.ts'

const MARKER_BYTES_MAX = 1024
/** Longer than any tick by which kernels stamp a changed folder. */
const STAMP_TICK_MS = 20

export type Marker = { readonly storeId: string, readonly formatVersion: number }

export const markerPath = (folder: string): string => `${folder}.marker`

/** The marker; undefined where there is none. */
export async function readMarker (folder: string): Promise<Marker | undefined> {
  const path = markerPath(folder)
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw hostError('store.open', `cannot read ${path} (${error.message}): give this user the right to read it`, error)
  })
  if (text === undefined) return undefined
  const marker = text.length <= MARKER_BYTES_MAX ? parseMarker(text) : undefined
  if (marker !== undefined) return marker
  throw hostError('store.open', `${path} does not hold what was written there. Restore this one file from a backup; the database ` +
    `in ${folder} was not touched`)
}

function parseMarker (text: string): Marker | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null || !('storeId' in value) || !('formatVersion' in value)) return undefined
  const { storeId, formatVersion } = value
  return typeof storeId === 'string' && Number.isSafeInteger(formatVersion) ? { storeId, formatVersion: Number(formatVersion) } : undefined
}

/** Writes the marker so that it is there whole or not at all, also after a power cut. */
export async function writeMarker (folder: string, marker: Marker): Promise<void> {
  const path = markerPath(folder)
  const draft = `${path}.draft`
  await rm(draft, { force: true })
  const file = await open(draft, 'wx', 0o600)
  try {
    await file.writeFile(`${JSON.stringify(marker)}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(draft, path)
  await syncFolder(dirname(path))
}

/** Makes the folder, which must not be there, and all folders above it. */
export async function makeFolder (folder: string): Promise<void> {
  const parent = dirname(folder)
  const topmostMade = await mkdir(parent, { recursive: true })
  await mkdir(folder, { mode: 0o700 })
  await syncFolder(parent)
  for (let made = parent; topmostMade !== undefined && made.length >= topmostMade.length; made = dirname(made)) {
    await syncFolder(dirname(made))
  }
}

/** Names in the folder; undefined where there is no such folder. */
export async function namesIn (folder: string): Promise<readonly string[] | undefined> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw hostError('store.open', `cannot look into ${folder} (${error.message}): it must be a folder that this user may read`, error)
  })
}

export async function syncFolder (folder: string): Promise<void> {
  const handle = await open(folder)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/**
 * Syncs the names of new files. LevelDB syncs its folder before each change of its manifest, but not when it starts
 * another log: after a power cut a log that was synced itself could have no name.
 */
export class FolderNames {
  readonly #folder: string
  readonly #handle: FileHandle
  #syncedStampMs = Number.NaN

  constructor (folder: string, handle: FileHandle) {
    this.#folder = folder
    this.#handle = handle
  }

  static async watch (folder: string): Promise<FolderNames> {
    return new FolderNames(folder, await open(folder))
  }

  /** Costs a few microseconds where no file came or went. */
  async sync (): Promise<void> {
    const nowMs = Date.now()
    const stampMs = statSync(this.#folder).mtimeMs
    if (stampMs === this.#syncedStampMs) return
    await this.#handle.sync()
    // A file made in the same tick leaves the stamp as it is, so a young stamp is not taken for an answer.
    this.#syncedStampMs = nowMs - stampMs > STAMP_TICK_MS ? stampMs : Number.NaN
  }

  async close (): Promise<void> {
    await this.#handle.close()
  }
}
