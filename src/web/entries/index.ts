/** Says what entries of the ledger do, in sentences. */
export { entryText, isNews } from './sentences.ts'
