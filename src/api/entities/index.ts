/**
 * Holds entities of NGSI-LD (ETSI GS CIM 009) in the one form in which they are kept, and reads and writes their others.
 *
 * Kept is the short form, one JSON object with `id`, `type` and values, which is what every other reader of the dataset wants. What
 * the normalized form says beyond it (observedAt, unitCode, attributes of attributes, that a text is a Relationship or a DateTime)
 * stands beside it under `@attributes`, by name of the attribute and only where it was said: a name that no attribute can have.
 *
 * Names are kept short. Contexts are local: those of the core and of the Smart Data Models map each name to itself, since all of
 * their vocabularies are told apart from ours by nothing but their prefix; an operator may add flat maps of terms, and a body may
 * carry one. Any other context is refused by its URL and never fetched.
 *
 * Deviates: several types, several instances of an attribute (`datasetId`), scopes, and the types LanguageProperty, VocabProperty,
 * JsonProperty and lists are refused; a geometry in a short form is a GeoProperty.
 */
export { bodyOfEntity, entityOfBody } from './body.ts'
export { Contexts, CORE_CONTEXT, PLAIN_NAMES, termMapOf, type ContextFailure, type Names, type TermMap } from './contexts.ts'
export { readEntity, readFragment, type FormFailure, type Fragment, type GivenForm } from './read.ts'
export { type KeptEntity, type Note } from './kept.ts'
export { writeEntity, writeFeature, type WrittenForm } from './write.ts'
