/**
 * Keeps an index of each feed that a dataset is read from: records by key, place and time, and the latest of each key.
 *
 * Made of segments behind the feed, own or replicated, and only of segments: whatever is lost or damaged of it is made anew, and the
 * outcome is the same. `core/postings` tells what a block is; a block is built once all its segments are here or gone for good, so that
 * one that is missing holds up nothing else. Building yields after each segment, longer while own feeds grow.
 * ```
 * U feedNo             {v: 1, first, end, format}: which records are indexed and how they are read; under others all is built anew
 * B feedNo slot        manifest of a block, written last: without it there is none
 * C feedNo slot kind page   pages of places (0) and keys (1), times of segments (2)
 * K feedNo key         the latest record of the key in blocks, by number: varint number | varint timeMs | u8 flags | u64 place
 * L feedNo place key   where that is, by the term of the place, for "what is here now"
 * ```
 * Segments in no block, mostly the newest 28,672 records, are digested in memory when somebody asks, within limits. So a live feed
 * costs no commit of its own until a block is full, and what was appended is found at once.
 *
 * Sealed feeds: `K` and the terms of keys are of an HMAC under a key of this node (`keyring.localKey`), and no place and no time
 * stands on the disk, nor `L`: by these, a sealed feed is searched by reading it. Its `latest` come in the order of the digests.
 *
 * What is erased, or kept no longer, goes from here before it is said to have gone (`Feed.followers`): blocks over it are dropped, keys
 * whose latest record it was get the one before. A dataset that is withdrawn leaves no row.
 *
 * Deviates from the design note: places and times are found by postings in blocks, and `t` rows are no rows of their own; `k` is `K`.
 */
export { Indexes, type IndexesOptions } from './indexes.ts'
export { FeedIndex, sentenceOf, type FeedIndexOptions } from './feedIndex.ts'
export type { Coverage, Scope } from './scope.ts'
export { candidatesIn, candidatesOfDigest, isApart, soughtOf, type Block, type Candidates, type Sought } from './finding.ts'
export { openedSegments, type Opened, type Readable } from './segment.ts'
export type { Latest } from './rows.ts'
export type { Digest, Placed } from './tail.ts'
