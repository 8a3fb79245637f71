/** All integers at their longest: 189 bytes. */
export const PREFIX_BYTES_MAX = 256
/**
 * A redacted segment names each record's fields and salt, so it can be larger than the segment it replaces: 4,096 short
 * records with media types of 127 bytes need the most.
 */
export const REDACTED_BYTES_MAX = 2_097_152
/** "HS", layout, sealed, size of the prefix, prefix, and the tag. */
const SEALING_BYTES_MAX = 8 + PREFIX_BYTES_MAX + 16
/** What a decoder takes: of segments only those within `SEGMENT_BYTES_MAX` open. */
export const SEALED_BYTES_MAX: number = REDACTED_BYTES_MAX + SEALING_BYTES_MAX
