import { fail, ok, type Result } from '../../base/index.ts'
import { dateTimeMsOf, geometryFault, isAttributeName, isEntityId, type Entity } from '../../sdk/models/index.ts'
import type { Names } from './contexts.ts'
import { isObject, typeOf, type AttributeType, type Note } from './kept.ts'

/** `position`: a JSON pointer into what was given. `notOffered`: the standard has it, and this node does not. */
export type FormFailure = { readonly reason: string, readonly position: string, readonly notOffered?: true }
/** `either`: normalized where an attribute looks it, and its value as it is where not. */
export type GivenForm = 'either' | 'keyValues'

/** Attributes by their kept names. A value that is undefined is to go. */
export type Fragment = { readonly values: ReadonlyMap<string, unknown>, readonly notes: ReadonlyMap<string, Note> }

type Read = { readonly value: unknown, readonly note: Note }

/** NGSI-LD's word for nothing: what has it is removed (ETSI GS CIM 009, 4.5.0). */
const NOTHING = 'urn:ngsi-ld:null'
const SYSTEM = new Set(['createdAt', 'modifiedAt', 'deletedAt'])
const TYPES: ReadonlySet<unknown> = new Set<AttributeType>(['Property', 'Relationship', 'GeoProperty'])
const OTHER_TYPES: ReadonlySet<unknown> = new Set(['LanguageProperty', 'VocabProperty', 'JsonProperty', 'ListProperty', 'ListRelationship'])
const SUB_DEPTH_MAX = 3

/** An entity as somebody gave it, without its `@context`. Its values are for the model to check. */
export function readEntity (given: unknown, form: GivenForm, names: Names): Result<{ readonly entity: Entity, readonly notes: Readonly<Record<string, Note>> }, FormFailure> {
  if (!isObject(given)) return fail({ position: '', reason: 'an entity is a JSON object' })
  const { id, type: types, ...attributes } = given
  if (typeof id !== 'string' || !isEntityId(id)) return fail({ position: '/id', reason: 'an entity has an id that is a URI' })
  const type = Array.isArray(types) && types.length === 1 ? types[0] as unknown : types
  if (Array.isArray(type)) return fail({ position: '/type', reason: 'several types of one entity are not offered', notOffered: true })
  if (typeof type !== 'string' || type === '') return fail({ position: '/type', reason: 'an entity has a type' })
  const fragment = readFragment(attributes, form, names, names.kept(type))
  if (!fragment.ok) return fragment
  const nothing = [...fragment.value.values].find(([, value]) => value === undefined)
  if (nothing !== undefined) return fail({ position: `/${nothing[0]}`, reason: 'an attribute has a value' })
  return ok({ entity: { id, type: names.kept(type), ...Object.fromEntries(fragment.value.values) }, notes: Object.fromEntries(fragment.value.notes) })
}

/** Attributes alone, of an entity of that type. */
export function readFragment (given: Readonly<Record<string, unknown>>, form: GivenForm, names: Names, entityType: string): Result<Fragment, FormFailure> {
  const values = new Map<string, unknown>()
  const notes = new Map<string, Note>()
  for (const [name, attribute] of Object.entries(given)) {
    if (SYSTEM.has(name)) continue
    const position = `/${name.slice(0, 128).replaceAll('~', '~0').replaceAll('/', '~1')}`
    if (name === 'scope') return fail({ position, reason: 'scopes are not offered', notOffered: true })
    const kept = names.kept(name)
    if (!isAttributeName(kept)) return fail({ position, reason: 'not a name for an attribute' })
    if (values.has(kept)) return fail({ position, reason: 'another name for an attribute that is there already' })
    const read = form === 'keyValues' ? valueOf(attribute, position) : attributeOf(attribute, position, names)
    if (!read.ok) return read
    const { value, note } = read.value
    values.set(kept, value === NOTHING ? undefined : value)
    const { type, ...rest } = note
    const isPlain = type === undefined || type === typeOf(entityType, kept, value)
    const whole = isPlain ? rest : note
    if (Object.keys(whole).length > 0) notes.set(kept, whole)
  }
  return ok({ values, notes })
}

function attributeOf (given: unknown, position: string, names: Names): Result<Read, FormFailure> {
  if (Array.isArray(given) && given.some(each => isObject(each) && (TYPES.has(each['type']) || 'datasetId' in each))) {
    return fail({ position, reason: 'several instances of one attribute are not offered', notOffered: true })
  }
  if (!isObject(given)) return valueOf(given, position)
  const { type } = given
  if (OTHER_TYPES.has(type)) return fail({ position: `${position}/type`, reason: `${String(type)} is not offered`, notOffered: true })
  const isConcise = type === undefined && (Object.hasOwn(given, 'value') || typeof given['object'] === 'string')
  if (!TYPES.has(type) && !isConcise) return valueOf(given, position)
  const { type: _type, value: givenValue, object, observedAt, unitCode, ...others } = given
  const value = type === 'Relationship' || (isConcise && !Object.hasOwn(given, 'value')) ? relationOf(object, position) : valueOf(givenValue, `${position}/value`)
  if (!value.ok) return value
  if (observedAt !== undefined && (typeof observedAt !== 'string' || dateTimeMsOf(observedAt) === undefined)) return fail({ position: `${position}/observedAt`, reason: 'not a date with time and zone' })
  if (unitCode !== undefined && (typeof unitCode !== 'string' || unitCode.length > 64)) return fail({ position: `${position}/unitCode`, reason: 'not a code of a unit' })
  const fault = type === 'GeoProperty' && value.value.value !== NOTHING ? geometryFault(value.value.value) : undefined
  if (fault !== undefined) return fail({ position: `${position}/value${fault.position}`, reason: fault.reason })
  const of = subAttributesOf(others, position, names, 1)
  if (!of.ok) return of
  return ok({
    value: value.value.value,
    note: {
      ...TYPES.has(type) ? { type: type as AttributeType } : isConcise && !Object.hasOwn(given, 'value') ? { type: 'Relationship' as const } : {}, ...value.value.note,
      ...observedAt === undefined ? {} : { observedAt }, ...unitCode === undefined ? {} : { unitCode }, ...Object.keys(of.value).length === 0 ? {} : { of: of.value }
    }
  })
}

/** A value as it is, or one of time with its type beside it. */
function valueOf (given: unknown, position: string): Result<Read, FormFailure> {
  if (given === undefined || given === null) return fail({ position, reason: 'an attribute has a value' })
  if (!isObject(given) || !Object.hasOwn(given, '@value')) return ok({ value: given, note: {} })
  const { '@type': valueType, '@value': value } = given
  if (valueType !== 'DateTime' && valueType !== 'Date' && valueType !== 'Time') return ok({ value: given, note: {} })
  if (typeof value !== 'string' || (valueType === 'DateTime' && dateTimeMsOf(value) === undefined)) return fail({ position: `${position}/@value`, reason: `not a ${valueType}` })
  return ok({ value, note: { valueType } })
}

function relationOf (object: unknown, position: string): Result<Read, FormFailure> {
  const ids = Array.isArray(object) ? object as readonly unknown[] : [object]
  const isGood = ids.length > 0 && ids.every(id => typeof id === 'string' && isEntityId(id))
  return isGood ? ok({ value: object, note: {} }) : fail({ position: `${position}/object`, reason: 'a Relationship has an object that is a URI' })
}

function subAttributesOf (others: Readonly<Record<string, unknown>>, position: string, names: Names, depth: number): Result<NonNullable<Note['of']>, FormFailure> {
  const found: Record<string, Readonly<Record<string, unknown>>> = {}
  for (const [name, given] of Object.entries(others)) {
    if (SYSTEM.has(name)) continue
    const at = `${position}/${name.slice(0, 128)}`
    if (name === 'datasetId') return fail({ position: at, reason: 'several instances of one attribute are not offered', notOffered: true })
    const kept = names.kept(name)
    if (!isAttributeName(kept) || !isObject(given) || !TYPES.has(given['type'])) return fail({ position: at, reason: 'neither a member of an attribute nor an attribute of one' })
    if (depth > SUB_DEPTH_MAX) return fail({ position: at, reason: `attributes of attributes deeper than ${SUB_DEPTH_MAX}` })
    const read = attributeOf(given, at, names)
    if (!read.ok) return read
    const { type, value, object, observedAt, unitCode, ...more } = given
    const deeper = subAttributesOf(more, at, names, depth + 1)
    if (!deeper.ok) return deeper
    const said = Object.entries({ type, value, object, observedAt, unitCode }).filter(([, each]) => each !== undefined)
    found[kept] = { ...Object.fromEntries(said), ...deeper.value }
  }
  return ok(found)
}
