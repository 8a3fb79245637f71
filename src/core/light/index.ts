/**
 * Proves to whoever holds the charter, offline, that something is final in the federation's ledger: a record of a feed, an
 * operation, a row of the state.
 *
 * ```
 * record -> segment -> root in dataset.anchor -> opsRoot -> transaction, signed by the publisher -> bodyRoot -> header
 *        -> (logRoot of a newer header) -> certificate of finality -> validators of the epoch <- seal <- … <- charter
 * ```
 *
 * One fresh certificate proves any old block, since every header commits to all blocks below it. Inclusion means effect: no
 * final block holds an operation that failed, so a record's publisher had the right to anchor it, with a certificate that was
 * good then. The anchor names length and root of the feed, so whoever holds the segment can make the proof, and no head is
 * needed in it. A founder is known from the charter; for a member admitted later its row under the newest `stateRoot` is shown.
 * What is proved: the record stood in the publisher's feed before the block's time. Every proof has one form, so a changed one
 * proves nothing.
 */
export {
  decodeLightProof, encodeLightProof, memberProof, olderBlock, placedRecord, placeOf, stateProof,
  type LightProof, type OlderBlock, type OperationPlace, type PlacedRecord, type StateProof, type Subject
} from './proof.ts'
export { verifyLightProof, type LightFacts, type LightFailure } from './verify.ts'
