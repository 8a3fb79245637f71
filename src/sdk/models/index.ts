/**
 * Says what the Smart Data Models are that this node checks on the way in and shows on the way out: their attributes, units and bounds.
 *
 * An entity is one JSON object with `id`, `type` and its attributes in the short form (`keyValues`) of NGSI-LD. Its id is
 * `urn:ngsi-ld:<Type>:<local>`. Attributes that a model knows are held to it, value by value, and a failure names the place by
 * a JSON pointer. Those that it does not know are kept, within the limits of `limits.ts`, since cities add their own; so are those
 * of types that are not known here. A number is never turned into a text or the other way round. Null says that nothing is known.
 *
 * The models are smartdatamodels.org's; `(m)` beside an attribute says that its unit or range is from memory of the published
 * text and was not held against it. Deviates from them: nothing but what `required` names must be there, where the published
 * texts disagree over their versions; a list of one text may stand as that text.
 */
export type { Attribute, AttributeKind, Entity, Model } from './model.ts'
export { columnsOf, MODELS, observedMsOf, type ModelColumn } from './models.ts'
export { geometryFault, isGeometry, type Geometry, type GeometryType, type Position } from './geometry.ts'
export { dateTimeMsOf } from './time.ts'
export { entityFault, entityIdOf, isAttributeName, isEntityId, validateEntity, type EntityFailure } from './validate.ts'
