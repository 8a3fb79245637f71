import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { ok, type Result } from '../../base/index.ts'
import { problem, type Call } from './command.ts'
import { EXIT } from './exit.ts'
import type { Problem } from './output.ts'

/** Asks for a secret without showing it. Never where nobody can answer: `instead` then says how to give it. */
export async function askSecret (call: Call, question: string, instead: string): Promise<Result<string, Problem>> {
  if (!call.terminal.mayAsk) return problem(EXIT.usage, 'no-input', `${question} is needed, and nobody can be asked`, instead)
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true })
  call.terminal.draw(`${question}: `)
  try {
    return ok(await lines.question('', { signal: call.signal }))
  } catch {
    return problem(EXIT.interrupted, 'interrupted', `${question} was not given`, instead)
  } finally {
    lines.close()
    call.terminal.draw('\n')
  }
}
