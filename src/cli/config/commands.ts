import { answer, count, EXIT, nearest, plain, problem, table, type Call, type Command, type Outcome } from '../terminal/index.ts'
import { configOf, loadConfig, configProblem, whereOf, type Loaded, type Setting } from './load.ts'
import { jsonSchema, SETTINGS } from './schema.ts'
import { renderConnector } from './connectors.ts'
import { renderToml } from './toml.ts'

export const configCommands: readonly Command[] = [
  {
    name: 'config get',
    summary: 'Show settings, and where each value comes from',
    arguments: [{ name: 'KEY', help: 'one setting or section, for instance network.listen', optional: true }],
    options: [],
    examples: ['hanse config get', 'hanse config get network.listen', 'HANSE_LOG__LEVEL=debug hanse config get log'],
    run: call => withSettings(call, get)
  },
  {
    name: 'config validate',
    summary: 'Check the settings',
    arguments: [],
    options: [],
    examples: ['hanse config validate', 'hanse config validate --config ./hanse.toml'],
    run: validate
  },
  {
    name: 'config export',
    summary: 'Print all settings as a file that gives the same settings',
    arguments: [],
    options: [],
    examples: ['hanse config export > hanse.toml', 'hanse config export --json'],
    run: call => withSettings(call, exported)
  },
  {
    name: 'config schema',
    summary: 'Print the JSON Schema of the settings, for editors',
    arguments: [],
    options: [],
    examples: ['hanse config schema > hanse.schema.json'],
    run: () => answer({ schema: jsonSchema() }, JSON.stringify(jsonSchema(), undefined, 2))
  }
]

function withSettings (call: Call, run: (loaded: Loaded, call: Call) => Outcome): Outcome {
  const loaded = configOf(call)
  return loaded.ok ? run(loaded.value, call) : loaded
}

function get ({ settings }: Loaded, call: Call): Outcome {
  const [key] = call.arguments
  const wanted = settings.filter(({ path }) => key === undefined || path === key || path.startsWith(`${key}.`))
  if (wanted.length === 0) {
    const close = nearest(key ?? '', SETTINGS.flatMap(({ path }) => [path, path.split('.')[0] ?? path]))
    const hint = close === undefined ? 'Run hanse config get for all settings.' : `Did you mean ${close}?`
    return problem(EXIT.notFound, 'not-found', `There is no setting ${plain(key ?? '')}`, hint)
  }
  const rows = wanted.map(({ path, value, source }) => [path, shown(value), whereOf(source)])
  const json = { settings: wanted.map(({ path, value, source }) => ({ key: path, value, source })) }
  return answer(json, table([{ heading: 'setting' }, { heading: 'value' }, { heading: 'from' }], rows))
}

function validate (call: Call): Outcome {
  const loaded = loadConfig(call)
  if (!loaded.ok) return configProblem(loaded.failure)
  const { file, fileExists, settings, connectors } = loaded.value
  const set = settings.filter(({ source }) => source.type !== 'default').length
  const what = fileExists ? `${file} is valid` : `There is no ${file}; the defaults hold`
  return answer(
    { valid: true, file, fileExists, set, connectors: connectors.map(({ name }) => name) },
    `${what}. ${set} of ${settings.length} settings are set, the others have their defaults.${connectors.length === 0 ? '' : ` ${count(connectors.length, 'connector')} ${connectors.length === 1 ? 'is' : 'are'} declared.`}`
  )
}

function exported ({ settings, folder, connectors }: Loaded): Outcome {
  // The folder is told as it is, so that the file means the same wherever it lies.
  const values = new Map(settings.map(({ path, value }: Setting) => [path, path === 'node.data' ? folder : value]))
  const toml = [renderToml(values, 'Settings of a hanse node, complete. Use it with --config.'), ...connectors.map(renderConnector)].join('\n')
  return answer({ settings: Object.fromEntries(values), connectors, toml }, toml)
}

function shown (value: unknown): string {
  return Array.isArray(value) ? value.map(String).join(', ') || '(none)' : value === '' ? '(empty)' : String(value)
}
