/**
 * Unpacks what came packed, in bounded memory and up to named limits: gzip as a stream, zip by its central directory.
 *
 * - What is unpacked may have 1 GiB, and a hundred times the size of what it was packed in; of a zip that counts for all entries together,
 *   so that entries which lie over each other gain nothing. Archives within archives are bytes: nothing here opens them.
 * - A zip may have 10,000 entries. Their names are labels to look for: no path is ever made of one, and an archive with a name that leads out
 *   of a folder, with two entries of one name, with a link or a device is refused as a whole. So are encrypted ones.
 * - Sizes and checksums of the directory are checked against what comes out. Reading ends with an `ArchiveBroken` where they differ.
 */
export { ArchiveBroken, type ArchiveFailure } from './broken.ts'
export { gunzip, isGzip, isZip } from './gzip.ts'
export { UNPACKED_BYTES_MAX } from './limits.ts'
export { openArchive, type Archive, type ArchiveEntry } from './zip.ts'
