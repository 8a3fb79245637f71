export const KEY_BYTES_MAX = 512
/** A longer body is a file. */
export const BODY_BYTES_MAX = 262_144
export const MEDIA_TYPE_BYTES_MAX = 127
/** A segment as stored, sealing included: the cap of every decoder. */
export const SEGMENT_BYTES_MAX = 1_048_576
/** A segment is closed before it would grow beyond this. */
export const SEGMENT_BYTES_TARGET = 262_144
export const SEGMENT_BYTES_TARGET_MIN = 65_536
/** Leaves room for the longest header. */
export const SEGMENT_BYTES_TARGET_MAX = 1_040_384
/** So a path to a record has at most 12 hashes. */
export const SEGMENT_RECORDS_MAX = 4_096
export const SEGMENT_MEDIA_TYPES_MAX = 32
/** 32 media types of 127 bytes and all integers at their longest fit twice. */
export const SEGMENT_HEADER_BYTES_MAX = 8_192
export const HEAD_BYTES_MAX = 1_024
export const DECLARATION_BYTES_MAX = 2_048
/** A head further ahead of the clock than this is held until it is due. */
export const HEAD_AHEAD_MS_MAX = 600_000
/** A tree of 2^53 leaves has no deeper path. */
export const PATH_HASHES_MAX = 53
export const RECORD_PATH_HASHES_MAX = 12
export const COVER_HASHES_MAX = 53
export const PROOF_CERTIFICATES_MAX = 4
export const RECORD_PROOF_BYTES_MAX = 327_680
export const SEGMENT_PROOF_BYTES_MAX = 4_096
/** Two heads and the two sides of a cover. */
export const FORK_PROOF_BYTES_MAX = 8_192
export const BAD_SEGMENT_PROOF_BYTES_MAX: number = SEGMENT_BYTES_MAX + SEGMENT_PROOF_BYTES_MAX
