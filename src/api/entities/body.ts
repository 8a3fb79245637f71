import { textOf, utf8 } from '../../base/index.ts'
import { entityIdOf, isEntityId, type Entity } from '../../sdk/models/index.ts'
import { isObject, type KeptEntity, type Note } from './kept.ts'

const NOTES = '@attributes'

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
  if (!isObject(value)) return undefined
  const { id: _id, type: _type, [NOTES]: notes, '@context': _context, ...attributes } = value
  return { entity: { id: idOf(type, key, value['id']), type, ...attributes } satisfies Entity, notes: isObject(notes) ? notes as Readonly<Record<string, Note>> : {}, timeMs }
}

function idOf (type: string, key: Uint8Array, given: unknown): string {
  const name = textOf(key)
  if (name !== undefined && isEntityId(name)) return name
  return typeof given === 'string' && isEntityId(given) ? given : entityIdOf(type, name ?? '')
}
