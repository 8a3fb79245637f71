/**
 * Carries feeds and files by hand: writes and reads bundles, and proofs of single records.
 *
 * A bundle is a CARv1 file with one root, the manifest. Its blocks stand in one order, so that it streams in both
 * directions: manifest; statements (charter, certificates, revocations, declarations, heads); leaf pages, each with the
 * cover that proves it to its head; segments; blocks of files, each node before what it links to. The manifest is
 * unsigned: every part proves itself, and whoever reads needs the charter alone.
 *
 * Rules of the reader: lengths are checked before anything is read for them; every block is hashed; the only block taken
 * is the one that the manifest or a proved leaf page names next; a file must be named by a record of a feed that is in
 * the bundle. What comes before a fault is verified and kept, so a cut file imports up to the cut and goes on from there
 * the next time; importing twice adds nothing. Import stores through the same functions as the network.
 *
 * A bundle holds what every member may have, or the one member that it is made for: the sync door is asked, as if that one
 * asked for it by the wire. Not yet: several volumes (one of at most 3.9 GiB).
 */
export { carDecode } from './car.ts'
export { SET_SIZE_BYTES } from './manifest.ts'
export { makeBundle, type BundleWish } from './making.ts'
export { openBundle } from './opening.ts'
export { inspectBundle } from './inspecting.ts'
export {
  decodeProofFile, encodeProofFile, makeProof, PROOF_FILE_BYTES_MAX, verifyProof, type ProofFile, type ProofReport
} from './proof.ts'
