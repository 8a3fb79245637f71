import { textOf, utf8 } from '../../base/index.ts'
import { dateTimeMsOf, entityIdOf, isEntityId, type Entity } from '../../sdk/models/index.ts'
import { isObject, TYPES, VALUE_TYPES, type KeptEntity, type Note } from './kept.ts'

const NOTES = '@attributes'
const NESTING_MAX = 64

export function bodyOfEntity ({ entity, notes }: Pick<KeptEntity, 'entity' | 'notes'>): Uint8Array {
  const { id, type, ...attributes } = entity
  return utf8(JSON.stringify({ id, type, ...attributes, ...Object.keys(notes).length === 0 ? {} : { [NOTES]: notes } }))
}

/**
 * The entity in the body of a record; undefined where there is none. Whatever publishers write is taken for an entity of the type
 * of its dataset: its id is its own, or is made of the key of its record.
 */
export function entityOfBody (type: string, key: Uint8Array, body: Uint8Array, timeMs: number): KeptEntity | undefined {
  let value: unknown
  try {
    value = JSON.parse(textOf(body) ?? '')
  } catch {
    return undefined
  }
  if (!isObject(value) || !isShallow(value, 1)) return undefined
  const { id: _id, type: _type, [NOTES]: notes, '@context': _context, ...attributes } = value
  return { entity: { id: idOf(type, key, value['id']), type, ...attributes } satisfies Entity, notes: notesIn(notes), timeMs }
}

/** Deeper ones could not be written again without running out of stack. */
function isShallow (value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return depth <= NESTING_MAX && Object.values(value).every(each => isShallow(each, depth + 1))
}

/** Whoever publishes may write anything there: what is not as this room writes it is left out. */
function notesIn (given: unknown): KeptEntity['notes'] {
  if (!isObject(given)) return {}
  return Object.fromEntries(Object.entries(given).flatMap(([name, note]): readonly (readonly [string, Note])[] => isObject(note) ? [[name, noteOf(note)]] : []))
}

function noteOf ({ type, valueType, observedAt, unitCode, of }: Readonly<Record<string, unknown>>): Note {
  const known = { type: TYPES.find(each => each === type), valueType: VALUE_TYPES.find(each => each === valueType) }
  return {
    ...known.type === undefined ? {} : { type: known.type }, ...known.valueType === undefined ? {} : { valueType: known.valueType },
    ...typeof observedAt === 'string' && dateTimeMsOf(observedAt) !== undefined ? { observedAt } : {}, ...typeof unitCode === 'string' ? { unitCode } : {},
    ...isObject(of) ? { of: Object.fromEntries(Object.entries(of).flatMap(([name, each]) => isObject(each) ? [[name, each] as const] : [])) } : {}
  }
}

function idOf (type: string, key: Uint8Array, given: unknown): string {
  const name = textOf(key)
  if (name !== undefined && isEntityId(name)) return name
  return typeof given === 'string' && isEntityId(given) ? given : entityIdOf(type, name ?? '')
}
