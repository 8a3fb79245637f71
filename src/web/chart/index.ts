/**
 * Draws a number over time, with a sentence that says the same. Its library is loaded when a chart is looked at.
 *
 * The library does not start under a POSIX locale, which bare containers have: the sentence stands alone there, and says so.
 */
export { default as TimeChart } from './TimeChart.svelte'
export type { Points } from './summary.ts'
