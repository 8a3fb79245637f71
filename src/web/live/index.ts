/**
 * What comes in now: the messages of one stream as they come, what each thing said last, where it was, and how a number goes.
 *
 * Memory is flat: a ring of the last 1,000 messages, of which the newest are drawn, at most ten times a second. Above 50 messages a second
 * a sample of them is kept, and the page says so. One stream is followed at a time, and none while the page is hidden; what came meanwhile
 * is read from where it left off.
 */
export { default as Page } from './Live.svelte'
