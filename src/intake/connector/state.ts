import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { STATE_BYTES_MAX } from './limits.ts'
import type { StatePort } from './types.ts'

/** The state of one connector as a file of JSON: written beside it, synced, then renamed into place, so that a crash leaves the old or the new. */
export function fileState (folder: string, name: string): StatePort & { remove (): Promise<void> } {
  const path = join(folder, `${name}.json`)
  let writing: Promise<void> = Promise.resolve()
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const turn = writing.then(work)
    writing = turn.catch(() => {})
    return turn
  }
  return {
    async read () {
      await writing
      try {
        if ((await stat(path)).size > STATE_BYTES_MAX) return undefined
        return JSON.parse(await readFile(path, 'utf8')) as unknown
      } catch {
        return undefined
      }
    },
    write: value => inTurn(() => replace(folder, path, JSON.stringify(value))),
    remove: () => inTurn(() => rm(path, { force: true }))
  }
}

async function replace (folder: string, path: string, text: string): Promise<void> {
  if (text.length > STATE_BYTES_MAX) throw new Error(`the state of a connector has ${text.length} characters, at most ${STATE_BYTES_MAX}`)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const beside = `${path}.new`
  const file = await open(beside, 'w', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(beside, path)
  const directory = await open(folder, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
