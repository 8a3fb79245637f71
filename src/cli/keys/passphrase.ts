import { ok, textOf, type Result } from '../../base/index.ts'
import { askSecret, EXIT, problem, type Call, type Problem } from '../terminal/index.ts'
import { readCapped } from './folder.ts'

const PASSPHRASE_FILE_BYTES_MAX = 65_536
const PASSPHRASE_LENGTH_MIN = 8

export const passphraseOption = {
  name: 'passphrase-file', value: 'FILE', help: 'a file whose first line is the passphrase (never given on the command line or in the environment)'
} as const

/** The first line of a file. */
export async function passphraseOfFile (path: string): Promise<Result<string, Problem>> {
  const unreadable = (why: string): ReturnType<typeof problem> =>
    problem(EXIT.usage, 'passphrase-file', `The passphrase file ${path} ${why}`, 'Name a text file whose first line is the passphrase.')
  let bytes: Uint8Array
  try {
    const read = await readCapped(path, PASSPHRASE_FILE_BYTES_MAX)
    if (!read.ok) return unreadable('is too large')
    bytes = read.value
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    return unreadable(code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`)
  }
  const line = textOf(bytes)?.split('\n')[0]?.replace(/\r$/, '')
  if (line === undefined || line === '') return unreadable('holds no text in its first line')
  return ok(line)
}

/** A passphrase for something new: from the file, or typed twice. */
export async function newPassphrase (call: Call, purpose: string): Promise<Result<string, Problem>> {
  const file = call.text('passphrase-file')
  const given = file === undefined ? await typedTwice(call, purpose) : await passphraseOfFile(file)
  if (given.ok && given.value.length < PASSPHRASE_LENGTH_MIN) {
    return problem(EXIT.usage, 'weak-passphrase', `The passphrase has fewer than ${PASSPHRASE_LENGTH_MIN} characters`, 'Take a longer one: four or five words that do not belong together.')
  }
  return given
}

async function typedTwice (call: Call, purpose: string): Promise<Result<string, Problem>> {
  const instead = 'Give it with --passphrase-file FILE.'
  const first = await askSecret(call, `A passphrase for ${purpose}`, instead)
  if (!first.ok) return first
  const second = await askSecret(call, 'The same once more', instead)
  if (!second.ok) return second
  return first.value === second.value ? first : problem(EXIT.usage, 'passphrase', 'The two passphrases differ', 'Try again.')
}

/** The passphrase of something that has one. */
export async function knownPassphrase (call: Call, purpose: string): Promise<Result<string, Problem>> {
  const file = call.text('passphrase-file')
  return file === undefined ? askSecret(call, `The passphrase of ${purpose}`, 'Give it with --passphrase-file FILE.') : passphraseOfFile(file)
}
