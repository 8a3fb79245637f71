/** The largest page of a catalogue: statements take many times the memory of their text. */
export const PAGE_BYTES_MAX = 16_777_216
export const STATEMENTS_MAX = 500_000
/** Of all statements, with what prefixes and bases make of them: a short name may stand for an address as long as the document. */
export const CHARACTERS_MAX = 134_217_728
/** An address that is longer is none. */
export const IRI_LENGTH_MAX = 4_096
/** Of Turtle: each is reckoned against the one before. */
export const BASES_MAX = 100
/** Nodes and datasets that are read before others have their turn. */
export const SLICE_NODES = 256

/** Of JSON-LD: a context copies the terms of the one around it. */
export const CONTEXT_TERMS_MAX = 2_000
export const CONTEXTS_MAX = 500

export const PAGES_MAX = 500
export const ROWS_PER_PAGE = 100

/** Of one dataset. */
export const DISTRIBUTIONS_MAX = 100
export const KEYWORDS_MAX = 200

/** Datasets whose data are fetched too. */
export const FOUND_MAX = 200

export const HARVEST_TTL_MS = 3_600_000
