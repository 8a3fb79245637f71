/**
 * What the node is and does, in sentences, and the inbox: all that waits for a person.
 *
 * The inbox is what the node says now and nothing else: an item goes when it was decided, wherever, and comes back with the next page.
 */
export { default as Page } from './Overview.svelte'
