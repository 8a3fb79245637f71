/**
 * Makes records of items of JSON, by a mapping that is declared: where in an item its key, time and fields are, and what they become.
 *
 * Places are JSON pointers (`/a/b`) or dotted paths (`a.b`). A key of several parts is joined by slashes. A field that is missing or
 * does not read as its type is left out; if it is required, the item is refused. With an entity type a record is an entity: its id
 * is `urn:ngsi-ld:<Type>:<key>`, and it is held to its model where that is known here.
 *
 * Pure: the time of arrival is an argument.
 */
export { Mapper, timeOf, type ItemFailure } from './mapping.ts'
