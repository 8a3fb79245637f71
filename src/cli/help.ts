import { answer, EXIT, GLOBAL_OPTIONS, nearest, plain, problem, type Answer, type Command, type Option } from './terminal/index.ts'

export function helpCommand (all: () => readonly Command[]): Command {
  return {
    name: 'help',
    summary: 'Explain a command, or list all',
    arguments: [{ name: 'COMMAND', help: 'one or two words, for instance key backup', optional: true, repeated: true }],
    options: [],
    examples: ['hanse help', 'hanse help key backup'],
    run: call => {
      const wanted = call.arguments.join(' ')
      const found = all().find(({ name }) => name === wanted)
      if (wanted === '' || found !== undefined) {
        const { json, text } = found === undefined ? overview(all()) : helpOf(found)
        return answer(json, text)
      }
      const close = nearest(wanted, all().map(({ name }) => name))
      const hint = close === undefined ? 'Run hanse help for all commands.' : `Did you mean hanse help ${close}?`
      return problem(EXIT.usage, 'usage', `There is no command "${plain(wanted)}"`, hint)
    }
  }
}

/** All commands with what they are for. */
export function overview (all: readonly Command[]): Answer {
  const width = Math.max(...all.map(({ name }) => name.length))
  const lines = [
    'Hanse shares the data of a city with its neighbours as equals.',
    '',
    'Usage: hanse COMMAND [OPTIONS]',
    '',
    ...all.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'Options of every command:',
    ...optionLines(GLOBAL_OPTIONS),
    '',
    'First steps:',
    '  hanse init --name "City of Bellevue"',
    '  hanse doctor',
    '',
    'hanse COMMAND --help explains one command with examples.'
  ]
  const commands = all.map(({ name, summary }) => ({ name, summary }))
  return { json: { commands, exitCodes: EXIT }, text: lines.join('\n') }
}

export function helpOf (command: Command): Answer {
  const { name, summary, options, examples } = command
  const words = command.arguments.map(each => {
    const word = each.repeated === true ? `${each.name}...` : each.name
    return each.optional === true ? `[${word}]` : word
  })
  const lines = [`${summary}.`, '', `Usage: ${['hanse', name, ...words].join(' ')}${options.length > 0 ? ' [OPTIONS]' : ''}`]
  if (command.arguments.length > 0) {
    const width = Math.max(...command.arguments.map(each => each.name.length))
    lines.push('', ...command.arguments.map(each => `  ${each.name.padEnd(width)}  ${each.help}`))
  }
  if (options.length > 0) lines.push('', 'Options:', ...optionLines(options))
  lines.push('', 'Options of every command:', ...optionLines(GLOBAL_OPTIONS))
  lines.push('', examples.length === 1 ? 'Example:' : 'Examples:', ...examples.map(each => `  ${each}`))
  return { json: { name, summary, arguments: command.arguments, options, examples }, text: lines.join('\n') }
}

function optionLines (options: readonly Option[]): string[] {
  const heads = options.map(({ name, short, value }) =>
    `${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`)
  const width = Math.max(...heads.map(({ length }) => length))
  return options.map(({ help, repeated }, index) => `  ${(heads[index] ?? '').padEnd(width)}  ${help}${repeated === true ? ' (may be repeated)' : ''}`)
}
