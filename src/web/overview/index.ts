/** What the node is and does, in sentences. */
export { default as Page } from './Overview.svelte'
