/** Checks a record, a head and a block in this browser, from proofs of the node or from files, and says each step in words. */
export { default as Page } from './Verify.svelte'
