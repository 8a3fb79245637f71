/** One's own account: its passphrase, and the form in which a passphrase is given anew. */
export { default as OwnAccount } from './OwnAccount.svelte'
export { default as PassphraseForm } from './PassphraseForm.svelte'
