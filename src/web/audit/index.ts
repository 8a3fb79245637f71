/** Who had an own dataset, when, under what terms, how much, and what they confirmed; each entry with its proof. */
export { default as Page } from './Audit.svelte'
