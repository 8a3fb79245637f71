import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { readApiFile } from '../../src/api/index.ts'
import { createClient, type Client } from '../../src/sdk/index.ts'
import { freePort } from '../ports.ts'

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')
const START_WITHIN_MS = 60_000
const STOP_WITHIN_MS = 30_000

/** One city: a folder, a process of its own, and a client that talks to it as any program would. */
export type City = { readonly name: string, readonly folder: string, readonly client: Client, readonly process: ChildProcess }

/** Runs one command line of Hanse; its answer as the JSON document that `--json` gives. */
export async function hanse (...words: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const child = spawn(process.execPath, [MAIN, ...words, '--json', '--no-input'], { stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, errors, [code]] = await Promise.all([textOf(child.stdout), textOf(child.stderr), once(child, 'exit')])
  if (code !== 0) throw new Error(`hanse ${words.join(' ')} failed with ${String(code)}: ${errors}${out}`)
  const answer: unknown = JSON.parse(out)
  if (typeof answer !== 'object' || answer === null) throw new Error(`hanse ${words[0]} did not answer with a document`)
  return Object.fromEntries(Object.entries(answer))
}

async function textOf (stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/** Makes a node in a folder of its own and starts it as a process. */
export async function startCity (name: string, folder: string): Promise<City> {
  await hanse('init', '--name', name, '--data', folder)
  const [members, applicants] = [await freePort(), await freePort()]
  const child = spawn(process.execPath, ['--max-semi-space-size=4', '--initial-old-space-size=256', MAIN, 'start', '--data', folder], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      HANSE_NETWORK__LISTEN: `/ip4/127.0.0.1/tcp/${members}`,
      HANSE_NETWORK__JOIN_LISTEN: `/ip4/127.0.0.1/tcp/${applicants}`,
      HANSE_NETWORK__LAN: 'false',
      HANSE_API__LISTEN: '127.0.0.1:0',
      HANSE_API__METRICS_LISTEN: '127.0.0.1:0',
      HANSE_LOG__LEVEL: 'error'
    }
  })
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

export async function stopCity ({ process: child }: City): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS)
  await exit
  clearTimeout(late)
}
