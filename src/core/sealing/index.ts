/**
 * Keeps what may not be read unreadable: sealed segments, sealed files, and segments of which records were erased.
 *
 * A dataset and class have an epoch key of 32 random bytes, and another from epoch to epoch. Each segment and each file has
 * a key of its own, by HKDF-SHA256 from the epoch key and a fresh salt, so no key meets two messages and the nonce is zero.
 * ```
 * sealed     = "HS" | u8 1 | u8 1 | prefixSize u32 | prefix | AES-256-GCM(plain) | tag 16;   aad = every byte before the ciphertext
 * prefix     = {v: 1, kind: 'sealed', feed, index, keyEpoch, keyCheck, salt}
 * segmentKey = HKDF(epochKey, salt, "hanse/1/segment" || feed || index u64);   keyCheck = HKDF(epochKey, none, "hanse/1/keycheck")
 * fileKey    = HKDF(epochKey, salt, "hanse/1/file");   nonce = u32 0 || chunk u64;   aad = salt || chunk u64 || last u8
 * redacted   = {v: 1, kind: 'redacted', feed, index, cid, recordsRoot, first, count, items: [{salt, timeMs, op, mediaType, key, body} or hash]}
 * ```
 * `plain` is a plain segment or a redacted one; `op` is `put` or `delete`. A leaf names the ciphertext by its CID and the
 * plaintext by `recordsRoot`, which is salted and tells a holder without key nothing. GCM does not commit to its key, so
 * `keyCheck` is compared before anything is opened. A redacted segment is checked by `recordsRoot` against the leaf, never by
 * its CID, and a second redaction is made of the first: what is gone stays gone. It may be larger than a segment
 * (`REDACTED_BYTES_MAX`), because it names fields. Epochs count from 1; `keyEpoch` 0 in a head means a feed in clear.
 */
export {
  EPOCH_KEY_SIZE_BYTES, EPOCH_MAX, fileKeyOf, FIRST_EPOCH, isSealedClass, keyCheckOf, KEY_CHECK_SIZE_BYTES, SEALING_SALT_SIZE_BYTES
} from './keys.ts'
export { REDACTED_BYTES_MAX, SEALED_BYTES_MAX } from './limits.ts'
export {
  openSealed, readSealedPrefix, sealRedacted, sealSegment,
  type PrefixFailure, type SealedFailure, type SealedPrefix, type SealingPlace, type Unsealed
} from './sealed.ts'
export {
  decodeRedacted, encodeRedacted, faultOfRedacted, isRedacted, keptRecordsOf, makeKeptRecordProof, redact, redactFurther,
  type KeptRecord, type RedactedFailure, type RedactedFault, type RedactedSegment
} from './redacted.ts'
export {
  chunksOf, openChunk, PLAIN_CHUNK_SIZE_BYTES, sealChunk, sealedFileSizeBytes, type ChunkPlace
} from './chunk.ts'
