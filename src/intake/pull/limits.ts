export const INTERVAL_MS_MIN = 30_000
export const BACKOFF_MS_MAX = 3_600_000
/** What a source may ask to be left alone for. */
export const TTL_MS_MAX = 86_400_000
/** How much later than due it looks, at most: many nodes shall not come at once. */
export const JITTER_SHARE = 0.1

/** Documents of one reading of a feed, and bytes of all of them that lie on the disk. */
export const DOCUMENTS_MAX = 600
export const DOCUMENTS_BYTES_MAX = 1_073_741_824
/** Sources of one catalogue that are pulled. */
export const FOUND_MAX = 1_000

/** Rows that a source of a stream may show at once, and how many newest records of the stream are known. */
export const STREAM_ROWS_MAX = 200_000
export const WINDOW_RECORDS_MAX = 262_144

/** Of one append to a stream of a feed. */
export const BATCH_RECORDS_MAX = 1_024
export const BATCH_BYTES_MAX = 1_048_576

export const HEADERS_FILE_BYTES_MAX = 65_536
export const DATASET_ID_LENGTH_MAX = 64
