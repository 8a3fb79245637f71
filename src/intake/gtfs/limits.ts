/** The largest entity of a GTFS-RT feed: decoding makes objects of many times its size, and its record as JSON is larger than itself. */
export const ENTITY_BYTES_MAX = 131_072

/** Outermost fields of a feed. */
export const FIELDS_MAX = 300_000

/** Bytes, and entities, that are read before others have their turn. */
export const SLICE_BYTES = 65_536
export const SLICE_ENTITIES = 256

/** A feed whose header is older has stopped. */
export const STALE_AFTER_MS = 300_000

/** How often a feed is asked at most: GTFS-RT names no time to live, and producers ask for no more than this. */
export const REALTIME_TTL_MS = 10_000

