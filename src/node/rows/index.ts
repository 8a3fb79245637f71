/**
 * Lays out the rows of the two databases: keys, and values in both directions.
 *
 * `store` (may be fetched again from neighbours): meta `0`, statements `d`, feeds `f`, feed numbers `n`, segments `s`, leaves
 * `l`, heads `h`, fork proofs `w`, files `i`, file blocks `b`, locators `c` of blocks by digest; of the ledger: the engine's own
 * `e`, state `x`, final blocks `k` and proofs of finality `p` by height, heights by digest `j` and of seals by epoch `z`, own
 * transactions that are not final yet `t`, places of anchors `a`; agreements that the doors know `o`, counts of what was served under them `q`; negotiations `m`
 * and transfers `r` of the Dataspace Protocol; how own derivations are made `D` and where they stand `P`, as confidential as their sources; how far
 * erasures were carried out `E`, when what others gave came or went out `A`, roots of receipts by day `G`, emergencies to be looked at afterwards `N`; own datasets that are told in groups: by what they are
 * counted `W`, and what each requester was told `Q`; of the index of a
 * feed: what it is over `U`, blocks `B`, their pages `C`, latest records by key `K` and the places of these `L`. `signer` (never lost, cloned or rolled back): guards `g`, votes `v`, seeds of consensus keys `y`,
 * own epoch keys `e`,
 * received grants `u`, keys of indexes of sealed feeds `H`. Segments and
 * file blocks are checked by their hashes, all other rows by their tags.
 */
export {
  accessCountKey, agreementKey, anchorKey, askedKey, blockKey, consensusSecretKey, countedByKey, derivationPlanKey, derivationProgressKey, engineKey, erasureKey, feedKey, feedNumberKey, fileKey, finalBlockKey, finalDigestKey, finalityKey, forkKey, guardKey, headKey, indexBlockKey, indexPageKey, indexScopeKey, KEYED_STATE_OWN_AT, keyedStateKey, keptKey, leafKey,
  ledgerStateKey, localKeyKey, locatorKey, metaKey, negotiationRowKey, ownEpochKey, ownTransactionKey, pagesOfBlock, periodKey, receivedGrantKey, reviewKey, rowsOf, sealHeightKey, segmentKey, STATE_PLACE_OWN_AT, statementKey, statePlaceKey, transferRowKey, voteKey
} from './keys.ts'
export {
  decodeFeedRow, decodeFileRow, decodeGuardRow, decodeLeafRow, encodeFeedRow, encodeFileRow, encodeGuardRow, encodeLeafRow,
  type FeedRow, type FileRow, type GuardRow, type LeafRow, type SegmentState
} from './values.ts'
