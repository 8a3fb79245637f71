/**
 * Watches a folder, and takes in what is put there, each file exactly once.
 *
 * - A file is complete when it is the same (number, size, time) at two looks, one after the other. Names that begin with a dot or end in
 *   `.part`, `.tmp` or `~` are somebody's unfinished work.
 * - What was taken is moved to `done/`, what cannot be to `failed/` with a `.reason.txt` beside it, both in the folder. A name that is there
 *   already gets a number.
 * - Regular files of the folder itself, nothing else: no link is followed, no folder entered, no pipe or device opened. A file is opened
 *   once, and what is read comes through that; if it changes meanwhile, it is left for the next look.
 * - Over a crash: a version that is published already is known by its hash, and rows by how far they were marked durable; then the file is
 *   only moved. Of a restricted dataset, which tells no hash, a crash within that moment makes one more version of the same bytes.
 * - Oldest first, one after the other. Where the node takes nothing now, the file stays where it is and is tried again.
 */
export { createFolderConnector, type FolderOptions } from './connector.ts'
