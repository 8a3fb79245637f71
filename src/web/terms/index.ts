/**
 * Terms as a form: who may have a dataset, what for, until when, in which detail, and whether they may pass it on; beside it what the
 * node makes of them, before anything is saved: the sentences, and what each member could see.
 *
 * A draft begins with a template and keeps what of it the form does not show. It is a file of terms in the end, and can be edited as one:
 * what the node does not know is refused by it with the position, and never left out. Without a template a dataset has no terms.
 */
export { Draft } from './draft.svelte.ts'
export { default as TermsForm } from './TermsForm.svelte'
export { default as TermsReview } from './TermsReview.svelte'
