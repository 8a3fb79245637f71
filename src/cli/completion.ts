import { answer, EXIT, GLOBAL_OPTIONS, nearest, plain, problem, type Command, type Option } from './terminal/index.ts'

const SHELLS = ['bash', 'zsh', 'fish'] as const

export function completionCommand (commands: () => readonly Command[]): Command {
  return {
    name: 'completion',
    summary: 'Print a script that completes hanse commands in your shell',
    arguments: [{ name: 'SHELL', help: 'bash, zsh or fish' }],
    options: [],
    examples: [
      'hanse completion bash > ~/.local/share/bash-completion/completions/hanse',
      'hanse completion zsh > ~/.zfunc/_hanse',
      'hanse completion fish > ~/.config/fish/completions/hanse.fish'
    ],
    run: call => {
      const [name = ''] = call.arguments
      const shell = SHELLS.find(each => each === name)
      if (shell === undefined) {
        const close = nearest(name, SHELLS)
        const hint = close === undefined ? `Choose one of ${SHELLS.join(', ')}.` : `Did you mean ${close}?`
        return problem(EXIT.usage, 'usage', `There is no completion for "${plain(name)}"`, hint)
      }
      const script = { bash: bashScript, zsh: zshScript, fish: fishScript }[shell](commands())
      return answer({ shell, script }, script)
    }
  }
}

const dashed = (options: readonly Option[]): string => options.map(({ name }) => `--${name}`).join(' ')

/** First words, and the second words of those that are groups. */
function wordsOf (commands: readonly Command[]): { readonly first: readonly string[], readonly groups: ReadonlyMap<string, readonly string[]> } {
  const groups = new Map<string, string[]>()
  for (const { name } of commands) {
    const [group = '', word] = name.split(' ')
    if (word !== undefined) groups.set(group, [...groups.get(group) ?? [], word])
  }
  return { first: [...new Set(commands.map(({ name }) => name.split(' ')[0] ?? name))], groups }
}

function bashScript (commands: readonly Command[]): string {
  const { first, groups } = wordsOf(commands)
  const valued = [...new Set([...GLOBAL_OPTIONS, ...commands.flatMap(({ options }) => options)].filter(({ value }) => value !== undefined).map(({ name }) => `--${name}`))]
  return `# Completes hanse in bash.
_hanse () {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" word first='' second='' skip=''
  COMPREPLY=()
  case "$before" in
    ${valued.join('|')}) COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    if [ -n "$skip" ]; then skip=''; continue; fi
    case "$word" in
      ${valued.join('|')}) skip=yes ;;
      -*) ;;
      *) if [ -z "$first" ]; then first="$word"; elif [ -z "$second" ]; then second="$word"; fi ;;
    esac
  done
  local options='${dashed(GLOBAL_OPTIONS)}' words=''
  case "$first $second" in
${commands.filter(({ options }) => options.length > 0).map(({ name, options }) => `    '${name.includes(' ') ? name : `${name} `}'*) options="$options ${dashed(options)}" ;;`).join('\n')}
    *) ;;
  esac
  if [ -z "$first" ]; then words='${first.join(' ')}'
  elif [ -z "$second" ]; then
    case "$first" in
${[...groups].map(([group, words]) => `      ${group}) words='${words.join(' ')}' ;;`).join('\n')}
      completion) words='${SHELLS.join(' ')}' ;;
      help) words='${first.join(' ')}' ;;
    esac
  fi
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$options" -- "$current")) ;;
    *) if [ -n "$words" ]; then COMPREPLY=($(compgen -W "$words" -- "$current")); else COMPREPLY=($(compgen -f -- "$current")); fi ;;
  esac
}
complete -o filenames -F _hanse hanse
`
}

const quoted = (text: string): string => text.replaceAll("'", '’').replaceAll(':', '\\:').replaceAll('[', '(').replaceAll(']', ')')

function zshScript (commands: readonly Command[]): string {
  const { groups } = wordsOf(commands)
  const described = new Map(commands.map(({ name, summary }) => [name.split(' ')[0] ?? name, name.includes(' ') ? 'a group of commands' : summary]))
  const spec = ({ name, value, help, repeated }: Option): string =>
    `'${repeated === true ? '*' : ''}--${name}[${quoted(help)}]${value === undefined ? '' : `:${value}:_files`}'`
  return `#compdef hanse
# Completes hanse in zsh.
_hanse () {
  local -a commands options
  local first second
  first=\${words[2]}
  second=\${words[3]}
  if (( CURRENT == 2 )); then
    commands=(
${[...described].map(([name, summary]) => `      '${name}:${quoted(summary)}'`).join('\n')}
    )
    _describe 'command' commands
    return
  fi
  if (( CURRENT == 3 )); then
    case "$first" in
${[...groups].map(([group, words]) => `      ${group}) _values 'command' ${words.join(' ')}; return ;;`).join('\n')}
      completion) _values 'shell' ${SHELLS.join(' ')}; return ;;
    esac
  fi
  options=(
${GLOBAL_OPTIONS.map(option => `    ${spec(option)}`).join('\n')}
  )
  case "$first $second" in
${commands.filter(({ options }) => options.length > 0).map(({ name, options }) => `    '${name.includes(' ') ? name : `${name} `}'*) options+=(${options.map(spec).join(' ')}) ;;`).join('\n')}
  esac
  _arguments -s $options '*:file:_files'
}
_hanse "$@"
`
}

function fishScript (commands: readonly Command[]): string {
  const { groups } = wordsOf(commands)
  const word = (text: string): string => `'${text.replaceAll("'", "\\'")}'`
  const option = (condition: string, { name, short, value, help }: Option): string =>
    `complete -c hanse${condition}${short === undefined ? '' : ` -s ${short}`} -l ${name}${value === undefined ? '' : ' -r -F'} -d ${word(help)}`
  const lines = ['# Completes hanse in fish.', 'complete -c hanse -f -n __fish_use_subcommand']
  for (const { name, summary } of commands) {
    const [first = '', second] = name.split(' ')
    if (second === undefined) lines.push(`complete -c hanse -n __fish_use_subcommand -a ${first} -d ${word(summary)}`)
    else {
      const others = groups.get(first)?.join(' ') ?? ''
      lines.push(`complete -c hanse -f -n ${word(`__fish_seen_subcommand_from ${first}; and not __fish_seen_subcommand_from ${others}`)} -a ${second} -d ${word(summary)}`)
    }
  }
  for (const group of groups.keys()) lines.push(`complete -c hanse -n __fish_use_subcommand -a ${group} -d 'a group of commands'`)
  lines.push(`complete -c hanse -f -n '__fish_seen_subcommand_from completion' -a ${word(SHELLS.join(' '))}`)
  lines.push(...GLOBAL_OPTIONS.map(each => option('', each)))
  for (const { name, options } of commands) {
    const seen = name.split(' ').map(each => `__fish_seen_subcommand_from ${each}`).join('; and ')
    lines.push(...options.map(each => option(` -n ${word(seen)}`, each)))
  }
  return `${lines.join('\n')}\n`
}
