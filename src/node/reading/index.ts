/**
 * Reads records out of feeds, from the start or as they come. What is read was checked by its hash on the way.
 */
export { followedRecords, Incomplete, readableEnd, recordsOf } from './records.ts'
