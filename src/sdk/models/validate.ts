import { fail, ok, type Result } from '../../base/index.ts'
import { geometryFault } from './geometry.ts'
import {
  ATTRIBUTE_NAME_LENGTH_MAX, ATTRIBUTES_MAX, DEPTH_MAX, ENTITY_BYTES_MAX, ID_LENGTH_MAX, LIST_LENGTH_MAX, TEXT_LENGTH_MAX, TYPE_LENGTH_MAX, VALUES_MAX
} from './limits.ts'
import type { Attribute, Entity } from './model.ts'
import { MODELS } from './models.ts'
import { dateTimeMsOf } from './time.ts'

/** `position`: a JSON pointer (RFC 6901) within the entity. */
export type EntityFailure = {
  readonly code: 'malformed' | 'missing' | 'wrong-type' | 'out-of-range' | 'too-large'
  readonly reason: string
  readonly position: string
}
type Fault = EntityFailure | undefined

/** Names that a copy of an object would lose or act upon, at any depth. */
const UNSAFE_NAMES = new Set(['__proto__', 'constructor', 'prototype'])
const NAME = /^[\p{L}_][\p{L}\p{N}_:./#~-]*$/u
/** An id is a URI (ETSI GS CIM 009, 4.6.2): no blanks, nothing that would end a header or a query. */
const ID = /^[A-Za-z][A-Za-z0-9+.-]*:[^\s<>"'`{}|\\^\p{C}]+$/u

export function entityIdOf (type: string, local: string): string {
  return `urn:ngsi-ld:${type}:${encodeURIComponent(local.toWellFormed()).replaceAll(/%(?:3A|40|2C|2F|3D|2B|24|26|3B)/g, decodeURIComponent).replaceAll('\'', '%27')}`
}

export function isEntityId (text: string): boolean {
  return text.length <= ID_LENGTH_MAX && ID.test(text)
}

function isTypeName (text: string): boolean {
  return text.length <= TYPE_LENGTH_MAX && NAME.test(text) && !UNSAFE_NAMES.has(text)
}

/** The name of an attribute: short, or a full IRI. */
export function isAttributeName (text: string): boolean {
  return text.length <= ATTRIBUTE_NAME_LENGTH_MAX && NAME.test(text) && !UNSAFE_NAMES.has(text) && text !== 'id' && text !== 'type'
}

/** An entity in the short form, held to the model of `type` where that is known here, and to the limits in any case. */
export function validateEntity (type: string, keyValues: unknown): Result<Entity, EntityFailure> {
  const fault = entityFault(type, keyValues)
  return fault === undefined ? ok(keyValues as Entity) : fail(fault)
}

/** What is wrong with the first value that is; undefined for an entity. */
export function entityFault (type: string, keyValues: unknown): Fault {
  if (!isObject(keyValues)) return wrong('', 'an entity is a JSON object')
  const { id } = keyValues
  if (typeof id !== 'string' || !isEntityId(id)) return { code: 'malformed', position: '/id', reason: 'no id that is a URI, such as urn:ngsi-ld:Vehicle:17' }
  if (keyValues['type'] !== type || !isTypeName(type)) return { code: 'malformed', position: '/type', reason: `not the type ${type.slice(0, 64)}` }
  const names = Object.keys(keyValues)
  if (names.length > ATTRIBUTES_MAX + 2) return { code: 'too-large', position: '', reason: `more than ${ATTRIBUTES_MAX} attributes` }
  const model = MODELS.get(type)
  const missing = model?.required.find(name => (keyValues[name] ?? null) === null)
  if (missing !== undefined) return { code: 'missing', position: `/${missing}`, reason: `a ${type} has to have it` }
  const budget = { values: VALUES_MAX }
  for (const name of names) {
    if (name === 'id' || name === 'type') continue
    const position = `/${pointed(name)}`
    if (!isAttributeName(name)) return { code: 'malformed', position, reason: 'not a name for an attribute' }
    const attribute = model?.attributes.get(name)
    const value = keyValues[name]
    const fault = valueFault(value, position, 1, budget) ?? (attribute === undefined || value === null ? undefined : attributeFault(attribute, value, position))
    if (fault !== undefined) return fault
  }
  return JSON.stringify(keyValues).length > ENTITY_BYTES_MAX ? { code: 'too-large', position: '', reason: `longer than ${ENTITY_BYTES_MAX} characters` } : undefined
}

/** What no value of JSON may be here, whatever it means. */
function valueFault (value: unknown, position: string, depth: number, budget: { values: number }): Fault {
  if (--budget.values < 0) return { code: 'too-large', position, reason: `more than ${VALUES_MAX} values in one entity` }
  if (value === null || typeof value === 'boolean') return undefined
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : { code: 'out-of-range', position, reason: 'not a finite number' }
  if (typeof value === 'string') {
    return value.length > TEXT_LENGTH_MAX ? { code: 'too-large', position, reason: `longer than ${TEXT_LENGTH_MAX} characters` } : undefined
  }
  if (typeof value !== 'object') return wrong(position, 'not a value of JSON')
  if (depth > DEPTH_MAX) return { code: 'too-large', position, reason: `nested deeper than ${DEPTH_MAX}` }
  for (const [name, each] of Object.entries(value)) {
    const at = `${position}/${pointed(name)}`
    if (UNSAFE_NAMES.has(name)) return { code: 'malformed', position: at, reason: 'a name that is not taken' }
    const fault = valueFault(each, at, depth + 1, budget)
    if (fault !== undefined) return fault
  }
  return undefined
}

function attributeFault (attribute: Attribute, value: unknown, position: string): Fault {
  switch (attribute.kind) {
    case 'text': return textFault(attribute, value, position)
    case 'texts': case 'reference': return listFault(attribute, value, position)
    case 'number': case 'integer': return numberFault(attribute, value, position)
    case 'boolean': return typeof value === 'boolean' ? undefined : wrong(position, 'neither true nor false')
    case 'time': return typeof value === 'string' && dateTimeMsOf(value) !== undefined ? undefined : wrong(position, 'not a date with time and zone, such as 2026-05-04T12:30:00Z')
    case 'geometry': return placeFault(attribute, value, position)
    case 'object': return isObject(value) || typeof value === 'string' ? undefined : wrong(position, 'not an object')
  }
}

function textFault ({ oneOf }: Attribute, value: unknown, position: string): Fault {
  if (typeof value !== 'string') return wrong(position, 'not a text')
  return oneOf === undefined || oneOf.includes(value) ? undefined : { code: 'out-of-range', position, reason: `none of ${oneOf.join(', ')}` }
}

function listFault ({ kind }: Attribute, value: unknown, position: string): Fault {
  if (typeof value === 'string') return undefined
  const what = kind === 'texts' ? 'texts' : 'ids'
  if (!Array.isArray(value)) return wrong(position, `neither a text nor a list of ${what}`)
  if (value.length > LIST_LENGTH_MAX) return { code: 'too-large', position, reason: `more than ${LIST_LENGTH_MAX} ${what}` }
  const at = value.findIndex(each => typeof each !== 'string')
  return at < 0 ? undefined : wrong(`${position}/${at}`, 'not a text')
}

function numberFault ({ kind, min, max, unit }: Attribute, value: unknown, position: string): Fault {
  if (typeof value !== 'number') return wrong(position, 'not a number')
  if (kind === 'integer' && !Number.isSafeInteger(value)) return wrong(position, 'not a whole number')
  const [least, most] = [min ?? -Infinity, max ?? Infinity]
  if (value >= least && value <= most) return undefined
  const bounds = most === Infinity ? `at least ${least}` : least === -Infinity ? `at most ${most}` : `from ${least} to ${most}`
  return { code: 'out-of-range', position, reason: `${value} is not ${bounds}${unit === null ? '' : ` ${unit}`}` }
}

function placeFault ({ geometries }: Attribute, value: unknown, position: string): Fault {
  const fault = geometryFault(value)
  if (fault !== undefined) return wrong(position + fault.position, fault.reason)
  const { type } = value as { readonly type: string }
  return geometries === undefined || geometries.some(each => each === type) ? undefined : wrong(`${position}/type`, `not ${geometries.join(' or ')}`)
}

function isObject (value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function wrong (position: string, reason: string): EntityFailure {
  return { code: 'wrong-type', position, reason }
}

/** RFC 6901, section 3. */
function pointed (name: string): string {
  return name.slice(0, ATTRIBUTE_NAME_LENGTH_MAX).replaceAll('~', '~0').replaceAll('/', '~1')
}
