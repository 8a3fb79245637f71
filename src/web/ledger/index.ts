/** What members decided together and in which order: blocks and their entries, and whether anything waits. */
export { default as Page } from './Ledger.svelte'
