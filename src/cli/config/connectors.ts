import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { open, rename, stat } from 'node:fs/promises'
import { stringify } from 'smol-toml'
import { fail, ok, type Result } from '../../base/index.ts'
import { CONNECTORS_MAX, declarationSchema, type ConnectorDeclaration } from '../../sdk/index.ts'
import { nearest, plain } from '../terminal/index.ts'
import { parseToml, type Place } from './toml.ts'

type Complaint = { readonly where: string, readonly reason: string, readonly hint: string }
type Table = Readonly<Record<string, unknown>>
type EditFailure = { readonly code: string, readonly reason: string, readonly hint: string }

/** Settings of connectors that name files or folders: as seen from hanse.toml where they are not absolute. */
const PATH_KEYS = ['password_file', 'ca_file', 'headers_file', 'path'] as const
const HEADER = /^\s*\[\[?\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$/
const CONNECTOR_HEADER = /^\s*\[\[\s*connector\s*\]\]\s*(?:#.*)?$/
/** `[connector.dataset]` and the like, which belong to the table above them. */
const PART = /^connector\s*\./

export const CONNECTOR_SECTION = 'connector'

/** The tables [[connector]] of a file, each checked against the schema of its kind. */
export function connectorsOf (
  value: unknown, placeOf: (path: string) => Place, at: (place: Place) => string, expand: (path: string) => string, folder: string
): Result<readonly ConnectorDeclaration[], readonly Complaint[]> {
  if (!Array.isArray(value)) return fail([{ where: at(placeOf('connector')), reason: 'connector is not a section: there can be several', hint: 'Write [[connector]] above the settings of each.' }])
  if (value.length > CONNECTORS_MAX) return fail([{ where: at(placeOf('connector')), reason: `there are ${value.length} connectors, at most ${CONNECTORS_MAX}`, hint: 'Remove those that nobody needs.' }])
  const complaints: Complaint[] = []
  const declarations: ConnectorDeclaration[] = []
  for (const [index, table] of value.entries()) {
    const parsed = declarationSchema.safeParse(table)
    const placeIn = (path: readonly PropertyKey[]): string => {
      for (let length = path.length; length >= 0; length--) {
        const place = placeOf(['connector', index, ...path.slice(0, length)].map(String).join('.'))
        if (place.line > 0) return at(place)
      }
      return at(placeOf('connector'))
    }
    if (parsed.success) {
      const { name, dataset } = parsed.data
      const twice = declarations.find(each => each.name === name)
      const sameDataset = declarations.find(each => each.dataset.id === dataset.id)
      if (twice !== undefined) complaints.push({ where: placeIn(['name']), reason: `two connectors are called "${name}"`, hint: 'Give each a name of its own.' })
      else if (sameDataset !== undefined) complaints.push({ where: placeIn(['dataset', 'id']), reason: `"${sameDataset.name}" and "${name}" fill the same dataset "${dataset.id}"`, hint: 'One connector fills one dataset.' })
      else declarations.push(withPaths(parsed.data, expand, folder))
    } else {
      for (const issue of parsed.error.issues) complaints.push(...complaintsOf(issue, table, placeIn))
    }
  }
  return complaints.length > 0 ? fail(complaints) : ok(declarations)
}

type Issue = NonNullable<ReturnType<typeof declarationSchema.safeParse>['error']>['issues'][number]

function complaintsOf (issue: Issue, table: unknown, placeIn: (path: readonly PropertyKey[]) => string): readonly Complaint[] {
  const path = issue.path.map(String).join('.')
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(key => {
      const close = nearest(key, keysAt(table, issue.path))
      return {
        where: placeIn([...issue.path, key]), reason: `a connector has no setting ${plain([path, key].filter(each => each !== '').join('.').slice(0, 128))}`,
        hint: close === undefined ? 'hanse config schema lists the settings of each kind.' : `Did you mean ${close}?`
      }
    })
  }
  if (issue.code === 'invalid_union') {
    const kinds = declarationSchema.options.map(option => option.shape.kind.value)
    const kind = typeof table === 'object' && table !== null && 'kind' in table ? String(table.kind) : undefined
    const close = nearest(kind ?? '', kinds)
    const reason = kind === undefined ? 'the connector has no kind' : `there is no connector of kind "${plain(kind.slice(0, 64))}"`
    return [{ where: placeIn(['kind']), reason, hint: close === undefined ? `Write kind = "${kinds.join('" or "')}".` : `Did you mean ${close}?` }]
  }
  const message = /^(Invalid|Too|Expected|Unrecognized)/.test(issue.message) ? issue.message.charAt(0).toLowerCase() + issue.message.slice(1) : `must be ${issue.message}`
  return [{ where: placeIn(issue.path), reason: `${path === '' ? 'the connector' : path}: ${message}`, hint: 'hanse config schema lists the settings of each kind.' }]
}

/** Settings that stand at a place of a declaration, for whoever mistyped one. */
function keysAt (table: unknown, path: readonly PropertyKey[]): readonly string[] {
  const kind = typeof table === 'object' && table !== null && 'kind' in table ? table.kind : undefined
  const option = declarationSchema.options.find(each => each.shape.kind.value === kind)
  if (option === undefined) return []
  const shape = path[0] === 'dataset' ? option.shape.dataset.shape : option.shape
  return path.length > 1 ? [] : Object.keys(shape)
}

/** `folder`: that of the file. */
export function withPaths (declaration: ConnectorDeclaration, expand: (path: string) => string, folder: string): ConnectorDeclaration {
  const absolute = Object.entries(declaration).map(([key, value]) =>
    [key, PATH_KEYS.some(each => each === key) && typeof value === 'string' && value !== '' ? resolve(folder, expand(value)) : value])
  return declarationSchema.parse(Object.fromEntries(absolute))
}

// --- Editing -------------------------------------------------------------------------------------------------------

/** The text of a file with a connector more at its end. What has its default is left out. */
function withConnector (text: string, declaration: ConnectorDeclaration): string {
  const before = text === '' || text.endsWith('\n') ? text : `${text}\n`
  return `${before}${before === '' ? '' : '\n'}${renderConnector(declaration)}`
}

export function renderConnector (declaration: ConnectorDeclaration): string {
  return `${stringify({ connector: [withoutDefaults(declaration)] }).trim()}\n`
}

/** The text without the connector of this name; all other lines stay as they are. Undefined: it is not there as a table of its own. */
function withoutConnector (text: string, name: string): string | undefined {
  const lines = text.split('\n')
  const starts = lines.flatMap((line, index) => CONNECTOR_HEADER.test(line) ? [index] : [])
  for (const start of starts) {
    let end = lines.findIndex((line, index) => index > start && HEADER.test(line) && !PART.test(HEADER.exec(line)?.[1] ?? ''))
    if (end < 0) end = lines.length
    const parsed = parseToml(lines.slice(start, end).join('\n'))
    const [table] = parsed.ok && Array.isArray(parsed.value.values['connector']) ? parsed.value.values['connector'] as unknown[] : []
    if (!isTable(table) || table['name'] !== name) continue
    // Comments right above the next header speak of what comes next.
    while (end < lines.length && end > start + 1 && /^\s*#/.test(lines[end - 1] ?? '')) end--
    return [...lines.slice(0, start), ...lines.slice(end)].join('\n')
  }
  return undefined
}

/** Changes the file of settings on the disk, whole or not at all, after a look at whether the change says what it should. */
export async function editConnectors (file: string, change: { readonly add: ConnectorDeclaration } | { readonly remove: string }): Promise<Result<null, EditFailure>> {
  const byHand = (reason: string): Result<null, EditFailure> => fail({ code: 'config', reason, hint: `edit ${file} by hand and start the node again` })
  let text = ''
  let mode = 0o600
  try {
    text = readFileSync(file, 'utf8')
    mode = (await stat(file)).mode & 0o777
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) return byHand(`${file} cannot be read`)
  }
  const edited = 'add' in change ? withConnector(text, change.add) : withoutConnector(text, change.remove)
  if (edited === undefined) return byHand(`the connector is not a table [[connector]] of its own in ${file}`)
  const [before, after] = [namesIn(text), namesIn(edited)]
  const expected = 'add' in change ? [...before ?? [], change.add.name] : before?.filter(name => name !== change.remove)
  if (after === undefined || JSON.stringify(after) !== JSON.stringify(expected)) return byHand(`${file} is written in a way that this program does not dare to change`)
  try {
    await replace(file, edited, mode)
    return ok(null)
  } catch (error) {
    return byHand(`${file} cannot be written (${error instanceof Error ? error.message : String(error)})`)
  }
}

function namesIn (text: string): readonly unknown[] | undefined {
  const parsed = parseToml(text)
  if (!parsed.ok) return undefined
  const tables = parsed.value.values['connector'] ?? []
  return Array.isArray(tables) ? tables.map((table: unknown) => isTable(table) ? table['name'] : undefined) : undefined
}

async function replace (file: string, text: string, mode: number): Promise<void> {
  const beside = `${file}.new`
  const handle = await open(beside, 'w', mode)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(beside, file)
  const directory = await open(dirname(file), 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/** What the schema would fill in again by itself is not written. */
function withoutDefaults (declaration: ConnectorDeclaration): Table {
  const whole = JSON.stringify(declaration)
  const reads = (table: Table): boolean => {
    const parsed = declarationSchema.safeParse(table)
    return parsed.success && JSON.stringify(parsed.data) === whole
  }
  const prune = (table: Table, rebuild: (table: Table) => Table): Table => {
    let kept = table
    for (const key of Object.keys(table)) {
      const { [key]: _left, ...rest } = kept
      if (reads(rebuild(rest))) kept = rest
    }
    return kept
  }
  const outer = prune(declaration, table => table)
  const dataset = prune(declaration.dataset, part => ({ ...outer, dataset: part }))
  return { ...outer, dataset }
}

function isTable (value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
