/**
 * Checks what this node holds, from the records up to the charter, and finds what went bad on the disk.
 */
export { scrub, type Scrubbed } from './scrub.ts'
export { verifyDataset, type Claimed } from './verifying.ts'
