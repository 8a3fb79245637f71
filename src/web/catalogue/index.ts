/**
 * All datasets that this member may know of: searched by words and within a box, narrowed by facets, on a map, and in a table that has
 * all that the map has.
 *
 * Words and box are asked of the node; what it finds is held here, up to `DATASETS_MAX`, so that facets answer without it.
 */
export { default as Page } from './Catalogue.svelte'
