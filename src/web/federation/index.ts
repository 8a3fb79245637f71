/**
 * The members and how they are reached, what they decide together, who wants to join, tickets, evidence of misconduct, and bundles to
 * carry by hand. `#/federation/<id>` shows one proposal or application first.
 */
export { default as Page } from './Federation.svelte'
