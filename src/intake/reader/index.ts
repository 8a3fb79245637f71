/**
 * Says what a reader of a city feed is, and holds what all of them need: documents go in, datasets with records come out.
 *
 * A connector gets documents, by whatever way; a reader reads them and opens no connection, keeps nothing and knows no clock. A
 * session takes the first document and says which others it leads to (the feeds of a GBFS system, the next page of a
 * catalogue), until it needs no more: `const asked = await session.take(document)`, one after the other, then `finish`.
 * What is wrong with one part of a feed does not stop the others: the part goes to the dead letters with a reason.
 *
 * Keys are stable ids of things, bodies JSON objects with the field names of the feed's own standard, or key-values of a Smart
 * Data Model where the output names one. Of the newest state by key, `changesOf` finds what to append.
 */
export { changesOf, type KnownBodies } from './changes.ts'
export { Gathering } from './gathering.ts'
export {
  booleanIn, feedTimeMs, isObject, isoOf, isoTimeMs, known, listOf, malformed, member, numberIn, objectOf, parseJson, pointOf, textIn, type JsonObject, type Point
} from './json.ts'
export { DEPTH_MAX, DOCUMENT_BYTES_MAX, TEXT_LENGTH_MAX, THINGS_MAX } from './limits.ts'
export { childrenOf, childText, parseXml, type XmlElement } from './xml.ts'
export { oneDocument } from './session.ts'
export type {
  Asked, Document, FoundSource, Output, OutputDescription, ReadContext, Reader, ReaderKind, ReadFailure, Reading, ReadSession, ReadWarning, Rejected
} from './types.ts'
