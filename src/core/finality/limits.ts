/** A bitmap of signers and a vote's index fit in what consensus is measured for; more validators need other certificates. */
export const VALIDATORS_MAX = 31
export const VOTE_BYTES_MAX = 256
export const CERT_BYTES_MAX = 4 * 1024
export const HEADER_BYTES_MAX = 16 * 1024
/** Headers from the one that is proved to the one whose certificate is held: flush blocks, mostly one or two. */
export const PROOF_HEADERS_MAX = 256
export const PROOF_BYTES_MAX = 1024 * 1024
export const EVIDENCE_BYTES_MAX = 64 * 1024
/** Of a justification that is shown to be bad: with header and vote it must fit in a block, or it is no evidence. */
export const EVIDENCE_JUST_BYTES_MAX = 47 * 1024
export const EVIDENCE_PER_BLOCK_MAX = 16
/** Views are numbered from 1; 0 is the base of an epoch. */
export const VIEW_MAX: number = 2 ** 48
/** A weak-subjectivity anchor older than this proves nothing: keys of then may be anybody's now. */
export const TRUST_PERIOD_MS: number = 30 * 24 * 3_600_000
export const CHECKPOINT_BYTES_MAX = 1024
