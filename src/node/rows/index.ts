/**
 * Lays out the rows of the two databases: keys, and values in both directions.
 *
 * `store` (may be fetched again from neighbours): meta `0`, statements `d`, feeds `f`, feed numbers `n`, segments `s`, leaves
 * `l`, heads `h`, fork proofs `w`, files `i`, file blocks `b`, locators `c` of blocks by digest. `signer` (never lost, cloned or rolled
 * back): guards `g`. Segments and blocks are checked by their hashes, all other rows by their tags.
 */
export {
  blockKey, feedKey, feedNumberKey, fileKey, forkKey, guardKey, headKey, leafKey, locatorKey, metaKey, rowsOf, segmentKey, statementKey
} from './keys.ts'
export {
  decodeFeedRow, decodeFileRow, decodeGuardRow, decodeLeafRow, encodeFeedRow, encodeFileRow, encodeGuardRow, encodeLeafRow,
  type FeedRow, type FileRow, type GuardRow, type LeafRow, type SegmentState
} from './values.ts'
