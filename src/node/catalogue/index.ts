/**
 * Keeps the catalogues of all members as they say them, and writes the own one.
 */
export { Catalogue } from './catalogue.ts'
export { boxOfUnits, unitsOfBox, viewOf } from './views.ts'
export { findingsOf, policySentences, termsViewOf } from './terms.ts'
