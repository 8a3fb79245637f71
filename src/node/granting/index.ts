/**
 * Gives keys to those who may read, and takes up the keys that others give: the pair feeds of grants.
 *
 * Each publisher has one feed for each consumer: datasetId `grants`, class `pair:<consumer>`, mode `log`. It is in clear, because
 * the keys in it are wrapped one by one; nobody but the two is told that it exists. A consumer's own word about an agreement
 * stands in its feed `receipts`, class `pair:<publisher>`.
 * ```
 * grant       key "<agreementId> <hex of the X25519 key it is wrapped for>"   body: envelope, by core/grants
 * revocation  key "<agreementId>"                                             body: envelope, by core/grants
 * ```
 * A grant is made when an agreement stands and the sync door allows it, for every node of the consumer that has a certificate in
 * force, of all epochs of the dataset whose keys are at hand: an agreement is about the dataset, not about what comes next. The
 * door is asked again for each further epoch. What is missing is found by comparing with what the feed says was given, so
 * nothing is granted twice, and a start goes on where the last one was.
 *
 * An epoch ends when one who was given its key has no right to it any more, or its node was lost (`Epochs.watch`): found before
 * the next segment is sealed, and from the feed alone, so that a start in between forgets nothing. What was read, or could have
 * been, cannot be recalled.
 *
 * The consumer's node opens what is wrapped for it and keeps it in its keyring; revocations by the other side it honours as soon
 * as they are seen. Its lease is as old as the newest head of the publisher's `grants`, or as the last time the publisher itself
 * had nothing newer.
 */
export { Granting, type GrantFailure, type GrantingOptions } from './granting.ts'
export { GRANTS_DATASET_ID, isPairWith, RECEIPTS_DATASET_ID } from './pairs.ts'
