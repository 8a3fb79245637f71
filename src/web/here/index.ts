/**
 * Holds what every page knows: who is signed in and the client that speaks for them, how the node is, where the reader is, and what
 * this browser was told.
 */
export { preferences, THEMES } from './preferences.svelte.ts'
export { Router } from './router.svelte.ts'
export { Session } from './session.svelte.ts'
export { inTurn } from './turn.ts'
export { Watch } from './watch.svelte.ts'
export type { PageProperties } from './page.ts'
