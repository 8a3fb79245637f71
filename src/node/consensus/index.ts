/**
 * Runs the federation's consensus on one node: its keys.
 */
export { ConsensusKeys } from './keys.ts'
