import { declarationSchema, type ConnectorKind } from '../../sdk/index.ts'

export type FieldKind = 'text' | 'number' | 'truth' | 'choice' | 'list' | 'json'
/** One field of the form, as the schema of the declaration has it. */
export type Field = { readonly name: string, readonly kind: FieldKind, readonly choices: readonly string[], readonly initial: string, readonly isNeeded: boolean }

/** What of a schema tells how its value is written. */
type Shape = { readonly def: { readonly type: string, readonly innerType?: unknown, readonly defaultValue?: unknown, readonly entries?: unknown } }

/** Asked for by other means. */
const ELSEWHERE = ['kind', 'name', 'dataset']
/** What most people need of each kind; the rest is folded. */
const FIRST: Readonly<Record<ConnectorKind, readonly string[]>> = {
  url: ['url', 'format', 'mode', 'interval_s'], mqtt: ['broker', 'topics', 'format'], push: ['format'], folder: ['path', 'format', 'mode']
}

const WAYS: Readonly<Record<string, FieldKind>> = { string: 'text', number: 'number', int: 'number', boolean: 'truth', enum: 'choice', array: 'list', object: 'json', record: 'json' }

/** The fields of a kind of connector: those that most people need, and the others. */
export function fieldsOf (kind: ConnectorKind): { readonly first: readonly Field[], readonly more: readonly Field[] } {
  // By `def`, which schemas have in a browser too.
  const schema = declarationSchema.def.options.find(({ shape }) => shape.kind.def.values.some(value => value === kind))
  const fields = Object.entries(schema?.shape ?? {}).filter(([name]) => !ELSEWHERE.includes(name)).map(([name, shape]) => fieldOf(name, shape as Shape))
  const first = FIRST[kind]
  return { first: first.flatMap(name => fields.find(each => each.name === name) ?? []), more: fields.filter(({ name }) => !first.includes(name)) }
}

function fieldOf (name: string, given: Shape): Field {
  let { def } = given
  let initial: unknown
  let isNeeded = true
  while (isShape(def.innerType)) {
    isNeeded = false
    initial ??= def.defaultValue
    def = def.innerType.def
  }
  const kind = WAYS[def.type] ?? 'json'
  return { name, kind, choices: typeof def.entries === 'object' && def.entries !== null ? Object.keys(def.entries) : [], initial: textOf(kind, initial), isNeeded }
}

function isShape (value: unknown): value is Shape {
  return typeof value === 'object' && value !== null && 'def' in value
}

function textOf (kind: FieldKind, initial: unknown): string {
  if (initial === undefined || initial === null) return ''
  if (kind === 'list') return Array.isArray(initial) ? initial.join('\n') : ''
  return typeof initial === 'string' ? initial : JSON.stringify(initial)
}

/** What a field says, as the declaration writes it; undefined where it is left as it was. */
export function valueOf ({ kind, initial }: Field, text: string): unknown {
  if (text === initial) return undefined
  switch (kind) {
    case 'number': return Number(text)
    case 'truth': return text === 'true'
    case 'list': return text.split('\n').map(line => line.trim()).filter(line => line !== '')
    case 'json': try { return JSON.parse(text) as unknown } catch { return text }
    case 'choice': case 'text': return text
  }
}

/** "https://city.example/data/Bike%20counter.csv" becomes "Bike counter". */
export function titleOfAddress (address: string): string {
  const last = address.split(/[?#]/)[0]?.replace(/\/+$/, '').split('/').at(-1) ?? ''
  const name = decoded(last).replace(/\.[a-z0-9]{1,8}$/i, '').replaceAll(/[_\p{C}]+/gu, ' ').trim()
  return name === '' ? '' : name.charAt(0).toUpperCase() + name.slice(1)
}

function decoded (text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const ID_LENGTH_MAX = 60

/** A short name, of which there is none yet among these. */
export function idOfTitle (title: string, taken: readonly string[]): string {
  const letters = title.toLowerCase().replaceAll('ß', 'ss').normalize('NFKD').replaceAll(/\p{M}/gu, '').replaceAll(/[^a-z0-9]+/g, '-')
  return freeId(letters.replaceAll(/^-+|-+$/g, '').slice(0, ID_LENGTH_MAX).replace(/-+$/, '') || 'dataset', taken)
}

export function freeId (wanted: string, taken: readonly string[]): string {
  for (let at = 1; ; at++) {
    const id = at === 1 ? wanted : `${wanted}-${at}`
    if (!taken.includes(id)) return id
  }
}
