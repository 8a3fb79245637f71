/** Passkeys in the browser: entering with one, and making and removing one's own. All that WebAuthn is asked is asked here. */
export { default as OwnPasskeys } from './OwnPasskeys.svelte'
export { default as PasskeyEntry } from './PasskeyEntry.svelte'
