/**
 * Holds the feeds of a node: in memory what is needed to answer and to prove, in the store everything.
 *
 * What a read returns was checked against its leaf; what fails the check counts as missing from then on and is told to
 * whoever fetches. Frozen feeds keep what was verified before the fork.
 */
export { compactSegments } from './compacting.ts'
export { Feed, type FeedStatus } from './feed.ts'
export { Feeds, FEEDS_MAX, type VerifiedSegment } from './registry.ts'
export { Signal } from './signal.ts'
