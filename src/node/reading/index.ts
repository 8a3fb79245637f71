/**
 * Reads records out of feeds, from the start or as they come. What is read was checked by its hash on the way.
 *
 * The one place where sealed segments are opened: by keys of the keyring, own or granted. Everything else carries, checks and
 * proves the bytes as they are stored. Where a key is missing a read ends with `Incomplete` of code `sealed`, which names the
 * epoch; whoever follows waits for the key, since a grant may come a moment after the data.
 */
export { contentsOf, countOfContents, noGrant, readableRecordsOf, recordAt, type Contents, type ContentsFailure, type KeysAtHand } from './contents.ts'
export { followedRecords, Incomplete, readableEnd, recordsOf, type Readable } from './records.ts'
