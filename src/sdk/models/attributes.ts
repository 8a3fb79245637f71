/** Short ways to write attributes down, and those that all Smart Data Models share. */
import type { GeometryType } from './geometry.ts'
import type { Attribute, Model } from './model.ts'

export const text: Attribute = { kind: 'text', unit: null }
export const texts: Attribute = { kind: 'texts', unit: null }
export const reference: Attribute = { kind: 'reference', unit: null }
export const flag: Attribute = { kind: 'boolean', unit: null }
export const time: Attribute = { kind: 'time', unit: null }
const object: Attribute = { kind: 'object', unit: null }
export const share: Attribute = { kind: 'number', unit: null, min: 0, max: 1 }

export function oneOf (...values: readonly string[]): Attribute {
  return { kind: 'text', unit: null, oneOf: values }
}

export function geometry (...geometries: readonly GeometryType[]): Attribute {
  return geometries.length === 0 ? { kind: 'geometry', unit: null } : { kind: 'geometry', unit: null, geometries }
}

export function amount (unit: string | null, bounds: { readonly min?: number, readonly max?: number } = { min: 0 }): Attribute {
  return { kind: 'number', unit, ...bounds }
}

export function count (unit: string | null = null): Attribute {
  return { kind: 'integer', unit, min: 0 }
}

/** GSMA-Commons and Location-Commons. */
const COMMON: Readonly<Record<string, Attribute>> = {
  name: text, alternateName: text, description: text, dataProvider: text, source: text, seeAlso: texts, owner: texts,
  dateCreated: time, dateModified: time, address: object, areaServed: text, location: geometry()
}

export function model (
  type: string, about: string, attributes: Readonly<Record<string, Attribute>>, { required = [], observedBy = [] }: Partial<Pick<Model, 'required' | 'observedBy'>>
): Model {
  return { type, about, required, observedBy, attributes: new Map(Object.entries({ ...COMMON, ...attributes })) }
}
