/** Says that neighbours are away: since when, what waits until they are back, and what can be done meanwhile. Loaded when that is so. */
export { default as CutOff } from './CutOff.svelte'
