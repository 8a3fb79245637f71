/**
 * One dataset: what its rows say, as a table, on a map and over time; under what terms; how much of it is here, and fetching the rest;
 * downloads, and how programs get it.
 */
export { default as Page } from './Dataset.svelte'
