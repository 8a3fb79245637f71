/**
 * Decides what others ask for: terms beside the request, differences marked; yes, less, or no with a reason, each with its exact effect
 * before it is done. What was asked for here, what was decided and what is in force stands below.
 */
export { default as Page } from './Requests.svelte'
