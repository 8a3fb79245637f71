import { AES_TAG_SIZE_BYTES, assert, concat, openAes256Gcm, sealAes256Gcm, u32, u64 } from '../../base/index.ts'

/** So a sealed chunk is exactly one leaf of 1 MiB of the file's tree. */
export const PLAIN_CHUNK_SIZE_BYTES: number = 1_048_576 - AES_TAG_SIZE_BYTES

/** Which chunk of which file. The last one says so: a file that was cut short does not open. */
export type ChunkPlace = { readonly salt: Uint8Array, readonly chunk: number, readonly isLast: boolean }

/** Chunks of a file; an empty file has one, empty, so that its end can be checked too. */
export function chunksOf (sizeBytes: number): number {
  return Math.max(1, Math.ceil(sizeBytes / PLAIN_CHUNK_SIZE_BYTES))
}

/** Stored size of a sealed file. */
export function sealedFileSizeBytes (sizeBytes: number): number {
  return sizeBytes + chunksOf(sizeBytes) * AES_TAG_SIZE_BYTES
}

/** Ciphertext of one chunk; `fileKey` by `fileKeyOf`. All but the last chunk are full. */
export function sealChunk (fileKey: Uint8Array, place: ChunkPlace, plaintext: Uint8Array): Uint8Array {
  assert(plaintext.length <= PLAIN_CHUNK_SIZE_BYTES, 'a chunk within its size')
  assert(place.isLast || plaintext.length === PLAIN_CHUNK_SIZE_BYTES, 'only the last chunk is short')
  return sealAes256Gcm(fileKey, nonceOf(place), aadOf(place), plaintext)
}

/** Undefined for another key, file, place or byte. */
export function openChunk (fileKey: Uint8Array, place: ChunkPlace, sealed: Uint8Array): Uint8Array | undefined {
  return openAes256Gcm(fileKey, nonceOf(place), aadOf(place), sealed)
}

function nonceOf ({ chunk }: ChunkPlace): Uint8Array {
  return concat([u32(0), u64(chunk)])
}

function aadOf ({ salt, chunk, isLast }: ChunkPlace): Uint8Array {
  return concat([salt, u64(chunk), new Uint8Array([isLast ? 1 : 0])])
}
