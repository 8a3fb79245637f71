/** The start of the real command: `hanse start` over the folder of a member that has a federation, until it says that it is ready. */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { NODE_FLAGS, PROGRAM } from '../../program.ts'
import type { Measures, Stage } from '../contestant.ts'

const POLL_MS = 2
const IDLE_MS = 3_000
const ENDED_TIMEOUT_MS = 30_000

/** Any free ports, so that a node that runs on this machine already is not disturbed. */
const ENVIRONMENT = {
  HANSE_API__LISTEN: '127.0.0.1:0',
  HANSE_API__METRICS_LISTEN: '127.0.0.1:0',
  HANSE_NETWORK__LISTEN: '/ip4/127.0.0.1/tcp/0',
  HANSE_NETWORK__JOIN_LISTEN: '/ip4/127.0.0.1/tcp/0',
  HANSE_NETWORK__LAN: 'false'
}

export async function startHanse (stage: Stage): Promise<Measures> {
  const data = join(stage.folder, 'member')
  await command('init', '--name', 'bench', '--data', data)
  const first = start(data)
  await answers(first, data, 'healthz')
  await command('invite', '--federation', 'bench', '--founders', '1', '--data', data)
  await answers(first, data, 'readyz')
  await stop(first)

  const startedMs = performance.now()
  const second = start(data)
  await answers(second, data, 'readyz')
  const startupMs = performance.now() - startedMs
  await new Promise(resolve => setTimeout(resolve, IDLE_MS))
  const idleMegabytes = residentMegabytes(second)
  await stop(second)
  return { startupMs, idleMegabytes }
}

function start (data: string): ChildProcess {
  return spawn(process.execPath, [...NODE_FLAGS, PROGRAM.path, 'start', '--data', data], { env: { ...process.env, ...ENVIRONMENT }, stdio: 'ignore' })
}

async function command (...args: readonly string[]): Promise<void> {
  await promisify(execFile)(process.execPath, [PROGRAM.path, ...args], { env: { ...process.env, ...ENVIRONMENT } })
}

/** Waits for a good answer at the address that the node wrote into its folder. */
async function answers (child: ChildProcess, data: string, path: string): Promise<void> {
  while (!await isGood(data, path)) {
    if (child.exitCode !== null) throw new Error(`hanse start ended with ${child.exitCode}`)
    await new Promise(resolve => setTimeout(resolve, POLL_MS))
  }
}

async function isGood (data: string, path: string): Promise<boolean> {
  try {
    const { url } = JSON.parse(readFileSync(join(data, 'api.json'), 'utf8')) as { readonly url: string }
    return (await fetch(new URL(path, url))).ok
  } catch {
    return false
  }
}

async function stop (child: ChildProcess): Promise<void> {
  const ended = new Promise<void>((resolve, reject) => {
    child.once('exit', () => resolve())
    setTimeout(() => reject(new Error('hanse start did not end when asked to')), ENDED_TIMEOUT_MS).unref()
  })
  child.kill('SIGTERM')
  await ended
}

function residentMegabytes ({ pid }: ChildProcess): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kilobytes) * 1024 / 1e6
}
