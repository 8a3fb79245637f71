/**
 * Draws places on a map that needs nothing from anywhere: the atlases of the console, and the maps that the operator laid into the data
 * folder. Its library is loaded when a map is looked at.
 *
 * A page gives layers of features, whose objects stay the same while they do not change; points are drawn as clusters from
 * `CLUSTERED_FROM` on. Of very many a page gives the address alone: the worker of the map fetches them, and the page never holds them. What is clicked, or stood on with the keys and Enter, is told by `onpick`; a drawn box by `onbox`, with
 * `BoxFields` always beside it. To a reader the map is decoration: the page has all of it in a table. Without WebGL it says so.
 */
export { default as BoxFields } from './BoxFields.svelte'
export { default as Map } from './Map.svelte'
export { areaOf, extentOf, middleOf, pointOf, type Fetched, type MapFeature } from './geometry.ts'
export type { MapLayer, Picked } from './view.ts'
