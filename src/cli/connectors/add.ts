import { readFile, stat } from 'node:fs/promises'
import { parse, TomlError } from 'smol-toml'
import { ok, type Result } from '../../base/index.ts'
import { failed, withNode } from '../client/index.ts'
import { answer, EXIT, plain, problem, type Command, type Problem } from '../terminal/index.ts'

const DECLARATION_BYTES_MAX = 1_048_576

export const connectorAddCommand: Command = {
  name: 'connector add',
  summary: 'Add a connector, which brings data in, and write it to hanse.toml',
  arguments: [{ name: 'FILE', help: 'a table [[connector]] as in hanse.toml', optional: true }],
  options: [
    { name: 'name', value: 'NAME', help: 'names the connector' },
    { name: 'kind', value: 'KIND', help: 'mqtt, push, url or folder' },
    { name: 'id', value: 'ID', help: 'the dataset that it fills; made where it does not exist' },
    { name: 'title', value: 'TITLE', help: 'what the dataset is called' },
    { name: 'set', value: 'KEY=VALUE', repeated: true, help: 'another setting, for instance --set broker=embedded or --set dataset.access=public' }
  ],
  examples: [
    'hanse connector add bins.toml',
    'hanse connector add --name bins --kind mqtt --id bins --title "Waste containers" --set broker=mqtt://127.0.0.1:1883 --set format=chirpstack',
    'hanse connector add --name counters --kind push --id counters --title "Bicycle counters"'
  ],
  run: async call => {
    const [file] = call.arguments
    const read = file === undefined ? ok({}) : await declarationIn(file)
    if (!read.ok) return read
    const given = fromOptions(read.value, new Map(['name', 'kind', 'id', 'title'].map(name => [name, call.text(name)])), call.texts('set'))
    if (!given.ok) return given
    return await withNode(call, async client => {
      const added = await client.addConnector(given.value)
      if (!added.ok) return failed(added.failure)
      const { name, datasetId } = added.value
      return answer(added.value, `The connector ${name} fills ${datasetId} from now on. See how it does with "hanse connector show ${name}".`)
    })
  }
}

type Table = Readonly<Record<string, unknown>>

async function declarationIn (file: string): Promise<Result<Table, Problem>> {
  const wrong = (reason: string, hint: string): Result<Table, Problem> => problem(EXIT.usage, 'usage', reason, hint)
  let text: string
  try {
    if ((await stat(file)).size > DECLARATION_BYTES_MAX) return wrong(`${plain(file)} is larger than ${DECLARATION_BYTES_MAX} bytes`, 'Is this the right file?')
    text = await readFile(file, 'utf8')
  } catch {
    return wrong(`${plain(file)} cannot be read`, 'Check the path and its access rights.')
  }
  try {
    const parsed: Table = parse(text)
    const tables: unknown = parsed['connector']
    if (tables === undefined) return ok(parsed)
    const [first, ...more] = Array.isArray(tables) ? tables as unknown[] : []
    return more.length > 0 || typeof first !== 'object' || first === null ? wrong(`${plain(file)} does not hold exactly one table [[connector]]`, 'Add one after the other.') : ok(first as Table)
  } catch (error) {
    const reason = error instanceof TomlError ? `${plain(file)}:${error.line}:${error.column}: ${error.message.split('\n')[0] ?? ''}` : `${plain(file)} is not TOML`
    return wrong(reason, 'Write it as a table [[connector]] of hanse.toml.')
  }
}

/** Settings of options over those of a file. A value is read as TOML where it is that, and else is a text. */
function fromOptions (table: Table, options: ReadonlyMap<string, string | undefined>, settings: readonly string[]): Result<Table, Problem> {
  let made: Table = table
  for (const [option, value] of options) {
    if (value === undefined) continue
    made = withValue(made, option === 'id' || option === 'title' ? ['dataset', option] : [option], value)
  }
  for (const setting of settings) {
    const at = setting.indexOf('=')
    const path = setting.slice(0, Math.max(0, at)).trim().split('.')
    if (at < 1 || path.some(part => !/^[\w-]{1,64}$/.test(part) || part === '__proto__')) {
      return problem(EXIT.usage, 'usage', `--set ${plain(setting.slice(0, 128))} is not KEY=VALUE`, 'Write it as --set broker=embedded.')
    }
    made = withValue(made, path, valueOf(setting.slice(at + 1)))
  }
  return ok(made)
}

function withValue (table: Table, [key = '', ...rest]: readonly string[], value: unknown): Table {
  if (rest.length === 0) return { ...table, [key]: value }
  const inner = table[key]
  return { ...table, [key]: withValue(typeof inner === 'object' && inner !== null ? inner as Table : {}, rest, value) }
}

function valueOf (text: string): unknown {
  try {
    return parse(`value = ${text}`)['value']
  } catch {
    return text
  }
}

