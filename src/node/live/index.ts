/**
 * Tells records to many as they come: each dataset is read once for all who listen to it, and each of them has its own right.
 *
 * A broadcast follows a feed while somebody listens, and tells in rounds: what came since the round before, as one array that
 * all listeners share. The first record after a pause is told at once; further rounds are some milliseconds apart, so that
 * many small records become few large writes.
 *
 * A listener is at the head or behind it. At the head it is told what a round brings, in that call. It is behind where it
 * begins in the past, while its access is being written down, and until it has taken what it was told; it then reads on from
 * the store, at its own pace, and is at the head again when it has come there. So nothing is queued for anybody: what a slow
 * listener has not taken costs nothing, and no record is left out. One that was at the head, and then is behind by more than
 * `lagRecordsMax` or `lagBytesMax` for `lagMs`, is ended with `slow` and counted.
 *
 * Every listener holds a passage of the door `stream`: asked and written down for it alone, and it is ended in the call that
 * tells of the loss of its right.
 */
export { LIVE_LIMITS, type LiveLimits } from './limits.ts'
export { Live, type LiveOptions } from './live.ts'
