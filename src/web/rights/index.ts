/** Says who may do what a page would offer, to whoever may not. */
export { default as Only } from './Only.svelte'
