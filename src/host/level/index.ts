/**
 * Keeps rows in LevelDB and trusts none of what it returns: the port `Store` over one database folder.
 *
 * LevelDB returns flipped bits as data and loses records of its log without a word, so every row is checked when it is
 * read: a 'put' value ends in the first 16 bytes of sha256(key || value), a 'block' is hashed again. What fails, and
 * what LevelDB itself refuses to read, is 'damaged'. Three things no check of single rows can see, and those above must:
 * a row that is gone, a deleted row that is back, and an older value of a row that was overwritten.
 *
 * - A commit is acknowledged after its batch is synced. One batch is written at a time; commits that arrive meanwhile
 *   form the next, in order, up to `BATCH_BYTES_MAX`. Bytes given to `commit` must not change until it resolves.
 * - A write error is final: nothing is written after it, since LevelDB may append good records behind a torn one.
 * - A database is created by `createStore` alone. A marker file beside the folder, `FOLDER.marker`, says that it exists:
 *   a lost or exchanged database is a refusal, never an empty start. Nothing is ever repaired here.
 * - Names of new files are synced too, before what is in them is acknowledged; LevelDB leaves that out for its log.
 * - Keys that begin with a zero byte belong to this room.
 * - Damage in the few bytes between values can stop a compaction: then writes fail, or LevelDB ends the process by an
 *   assertion of its own, at each start again. What is stored elsewhere is then fetched into a new database.
 *
 * Errors are `HostError`s: `store.open`, `store.write`, and `store.read` where the reading itself failed.
 */
export { BATCH_BYTES_MAX, COMMIT_BYTES_MAX, COMMITS_WAITING_MAX } from './commits.ts'
export { openDisk, type Disk } from './disk.ts'
export { createStore, FORMAT_VERSION, openStore, type StoreOptions } from './open.ts'
export { BALLAST_BYTES, ensureBallast, freeFraction } from './space.ts'
