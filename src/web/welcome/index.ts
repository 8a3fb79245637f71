/** The way into a federation: found one or join by a ticket, wait and see how it stands, be a member. All of it is kept by the node. */
export { default as Page } from './Welcome.svelte'
