/**
 * Checks what this node holds, from the records up to the charter, and finds what went bad on the disk.
 */
export { verifyDataset, type Claimed } from './verifying.ts'
