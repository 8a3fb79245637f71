import { link, lstat, mkdir, rename, rm, unlink, writeFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { isGone, type Seen } from './looking.ts'

const NUMBERS_MAX = 100_000

/** Makes `done` and `failed`; refuses a link in their place. Throws with a sentence. */
export async function prepare (folder: string): Promise<void> {
  const found = await lstat(folder).catch(() => undefined)
  if (found?.isDirectory() !== true) throw new Error(`there is no folder ${folder}; make it, or name another one`)
  for (const name of ['done', 'failed']) {
    const path = join(folder, name)
    await mkdir(path, { mode: 0o750 }).catch((error: unknown) => { if (!isThere(error)) throw error })
    if (!(await lstat(path)).isDirectory()) throw new Error(`${path} is no folder; remove it`)
  }
}

/** Moves what was taken, or could not be. Nothing that is there already is overwritten. */
export async function move (folder: string, { name, inode }: Seen, to: 'done' | 'failed', reason?: string): Promise<void> {
  const from = join(folder, name)
  const target = await placed(from, join(folder, to), name, inode)
  if (target === undefined || reason === undefined) return
  // Whoever puts files here may put a link there too: it is replaced, and nothing is written through it.
  const note = `${target}.reason.txt`
  await rm(note, { force: true })
  await writeFile(note, `${reason}\n`, { flag: 'wx', mode: 0o640 })
}

/** Where it stands now; undefined where it is gone, or another one by now. */
async function placed (from: string, folder: string, name: string, inode: bigint): Promise<string | undefined> {
  const extension = extname(name)
  for (let number = 1; number < NUMBERS_MAX; number++) {
    const target = join(folder, number === 1 ? name : `${name.slice(0, name.length - extension.length)}-${number}${extension}`)
    try {
      if ((await lstat(from, { bigint: true })).ino !== inode) return undefined
      // Fails where the name is taken, which `rename` would overwrite.
      await link(from, target)
      await unlink(from)
      return target
    } catch (error) {
      if (isGone(error)) return undefined
      if (isThere(error)) continue
      if (!isWithoutLinks(error) || await isTaken(target)) throw error
      await rename(from, target)
      return target
    }
  }
  throw new Error(`${folder} holds too many files called ${name}; clear it`)
}

function isThere (error: unknown): boolean {
  return codeOf(error) === 'EEXIST'
}

/** Of file systems such as FAT. */
function isWithoutLinks (error: unknown): boolean {
  return ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(codeOf(error))
}

async function isTaken (path: string): Promise<boolean> {
  return lstat(path).then(() => true, () => false)
}

function codeOf (error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
