/**
 * What a node does with the federation's ledger beside agreeing on it: shows it to people, carries out what they decide, has
 * own feeds anchored, and proves to others what is final.
 *
 * - Transactions are signed in the order of each key's sequence numbers; nothing waits between number and submission.
 * - Heads of own feeds are anchored in batches, as often as the ledger takes them and never without a change. A dataset is put
 *   on the ledger with its first anchor. Feeds between two members never go there.
 * - Places of anchors are kept by feed and length, so that the first anchor that covers a record can be shown.
 * - The check of the whole ledger believes the charter and nothing else.
 */
export { Anchoring, describedBy, type AnchoringOptions } from './anchoring.ts'
export { checkLedger, type LedgerSource } from './checking.ts'
export { ledgerOf } from './door.ts'
export { Proving, type ProvingOptions } from './proving.ts'
export { LedgerRoom, type LedgerRoomOptions } from './room.ts'
