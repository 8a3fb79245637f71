import { access, constants, readdir, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import { readApiFile } from '../../api/index.ts'
import { freeFraction, openStore } from '../../host/level/index.ts'
import { keysOf } from '../../node/index.ts'
import type { Config } from '../config/index.ts'
import { folderOf, passphraseOfFile, readKeys } from '../keys/index.ts'
import { formatTime } from '../terminal/index.ts'

export type Check = {
  readonly name: string
  readonly state: 'ok' | 'warn' | 'fail'
  /** What was found, and for `warn` and `fail` its cause. */
  readonly finding: string
  readonly fix?: string
}

const NODE_MAJOR_MIN = 24
/** Below this the node refuses new data: host/level. */
const FREE_FRACTION_MIN = 0.05
const FREE_FRACTION_LOW = 0.1
/** No machine that runs this lives before it was written. */
const CLOCK_EARLIEST_MS: number = Date.UTC(2026, 0, 1)
const CLOCK_LATEST_MS: number = Date.UTC(2100, 0, 1)
/** A file written so far in the future means that the clock went back since. */
const CLOCK_AHEAD_MS_MAX = 3_600_000
const ANSWER_TIMEOUT_MS = 2_000
const REBUILD = 'Run hanse doctor --rebuild: it sets the store aside and has all of it fetched back from neighbours'

export function checkNode (version: string): Check {
  const name = 'node version'
  return Number(version.split('.')[0]) >= NODE_MAJOR_MIN
    ? { name, state: 'ok', finding: `Node ${version}` }
    : { name, state: 'fail', finding: `Node ${version} is too old for hanse`, fix: `Install Node ${NODE_MAJOR_MIN} or later` }
}

/** Whether a node runs with this folder: its API answers. */
export async function isRunning (path: string): Promise<boolean> {
  const file = await readApiFile(path)
  if (!file.ok) return false
  try {
    const response = await fetch(new URL('/healthz', file.value.url), { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) })
    await response.body?.cancel()
    return response.ok
  } catch {
    return false
  }
}

export async function checkFolder (path: string): Promise<Check> {
  const name = 'folder'
  const init = `Run hanse init --name NAME --data ${path}`
  try {
    const found = await stat(path)
    if (!found.isDirectory()) return { name, state: 'fail', finding: `${path} is not a folder`, fix: 'Name the folder of the node with --data' }
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK)
    const mode = found.mode & 0o777
    if ((mode & 0o077) !== 0) {
      return { name, state: 'warn', finding: `Others on this machine may look into ${path} (mode ${mode.toString(8)})`, fix: `Run chmod 700 ${path}` }
    }
    return { name, state: 'ok', finding: path }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { name, state: 'fail', finding: `There is no node in ${path}`, fix: init }
    return { name, state: 'fail', finding: `${path} cannot be used (${codeOf(error)})`, fix: `Run hanse as the user who owns it, or give it to this one with chown` }
  }
}

export async function checkDisk (path: string): Promise<Check> {
  const name = 'disk'
  const fraction = await freeFraction(path).catch(() => freeFraction(dirname(path))).catch(() => undefined)
  if (fraction === undefined) return { name, state: 'warn', finding: 'How full the disk is cannot be told: there is no such folder' }
  const percent = `${(fraction * 100).toFixed(fraction < FREE_FRACTION_LOW ? 1 : 0)} % of the disk is free`
  if (fraction < FREE_FRACTION_MIN) return { name, state: 'fail', finding: `${percent}: the node takes no new data`, fix: 'Free some space, or move the folder to a larger disk' }
  if (fraction < FREE_FRACTION_LOW) return { name, state: 'warn', finding: percent, fix: 'Free some space: below 5 % the node takes no new data' }
  return { name, state: 'ok', finding: percent }
}

export async function checkKeys (path: string, passphraseFile: string): Promise<Check> {
  const name = 'keys'
  const passphrase = passphraseFile === '' ? undefined : await passphraseOfFile(passphraseFile)
  if (passphrase?.ok === false) return { name, state: 'fail', finding: passphrase.failure.reason, fix: 'Correct member.passphrase_file' }
  const keys = await readKeys(path, passphrase?.value)
  if (!keys.ok) return { name, state: 'fail', finding: keys.failure.reason, fix: keys.failure.hint }
  const { seeds, rootLocked } = keys.value
  const root = rootLocked ? 'the member key is locked by its passphrase' : seeds.root === undefined ? 'the member key is kept elsewhere' : 'all keys can be read'
  return { name, state: 'ok', finding: `${keysOf(seeds).did}; ${root}` }
}

export async function checkStores (path: string, running: boolean): Promise<readonly Check[]> {
  const { store, signer } = folderOf(path)
  const checks: Check[] = []
  for (const [name, folder] of [['store', store], ['signer', signer]] as const) {
    if (running) {
      checks.push({ name, state: 'ok', finding: 'in use by the running node' })
      continue
    }
    try {
      const opened = await openStore(folder, {})
      await opened.close()
      checks.push({ name, state: 'ok', finding: `${folder} opens` })
    } catch (error) {
      // The message of a HostError ends in what to do.
      const [finding = '', ...fix] = (error instanceof Error ? error.message : String(error)).split(/: (?=[a-z]+ )/)
      const restore = fix.length > 0 ? fix.join(': ') : 'Restore the folder from a backup, or make a new node with hanse init'
      const isInUse = finding.includes('uses the folder')
      checks.push({ name, state: 'fail', finding, fix: name === 'store' && !isInUse ? `${REBUILD}; or: ${restore}` : restore })
    }
  }
  return checks
}

export async function checkPorts (config: Config, running: boolean): Promise<readonly Check[]> {
  const settings: readonly [string, string][] = [
    ['api.listen', config.api.listen], ['api.metrics_listen', config.api.metrics_listen],
    ...config.network.listen.map((address): [string, string] => ['network.listen', address]),
    ...config.network.join_listen.map((address): [string, string] => ['network.join_listen', address])
  ]
  const checks: Check[] = []
  for (const [setting, address] of settings) {
    if (address === '') continue
    const name = `port ${portOf(address)}`
    if (running) {
      checks.push({ name, state: 'ok', finding: `${setting} ${address}, in use by the running node` })
      continue
    }
    const code = await bindFailure(hostOf(address), portOf(address))
    checks.push(code === undefined
      ? { name, state: 'ok', finding: `${setting} ${address} is free` }
      : { name, state: 'fail', finding: `${setting} ${address} cannot be used: ${reasonOf(code)}`, fix: `Stop what uses it, or set another ${setting} in hanse.toml` })
  }
  return checks
}

function portOf (address: string): number {
  return Number(/\d+$/.exec(address)?.[0] ?? 0)
}

/** The address to bind; a name is not resolved, it is somebody's way to us. */
function hostOf (address: string): string {
  const multiaddr = /^\/ip[46]\/([^/]+)\//.exec(address)?.[1]
  return multiaddr ?? /^\[?([\d.:]+?)\]?:\d+$/.exec(address)?.[1] ?? '127.0.0.1'
}

async function bindFailure (host: string, port: number): Promise<string | undefined> {
  const server = createServer()
  return new Promise(resolve => {
    server.once('error', error => resolve(codeOf(error)))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
}

function reasonOf (code: string): string {
  switch (code) {
    case 'EADDRINUSE': return 'another program has it'
    case 'EACCES': return 'this user may not open it'
    case 'EADDRNOTAVAIL': return 'this machine does not have the address'
    default: return code
  }
}

export async function checkClock (path: string, nowMs: number): Promise<Check> {
  const name = 'clock'
  const fix = 'Set the clock, best by a time service (timedatectl set-ntp true)'
  if (nowMs < CLOCK_EARLIEST_MS || nowMs > CLOCK_LATEST_MS) return { name, state: 'fail', finding: `The clock says ${formatTime(nowMs)}, which cannot be`, fix }
  const newestMs = await newestFileMs(path)
  if (newestMs > nowMs + CLOCK_AHEAD_MS_MAX) {
    return { name, state: 'warn', finding: `The clock says ${formatTime(nowMs)}, but files of the node are from ${formatTime(newestMs)}: it went back`, fix }
  }
  return { name, state: 'ok', finding: formatTime(nowMs) }
}

async function newestFileMs (path: string): Promise<number> {
  const { store, signer, keys } = folderOf(path)
  let newestMs = 0
  for (const folder of [path, store, signer, keys]) {
    for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
      const found = await stat(`${folder}/${entry.name}`).catch(() => undefined)
      newestMs = Math.max(newestMs, found?.mtimeMs ?? 0)
    }
  }
  return newestMs
}

export async function checkRestored (path: string): Promise<readonly Check[]> {
  const { restored } = folderOf(path)
  const found = await stat(restored).catch(() => undefined)
  return found === undefined ? [] : [{
    name: 'restored', state: 'warn', finding: 'This node was restored from a backup: it publishes nothing before half of the other members have told what they hold of it',
    fix: 'Make sure that the original does not run, start this one, and let it reach its neighbours'
  }]
}

function codeOf (error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
}
