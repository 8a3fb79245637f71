import { hash } from 'node:crypto'
import { CID } from 'multiformats/cid'
import * as Digest from 'multiformats/hashes/digest'
import { concat } from './bytes.ts'

const SHA2_256 = 0x12

/** Multicodec codes of the only CIDs we accept. `dag-pb` occurs in files alone. */
export const CODEC = { raw: 0x55, dagCbor: 0x71, dagPb: 0x70 } as const
export type Codec = keyof typeof CODEC

/** Bytes of a binary CID: version, codec, hash name and length one byte each, and the digest. */
export const CID_SIZE_BYTES = 36

export function sha256 (...parts: readonly Uint8Array[]): Uint8Array {
  const data = parts.length === 1 && parts[0] !== undefined ? parts[0] : concat(parts)
  return plain(hash('sha256', data, 'buffer'))
}

/** `Buffer.slice` shares memory where `Uint8Array.slice` copies; so no Buffer leaves this room. */
export function plain (buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)
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
