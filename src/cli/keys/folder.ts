import { mkdir, open, readdir, rename, rm, stat, chmod } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fail, ok, type Result } from '../../base/index.ts'
import { EXIT, problem, type Problem } from '../terminal/index.ts'

const FOLDER_MODE = 0o700
const FILE_MODE = 0o600
const OTHERS = 0o077

/** Where everything of a node lies. */
export type Folder = {
  readonly path: string
  readonly settings: string
  readonly keys: string
  readonly rootKey: string
  readonly nodeKey: string
  /** Databases; beside each lies its marker. */
  readonly store: string
  readonly signer: string
  /** The charter once more, outside of the store, which may be lost. */
  readonly charter: string
  /** There after a restore, until the node knows again what its keys had signed. */
  readonly restored: string
}

export function folderOf (path: string): Folder {
  const keys = join(path, 'keys')
  return {
    path, settings: join(path, 'hanse.toml'), keys, rootKey: join(keys, 'root.key'), nodeKey: join(keys, 'node.key'),
    store: join(path, 'store'), signer: join(path, 'signer'),
    charter: join(path, 'charter.cbor'), restored: join(path, 'restored')
  }
}

/** Makes the folder for a new node. What is in a folder already stays as it is: then it is refused. */
export async function makeFolder ({ path }: Folder): Promise<Result<null, Problem>> {
  const present = await namesIn(path)
  if (!present.ok) return present
  if (present.value.length > 0) {
    const node = present.value.includes('keys') || present.value.includes('hanse.toml')
    return problem(
      EXIT.failed, 'folder-not-empty', node ? `There is a node in ${path} already` : `The folder ${path} is not empty`,
      node ? 'Nothing was changed. Start it with hanse start, or choose another folder with --data.' : 'Choose an empty folder, or a new one, with --data.'
    )
  }
  await mkdir(path, { recursive: true, mode: FOLDER_MODE })
  await chmod(path, FOLDER_MODE)
  await syncFolder(dirname(path))
  return ok(null)
}

async function namesIn (path: string): Promise<Result<readonly string[], Problem>> {
  try {
    return ok((await readdir(path)).filter(name => name !== 'lost+found'))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT') return ok([])
    if (code === 'ENOTDIR') return problem(EXIT.usage, 'not-a-folder', `${path} is not a folder`, 'Choose a folder with --data.')
    throw error
  }
}

export async function makeKeyFolder ({ keys }: Folder): Promise<void> {
  await mkdir(keys, { mode: FOLDER_MODE })
}

/** Writes a file that is whole or not there, readable by its owner alone. Never over another. */
export async function writeSecretFile (path: string, content: Uint8Array): Promise<void> {
  const draft = `${path}.new`
  await rm(draft, { force: true })
  const file = await open(draft, 'wx', FILE_MODE)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(draft, path)
  await syncFolder(dirname(path))
}

async function syncFolder (path: string): Promise<void> {
  const handle = await open(path)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

export type SecretFileFailure = {
  readonly code: 'absent' | 'unreadable' | 'loose-mode' | 'too-large'
  readonly path: string
  readonly reason: string
  readonly hint: string
}

/** A file that only its owner can read, in a folder that only its owner can enter. */
export async function readSecretFile (path: string, sizeBytesMax: number): Promise<Result<Uint8Array, SecretFileFailure>> {
  const folder = dirname(path)
  try {
    const loose = await looserThan(folder, FOLDER_MODE) ?? await looserThan(path, FILE_MODE)
    if (loose !== undefined) return fail({ ...loose, path })
    return await readCapped(path, sizeBytesMax)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      return fail({ code: 'absent', path, reason: `${path} is missing`, hint: 'Restore it with hanse key restore from a backup, or make a new node with hanse init.' })
    }
    return fail({ code: 'unreadable', path, reason: `${path} cannot be read (${String(code)})`, hint: 'Check who owns the folder, and the disk.' })
  }
}

async function looserThan (path: string, mode: number): Promise<Omit<SecretFileFailure, 'path'> | undefined> {
  const found = await stat(path)
  if ((found.mode & OTHERS) === 0) return undefined
  return {
    code: 'loose-mode', reason: `Others on this machine may read ${path} (mode ${(found.mode & 0o777).toString(8)})`, hint: `Run chmod ${mode.toString(8)} ${path}`
  }
}

export async function readCapped (path: string, sizeBytesMax: number): Promise<Result<Uint8Array, SecretFileFailure>> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    if (size > sizeBytesMax) return fail({ code: 'too-large', path, reason: `${path} is larger than ${sizeBytesMax} bytes`, hint: 'Is this the right file?' })
    return ok(new Uint8Array(await file.readFile()))
  } finally {
    await file.close()
  }
}
