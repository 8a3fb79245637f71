/** Draws what many pages show in the same way: a failure, the state of an item, what a clause is worth. */
export { default as LabelMark } from './LabelMark.svelte'
export { default as Problem } from './Problem.svelte'
export { default as StateMark } from './StateMark.svelte'
