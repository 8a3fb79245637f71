/**
 * Turns content into records and files of an own feed.
 */
export { failureOf, storeFile, storeTable, type Stored } from './publishing.ts'
