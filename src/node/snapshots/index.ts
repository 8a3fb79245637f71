/**
 * Brings a node that is far behind to a proven state of the ledger without the blocks that led there, and serves such states.
 *
 * A node asks each member's node that connects for an offer above what it has. An offer is a height, the proof that its block
 * is final, and the peaks over the digests of all blocks below. Seals are asked for from the asker's own epoch on and followed
 * to the offer's; then the manifest of the state's Merkle map, which must give the header's state root; then its chunks by
 * their hashes, from all that offer the same, each checked on arrival. So a claim leads nowhere, and a lie ends where it is
 * told. A request without an answer in time is asked elsewhere; chunks that came stay.
 *
 * Requests are canonical `{v, kind: 'offer' | 'seals' | 'manifest' | 'chunk', …, creditBytes}`; answers are the bytes of DATA
 * frames, and ERROR `gone` says that it is not held. Three states are held for others, one every 1,000 blocks at the same
 * heights everywhere; the present one where there is none of these.
 *
 * `Trust` judges whether proofs are enough: not for a node that was away for longer than keys are trusted for.
 *
 * Blocks below a snapshot are not fetched: nothing needs them but an audit of those days, which other members hold.
 */
export { SnapshotFetcher, type Fetched, type Shown, type SnapshotFetcherOptions } from './fetching.ts'
export {
  decodeOffer, decodeSeals, decodeSnapshotRequest, encodeOffer, encodeSeals, encodeSnapshotRequest, type Offer, type SnapshotRequest
} from './messages.ts'
export { SnapshotServer, type SnapshotServerOptions } from './serving.ts'
export { checkpointIn, Trust, type Said, type TrustOptions } from './trust.ts'
