/** A ticket in all the forms in which people pass it on, and the four words by which two people find out that they mean the same application. */
export { default as FourWords } from './FourWords.svelte'
export { default as Tickets } from './Tickets.svelte'
export { default as TicketText } from './TicketText.svelte'
