import type { FoundingFailure } from '../contract/index.ts'

export const ROOT_LOCKED: FoundingFailure = {
  code: 'not-ready', reason: 'the member root key is locked or elsewhere', hint: 'start the node with the passphrase of the root key'
}
export const UNREACHABLE: FoundingFailure = {
  code: 'unreachable', reason: 'the one who invited you cannot be reached now',
  hint: 'the application is kept and sent again every half minute; check the network, or wait'
}
export const TICKET_FAILURES: Readonly<Record<'not-a-ticket' | 'damaged' | 'expired', FoundingFailure>> = {
  'not-a-ticket': { code: 'invalid', reason: 'this is not a ticket', hint: 'a ticket begins with hanse1; paste all of it' },
  'damaged': { code: 'invalid', reason: 'the ticket is incomplete or was changed on its way', hint: 'copy all of it once more' },
  'expired': { code: 'expired', reason: 'the ticket is no longer valid', hint: 'ask the one who invited you for a new one' }
}

/** Tells a person what a refusal of an application means. */
export const ADMISSION_REFUSALS: Readonly<Record<string, readonly [reason: string, hint: string]>> = {
  'expired': ['the ticket is no longer valid', 'ask the one who invited you for a new ticket'],
  'foreign-ticket': ['the node at that address did not make this ticket', 'ask the one who invited you for the newest ticket'],
  'federation': ['the node at that address belongs to another federation', 'ask the one who invited you for the newest ticket'],
  'certificate': ['the inviter does not take this node\'s certificate', 'set the clocks of both nodes, and join once more'],
  'key-taken': ['another member or applicant uses one of these keys', 'make a node of your own with "hanse init"; never copy a data folder'],
  'full': ['too many applications are open there', 'ask the one who invited you to have them decided, and join once more'],
  'charter': ['the charter that came is not that of the federation on the ticket', 'do not join; tell the one who invited you']
}
