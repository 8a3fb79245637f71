import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { run } from '../../src/cli/run.ts'

export type Ran = { readonly code: number | null, readonly out: string, readonly error: string }

export type RunOptions = {
  readonly environment?: Readonly<Record<string, string>>
  readonly input?: string
}

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')

/** Runs `hanse` as a process of its own, with nothing of our environment but the path. */
export async function hanse (args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', ...options.environment }, stdio: 'pipe'
  })
  child.stdin.on('error', () => undefined)
  child.stdin.end(options.input ?? '')
  const [out, error] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: child.exitCode, out, error }
}

/** Runs one command line in this process: the same code without the start of a process, for properties. */
export async function hanseHere (args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ran> {
  let [out, error] = ['', '']
  const code = await run(args, {
    writeOut: async chunk => { out += typeof chunk === 'string' ? chunk : new TextDecoder().decode(chunk) },
    writeError: chunk => { error += chunk },
    inputIsTerminal: false, outputIsTerminal: false, errorIsTerminal: false, errorColumns: 80, environment
  }, new AbortController().signal)
  return { code, out, error }
}

/** A folder for one file of tests. */
export function temporaryFolder (): { readonly path: string, readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'hanse-cli-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** The JSON document a command answered with. */
export function documentOf (ran: Ran): Record<string, unknown> {
  const parsed: unknown = JSON.parse(ran.out)
  if (typeof parsed !== 'object' || parsed === null) throw new Error(`no document: ${ran.out}`)
  return Object.fromEntries(Object.entries(parsed))
}
