import { isGeometry, MODELS, type Entity } from '../../sdk/models/index.ts'

export type AttributeType = 'Property' | 'Relationship' | 'GeoProperty'
export const TYPES: readonly AttributeType[] = ['Property', 'Relationship', 'GeoProperty']
export const VALUE_TYPES = ['DateTime', 'Date', 'Time'] as const

/** What is known of an attribute beside its value. */
export type Note = {
  /** Where it is not what one would take it for. */
  readonly type?: AttributeType
  /** The text is a value of this type, written `{"@type": …, "@value": …}`. */
  readonly valueType?: typeof VALUE_TYPES[number]
  readonly observedAt?: string
  readonly unitCode?: string
  /** Attributes of the attribute, in the normalized form. */
  readonly of?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

export type KeptEntity = {
  readonly entity: Entity
  readonly notes: Readonly<Record<string, Note>>
  /** Of its record: when it was observed, or came; `modifiedAt` of NGSI-LD. */
  readonly timeMs: number
}

/** What an attribute is, where nothing was said. */
export function typeOf (entityType: string, name: string, value: unknown): AttributeType {
  if (MODELS.get(entityType)?.attributes.get(name)?.kind === 'reference') return 'Relationship'
  return isGeometry(value) ? 'GeoProperty' : 'Property'
}

export function isObject (value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A member that was put there itself: `constructor` and its like are names like any other. */
export function ownMember (object: object, name: string): unknown {
  return Object.hasOwn(object, name) ? (object as Readonly<Record<string, unknown>>)[name] : undefined
}
