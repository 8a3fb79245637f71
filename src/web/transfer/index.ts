/**
 * Shows how a transfer comes on, everywhere alike: done of known, rate, state, since when, why it waits, and how to stop it.
 */
export { default as TransferLine } from './TransferLine.svelte'
export { Meter } from './meter.svelte.ts'
export type { Amount, Phase, Transfer } from './progress.ts'
