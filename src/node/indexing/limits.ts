/** A table's last block may be as small as this; what is smaller is looked through in memory. */
export const LAST_BLOCK_RECORDS_MIN = 4_096
/** Records behind the last block that are kept in memory of one feed, and of all: about 150 bytes each. */
export const TAIL_RECORDS_MAX = 65_536
export const TAILS_RECORDS_MAX = 524_288
/** Blocks whose latest records by key are written together when many are due: a key is then written once. */
export const BLOCKS_PER_STEP = 8
/** Keys of which the latest is held for that, some 400 bytes each, before no further block is begun: in a table every row has its own, a fleet has fewer. */
export const KEYS_PER_STEP = 131_072
/** Rows of one commit, so that commits of appends beside do not wait for long. */
export const ROWS_PER_COMMIT = 1_024
/** How long the building rests after each segment (some 5 ms of work) while own feeds grow: appends go first, and it catches up behind them. */
export const REST_MS = 20
/** Places of latest records that are looked at one by one; where a box has more, going through all keys is as quick. */
export const NEAR_MAX = 4_096
/** Blocks of which pages are rewritten at once: their pages have less than 80 MiB. */
export const BLOCKS_PER_COMPACTION = 64
