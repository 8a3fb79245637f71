/**
 * Conducts this member's agreements: offers its datasets by the Dataspace Protocol, asks for those of others, signs, keeps to
 * what was signed, and ends it.
 *
 * - What is right goes by itself: terms no wider than the offer, allowed when tried, are agreed to; what was asked for or accepted
 *   is verified; all else waits for a person (`decide`: approve, approve with limits, deny). Nothing expires silently: 30 days.
 * - One agreement per provider, consumer, dataset and purpose. Asked again for one that is in force, that is the answer. A provider that
 *   is asked for restricted data by whom it has agreed with before asks a person, whether that has ended or not: duties and counts are
 *   those of one agreement, and would begin anew.
 * - A provider's doors know an agreement before FINALIZED leaves, a consumer's when it has come. Then its commitment goes on the
 *   ledger, whose finality nobody waits for, and its consumer gets keys. Both are done again until they are.
 * - Ended, it ends here at once, and with it what runs under it; the other side is told by its feed, and everybody by the ledger.
 * - Data for outsiders: a pull opens one dataset by a token of 256 bits for at most a day, a push brings it in batches; the door
 *   decides at each read all the same. Suspended, terminated or without a right, the token is dead in the same moment.
 * - Over HTTP each request is signed by a node key, with its certificate, for one receiver, method, address and body, for 300 s
 *   and once (`hanse+jwt`). Between members that are connected none of this is needed.
 */
export { Agreements, type AgreementsOptions } from './agreements.ts'
export { nodeAgreementsOf, nodeProtocolOf } from './door.ts'
export type { TokenFailure } from './requestToken.ts'
export type { Rights } from './standing.ts'
