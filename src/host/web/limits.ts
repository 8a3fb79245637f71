export const FIRST_BYTE_TIMEOUT_MS = 10_000
export const TOTAL_TIMEOUT_MS = 60_000

/** Of one answer, after decompression. */
export const BYTES_MAX = 268_435_456

/** How many times as long an answer may be as what came over the wire, where it is longer than the second. */
export const RATIO_MAX = 100
export const RATIO_FROM_BYTES = 1_048_576

export const REDIRECTS_MAX = 3

/** Longest address that is looked at. */
export const URL_LENGTH_MAX = 8_192
