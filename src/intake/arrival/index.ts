/**
 * Takes in a file that came from elsewhere: by a pull, or in a watched folder.
 *
 * First all of it goes into a spool of its own, unpacked where it is gzip or a zip with one file in it, counted and hashed: what breaks off,
 * is too large or grows too much is thrown away before anything of it is stored. Only then it is read, and published as a whole: a new
 * version of its dataset where its bytes are others than those of the version before, and else nothing. A table that is no table, ends in the
 * midst or has a row that no record can hold is refused with a sentence; the version before stays.
 *
 * Rows of a stream are appended in batches, each row once. How many batches of which file are durable is told after each few, so that a
 * restart goes on there; what lies between is known by the stream's window.
 */
export { appendRows, type Mark } from './rows.ts'
export { publishContent, type FileFormat } from './content.ts'
export { Spool, SPOOLED_BYTES_MAX, type Spooled } from './spool.ts'
