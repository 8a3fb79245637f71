import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import {
  bytes, encodeCanonical, isProtectedKeystore, KEYSTORE_SIZE_BYTES_MAX, literal, ok, struct, text, textOf, uint, utf8,
  type Parsed, type Result
} from '../../base/index.ts'
import { systemClock, systemRandom } from '../../host/system/index.ts'
import { keysOf } from '../../node/index.ts'
import { configOf } from '../config/index.ts'
import { answer, EXIT, formatTime, problem, type Call, type Command, type Outcome, type Problem } from '../terminal/index.ts'
import { CHARTER_LENGTH_MAX, readCharter } from './charter.ts'
import { folderOf, makeFolder, readCapped, readSecretFile, writeSecretFile } from './folder.ts'
import { fill } from './init.ts'
import { knownPassphrase, newPassphrase, passphraseOption } from './passphrase.ts'
import { openKeyFiles, openSecret, sealSecret, type KeyFailure } from './seeds.ts'

const SETTINGS_LENGTH_MAX = 262_144
const INSTANCE_SIZE_BYTES = 16

/** Files as they lie in the folder: a root key under a passphrase stays under it; no charter where there is no federation yet. */
const backupSchema = struct({
  v: literal(1), kind: literal('backup'), did: text(128), name: text(128), createdMs: uint(),
  rootFile: bytes(1, 8_192), nodeFile: bytes(1, 8_192), settings: bytes(0, SETTINGS_LENGTH_MAX), charter: bytes(0, CHARTER_LENGTH_MAX)
})
type Backup = Parsed<typeof backupSchema>

export const keyBackupCommand: Command = {
  name: 'key backup',
  summary: 'Write all keys and the settings of this node into one file, under a passphrase',
  arguments: [{ name: 'FILE', help: 'the file to write; it must not exist' }],
  options: [
    passphraseOption,
    { name: 'unprotected', help: 'write it without a passphrase: whoever has the file is this member' }
  ],
  examples: ['hanse key backup /media/usb/bellevue.backup', 'hanse key backup bellevue.backup --passphrase-file ./secret'],
  run: backup
}

export const keyRestoreCommand: Command = {
  name: 'key restore',
  summary: 'Make a node from a backup, in an empty folder',
  arguments: [{ name: 'FILE', help: 'a file that hanse key backup wrote' }],
  options: [passphraseOption],
  examples: ['hanse key restore /media/usb/bellevue.backup --data ./bellevue', 'hanse key restore bellevue.backup --data ./bellevue --passphrase-file ./secret'],
  run: restore
}

async function backup (call: Call): Promise<Outcome> {
  const settings = configOf(call)
  if (!settings.ok) return settings
  const path = resolve(call.arguments[0] ?? '')
  const folder = folderOf(settings.value.folder)
  const root = await readSecretFile(folder.rootKey, KEYSTORE_SIZE_BYTES_MAX)
  const node = await readSecretFile(folder.nodeKey, KEYSTORE_SIZE_BYTES_MAX)
  if (!root.ok) return keyProblem(root.failure)
  if (!node.ok) return keyProblem(node.failure)
  // What cannot be opened now could not be restored either.
  const keys = openKeyFiles({ root: root.value, node: node.value }, undefined, folder)
  if (!keys.ok) return keyProblem(keys.failure)
  const toml = settings.value.fileExists ? await readCapped(settings.value.file, SETTINGS_LENGTH_MAX) : ok(new Uint8Array())
  if (!toml.ok) return keyProblem(toml.failure)
  const charter = await readCharter(folder)
  if (!charter.ok) return keyProblem(charter.failure)
  const free = await freeName(path)
  if (!free.ok) return free
  const passphrase = call.flag('unprotected') ? undefined : await newPassphrase(call, 'the backup')
  if (passphrase?.ok === false) return passphrase
  const { did } = keysOf(keys.value.seeds)
  const name = settings.value.config.member.name.normalize('NFC')
  const content: Backup = {
    v: 1, kind: 'backup', did, name, createdMs: systemClock.nowMs(), rootFile: root.value, nodeFile: node.value, settings: toml.value,
    charter: charter.value
  }
  await writeSecretFile(path, sealSecret(encodeCanonical({ ...content }), passphrase?.value, systemRandom))
  const lines = [
    `Wrote ${path}: all keys and settings of ${name === '' ? did : name}${passphrase === undefined ? ', without a passphrase' : ''}.`,
    ...(keys.value.rootLocked ? ['The member key in it keeps its own passphrase as well: keep both.'] : []),
    'Keep it away from this machine. Data are not in it: they come back from neighbours.'
  ]
  return answer({ file: path, did, name, protected: passphrase !== undefined, rootProtected: keys.value.rootLocked }, lines.join('\n'))
}

async function restore (call: Call): Promise<Outcome> {
  if (call.config !== undefined) {
    return problem(EXIT.usage, 'usage', 'hanse key restore writes the settings into the folder of the node', 'Leave out --config.')
  }
  const settings = configOf(call)
  if (!settings.ok) return settings
  const path = resolve(call.arguments[0] ?? '')
  const read = await readBackup(call, path)
  if (!read.ok) return read
  const { did, name, createdMs, rootFile, nodeFile, settings: toml, charter } = read.value
  const folder = folderOf(settings.value.folder)
  const made = await makeFolder(folder)
  if (!made.ok) return made
  // The marker is there before anything that could start: a node must never run on restored keys without knowing it.
  const marker = { did, instance: Buffer.from(systemRandom.bytes(INSTANCE_SIZE_BYTES)).toString('hex'), restoredMs: systemClock.nowMs() }
  await writeSecretFile(folder.restored, utf8(`${JSON.stringify(marker)}\n`))
  if (charter.length > 0) await writeSecretFile(folder.charter, charter)
  await fill(folder, { root: rootFile, node: nodeFile }, textOf(toml) ?? '')
  const text = [
    `Restored ${name === '' ? did : name} into ${folder.path}, from a backup of ${formatTime(createdMs)}.`,
    '',
    'This node must not run beside the original, or beside another copy: two nodes with one key contradict each other, and',
    'their neighbours will take it for fraud. Make sure that the original is stopped and stays so, then: hanse start',
    'Until half of the other members have told what they hold of it, it publishes nothing.'
  ].join('\n')
  return answer({ member: { did, name }, folder: folder.path, backupCreatedMs: createdMs, restored: folder.restored }, text)
}

/** The whole backup is verified before anything is written. */
async function readBackup (call: Call, path: string): Promise<Result<Backup, Problem>> {
  const file = await readFileOf(path)
  if (!file.ok) return file
  const isProtected = isProtectedKeystore(file.value)
  const passphrase = isProtected.ok && isProtected.value ? await knownPassphrase(call, 'the backup') : undefined
  if (passphrase?.ok === false) return passphrase
  const opened = openSecret(file.value, backupSchema, passphrase?.value, path)
  if (!opened.ok) return keyProblem(opened.failure)
  const keys = openKeyFiles({ root: opened.value.rootFile, node: opened.value.nodeFile }, undefined, { rootKey: path, nodeKey: path })
  if (!keys.ok) return keyProblem(keys.failure)
  if (keysOf(keys.value.seeds).did !== opened.value.did || textOf(opened.value.settings) === undefined) {
    return problem(EXIT.unverified, 'malformed', `The parts of ${path} do not belong together`, 'Use another copy of the backup.')
  }
  return opened
}

async function readFileOf (path: string): Promise<Result<Uint8Array, Problem>> {
  try {
    const read = await readCapped(path, KEYSTORE_SIZE_BYTES_MAX)
    return read.ok ? read : keyProblem(read.failure)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    return code === 'ENOENT'
      ? problem(EXIT.notFound, 'not-found', `There is no file ${path}`, 'Check the path.')
      : problem(EXIT.failed, 'unreadable', `${path} cannot be read (${code})`, 'Name a file that hanse key backup wrote, and check its rights.')
  }
}

async function freeName (path: string): Promise<Result<null, Problem>> {
  const present = await stat(path).catch(() => undefined)
  if (present !== undefined) return problem(EXIT.failed, 'exists', `${path} exists already`, 'Nothing was changed. Choose another name: an old backup may be the only one that opens.')
  try {
    await access(dirname(path), constants.W_OK)
    return ok(null)
  } catch {
    return problem(EXIT.failed, 'no-folder', `Nothing can be written to ${dirname(path)}`, 'Name a file in a folder that exists and that you may write to.')
  }
}

/** Failures of key files as a command says them. */
function keyProblem (failure: KeyFailure): ReturnType<typeof problem> {
  const exit = failure.code === 'absent' ? EXIT.notFound : failure.code === 'needs-passphrase' ? EXIT.usage
    : ['not-opened', 'damaged', 'malformed', 'too-costly', 'mismatch'].includes(failure.code) ? EXIT.unverified : EXIT.failed
  return problem(exit, failure.code, failure.reason, failure.hint)
}
