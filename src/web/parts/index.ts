/** Draws what many pages show in the same way: a failure, the state of an item, what a clause is worth, a text to copy. */
export { coloursOf, onThemeChange, type Colours, type Tone } from './colours.ts'
export { default as CopyText } from './CopyText.svelte'
export { default as LabelMark } from './LabelMark.svelte'
export { default as Problem } from './Problem.svelte'
export { default as StateMark } from './StateMark.svelte'
