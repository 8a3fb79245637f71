import { concat, equalBytes, fail, ok, type Result } from '../../base/index.ts'
import {
  chunksOf, fileKeyOf, keyCheckOf, openChunk, PLAIN_CHUNK_SIZE_BYTES, sealChunk, sealedFileSizeBytes, SEALING_SALT_SIZE_BYTES
} from '../../core/sealing/index.ts'
import type { Feed } from '../feeds/index.ts'
import type { Epochs, Keyring } from '../keyring/index.ts'
import type { FileCipher, FileEntry } from './entry.ts'
import type { Files } from './files.ts'
import { FileFault } from './reading.ts'

/** Of a sealed chunk: exactly one leaf. */
const SEALED_CHUNK_SIZE_BYTES = 1_048_576

/** How a file of this feed is sealed now; undefined for a feed in clear. */
export async function cipherFor (
  epochs: Pick<Epochs, 'current' | 'salt'>, feed: Feed
): Promise<{ readonly fileKey: Uint8Array, readonly cipherOf: (sizeBytes: number) => FileCipher, readonly salt: Uint8Array } | undefined> {
  const epoch = await epochs.current(feed)
  if (epoch === undefined) return undefined
  const salt = epochs.salt(SEALING_SALT_SIZE_BYTES)
  return {
    fileKey: fileKeyOf(epoch.key, salt), salt,
    cipherOf: sizeBytes => ({ keyEpoch: epoch.epoch, keyCheck: keyCheckOf(epoch.key), salt, sizeBytes: sealedFileSizeBytes(sizeBytes) })
  }
}

/** The ciphertext of a file, in chunks of a leaf each. Holds one chunk, because the last one says so. */
export async function * sealedChunks (plain: AsyncIterable<Uint8Array>, fileKey: Uint8Array, salt: Uint8Array): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = []
  let heldBytes = 0
  let chunk = 0
  for await (let part of plain) {
    while (heldBytes + part.length > PLAIN_CHUNK_SIZE_BYTES) {
      const taken = PLAIN_CHUNK_SIZE_BYTES - heldBytes
      yield sealChunk(fileKey, { salt, chunk: chunk++, isLast: false }, concat([...held, part.subarray(0, taken)]))
      part = part.subarray(taken)
      held = []
      heldBytes = 0
    }
    if (part.length === 0) continue
    held.push(part)
    heldBytes += part.length
  }
  yield sealChunk(fileKey, { salt, chunk, isLast: true }, concat(held))
}

export type FileContentFailure = { readonly code: 'sealed', readonly epoch: number }

/** Bytes [from, to) of a file as its publisher gave it; of a sealed one by a key that is here. Throws `FileFault` where it is damaged. */
export function contentOfFile (
  { files, keyring }: { readonly files: Files, readonly keyring: Pick<Keyring, 'keyOf'> }, { declaration }: Pick<Feed, 'declaration'>, entry: FileEntry, from: number, to: number
): Result<AsyncIterable<Uint8Array>, FileContentFailure> {
  const { root, cipher } = entry
  if (cipher === null) return ok(files.read(root, from, to))
  const { publisher, datasetId, class: feedClass } = declaration
  const key = keyring.keyOf({ publisher, datasetId, class: feedClass, epoch: cipher.keyEpoch })
  // Before opening: ciphertext can be crafted that opens under two keys, each time as something else.
  if (key === undefined || !equalBytes(keyCheckOf(key), cipher.keyCheck)) return fail({ code: 'sealed', epoch: cipher.keyEpoch })
  return ok(openedChunks(files, entry, cipher, fileKeyOf(key, cipher.salt), from, to))
}

async function * openedChunks (
  files: Files, { root, sizeBytes }: FileEntry, { salt }: FileCipher, fileKey: Uint8Array, from: number, to: number
): AsyncGenerator<Uint8Array> {
  const chunks = chunksOf(sizeBytes)
  const isWhole = from === 0 && to >= sizeBytes
  // Also of an empty file: that it ends there is said by its one chunk.
  if (from >= to && !isWhole) return
  let chunk = Math.floor(from / PLAIN_CHUNK_SIZE_BYTES)
  const end = Math.min(chunks, Math.max(chunk + 1, Math.ceil(to / PLAIN_CHUNK_SIZE_BYTES)))
  const sealedTo = Math.min(end * SEALED_CHUNK_SIZE_BYTES, sealedFileSizeBytes(sizeBytes))
  for await (const sealed of files.read(root, chunk * SEALED_CHUNK_SIZE_BYTES, sealedTo)) {
    const opened = openChunk(fileKey, { salt, chunk, isLast: chunk === chunks - 1 }, sealed)
    if (opened === undefined) throw new FileFault('sealed', `chunk ${chunk} of the file ${root.toString()} is not what its publisher's key opens`)
    const start = chunk * PLAIN_CHUNK_SIZE_BYTES
    yield opened.subarray(Math.max(0, from - start), Math.max(0, Math.min(opened.length, to - start)))
    chunk++
  }
  if (chunk < end) throw new FileFault('sealed', `the file ${root.toString()} is shorter than its record says`)
}
