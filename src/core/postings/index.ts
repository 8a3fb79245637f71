/**
 * Finds records by key, place and time without reading them: postings of the records of a feed, block by block.
 *
 * A block is over the segments whose first record has a number in [slot * 28,672, (slot + 1) * 28,672): it follows from the feed,
 * so that built as the feed grows or all at once it is the same. It is never changed: built when its segments are complete, dropped
 * and built anew when one of them is.
 * ```
 * term      of a place: size class * 2^44 + Z-order of its middle's cell, 22 bits an axis; of a key: 48 bits of two hashes
 * posting   term | offset of the record in the block, 15 bits | the 256th of the block's time that it lies in
 * page      512 postings sorted by term and offset: varint difference of terms | offset u16 | time u8
 * manifest  {v: 1, segments, records, timesMs, places: {classes, firsts}, keys: {firsts}}: the first term of each page
 * times     of each segment: varint earliest time after the block's, plus 1 | varint latest after it; 0 for none
 * ```
 * A page is found by the first terms, without a search on the disk. A box becomes at most some dozens of ranges of terms, whatever its
 * size. Lines and areas stand under the middle of their box in a class of their size, and a box looks as much wider in that class. Terms
 * tell what may match; whether it does, the record says.
 */
export { mayTouch, rangesOfBox, sizeClassOf, termOfPlace, type PlaceTerm, type TermRange } from './cells.ts'
export { pagesOf, PostingList, visitPage, type Pages } from './pages.ts'
export {
  BlockBuilder, bucketOf, decodeManifest, encodeManifest, segmentsWithin, slotOf, type Block, type Manifest
} from './block.ts'
export { termOfKey } from './keys.ts'
