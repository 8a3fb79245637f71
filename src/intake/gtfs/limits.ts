/** The largest entity of a GTFS-RT feed: decoding makes objects of many times its size. */
export const ENTITY_BYTES_MAX = 1_048_576

/** A feed whose header is older has stopped. */
export const STALE_AFTER_MS = 300_000

/** How often a feed is asked at most: GTFS-RT names no time to live, and producers ask for no more than this. */
export const REALTIME_TTL_MS = 10_000

