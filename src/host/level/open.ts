import { realpath, rm } from 'node:fs/promises'
import { Level } from 'level'
import { decodeCanonical, encodeCanonical, hex, struct, text, uint } from '../../base/index.ts'
import type { HostError, Random, Store } from '../index.ts'
import { codesOf, damagedOrThrow, hostError, isDamage, messageOf } from './failure.ts'
import {
  FolderNames, makeFolder, markerPath, namesIn, readMarker, syncFolder, writeMarker, type Marker
} from './folder.ts'
import { LevelStore, type Database } from './store.ts'
import { readTagged, tagged } from './tag.ts'

export const FORMAT_VERSION = 1
const STORE_ID_SIZE_BYTES = 16
const IDENTITY_KEY = Uint8Array.of(0, 1)
const IDENTITY_BYTES_MAX = 256
/**
 * Tables are mapped into memory while they are open, and what was read of them stays there. 64 of them and what LevelDB keeps for itself,
 * the fewest that it takes; it would keep a thousand.
 */
const OPEN_FILES_MAX = 74
/** Eight times as much made neither appends nor late joiners faster; up to twelve tables of this size wait to be merged, and are read for it. */
const WRITE_BUFFER_BYTES = 8 << 20
const identitySchema = struct({ storeId: text(64), formatVersion: uint() })

/**
 * Folders that this process has open. LevelDB refuses a second time too, but drops its lock on the way out (POSIX: closing
 * any descriptor of a file gives up all locks on it), and then another process may write there.
 */
const openFolders = new Set<string>()

export type StoreOptions = {
  /** Rows that LevelDB holds in memory, twice while it writes a table. Small for a store that stays small. */
  readonly writeBufferBytes?: number
  /** LevelDB's own cache, of tagged rows; blocks are cached by those who checked them. */
  readonly cacheBytes?: number
}

/** Makes a database where there is none, opens it and gives it a name for life. */
export async function createStore (folder: string, options: StoreOptions & { readonly random: Random }): Promise<Store> {
  if (await readMarker(folder) !== undefined) {
    throw hostError('store.open', `${markerPath(folder)} says that a database was created before. Open that one, or choose another folder`)
  }
  const names = await namesIn(folder)
  if (names !== undefined && names.length > 0) {
    throw hostError('store.open', `${folder} is not empty and ${markerPath(folder)} is missing. If creating it was cut off before, ` +
      'nothing was stored yet: delete the folder and try again. If it held data, restore the marker from a backup')
  }
  if (names !== undefined) await rm(folder, { recursive: true })
  await makeFolder(folder)
  const marker = { storeId: hex(options.random.bytes(STORE_ID_SIZE_BYTES)), formatVersion: FORMAT_VERSION }
  return openFolder(folder, options, marker, 'create')
}

/** Opens what `createStore` made, and nothing else. */
export async function openStore (folder: string, options: StoreOptions): Promise<Store> {
  const marker = await readMarker(folder)
  const names = await namesIn(folder)
  if (marker === undefined) {
    throw hostError('store.open', names === undefined
      ? `there is no database in ${folder}: create one first, or name the right folder`
      : `${markerPath(folder)} is missing, so it is unknown which database must be in ${folder}. Restore this one file from a backup`)
  }
  if (marker.formatVersion > FORMAT_VERSION) throw newerFormat(folder, marker.formatVersion)
  if (names === undefined || !names.includes('CURRENT')) {
    throw hostError('store.open', `${markerPath(folder)} names the database ${marker.storeId}, but ${folder} ` +
      `${names === undefined ? 'is gone' : 'has no file CURRENT'}. Starting empty would forget what was promised, so nothing was ` +
      'opened or deleted. Restore the folder from a backup; if all of it is held elsewhere, delete folder and marker and create it again')
  }
  return openFolder(folder, options, marker, 'open')
}

async function openFolder (folder: string, options: StoreOptions, marker: Marker, how: 'create' | 'open'): Promise<Store> {
  const path = await realpath(folder)
  if (openFolders.has(path)) throw hostError('store.open', `this process has the database in ${folder} open already: close it first`)
  openFolders.add(path)
  let database: Database | undefined
  try {
    database = await openDatabase(folder, options, how)
    if (how === 'open') await checkIdentity(folder, database, marker)
    else await writeIdentity(database, marker)
    // LevelDB names a new manifest at each start and does not sync the folder after that.
    await syncFolder(folder)
    if (how === 'create') await writeMarker(folder, marker)
    return new LevelStore({
      storeId: marker.storeId, database, names: await FolderNames.watch(folder), closed: () => openFolders.delete(path)
    })
  } catch (error) {
    await database?.close()
    openFolders.delete(path)
    throw asOpenError(folder, error)
  }
}

async function openDatabase (folder: string, options: StoreOptions, how: 'create' | 'open'): Promise<Database> {
  const database = new Level<Uint8Array, Uint8Array>(folder, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    createIfMissing: how === 'create',
    errorIfExists: how === 'create',
    // A flipped bit in a compressed table stops all writing for good once a compaction meets it (16 of 40 flips); in a
    // plain one it stays what it is, one damaged row (0 of 40).
    compression: false,
    writeBufferSize: options.writeBufferBytes ?? WRITE_BUFFER_BYTES,
    cacheSize: options.cacheBytes ?? 8 << 20,
    maxFileSize: 8 << 20,
    maxOpenFiles: OPEN_FILES_MAX
  })
  await database.open()
  return database
}

async function writeIdentity (database: Database, identity: Marker): Promise<void> {
  await database.batch([{ type: 'put', key: IDENTITY_KEY, value: tagged(IDENTITY_KEY, encodeCanonical(identity)) }], { sync: true })
}

/**
 * The row inside must agree with the marker outside. A damaged one is written again: some database of ours is here,
 * and an exchanged one would carry a sound row of its own.
 */
async function checkIdentity (folder: string, database: Database, marker: Marker): Promise<void> {
  const read = readTagged(IDENTITY_KEY, await database.get(IDENTITY_KEY).catch(damagedOrThrow))
  if (read.state === 'damaged') return writeIdentity(database, marker)
  const identity = read.state === 'found' ? decodeCanonical(read.value, identitySchema, IDENTITY_BYTES_MAX) : undefined
  if (identity === undefined || !identity.ok) {
    throw hostError('store.open', `the database in ${folder} has no name, but ${markerPath(folder)} calls it ${marker.storeId}. ` +
      'It lost rows or was exchanged: restore the folder from a backup')
  }
  const { storeId, formatVersion } = identity.value
  if (formatVersion > FORMAT_VERSION) throw newerFormat(folder, formatVersion)
  if (storeId !== marker.storeId) {
    throw hostError('store.open', `the database in ${folder} is ${storeId}, but ${markerPath(folder)} names ${marker.storeId}. ` +
      'One of them was exchanged: put back the one that belongs here')
  }
}

function newerFormat (folder: string, formatVersion: number): HostError {
  return hostError('store.open', `the database in ${folder} has format ${formatVersion}, and this program knows formats up to ` +
    `${FORMAT_VERSION}. Start the newer program that wrote it; nothing was changed`)
}

function asOpenError (folder: string, error: unknown): HostError {
  const codes = codesOf(error)
  if (codes.includes('store.open')) return error as HostError
  const say = (what: string): HostError => hostError('store.open', `${what} (${messageOf(error)})`, error)
  if (codes.includes('LEVEL_LOCKED') || /already held|lock .*unavailable/i.test(messageOf(error))) {
    return say(`another hanse process uses the folder ${folder}: stop it first, or name another folder`)
  }
  if (/no space left/i.test(messageOf(error))) {
    return say(`the disk under ${folder} is full, and opening needs room: delete the ballast file or make space, then start again`)
  }
  if (isDamage(error)) {
    return say(`the database in ${folder} is damaged so that it cannot be opened. Nothing was deleted. Restore the folder from a ` +
      'backup; if all of it is held elsewhere, delete folder and marker and create it again')
  }
  return say(`cannot open the database in ${folder}: see that this user may read and write there`)
}
