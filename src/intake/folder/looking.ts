import { constants } from 'node:fs'
import { open, readdir, lstat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'

/** A regular file of the folder, as one look saw it. */
export type Seen = { readonly name: string, readonly inode: bigint, readonly sizeBytes: bigint, readonly modifiedNs: bigint }

/** Names that one look takes: a folder with more is worked off bit by bit. */
const NAMES_MAX = 10_000
const UNFINISHED = /^\.|(\.part|\.tmp|~)$/i
const CHUNK_BYTES = 262_144

export async function look (folder: string): Promise<ReadonlyMap<string, Seen>> {
  const seen: Seen[] = []
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isFile() || UNFINISHED.test(entry.name)) continue
    const found = await lstat(join(folder, entry.name), { bigint: true }).catch(() => undefined)
    if (found?.isFile() === true) seen.push({ name: entry.name, inode: found.ino, sizeBytes: found.size, modifiedNs: found.mtimeNs })
    if (seen.length === NAMES_MAX) break
  }
  const oldestFirst = seen.toSorted((a, b) => a.modifiedNs < b.modifiedNs ? -1 : a.modifiedNs > b.modifiedNs ? 1 : a.name < b.name ? -1 : 1)
  return new Map(oldestFirst.map(each => [each.name, each]))
}

export function isSame (one: Seen, other: Seen | undefined): boolean {
  return other !== undefined && one.inode === other.inode && one.sizeBytes === other.sizeBytes && one.modifiedNs === other.modifiedNs
}

/** Says that a file is another one by now, or still written to. */
export class Changed extends Error {
  override readonly name = 'Changed'
}

/** The bytes of exactly this file. Throws `Changed` where it is another by now, also at the end; and what the disk throws. */
export async function * bytesOf (folder: string, seen: Seen): AsyncGenerator<Uint8Array> {
  // A link in the place of the file is not followed, and a pipe in its place not waited for.
  await using file = await open(join(folder, seen.name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch((error: unknown) => {
    throw isGone(error) ? new Changed() : error
  })
  await check(file, seen)
  for (;;) {
    const buffer = new Uint8Array(CHUNK_BYTES)
    const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, null)
    if (bytesRead === 0) break
    yield buffer.subarray(0, bytesRead)
  }
  await check(file, seen)
}

async function check (file: FileHandle, seen: Seen): Promise<void> {
  const found = await file.stat({ bigint: true })
  if (!found.isFile() || !isSame(seen, { name: seen.name, inode: found.ino, sizeBytes: found.size, modifiedNs: found.mtimeNs })) throw new Changed()
}

/** It is not there any more, or a link is in its place. */
export function isGone (error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ELOOP' || error.code === 'ENXIO')
}
