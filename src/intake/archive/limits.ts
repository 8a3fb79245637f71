export const ENTRIES_MAX = 10_000

/** Of all that is unpacked of one archive. */
export const UNPACKED_BYTES_MAX = 1_073_741_824

/** How many times as long what is unpacked may be as what it was packed in, where it is longer than the second. */
export const RATIO_MAX = 100
export const RATIO_FROM_BYTES = 1_048_576
