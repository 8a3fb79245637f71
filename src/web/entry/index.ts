/** Lets people in by name and passphrase, and lets who entered by a link make the first account. */
export { default as AccountForm } from './AccountForm.svelte'
export { default as Page } from './FirstAccount.svelte'
export { default as SignIn } from './SignIn.svelte'
