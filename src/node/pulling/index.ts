/**
 * Fetches what this node wants and lacks: heads, leaves, segments, and live feeds as they grow.
 *
 * Nothing is stored before it is tied to a signed head, and nothing is told of before it is stored. A source that sends what
 * cannot be is not asked for that feed again for a day; the others are.
 */
export { ask, LIVE_PROTOCOL, PeerFault, SYNC_PROTOCOL } from './exchange.ts'
export type { Link } from './link.ts'
export { Puller } from './pulling.ts'
export { inBatches } from './stages.ts'
export { takeLeaves } from './tail.ts'
