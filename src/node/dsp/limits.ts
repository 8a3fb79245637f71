/** Finished processes are kept for so long, so that a message that comes again gets its answer. */
export const FINISHED_KEPT_MS = 30 * 86_400_000
/** Finished processes of one peer that are kept, so that nobody fills this node by beginning and ending them. */
export const FINISHED_PER_PEER_MAX = 1_024
/** Negotiations and transfers each, open and finished; beyond it nobody begins one. */
export const PROCESSES_MAX = 65_536
/** One request of the protocol, from its first byte to the answer. */
export const REQUEST_TIMEOUT_MS = 10_000
/** Bytes of an answer that is taken. */
export const ANSWER_BYTES_MAX = 262_144
/** A message that comes while ours is unanswered waits so long for it; both sides may be waiting. */
export const CROSSING_MS = 1_000
/** Alarms that are further away are set again on the way. */
export const WAKE_MS_MAX = 86_400_000
