import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { readApiFile } from '../../src/api/index.ts'
import { createClient, type Client } from '../../src/sdk/index.ts'
import { freePort } from '../ports.ts'
import { NODE_FLAGS, SOURCES } from '../program.ts'

const START_WITHIN_MS = 60_000
const STOP_WITHIN_MS = 30_000
const UNVERIFIED = 7

/** One city: a folder, a process of its own, and a client that talks to it as any program would. */
export type City = { readonly name: string, readonly folder: string, readonly client: Client, readonly process: ChildProcess }

/** Runs one command line of Hanse; its answer as the JSON document that `--json` gives. */
export async function hanse (...words: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const child = spawn(process.execPath, [SOURCES, ...words, '--json', '--no-input'], { stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, errors, [code]] = await Promise.all([textOf(child.stdout), textOf(child.stderr), once(child, 'exit')])
  if (code !== 0) throw new Error(`hanse ${words.join(' ')} failed with ${String(code)}: ${errors}${out}`)
  const answer: unknown = JSON.parse(out)
  if (typeof answer !== 'object' || answer === null) throw new Error(`hanse ${words[0]} did not answer with a document`)
  return Object.fromEntries(Object.entries(answer))
}

/** Whether a command ends with the exit code of what is not verified. */
export async function isRefused (...words: readonly string[]): Promise<boolean> {
  const child = spawn(process.execPath, [SOURCES, ...words, '--json', '--no-input'], { stdio: 'ignore' })
  const [code] = await once(child, 'exit')
  return code === UNVERIFIED
}

async function textOf (stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/** Every node that was started, also one that is not ready yet: none may outlive the demo. */
const started = new Set<ChildProcess>()
let isStopping = false

/** Starts the node of a folder as a process; makes it first where there is none. `place`: latitude and longitude in degrees. `program`: another form of the command than its sources. */
export async function startCity (name: string, folder: string, place?: string, program: string = SOURCES): Promise<City> {
  const settings = join(folder, 'hanse.toml')
  if (!existsSync(settings)) {
    await hanse('init', '--name', name, ...place === undefined ? [] : ['--place', place], '--data', folder)
    // In its settings and not in its environment: the charter tells the others these addresses for good.
    const addresses = [await freePort(), await freePort()].map(port => `["/ip4/127.0.0.1/tcp/${port}"]`)
    // So is its console: whoever has it open finds it again when the node was started again.
    await appendFile(settings, `\n[network]\nlisten = ${addresses[0]}\njoin_listen = ${addresses[1]}\nlan = false\n\n[api]\nlisten = "127.0.0.1:${await freePort()}"\n`)
  }
  const child = spawn(process.execPath, [...NODE_FLAGS, program, 'start', '--data', folder], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own: Ctrl-C in the terminal is for the demo, which asks its cities to stop.
    detached: true,
    env: {
      ...process.env,
      HANSE_API__METRICS_LISTEN: '127.0.0.1:0',
      // The cities are neighbours on one machine.
      HANSE_LEDGER__PROFILE: 'lan',
      HANSE_LOG__LEVEL: 'error'
    }
  })
  started.add(child)
  if (isStopping) await stop(child)
  const errors: string[] = []
  createInterface({ input: child.stderr }).on('line', line => { errors.push(line) })
  const ready = once(createInterface({ input: child.stdout }), 'line', { signal: AbortSignal.timeout(START_WITHIN_MS) })
  const ended = once(child, 'exit').then(([code]) => { throw new Error(`the node of ${name} ended with ${String(code)}: ${errors.join('\n')}`) })
  await Promise.race([ready, ended])
  ended.catch(() => {})
  const file = await readApiFile(folder)
  if (!file.ok) throw new Error(`the node of ${name} did not say how to reach it: ${file.failure.code}`)
  return { name, folder, client: createClient({ baseUrl: file.value.url, token: file.value.token }), process: child }
}

export async function stopCities (): Promise<void> {
  isStopping = true
  await Promise.all([...started].map(stop))
}

export async function stopCity (city: City): Promise<void> {
  await stop(city.process)
}

async function stop (child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS)
  await exit
  clearTimeout(late)
}
