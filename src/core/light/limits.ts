/** An epoch lasts until members or rules change: a thousand of them are a long history. */
export const LIGHT_SEALS_MAX = 1024
/** Of one proof of finality: a seal may have waited for flush blocks, a header of 16 KiB each at most. */
export const FINALITY_BYTES_MAX = 1_048_576
export const LIGHT_PROOF_BYTES_MAX = 8_388_608
/** A block holds 2^12 transactions at most; the turns of a path stand in one integer. */
export const BODY_PATH_HASHES_MAX = 31
export const LOG_PATH_HASHES_MAX = 53
/** As `core/feed` has them. */
export const KEY_BYTES_MAX = 512
export const MEDIA_TYPE_BYTES_MAX = 127
