/** What one call reads and looks at, at most: then its page ends early, with a cursor. */
export const SEGMENTS_READ_MAX = 512
export const ROWS_LOOKED_MAX = 65_536
/** Segments that are read at once, while those before are looked at. */
export const SEGMENTS_AT_ONCE = 4
/** Blocks that are looked through at once, where those before held nothing. */
export const BLOCKS_AT_ONCE_MAX = 32
/** Latest records that are read beside each other. */
export const LATEST_AHEAD = 32
export const FILTERS_MAX = 32
export const FILTER_VALUES_MAX = 256
export const FILTER_TEXT_LENGTH_MAX = 1_024
export const CURSOR_LENGTH_MAX = 2_048
export const KEY_BYTES_MAX = 512
