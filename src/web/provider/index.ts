/** Entering by the provider of the city: the one way off this origin, taken when a person presses the button, and the way back. */
export { default as ProviderEntry } from './ProviderEntry.svelte'
