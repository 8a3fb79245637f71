/** All datasets that this member may know of: searched, and led to. */
export { default as Page } from './Catalogue.svelte'
