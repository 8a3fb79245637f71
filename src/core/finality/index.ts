/**
 * Says what validators sign, and when a block is final: all that whoever verifies the ledger later, offline, has to know.
 *
 * Votes of Simplex consensus (eprint 2023/463) with attributable Ed25519 signatures. A vote names epoch, view, type and digest;
 * its signature covers canonical `["hanse", 1, federation, "vote", epoch, view, type, digest | null]`. A certificate is exactly a
 * quorum, floor(2n/3) + 1, of votes that agree: a bitmap of ceil(n/8) bytes with no bit beyond n, and as many signatures of 64
 * bytes in ascending order. A block is its header: the header commits to justification, evidence, body and state by their hashes,
 * and its SHA-256 is what is voted on. A justification holds the parent's certificate (NOTARIZE or FINALIZE; none above an
 * epoch's base) and a NULLIFY certificate for every view that was skipped.
 *
 * An epoch has one set of validators, sorted by key. It ends with a final SEAL block that names the next set; below a seal there
 * are only FLUSH blocks, which are discarded. A proof of finality is a chain of headers and a FINALIZE certificate for the last:
 * its first header is final. Whoever knows an epoch's base and validators (an anchor; at first the charter) verifies it, and
 * follows seal after seal to the newest epoch; sets, hashes and turns of leaders are computed from the anchor, never taken from
 * a header's word. Nothing here needs state, clock or network.
 *
 * Evidence is a pair of votes of one signer in one view that no honest node gives, or a NOTARIZE vote for a header whose
 * justification does not hold and is small enough to be shown in a block. NOTARIZE with NULLIFY is a timeout, and no evidence.
 */
export {
  CERT_BYTES_MAX, HEADER_BYTES_MAX, PROOF_HEADERS_MAX, TRUST_PERIOD_MS, VALIDATORS_MAX, VOTE_BYTES_MAX
} from './limits.ts'
export {
  decodeVote, digestOfFederation, encodeVote, faultyOf, quorumOf, realScheme, validatorSet, verifyVote, voteSignBytes,
  type ValidatorSetFailure, type VoteFields
} from './votes.ts'
export { assembleCert, decodeCert, encodeCert, verifyCert, votesOfCert } from './certificates.ts'
export { decodeHeader, encodeHeader } from './headers.ts'
export { decodeBlock, decodeJust, encodeBlock, encodeJust, makeBlock, type BlockFailure, type BlockFields } from './blocks.ts'
export {
  decodeFinalityProof, encodeFinalityProof, followSeals, genesisAnchor, nextAnchor, verifyFinality, type Finality, type FinalityFailure
} from './proofs.ts'
export { contradictionOf, decodeEvidence, encodeEvidence, forkCulprits, justifies, verifyEvidence } from './evidence.ts'
export { decodeCheckpoint, encodeCheckpoint, trustedCheckpoint, type Checkpoint, type CheckpointFailure } from './checkpoint.ts'
export { leaderOf } from './leader.ts'
export {
  FINALIZE, FLUSH, NORMAL, NOTARIZE, NULLIFY, PROPOSE, SEAL,
  type Anchor, type Block, type BlockContext, type BlockType, type Cert, type CertType, type Digest, type Evidence, type EvidenceKind, type FinalityProof, type Header,
  type Just, type Scheme, type Seal, type SignedHeader, type Validator, type ValidatorSet, type Verdict, type Vote, type VoteType
} from './types.ts'
