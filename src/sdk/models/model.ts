import type { GeometryType } from './geometry.ts'

/** `texts`: a list of texts, or one text. `reference`: the id of another entity, or a list of them. */
export type AttributeKind = 'text' | 'texts' | 'reference' | 'number' | 'integer' | 'boolean' | 'time' | 'geometry' | 'object'

export type Attribute = {
  readonly kind: AttributeKind
  /** As it stands in column descriptions; null: none, or whatever the source says. */
  readonly unit: string | null
  readonly min?: number
  readonly max?: number
  /** The closed list of its values. */
  readonly oneOf?: readonly string[]
  /** Of a geometry; left out: any. */
  readonly geometries?: readonly GeometryType[]
  /** Tells of a person: not shown to others where entities are shown. */
  readonly isPersonal?: true
}

export type Model = {
  /** Short name, such as `WasteContainer`. */
  readonly type: string
  /** What it describes, for a person. */
  readonly about: string
  readonly required: readonly string[]
  readonly attributes: ReadonlyMap<string, Attribute>
  /** Attributes that hold when something was observed, the most telling first. */
  readonly observedBy: readonly string[]
}

/** `id` and `type` first, then attributes in the short form. */
export type Entity = { readonly id: string, readonly type: string, readonly [attribute: string]: unknown }
