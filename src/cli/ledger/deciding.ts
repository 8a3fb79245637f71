import { ok, type Result } from '../../base/index.ts'
import type { Answer, Client, Submitted } from '../../sdk/index.ts'
import { failed, wholeNumber, withProgress } from '../client/index.ts'
import { answer, announceEffect, EXIT, problem, type Call, type Option, type Outcome, type Problem } from '../terminal/index.ts'

const TIMEOUT_S = 20
const TIMEOUT_S_MAX = 40

/** Options of every command that speaks for the member. */
export const DECIDING_OPTIONS: readonly Option[] = [
  { name: 'dry-run', help: 'say what it would do, and do nothing' },
  { name: 'yes', help: 'do not wait for Enter' },
  { name: 'timeout', value: 'S', help: `for how many seconds to wait until it is final (default ${TIMEOUT_S})` }
]

type Told<T> = { readonly value: T, readonly json: Readonly<Record<string, unknown>>, readonly text: string }

/** Says the effect, has it submitted, and tells what became of it. */
export async function decide<T extends Submitted> (call: Call, client: Client, { effect, submit, told }: {
  readonly effect: readonly string[]
  readonly submit: (withinMs: number) => Answer<T>
  /** What to tell once it is final. */
  readonly told: (value: T) => Promise<Omit<Told<T>, 'value'>>
}): Promise<Outcome> {
  const timeoutS = wholeNumber(call, 'timeout', TIMEOUT_S, { min: 0, max: TIMEOUT_S_MAX })
  if (!timeoutS.ok) return timeoutS
  if (call.flag('dry-run')) return answer({ effect, submitted: false }, [...effect, 'Nothing was submitted.'].join('\n'))
  const announced = await announceEffect(call, effect)
  if (!announced.ok) return announced
  const submitted = await withProgress(call, 'waiting for the ledger', () => submit(timeoutS.value * 1_000))
  if (!submitted.ok) return failed(submitted.failure)
  if (submitted.value.state === 'final') {
    const { json, text } = await told(submitted.value)
    return answer({ effect, submitted: true, ...submitted.value, ...json }, text)
  }
  const ledger = await client.ledger()
  const why = ledger.ok ? ` ${ledger.value.sentence}.` : ''
  return answer(
    { effect, submitted: true, ...submitted.value },
    `It is submitted and not final yet.${why} The node goes on by itself: see hanse status.`, EXIT.unreachable
  )
}

/** The first digits of an id: enough to name it. */
export function shortId (id: string): string {
  return id.slice(0, 12)
}

/** The one item that a text names: all of it, or by its beginning where no other begins so. */
export function named<T> (items: readonly T[], keysOf: (item: T) => readonly string[], text: string, what: string, list: string): Result<T, Problem> {
  const whole = items.filter(item => keysOf(item).includes(text))
  const [only, other] = whole.length > 0 ? whole : items.filter(item => keysOf(item).some(key => text.length >= 4 && key.startsWith(text)))
  if (only === undefined) return problem(EXIT.notFound, 'not-found', `There is no ${what} "${text}"`, `See ${list}.`)
  return other === undefined ? ok(only) : problem(EXIT.notFound, 'ambiguous', `"${text}" is more than one ${what}`, `Name it by its whole id: see ${list} --json.`)
}
