/**
 * Gives every other room its ground: assertions, results, bytes, hashes and CIDs, the canonical codec, Merkle trees
 * and maps, ciphers.
 *
 * Synchronous and free of clock, chance and I/O; runs in the browser too. Own protocols use no other codec, hash,
 * CID form or tree than these. All integers in fixed layouts are unsigned, big-endian and below 2^53.
 */
export {
  bytesOfHex, compareBytes, concat, equalBytes, hex, INTEGER_MAX,
  readUint, readVarint, textOf, u16, u32, u64, utf8, varintAt, varintSize, writeUint, writeVarint
} from './bytes.ts'
export { fieldsOf, isNestedBeyond, withoutLineEnd } from './texts/index.ts'
export { base32Text, base58, bytesOfBase32, bytesOfBase58 } from './bases/index.ts'
export { decodeCanonical, DEPTH_MAX, encodeCanonical, type CodecFailure, type Value } from './codec.ts'
export {
  CID_SIZE_BYTES, cidOf, cidOfBytes, cidOfDigest, cidOfText, codecOf, digestOf, HASH_SIZE_BYTES, hmacSha256, isCid, isOurCid,
  plain, sha256, sha256Stream, sha256Into, type Codec
} from './hash.ts'
export {
  AES_TAG_SIZE_BYTES, hkdfSha256, HPKE_KEY_SIZE_BYTES, hpkeOpen, hpkeSeal, openAes256Gcm, sealAes256Gcm,
  type Hpke, type HpkeFailure
} from './hpke.ts'
export {
  isProtectedKeystore, KEYSTORE_NONCE_SIZE_BYTES, KEYSTORE_SALT_SIZE_BYTES, KEYSTORE_SIZE_BYTES_MAX, openKeystore, sealKeystore,
  type KeystoreFailure
} from './keystore.ts'
export {
  decodeMapProof, EMPTY_MAP_ROOT, encodeMapProof, MAP_KEY_BYTES_MAX, MAP_PROOF_BYTES_MAX, MAP_VALUE_BYTES_MAX, MerkleMap, verifyMapProof,
  type MapChange, type MapEntry, type MapProof
} from './map.ts'
export {
  cutMap, MAP_CHUNK_BYTES_MAX, openMapChunk, openMapManifest, type MapChunk, type MapCut
} from './mapCut.ts'
export {
  bagPeaks, EMPTY_ROOT, leafHash, MerkleLog, merkleRoot, Peaks, reduceToRoot, rootOfCover, rootOfInclusion,
  rootOfLeft, verifyInclusion, type Cover
} from './merkle.ts'
export { assert, fail, ok, unreachable, type Result } from './result.ts'
export { isKeyForm, isSignatureForm } from './signature/index.ts'

export type { Parsed, Schema, SchemaFailure } from './schema.ts'
export type { CID } from 'multiformats/cid'
export {
  boolean, bytes, cid, integer, list, literal, matching, nullable, struct, text, tuple, uint, union
} from './schema.ts'
