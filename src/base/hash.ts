import { createHash, hash } from 'node:crypto'
import { CID } from 'multiformats/cid'
import * as Digest from 'multiformats/hashes/digest'
import { concat } from './bytes.ts'
import { assert } from './result.ts'

const SHA2_256 = 0x12

/** Multicodec codes of the only CIDs we accept. `dag-pb` occurs in files alone. */
const CODEC = { raw: 0x55, dagCbor: 0x71, dagPb: 0x70 } as const
export type Codec = keyof typeof CODEC

/** Bytes of a binary CID: version, codec, hash name and length one byte each, and the digest. */
export const CID_SIZE_BYTES = 36

export const HASH_SIZE_BYTES = 32
const BLOCK_SIZE_BYTES = 64

export function sha256 (...parts: readonly Uint8Array[]): Uint8Array {
  const data = parts.length === 1 && parts[0] !== undefined ? parts[0] : concat(parts)
  const digest = new Uint8Array(HASH_SIZE_BYTES)
  sha256Into(digest, 0, data)
  return digest
}

/**
 * Writes the digest of `data` into `target`. One-shot, and as text of one character a byte: a digest as Buffer costs
 * three times as much, and `createHash` ten times, when the data is the size of a record.
 */
export function sha256Into (target: Uint8Array, at: number, data: Uint8Array): void {
  digestInto(target, at, sha256Text(data))
}

/** A digest as text of one character a byte: a third of the memory of 32 bytes, where millions are kept. */
export function sha256Text (data: Uint8Array): string {
  return hash('sha256', data, 'binary')
}

export function digestInto (target: Uint8Array, at: number, digest: string): void {
  for (let i = 0; i < HASH_SIZE_BYTES; i++) target[at + i] = digest.charCodeAt(i)
}

/**
 * HMAC-SHA256 (RFC 2104) under one key for many messages of one size: both padded keys are laid out once, and a message
 * costs two one-shot hashes. Not reentrant: the function owns its buffers.
 */
export function hmacSha256 (
  key: Uint8Array, messageSizeBytes: number
): (target: Uint8Array, at: number, message: Uint8Array) => void {
  const short = key.length > BLOCK_SIZE_BYTES ? sha256(key) : key
  const inner = new Uint8Array(BLOCK_SIZE_BYTES + messageSizeBytes).fill(0x36, 0, BLOCK_SIZE_BYTES)
  const outer = new Uint8Array(BLOCK_SIZE_BYTES + HASH_SIZE_BYTES).fill(0x5c, 0, BLOCK_SIZE_BYTES)
  for (const [index, byte] of short.entries()) {
    inner[index] = byte ^ 0x36
    outer[index] = byte ^ 0x5c
  }
  return (target, at, message) => {
    assert(message.length === messageSizeBytes, 'a message of the size that was named')
    inner.set(message, BLOCK_SIZE_BYTES)
    sha256Into(outer, BLOCK_SIZE_BYTES, inner)
    sha256Into(target, at, outer)
  }
}

/** `Buffer.slice` shares memory where `Uint8Array.slice` copies; so no Buffer leaves this room. */
export function plain (buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)
}

/** Hashes content that comes in pieces. `digest` ends it. */
export function sha256Stream (): { update (chunk: Uint8Array): void, digest (): Uint8Array } {
  const running = createHash('sha256')
  return {
    update: chunk => { running.update(chunk) },
    digest: () => plain(running.digest())
  }
}

export function cidOf (codec: Codec, bytes: Uint8Array): CID {
  return cidOfDigest(codec, sha256(bytes))
}

export function cidOfDigest (codec: Codec, digest: Uint8Array): CID {
  return CID.createV1(CODEC[codec], Digest.create(SHA2_256, new Uint8Array(digest)))
}

export function digestOf (cid: CID): Uint8Array {
  return cid.multihash.digest
}

export function codecOf (cid: CID): Codec | undefined {
  if (cid.code === CODEC.raw) return 'raw'
  if (cid.code === CODEC.dagCbor) return 'dagCbor'
  return cid.code === CODEC.dagPb ? 'dagPb' : undefined
}

/** CIDv1, sha2-256, a codec of ours. All others are refused wherever they come from. */
export function isOurCid (cid: CID): boolean {
  return cid.version === 1 && codecOf(cid) !== undefined &&
    cid.multihash.code === SHA2_256 && cid.multihash.digest.length === 32
}

/** The CID of exactly 36 bytes; undefined for any other. */
export function cidOfBytes (bytes: Uint8Array): CID | undefined {
  const [version, codec, name, size] = bytes
  if (bytes.length !== CID_SIZE_BYTES || version !== 1 || name !== SHA2_256 || size !== 32) return undefined
  const cid = CID.createV1(codec ?? 0, Digest.create(SHA2_256, bytes.slice(4)))
  return codecOf(cid) === undefined ? undefined : cid
}

/** The CID of its base 32 text; undefined for any other form. */
export function cidOfText (text: string): CID | undefined {
  try {
    const cid = CID.parse(text)
    return isOurCid(cid) && cid.toString() === text ? cid : undefined
  } catch {
    return undefined
  }
}

export function isCid (value: unknown): value is CID {
  return typeof value === 'object' && value !== null && 'asCID' in value && value.asCID === value
}
