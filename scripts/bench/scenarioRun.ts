/** Runs one scenario: starts its roles as processes, carries what they tell each other, gathers what they measured. */
import { fork, type ChildProcess } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { NODE_FLAGS } from '../program.ts'
import type { Measures, Scenario } from './contestant.ts'

export type ToChild = { readonly topic: string, readonly value: unknown }
export type FromChild =
  | { readonly type: 'tell', readonly topic: string, readonly value: unknown }
  | { readonly type: 'done', readonly measures: Measures, readonly cpuSeconds: number }
  | { readonly type: 'failed', readonly reason: string }

export type Sample = {
  readonly measures: Measures
  /** By role, of the measured stretch alone. */
  readonly cpuSeconds: Readonly<Record<string, number>>
  readonly failure: string | null
}

const SCENARIO_TIMEOUT_MS = 240_000
const STDERR_CHARACTERS_MAX = 4_000

export async function runScenario (id: string, scenario: Scenario, folder: string, scale: number): Promise<Sample> {
  const children = new Map<string, ChildProcess>()
  let late: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_, reject) => {
    late = setTimeout(() => reject(new Error(`not done within ${SCENARIO_TIMEOUT_MS / 1000} s`)), SCENARIO_TIMEOUT_MS)
  })
  try {
    const ends = Object.keys(scenario.roles).map(async role => {
      const own = join(folder, role)
      mkdirSync(own, { recursive: true })
      const child = fork(new URL('child.ts', import.meta.url), [id, role, own, String(scale)], {
        // As `hanse start` runs, and the same for everybody.
        execPath: process.execPath, execArgv: [...NODE_FLAGS], serialization: 'advanced', stdio: ['ignore', 'ignore', 'pipe', 'ipc']
      })
      children.set(role, child)
      const end = await resultOf(child, ({ topic, value }) => {
        for (const [other, process_] of children) if (other !== role && process_.connected) process_.send({ topic, value })
      })
      return { role, ...end }
    })
    const results = await Promise.race([Promise.all(ends), tooLate])
    return {
      measures: Object.assign({}, ...results.map(({ measures }) => measures)) as Measures,
      cpuSeconds: Object.fromEntries(results.map(({ role, cpuSeconds }) => [role, cpuSeconds])),
      failure: null
    }
  } catch (error) {
    return { measures: {}, cpuSeconds: {}, failure: error instanceof Error ? error.message : String(error) }
  } finally {
    clearTimeout(late)
    await Promise.all([...children.values()].map(ended))
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

type End = { readonly measures: Measures, readonly cpuSeconds: number }

function resultOf (child: ChildProcess, tell: (message: ToChild) => void): Promise<End> {
  let errors = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => { errors = (errors + text).slice(-STDERR_CHARACTERS_MAX) })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => reject(new Error(`ended with ${signal ?? code}: ${errors.trim()}`)))
    child.on('message', (message: FromChild) => {
      switch (message.type) {
        case 'tell': return tell(message)
        case 'done': return resolve(message)
        case 'failed': return reject(new Error(message.reason))
      }
    })
  })
}

/** A role that is done has nothing left to close that the measurement needs. */
function ended (child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise(resolve => {
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })
}
