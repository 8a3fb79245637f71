/** Limits of the sync protocol. Reaching one ends the request or the stream, never the node. */
export const ITEM_HEADER_BYTES_MAX = 65_535
export const ITEM_PAYLOAD_BYTES_MAX = 1_048_576
export const REQUEST_BYTES_MAX = 65_536
export const RESULT_BYTES_MAX = 65_536
/** All requests of a stream together. */
export const CREDIT_BYTES_MAX = 2 << 20
/** Credit is given back for each chunk as it arrives, so less than a whole item cannot deadlock, only slow. */
export const CREDIT_BYTES_MIN = 65_536
export const CREDIT_BYTES = { small: 131_072, live: 262_144, bulk: 1_572_864 } as const
export const LISTING_ENTRIES_MAX = 256
export const LISTED_FEEDS_MAX = 65_536
export const STATEMENT_IDS_MAX = 64
export const STATEMENT_BYTES_MAX = 65_536
export const HEAD_BYTES_MAX = 1_024
export const LEAVES_PER_ITEM_MAX = 4_096
export const RANGES_MAX = 64
export const SEGMENTS_PER_REQUEST_MAX = 4_096
export const BLOCK_CIDS_MAX = 64
export const BLOCK_BYTES_PER_REQUEST_MAX = 64 << 20
export const HAVE_ENTRIES_MAX = 256
export const NOTE_BYTES_MAX = 32_768
export const COVER_HASHES_MAX = 128
/** Two heads and a cover. */
export const FORK_BYTES_MAX = 16_384
