/**
 * Turns content into records and files of an own feed. Where the node stops meanwhile that ends between two parts, and the catalogue says
 * what it said before.
 */
export { ENDED } from './ending.ts'
export { failureOf, storeFile, storeTable, type Stored } from './publishing.ts'
