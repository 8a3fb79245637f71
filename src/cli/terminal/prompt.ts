import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { ok, type Result } from '../../base/index.ts'
import { problem, type Call } from './command.ts'
import { EXIT } from './exit.ts'
import { plain } from './format.ts'
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

/**
 * Says what is about to happen, and goes on: at once where the command alone must do, or `--yes` is given; where a person can
 * be asked, when they press Enter. Never asks whether somebody is sure: what is said is the exact effect.
 */
export async function announceEffect (call: Call, effect: readonly string[]): Promise<Result<null, Problem>> {
  const text = effect.map(plain).join('\n')
  if (!call.terminal.mayAsk || call.flag('yes')) {
    call.terminal.note(text)
    return ok(null)
  }
  call.terminal.draw(`${text}\nEnter does it, Ctrl-C does not. `)
  // Not as a terminal: Ctrl-C then is a signal like any other, and ends the command in its one way.
  const lines = createInterface({ input: process.stdin, terminal: false })
  const closed = new Promise<never>((_, reject) => { lines.once('close', () => reject(new Error('closed'))) })
  try {
    await Promise.race([lines.question('', { signal: call.signal }), closed])
    return ok(null)
  } catch {
    call.terminal.draw('\n')
    return problem(EXIT.interrupted, 'interrupted', 'Nothing was done', 'Run it again when you want it.')
  } finally {
    closed.catch(() => undefined)
    lines.close()
  }
}
