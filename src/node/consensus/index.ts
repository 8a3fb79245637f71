/**
 * Runs the federation's consensus on one node: feeds the engine what happens and performs what it says.
 *
 * - What a step wants kept is synced before anything leaves that rests on it; steps go on meanwhile and share the next sync.
 *   A commit that fails ends the node.
 * - Votes and blocks have a stream of their own (`/hanse/consensus/1`), bulk another (`/hanse/ledger/1`): notes, in both.
 *   What was lost on the way is asked for by statuses; nothing here retries.
 * - Final blocks are kept by height with proofs of their finality, and answered from the store.
 * - A transaction submitted here is kept until it is final or can never be; whoever submitted it is told which.
 * - A node that is far behind what proofs show goes on from a state that members hold (node/snapshots), in one commit with
 *   the engine's rows. Its blocks begin there (`fromHeight`). Blocks are asked for meanwhile: whichever is first.
 * - Who was away for longer than keys are trusted for hears no range that leads out of its epoch, and adopts no state beyond it,
 *   until two members or its inviter have said where the ledger stands (`trust`, `invitation`); `alarm` says so. What it decides
 *   with others within its epoch it does as ever.
 * - Secrets of consensus keys stand in the signer database, beside the votes they gave.
 */
export { Consensus, LEDGER_VERSION, type ConsensusOptions } from './consensus.ts'
export type { Finals } from './driver.ts'
export { Housekeeping, type HousekeepingOptions } from './housekeeping.ts'
export { ConsensusKeys } from './keys.ts'
export { CONSENSUS_PROTOCOL, LEDGER_PROTOCOL } from './neighbours.ts'
export { type ProfileName } from './profiles.ts'
export type { Submission, SubmissionFailure } from './submissions.ts'
