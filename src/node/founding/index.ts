/**
 * Founds a federation: keys of a node, and the ceremony in which all founders sign one charter.
 */
export { Ceremony } from './ceremony.ts'
export { keysOf, type Keys, type Seeds } from './keys.ts'
