/**
 * Asks a publisher for a dataset: its terms, what for and until when, what exactly would be asked, then how it goes on. What was asked
 * before stands here too: it is the node that remembers it.
 */
export { default as Page } from './Request.svelte'
