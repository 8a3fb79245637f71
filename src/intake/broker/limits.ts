export const CLIENTS_MAX = 1_024
export const SUBSCRIPTIONS_PER_CLIENT_MAX = 64
export const SUBSCRIPTIONS_MAX = 8_192
export const TOPIC_LENGTH_MAX = 1_024
export const TOPIC_LEVELS_MAX = 32
export const CLIENT_ID_LENGTH_MAX = 128
/** Whoever opens a connection says who it is within so long. */
export const CONNECT_TIMEOUT_MS = 10_000
/** A client that takes nothing for so long is let go. */
export const DRAIN_TIMEOUT_MS = 30_000
/** Messages to one subscription that are written before it is waited for. */
export const WRITES_UNDER_WAY_MAX = 64
/** Rows of last values that are asked for at a time. */
export const LATEST_PAGE_ROWS = 500
export const STOP_WITHIN_MS = 3_000
