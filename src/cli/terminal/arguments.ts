import { parseArgs, type ParseArgsConfig } from 'node:util'
import { assert, ok, type Result } from '../../base/index.ts'
import { problem, type Call, type Command, type Option } from './command.ts'
import { EXIT } from './exit.ts'
import { plain } from './format.ts'
import { nearest } from './nearest.ts'
import type { Manner, Problem } from './output.ts'

/** Options that every command takes, before or behind its name. */
export const GLOBAL_OPTIONS: readonly Option[] = [
  { name: 'data', value: 'DIR', help: 'the folder of the node (default ~/.hanse)' },
  { name: 'config', value: 'FILE', help: 'the settings (default hanse.toml in the folder of the node)' },
  { name: 'json', help: 'answer with one JSON document' },
  { name: 'ndjson', help: 'answer with one JSON document a line' },
  { name: 'quiet', short: 'q', help: 'say nothing but the answer and errors' },
  { name: 'no-input', help: 'never ask; fail where an answer would be needed' },
  { name: 'help', short: 'h', help: 'explain the command' }
]

export type Globals = Manner & {
  readonly help: boolean
  /** What is neither an option of all commands nor its value: the command's name comes first. */
  readonly words: readonly string[]
}

/** Reads the options that decide how to answer, even where the rest of the line is wrong. */
export function readGlobals (argv: readonly string[]): Globals {
  const { values, positionals } = parse(argv, GLOBAL_OPTIONS)
  const end = argv.indexOf('--')
  // Also where an option before it lacks its value and would take it for one: the complaint is then in the right form.
  const words = new Set(end < 0 ? argv : argv.slice(0, end))
  const has = (name: string): boolean => values[name] !== undefined || words.has(`--${name}`)
  return {
    json: has('ndjson') ? 'ndjson' : has('json') ? 'json' : 'no',
    quiet: has('quiet'),
    noInput: has('no-input'),
    help: has('help'),
    words: positionals
  }
}

/** The call of a command, or what is wrong with it. */
export function callOf (
  argv: readonly string[], command: Command, rest: Pick<Call, 'environment' | 'terminal' | 'signal'>
): Result<Call, Problem> {
  const options = [...GLOBAL_OPTIONS, ...command.options]
  const { tokens, positionals } = parse(argv, options)
  const values = new Map<string, string[]>()
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    const wrong = optionProblem(command, options, token)
    if (wrong !== undefined) return wrong
    const given = values.get(token.name) ?? []
    const option = options.find(({ name }) => name === token.name)
    if (given.length > 0 && option?.value !== undefined && option.repeated !== true) {
      return usage(command, `${token.rawName} is given twice`, 'Give it once.')
    }
    values.set(token.name, [...given, token.value ?? ''])
  }
  const args = positionals.slice(command.name.split(' ').length)
  const wrong = argumentProblem(command, args)
  if (wrong !== undefined) return wrong
  const known = (name: string): readonly string[] => {
    assert(options.some(option => option.name === name), `${command.name} declares --${name}`)
    return values.get(name) ?? []
  }
  return ok({
    ...rest,
    arguments: args,
    flag: name => known(name).length > 0,
    text: name => known(name)[0],
    texts: known,
    data: known('data')[0],
    config: known('config')[0]
  })
}

type Token = { readonly name: string, readonly rawName: string, readonly value?: string | undefined, readonly inlineValue?: boolean | undefined }

function optionProblem (command: Command, options: readonly Option[], token: Token): ReturnType<typeof problem> | undefined {
  const option = options.find(({ name }) => name === token.name)
  if (option === undefined) {
    const close = nearest(token.name, options.map(({ name }) => name))
    const hint = close === undefined ? `Run hanse ${command.name} --help for its options.` : `Did you mean --${close}?`
    return usage(command, `hanse ${command.name} has no option ${plain(token.rawName)}`, hint)
  }
  if (option.value === undefined) {
    return token.inlineValue === true ? usage(command, `${token.rawName} takes no value`, `Write ${token.rawName} alone.`) : undefined
  }
  const missing = token.value === undefined || token.value === '' || (token.inlineValue !== true && /^-\D|^-$/.test(token.value))
  return missing ? usage(command, `${token.rawName} needs a value`, `Write ${token.rawName} ${option.value}.`) : undefined
}

function argumentProblem (command: Command, args: readonly string[]): ReturnType<typeof problem> | undefined {
  const missing = command.arguments.find(({ optional }, index) => optional !== true && args[index] === undefined)
  if (missing !== undefined) return usage(command, `hanse ${command.name} needs ${missing.name}: ${missing.help}`, example(command))
  const last = command.arguments.at(-1)
  if (last?.repeated !== true && args.length > command.arguments.length) {
    return usage(command, `hanse ${command.name} has no use for "${plain(args[command.arguments.length] ?? '')}"`, example(command))
  }
  return undefined
}

function example (command: Command): string {
  return `For example: ${command.examples[0]}`
}

function usage (command: Command, reason: string, hint: string): ReturnType<typeof problem> {
  return problem(EXIT.usage, 'usage', reason, hint.includes('--help') ? hint : `${hint}\n  More: hanse ${command.name} --help`)
}

/** Never strict: node's own complaints do not say what to do. What it lets pass is checked above. */
function parse (argv: readonly string[], options: readonly Option[]): {
  readonly values: Readonly<Record<string, unknown>>, readonly positionals: readonly string[]
  readonly tokens: readonly (({ readonly kind: 'option' } & Token) | { readonly kind: 'positional' | 'option-terminator' })[]
} {
  const config: NonNullable<ParseArgsConfig['options']> = {}
  for (const { name, short, value } of options) {
    config[name] = { type: value === undefined ? 'boolean' : 'string', multiple: true, ...(short === undefined ? {} : { short }) }
  }
  const { values, positionals, tokens } = parseArgs({ args: [...argv], options: config, strict: false, allowPositionals: true, tokens: true })
  return { values, positionals, tokens }
}
