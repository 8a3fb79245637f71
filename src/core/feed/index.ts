/**
 * Makes feeds: records, segments, leaves, signed heads, and proofs that a third party can check.
 *
 * A feed is founded by a declaration and has one writer. Records are packed into segments, which are addressed by the
 * sha256 of their stored bytes; each segment is a leaf of a Merkle tree, and the signed head names its root and length.
 * Inside a segment a second, salted tree lets one record be proved without its neighbours.
 *
 * ```
 * segment     = "HS" | u8 1 | u8 0 | headerSize u32 | header | record * count
 * record      = keySize varint | key | (timeMs - timeMsMin) varint | u8 (delete, media type) | bodySize varint | body
 * salt(i)     = HMAC-SHA256(secret, u32 i)
 * recordHash  = sha256(0x00 || salt(i) || timeMs u64 || op u8 || mediaTypeSize u8 || mediaType || keySize u16 || key || body)
 * leafData    = segment CID || recordsRoot || first u64 || count u32;   leaf = sha256(0x00 || leafData)
 * ```
 *
 * Integers are big-endian and below 2^53, varints minimal LEB128, headers, heads and proofs canonical DAG-CBOR. One
 * meaning has one layout: media types are listed in the order of first use, `timeMsMin` and `timeMsMax` are exact.
 * Taking segments in checks bytes against the CID and the CID against the tree; `recordsRoot` is rebuilt by proofs and
 * the scrubber alone, and a wrong one convicts its publisher (`BadSegmentProof`). Time orders nothing.
 *
 * Sealed segments, redaction and codings are not read here yet: `openSegment` says `sealed` or `version`.
 */
export {
  BODY_BYTES_MAX, DECLARATION_BYTES_MAX, HEAD_AHEAD_MS_MAX,
  RECORD_PROOF_BYTES_MAX, SEGMENT_BYTES_MAX, SEGMENT_BYTES_TARGET_MAX, SEGMENT_BYTES_TARGET_MIN, SEGMENT_RECORDS_MAX
} from './limits.ts'
export {
  admitDeclaration, datasetIdSchema, declareFeed, decodeDeclaration, isFeedClass, statementIdSchema,
  type Declaration, type DeclarationFailure, type DeclarationFields, type FeedClass, type Speaker
} from './declaration.ts'
export { isMediaType, recordHashOf, refusalOf, saltOf, type FeedRecord, type RecordRefusal } from './record.ts'
export { SegmentBuilder, type ClosedSegment, type SegmentPlace, type SegmentSource } from './segment.ts'
export { openSegment, recordsRootOf, type OpenSegment, type SegmentFailure, type SegmentHeader } from './open.ts'
export { LEAF_DATA_SIZE_BYTES, leafDataOf, leafHashOf, leafOfData, type Leaf } from './leaf.ts'
export {
  admitHead, decodeHead, headBody, type Head, type HeadContext, type HeadFailure, type HeadFields, type Inconsistency
} from './head.ts'
export {
  decideStart, endOfRecords, judgeHead, type Evidence, type Guard, type Start, type StartFacts, type Verdict
} from './judge.ts'
export {
  decodeExtensionProof, decodeForkProof, encodeExtensionProof, encodeForkProof, makeExtensionProof, verifyExtensionProof,
  verifyForkProof, type ExtensionFailure, type ExtensionProof, type ForkFailure, type ForkProof
} from './fork.ts'
export {
  decodeBadSegmentProof, decodeRecordProof, decodeSegmentProof, encodeBadSegmentProof, encodeRecordProof,
  encodeSegmentProof, faultOfSegment, makeRecordProof, makeSegmentProof, verifyBadSegmentProof, verifyRecordProof,
  verifySegmentProof, type BadSegmentFailure, type BadSegmentProof, type RecordProof, type RecordProofFailure,
  type SegmentFault, type SegmentProof, type SegmentProofFailure
} from './proof.ts'
export { KeyedState, latestByKey, type Placed } from './keyed.ts'
