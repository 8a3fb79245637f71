/**
 * Shows rows of a dataset as its node reads them: a table, where they are, how a number goes over time.
 *
 * Numbers and texts stand as they were published. What a dataset says is text here and nothing else.
 */
export { default as RowChart } from './RowChart.svelte'
export { default as RowMap } from './RowMap.svelte'
export { default as RowTable } from './RowTable.svelte'
export { columnsOf, measuresOf } from './cells.ts'
export { PREVIEW_ROWS, Rows, ROWS_DRAWN } from './rows.svelte.ts'
