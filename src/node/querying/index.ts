/**
 * Answers what is asked of the rows of a dataset: by key, time, place and values, a page at a time.
 *
 * Goes through the `read` door, and what goes out is counted and written down as a read is. Records come in the order of their
 * numbers; the latest of each key in the order of the keys. Where the index tells by key or else by place, only segments are read in which
 * there may be a row; times leave out blocks and segments; conditions on values are looked up in the rows themselves. Sealed data are
 * searched by reading, but for exact keys.
 *
 * A call reads at most 512 segments and looks at 65,536 rows. Then its page ends, maybe without a row, and its cursor goes on: no
 * question can hold up the node. A cursor holds the digest of the question, with the version of the dataset: it stays good while
 * records come in. What came in between is found in later pages, where it stands behind the cursor. What is not here, or cannot be
 * opened, is left out and said (`incomplete`): an answer lacks rows then, and is never wrong.
 */
export { Querying, type QueryingOptions } from './querying.ts'
