/**
 * Appends to own feeds so that nothing acknowledged is lost and no two heads of one length are ever signed.
 */
export type { AppendFailure } from './tail.ts'
export { Writer, type Voice } from './writer.ts'
