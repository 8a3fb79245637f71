/** Cells along each axis of the globe: 2^22 of about 9.5 m at the equator. */
export const CELL_BITS = 22
/** Records of a block, to its last segment: with the longest of these, offsets stay below 2^15. */
export const BLOCK_RECORDS = 28_672
export const BLOCK_SPAN_MAX = 32_768
export const PAGE_POSTINGS = 512
/** Ranges of terms that stand for one box at most; more would fit it closer. */
export const RANGES_MAX = 24
export const PAGES_MAX = BLOCK_SPAN_MAX / PAGE_POSTINGS
