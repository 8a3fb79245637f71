/**
 * Keeps whole files: splits them into blocks, serves them by ranges, fetches them from several members at once.
 *
 * A file is a UnixFS DAG by profile `unixfs-v1-2025` (IPIP-499): CIDv1, sha2-256, raw leaves of 1 MiB, balanced, 1,024
 * links; its root is that of public IPFS tools on the same profile. Taking a file in accepts this one shape: given the
 * size of a file, everything in its nodes but the hashes is known, so each byte of a node is checked.
 *
 * Blocks are rows by content: a block that stands in two files, or twice in one, is stored once. What a read returns was
 * hashed; a damaged block is removed, its file counts as incomplete from then on and can be fetched again, and only what
 * is missing is asked for. A file is named by an entry, a record of a feed; the name in it is data, never a path.
 *
 * A file of a restricted feed is sealed by chunks of one leaf each, so its root stands for ciphertext and no CID of the content
 * is published; a range opens the chunks that it touches. Its entry is inside a sealed record: who cannot read that does not
 * know the file.
 *
 * Not yet: freeing the blocks of files that nothing names any more.
 */
export { decodeFileEntry, encodeFileEntry, FILE_MEDIA_TYPE, type FileCipher, type FileEntry } from './entry.ts'
export { cipherFor, contentOfFile, sealedChunks, type FileContentFailure } from './sealing.ts'
export { Files, type FileDelivery } from './files.ts'
export type { FilePlace } from './erasing.ts'
export { FileFault } from './reading.ts'
export { FileWalk } from './shape.ts'
