import { parse, stringify, TomlError } from 'smol-toml'
import { fail, ok, type Result } from '../../base/index.ts'
import { SETTINGS } from './schema.ts'

export type Place = { readonly line: number, readonly column: number }

export type Parsed = {
  readonly values: Readonly<Record<string, unknown>>
  /** Where each dotted path is written, as far as a scan of the lines finds it. */
  readonly places: ReadonlyMap<string, Place>
}

export function parseToml (text: string): Result<Parsed, { readonly place: Place, readonly reason: string }> {
  try {
    return ok({ values: parse(text), places: placesOf(text) })
  } catch (error) {
    if (error instanceof TomlError) {
      const reason = error.message.split('\n')[0]?.replace(/^Invalid TOML document: /, '') ?? 'not TOML'
      return fail({ place: { line: error.line, column: error.column }, reason })
    }
    return fail({ place: { line: 1, column: 1 }, reason: error instanceof Error ? error.message : 'not TOML' })
  }
}

const KEY = String.raw`(?:[\w-]+|"(?:[^"\\]|\\.)*"|'[^']*')`
const HEADER = new RegExp(String.raw`^(\s*\[\[?\s*)(${KEY}(?:\s*\.\s*${KEY})*)\s*\]`)
const ASSIGNMENT = new RegExp(String.raw`^(\s*)(${KEY}(?:\s*\.\s*${KEY})*)\s*=`)
const PART = new RegExp(KEY, 'g')

/**
 * The parser tells no places of keys, so this finds them by headers and assignments at the beginnings of lines. Lines
 * inside of long strings are passed over; keys inside of inline tables are placed at their table.
 */
function placesOf (text: string): Map<string, Place> {
  const places = new Map<string, Place>()
  let table: readonly string[] = []
  /** How many tables of each list were begun: `connector.1.name` is in the second. */
  const lists = new Map<string, number>()
  let within: '"""' | "'''" | undefined
  for (const [index, line] of text.split('\n').entries()) {
    const note = (path: readonly string[], column: number): void => {
      const name = path.join('.')
      if (!places.has(name)) places.set(name, { line: index + 1, column: column + 1 })
    }
    if (within === undefined) {
      const header = HEADER.exec(line)
      const assignment = header === null ? ASSIGNMENT.exec(line) : null
      if (header !== null) {
        const [name = '', ...rest] = partsOf(header[2] ?? '')
        const isList = rest.length === 0 && /^\s*\[\[/.test(line)
        if (isList) lists.set(name, (lists.get(name) ?? -1) + 1)
        const index = lists.get(name)
        table = index === undefined ? [name, ...rest] : [name, String(index), ...rest]
        if (isList) note([name], header[1]?.length ?? 0)
        note(table, header[1]?.length ?? 0)
      } else if (assignment !== null) {
        const path = [...table, ...partsOf(assignment[2] ?? '')]
        const column = assignment[1]?.length ?? 0
        for (let length = table.length + 1; length <= path.length; length++) note(path.slice(0, length), column)
      }
    }
    within = longStringAfter(line, within)
  }
  return places
}

function partsOf (dotted: string): string[] {
  return [...dotted.matchAll(PART)].map(([part]) => /^["']/.test(part) ? part.slice(1, -1) : part)
}

function longStringAfter (line: string, before: '"""' | "'''" | undefined): '"""' | "'''" | undefined {
  let within = before
  for (const [mark] of line.matchAll(/"""|'''/g)) {
    if (within === undefined) within = mark === '"""' ? '"""' : "'''"
    else if (within === mark) within = undefined
  }
  return within
}

/** A file with the given settings, each below its help. */
export function renderToml (values: ReadonlyMap<string, unknown>, head: string): string {
  const lines = head === '' ? [] : head.split('\n').map(line => `# ${line}`.trimEnd())
  let section = ''
  for (const { path, help } of SETTINGS) {
    const value = values.get(path)
    if (value === undefined) continue
    const [name = '', key = ''] = path.split('.')
    if (name !== section) lines.push('', `[${name}]`)
    section = name
    lines.push(`# ${help}`, stringify({ [key]: value }).trimEnd())
  }
  return `${lines.join('\n').trimStart()}\n`
}
