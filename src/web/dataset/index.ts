/** One dataset: what it is, under what terms, and how much of it is here. */
export { default as Page } from './Dataset.svelte'
