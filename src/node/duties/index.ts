/**
 * Composes what comes after data were given out: receipts and deadlines, erasure, the audit of a dataset, and emergencies.
 */
export { Duties, nodeDutiesOf, type DutiesOptions } from './duties.ts'
export { USE_PROOF_BYTES_MAX, verifyUseProof, type UseProofReport } from './useProof.ts'
