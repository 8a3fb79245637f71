import { COMMANDS } from './commands.ts'
import { helpOf, overview } from './help.ts'
import {
  callOf, createTerminal, EXIT, nearest, plain, problem, readGlobals, type Command, type ExitCode, type Problem, type Streams
} from './terminal/index.ts'

/** Runs one command line and returns its exit code. Whatever happens is said in sentences, never as a trace. */
export async function run (argv: readonly string[], streams: Streams, signal: AbortSignal): Promise<ExitCode> {
  const globals = readGlobals(argv)
  const terminal = createTerminal(globals, streams)
  const command = commandOf(globals.words)
  if (globals.help || command === undefined) {
    const [first] = globals.words
    const [option] = argv
    if (option === '--version') return await run(['version', ...argv.slice(1)], streams, signal)
    if (first === undefined && option !== undefined && !globals.help) {
      terminal.problem({ exit: EXIT.usage, code: 'usage', reason: `There is no command beside ${plain(argv.join(' '))}`, hint: 'Run hanse help for all commands.' })
      return EXIT.usage
    }
    if (first === undefined || command !== undefined) {
      terminal.answer(command === undefined ? overview(COMMANDS) : helpOf(command))
      return EXIT.done
    }
    return unknown(globals.words, terminal.problem)
  }
  const call = callOf(argv, command, { environment: streams.environment, terminal, signal })
  if (!call.ok) {
    terminal.problem(call.failure)
    return call.failure.exit
  }
  try {
    const outcome = await command.run(call.value)
    if (outcome.ok) {
      terminal.answer(outcome.value)
      return outcome.value.exit ?? EXIT.done
    }
    terminal.problem(outcome.failure)
    return outcome.failure.exit
  } catch (error) {
    const failure = faultOf(error)
    terminal.problem(failure)
    return failure.exit
  }
}

/** Two words name a command before one does: `key backup` before `key`. */
function commandOf ([first, second]: readonly string[]): Command | undefined {
  return COMMANDS.find(({ name }) => name === `${first} ${second}`) ?? COMMANDS.find(({ name }) => name === first)
}

function unknown ([first = '', second]: readonly string[], say: (problem: Problem) => void): ExitCode {
  const names = COMMANDS.map(({ name }) => name)
  const group = names.filter(name => name.startsWith(`${first} `))
  if (group.length > 0) {
    const close = second === undefined ? undefined : nearest(`${first} ${second}`, group)
    const reason = second === undefined
      ? `hanse ${plain(first)} is a group of commands`
      : `hanse ${plain(first)} has no command "${plain(second)}"`
    say({ exit: EXIT.usage, code: 'usage', reason, hint: close === undefined ? `Choose one: ${group.map(name => `hanse ${name}`).join(', ')}` : `Did you mean hanse ${close}?` })
    return EXIT.usage
  }
  const close = nearest(first, [...new Set(names.flatMap(name => [name, name.split(' ')[0] ?? name]))])
  const hint = close === undefined ? 'Run hanse help for all commands.' : `Did you mean hanse ${close}? Run hanse help for all commands.`
  say({ exit: EXIT.usage, code: 'usage', reason: `There is no command "${plain(first)}"`, hint })
  return EXIT.usage
}

/** What a thrown error says to a person. The disk and the network throw; all else is a bug of ours. */
function faultOf (error: unknown): Problem {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
  const message = error instanceof Error ? error.message : String(error)
  switch (code) {
    case 'ENOSPC': return problem(EXIT.failed, code, 'The disk is full', 'Free some space and try again; what was acknowledged is safe.').failure
    case 'EACCES':
    case 'EPERM':
    case 'EROFS': return problem(EXIT.failed, code, message, 'Check who owns the folder, or choose another with --data.').failure
    case 'store.open': return message.startsWith('another hanse process')
      ? problem(EXIT.failed, 'in-use', `A${message.slice(1).replace(/: stop it first[^]*/, '')}`, 'Stop it with hanse stop, or choose another folder with --data.').failure
      : problem(EXIT.failed, code, message, 'Run hanse doctor to see what is wrong with the folder.').failure
    case 'store.read':
    case 'store.write': return problem(EXIT.failed, code, message, 'Run hanse doctor to see what is wrong with the folder.').failure
    case 'network.start':
    case 'network.closed':
    case 'network.timeout': return problem(EXIT.unreachable, code, message, 'Check network.listen in the settings and what else uses the port.').failure
    default: return problem(EXIT.failed, 'fault', `hanse failed unexpectedly: ${message}`, `Please report this with the command you gave${placeOf(error)}.`).failure
  }
}

/** The place in our code, in one line. */
function placeOf (error: unknown): string {
  const stack = error instanceof Error ? error.stack : undefined
  const place = /[/\\](?:src|dist)[/\\]([\w/\\.-]+:\d+)/.exec(stack ?? '')?.[1]
  return place === undefined ? '' : ` and this place: ${place}`
}
