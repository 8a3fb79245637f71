import { crc32 } from 'node:zlib'
import { openPromise, type Entry, type ZipFile } from 'yauzl'
import { fail, ok, plain, type Result } from '../../base/index.ts'
import { ArchiveBroken, damaged, tooLarge, type ArchiveFailure } from './broken.ts'
import { ENTRIES_MAX } from './limits.ts'

/** A file in an archive. The name is what the archive says: a label, never a path. */
export type ArchiveEntry = { readonly name: string, readonly sizeBytes: number }

export interface Archive {
  /** Files alone, in the order of the directory. */
  readonly entries: readonly ArchiveEntry[]
  /** Throws `ArchiveBroken` where it is not what the directory says. */
  read (entry: ArchiveEntry): AsyncGenerator<Uint8Array>
  close (): void
}

const DEFLATED = 8
const STORED = 0
const FILE_TYPE_MASK = 0o170000
const REGULAR_FILE = 0o100000
const FOLDER = 0o040000
const UNIX = 3

const ENCRYPTED: ArchiveFailure = { code: 'encrypted', reason: 'it is encrypted', hint: 'send it without a password' }

/** Opens a zip and reads its directory. Whoever opens it closes it. */
export async function openArchive (path: string): Promise<Result<Archive, ArchiveFailure>> {
  let zip: ZipFile
  try {
    zip = await openPromise(path, { lazyEntries: true, autoClose: false, validateEntrySizes: true, decodeStrings: true, strictFileNames: false })
  } catch (error) {
    return fail(failureOf(error))
  }
  const read = await directoryOf(zip)
  if (!read.ok) {
    zip.close()
    return read
  }
  const files = read.value
  return ok({
    entries: [...files.keys()],
    read: entry => {
      const found = files.get(entry)
      if (found === undefined) throw new ArchiveBroken(damaged('it has no such entry'))
      return contentOf(zip, found)
    },
    close () { zip.close() }
  })
}

async function directoryOf (zip: ZipFile): Promise<Result<ReadonlyMap<ArchiveEntry, Entry>, ArchiveFailure>> {
  if (zip.entryCount > ENTRIES_MAX) return fail(tooManyEntries())
  const files = new Map<ArchiveEntry, Entry>()
  const names = new Set<string>()
  let [count, unpacked] = [0, 0]
  try {
    for await (const entry of zip.eachEntry()) {
      if (++count > ENTRIES_MAX) return fail(tooManyEntries())
      unpacked += entry.uncompressedSize
      const failure = complaintOf(entry, names) ?? tooLarge(unpacked, zip.fileSize)
      if (failure !== undefined) return fail(failure)
      names.add(entry.fileName)
      if (!entry.fileName.endsWith('/')) files.set({ name: entry.fileName, sizeBytes: entry.uncompressedSize }, entry)
    }
  } catch (error) {
    return fail(failureOf(error))
  }
  return ok(files)
}

function complaintOf (entry: Entry, names: ReadonlySet<string>): ArchiveFailure | undefined {
  if (entry.isEncrypted()) return ENCRYPTED
  if (entry.compressionMethod !== DEFLATED && entry.compressionMethod !== STORED) {
    return { code: 'method', reason: 'it is packed in a way that is not read here', hint: 'pack it with deflate, as all common programs do' }
  }
  // The name itself is not repeated: it comes from a stranger.
  if (names.has(entry.fileName)) return { code: 'unsafe', reason: 'it has two entries of one name', hint: 'pack it anew' }
  const type = entry.versionMadeBy >> 8 === UNIX ? entry.externalFileAttributes >>> 16 & FILE_TYPE_MASK : 0
  if (type !== 0 && type !== REGULAR_FILE && type !== FOLDER) return { code: 'unsafe', reason: 'it holds a link or a device', hint: 'pack the files themselves' }
  return undefined
}

async function * contentOf (zip: ZipFile, entry: Entry): AsyncGenerator<Uint8Array> {
  let [size, checksum] = [0, 0]
  try {
    for await (const chunk of await zip.openReadStreamPromise(entry) as AsyncIterable<Buffer>) {
      size += chunk.length
      // The library checks it too; twice, since all limits rest on it.
      if (size > entry.uncompressedSize) throw new ArchiveBroken(damaged('an entry is longer than the directory says'))
      checksum = crc32(chunk, checksum)
      yield plain(chunk)
    }
  } catch (error) {
    throw error instanceof ArchiveBroken ? error : new ArchiveBroken(failureOf(error))
  }
  if (checksum !== entry.crc32) throw new ArchiveBroken(damaged('the checksum of an entry is wrong'))
}

function tooManyEntries (): ArchiveFailure {
  return { code: 'too-many-entries', reason: `it has more than ${ENTRIES_MAX} entries`, hint: 'send it in several parts' }
}

/** What the library says is for programmers, and may hold names that a stranger chose. */
function failureOf (error: unknown): ArchiveFailure {
  if (!(error instanceof Error)) throw error
  if ('code' in error && typeof error.code === 'string' && !error.code.startsWith('Z_') && 'syscall' in error) {
    return { code: 'unreadable', reason: `it cannot be read (${error.code})`, hint: 'check its access rights and the disk' }
  }
  if (/^(invalid relative path|absolute path|invalid characters in fileName)/.test(error.message)) {
    return { code: 'unsafe', reason: 'the name of an entry leads out of the archive', hint: 'pack the files under plain names' }
  }
  return /strong encryption/.test(error.message) ? ENCRYPTED : damaged('it is cut short, damaged, or no zip at all')
}
