/** Identities of the newest records that are known to be stored: what comes again later than so many records after is stored again. */
export const WINDOW_RECORDS_MAX = 65_536
/** Records of one append, and bytes of their keys and bodies. */
export const BATCH_RECORDS_MAX = 1_024
export const BATCH_BYTES_MAX = 1 << 20
/** Records that wait to be durable; a `take` beyond waits with its own. */
export const QUEUED_RECORDS_MAX = 8_192

/** Dead letters that one connector may keep in a day; more are counted alone. */
export const LETTERS_PER_DAY_MAX = 1_000
/** Bytes of the input that a letter keeps. */
export const LETTER_BYTES_MAX = 16_384
/** Newest letters of all connectors that are looked through for a list. */
export const LETTERS_READ_MAX = 20_000
export const LETTERS_LISTED_MAX = 1_000

/** How long a connector that failed waits before it is run again: doubling from the one to the other. */
export const BACKOFF_FIRST_MS = 1_000
export const BACKOFF_LAST_MS = 300_000
/** One that ran so long begins again with the first. */
export const RAN_WELL_MS = 60_000
/** How long the node is left alone when it does not take records. */
export const NODE_RETRY_MS = 2_000
/** A connector that is told to end and does not, in so long, is left behind. */
export const STOP_WITHIN_MS = 10_000

export const STATE_BYTES_MAX = 1_048_576
export const SENTENCE_LENGTH_MAX = 500
export const NOTES_MAX = 16
