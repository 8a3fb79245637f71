import { readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fail, ok, type Result } from '../base/index.ts'
import { replaceFile } from './files/index.ts'

/** How a command on this machine finds the running node: `api.json` in the data folder, for its owner's eyes only. */
export type ApiFile = { readonly url: string, readonly token: string }

export type ApiFileFailure = {
  readonly code: 'absent' | 'loose-mode' | 'malformed'
  readonly path: string
}

const FILE_NAME = 'api.json'

export async function writeApiFile (dataFolder: string, content: ApiFile): Promise<void> {
  await replaceFile(join(dataFolder, FILE_NAME), `${JSON.stringify({ url: content.url, token: content.token })}\n`)
}

export async function readApiFile (dataFolder: string): Promise<Result<ApiFile, ApiFileFailure>> {
  const path = join(dataFolder, FILE_NAME)
  let text: string
  try {
    const { mode } = await stat(path)
    if ((mode & 0o077) !== 0) return fail({ code: 'loose-mode', path })
    text = await readFile(path, 'utf8')
  } catch {
    return fail({ code: 'absent', path })
  }
  const value = valueOf(text)
  return value === undefined ? fail({ code: 'malformed', path }) : ok(value)
}

/** A node that stopped takes its file with it. */
export async function removeApiFile (dataFolder: string): Promise<void> {
  await rm(join(dataFolder, FILE_NAME), { force: true })
}

function valueOf (text: string): ApiFile | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null || !('url' in value) || !('token' in value)) return undefined
  const { url, token } = value
  return typeof url === 'string' && typeof token === 'string' && URL.canParse(url) ? { url, token } : undefined
}
