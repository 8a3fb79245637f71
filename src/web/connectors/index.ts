/**
 * What brings data in by itself: how each connector does, what it could not take, begin it again, end it; and the form that adds one,
 * made of the schema of its declaration.
 */
export { default as Page } from './Connectors.svelte'
export { default as Arriving } from './Arriving.svelte'
export { default as ConnectorForm } from './ConnectorForm.svelte'
export { freeId } from './fields.ts'
