import { fail, ok, type Result } from '../../base/index.ts'
import type { ExitCode } from './exit.ts'
import type { Answer, Problem, Terminal } from './output.ts'

export type Option = {
  /** Without dashes. */
  readonly name: string
  readonly short?: string
  /** What stands for the value in help, as in `--name NAME`; absent: the option is a switch. */
  readonly value?: string
  readonly repeated?: boolean
  readonly help: string
}

type Argument = {
  readonly name: string
  readonly help: string
  readonly optional?: boolean
  /** The last argument may take all that follow. */
  readonly repeated?: boolean
}

export type Command = {
  /** One or two words: `init`, `key backup`. */
  readonly name: string
  readonly summary: string
  readonly arguments: readonly Argument[]
  readonly options: readonly Option[]
  /** Command lines that work as they stand; the first is shown with errors of usage. */
  readonly examples: readonly [string, ...string[]]
  /** True where `--ndjson` gives more than one line. */
  readonly streams?: boolean
  readonly run: (call: Call) => Promise<Outcome> | Outcome
}

/** One use of a command, checked against what the command takes. */
export type Call = {
  readonly arguments: readonly string[]
  flag (name: string): boolean
  text (name: string): string | undefined
  texts (name: string): readonly string[]
  /** Folder given by `--data`, file given by `--config`. */
  readonly data: string | undefined
  readonly config: string | undefined
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly terminal: Terminal
  /** Aborts at the first SIGINT or SIGTERM: finish what must not be left half done, then return. */
  readonly signal: AbortSignal
}

export type Outcome = Result<Answer, Problem>

export function answer (json: Answer['json'], text: string, exit?: ExitCode): Outcome {
  return ok(exit === undefined ? { json, text } : { json, text, exit })
}

export function problem (exit: ExitCode, code: string, reason: string, hint: string): { readonly ok: false, readonly failure: Problem } {
  return fail({ exit, code, reason, hint })
}
