/**
 * Brings a node into a federation: its keys, the ceremony in which all founders sign one charter, and afterwards the way in for
 * new members, from both sides. Everyone who is no member yet comes to one listener.
 */
export { Admissions, type AdmissionsOptions } from './admissions.ts'
export { Candidacy, type Welcome } from './candidacy.ts'
export { Ceremony } from './ceremony.ts'
export { joinProposalOf, type Decisions } from './decisions.ts'
export { keysOf, type Keys, type Seeds } from './keys.ts'
export { JoinListener } from './listener.ts'
