/** The largest document of JSON, XML, Turtle or protobuf that is read in memory. */
export const DOCUMENT_BYTES_MAX = 33_554_432

/** How deep JSON and XML may be nested. */
export const DEPTH_MAX = 32

/** Things of one feed: vehicles, stations, alerts, catalogue entries. */
export const THINGS_MAX = 100_000

/** Things of a source whose newest state is remembered: more than of all that is listed at once. */
export const KNOWN_MAX = 262_144

/** Bytes kept of a part that was not taken, and parts kept of one document; others are counted. */
export const REJECTED_BYTES_MAX = 65_536
export const REJECTED_MAX = 1_000

/** A text of a feed that is longer is cut. */
export const TEXT_LENGTH_MAX = 10_000

/** What is observed later than this after now is a wrong clock. */
export const AHEAD_MS_MAX = 600_000

export const XML_ELEMENTS_MAX = 500_000
export const XML_ATTRIBUTES_MAX = 500_000
/** Of one element: its attributes are read at once. */
export const XML_ATTRIBUTES_PER_ELEMENT_MAX = 256
