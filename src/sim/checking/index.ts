/**
 * Judges runs: agreement, validity, honest votes, floors, limits, and by an oracle that decides everything a second time.
 */
export { Judge, type JudgeOptions, type Violation } from './judge.ts'
export { Signatures, type SignedVote } from './signatures.ts'
