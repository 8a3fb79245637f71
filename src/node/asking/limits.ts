/** Questions of other members: each so many a minute, and so many at a time. */
export const QUESTIONS_PER_MINUTE_MAX = 30
export const QUESTIONS_AT_ONCE_MAX = 2
export const MINUTE_MS = 60_000
export const SEND_TIMEOUT_MS = 30_000
/** What the rows of a sent answer take, and how many there are. */
export const SENT_ROWS_MAX = 100_000
/** Columns stand in the last frame, beside the signed statement. */
export const COLUMNS_MAX = 64
export const NAME_LENGTH_MAX = 128
