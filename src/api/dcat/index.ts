/**
 * Tells harvesters of other portals what this member publishes: DCAT-AP 3.0.1 in Turtle, JSON-LD and RDF/XML.
 *
 * What is in it depends on who asks. Identifiers are plain IRIs made of the publisher's did, and never change: harvesters would
 * take a dataset under another name for another dataset. Everything named has its type beside it, also what others define, since
 * shapes look at one document alone. A distribution has a checksum only where it is one fixed file, a download address only where
 * anybody may fetch it, and otherwise the page where one reads how to get it. Blank nodes are not used: every part has a name.
 */
export { dcatHandlers } from './handlers.ts'
export { catalogOf, type CatalogPage } from './catalog.ts'
export { write, type Syntax } from './syntaxes.ts'
