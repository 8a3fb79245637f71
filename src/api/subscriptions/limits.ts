export const SUBSCRIPTIONS_MAX = 256
/** Of one member, or of the people of this node together. */
export const SUBSCRIPTIONS_PER_OWNER_MAX = 64
export const DEFINITION_BYTES_MAX = 16_384
export const SELECTORS_MAX = 32
export const ATTRIBUTES_MAX = 128
export const HEADERS_MAX = 16
export const HEADER_LENGTH_MAX = 2_048
/** Entities that wait for the next notification; who is slower than they come is read for anew, from where it was. */
export const PENDING_ENTITIES_MAX = 1_000
export const PENDING_BYTES_MAX = 4_194_304
/** In a row: then it is paused, and says so. */
export const FAILURES_MAX = 5
export const RETRY_MS = 1_000
export const RETRY_MS_MAX = 60_000
/** A source that ended, or was not to be had, is asked for again after so long. */
export const REJOIN_MS = 5_000
/** One that was refused: there may be an agreement by then. */
export const REFUSED_MS = 60_000
export const ANSWER_BYTES_MAX = 65_536
/** Entities of which it is remembered what the watched attributes were. */
export const WATCHED_ENTITIES_MAX = 10_000
/** Of patterns and places, for all records that come at once: some tenths of a second, with other work of the node in between. It is spent again and again, as long as somebody writes. */
export const EFFORT_MAX = 5_000_000
/** Of what timers take. */
export const TIMER_MS_MAX = 2_147_483_647
/** What changes with each notification is written after so long, with others of that time. */
export const WRITE_AFTER_MS = 1_000
/** For what is under way when the node stops. */
export const STOP_GRACE_MS = 3_000
