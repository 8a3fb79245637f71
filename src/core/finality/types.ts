import type { CID } from '../../base/index.ts'
import type { Did, VerifyingKey } from '../identity/index.ts'

/** SHA-256 of header bytes, 32 bytes. */
export type Digest = Uint8Array

export const PROPOSE = 1
export const NOTARIZE = 2
export const NULLIFY = 3
export const FINALIZE = 4
export type VoteType = typeof PROPOSE | typeof NOTARIZE | typeof NULLIFY | typeof FINALIZE
export type CertType = typeof NOTARIZE | typeof NULLIFY | typeof FINALIZE

export const NORMAL = 1
export const FLUSH = 2
export const SEAL = 3
export type BlockType = typeof NORMAL | typeof FLUSH | typeof SEAL

/** One seat in consensus: one vote. `node` is the transport key of the node that votes; `key` its consensus key. */
export type Validator = { readonly member: Did, readonly node: Uint8Array, readonly key: Uint8Array }

/**
 * Makes verifying keys: of rule Hanse-Ed25519 in production, of tags in the simulator. Undefined for a key that is not admitted.
 */
export type Scheme = (key: Uint8Array) => VerifyingKey | undefined

/** The validators of one epoch, ascending by key; the index of a vote is the position here. */
export type ValidatorSet = {
  readonly validators: readonly Validator[]
  readonly keys: readonly VerifyingKey[]
  /** SHA-256 over the canonical list of [member, node, key]. */
  readonly hash: Uint8Array
  /** floor(2n/3) + 1. */
  readonly quorum: number
  /** floor((n - 1) / 3). */
  readonly faultyMax: number
}

export type Vote = {
  readonly epoch: number
  readonly view: number
  readonly type: VoteType
  /** Null exactly for NULLIFY. */
  readonly digest: Digest | null
  readonly signer: number
  readonly signature: Uint8Array
}

/** Exactly a quorum of votes of one kind. */
export type Cert = {
  readonly epoch: number
  readonly view: number
  readonly type: CertType
  readonly digest: Digest | null
  readonly bitmap: Uint8Array
  /** 64 bytes each, ascending by signer. */
  readonly signatures: Uint8Array
}

export type Seal = {
  readonly nextValidators: readonly Validator[]
  readonly nextValidatorsHash: Uint8Array
  readonly nextParamsHash: Uint8Array
  readonly nextVersion: number
  /** Digest and height of the seal before; the base of epoch 0 for the first. */
  readonly prevSeal: Digest
  readonly prevSealHeight: number
}

export type Header = {
  readonly federation: CID
  readonly epoch: number
  readonly view: number
  readonly height: number
  readonly parent: Digest
  readonly parentView: number
  readonly timeMs: number
  readonly proposer: number
  readonly type: BlockType
  readonly validatorsHash: Uint8Array
  readonly justDigest: Uint8Array
  readonly evidenceRoot: Uint8Array
  readonly bodyRoot: Uint8Array
  /** After this block. */
  readonly stateRoot: Uint8Array
  /** Merkle mountain range over the digests of all blocks up to and including the parent. */
  readonly logRoot: Uint8Array
  readonly seal: Seal | null
}

/** A header with the bytes it came in and their digest: hashes cover bytes. */
export type SignedHeader = { readonly header: Header, readonly bytes: Uint8Array, readonly digest: Digest }

export type Just = {
  /** Null exactly when the parent is the epoch's base. */
  readonly parentCert: Cert | null
  /** For every view between the parent's and the block's, ascending. */
  readonly nulls: readonly Cert[]
}

export type Block = SignedHeader & {
  readonly just: Just
  readonly justBytes: Uint8Array
  /** Encoded evidence, each item verified on its own. */
  readonly evidence: readonly Uint8Array[]
  readonly body: Uint8Array
}

/** A chain of headers and a FINALIZE certificate for its last one: the first of them is final. */
export type FinalityProof = { readonly headers: readonly Uint8Array[], readonly cert: Cert }

/** What one knows to be final without having been there: the base of an epoch with its validators. */
export type Anchor = {
  readonly federation: CID
  readonly epoch: number
  readonly validators: readonly Validator[]
  /** Digest of the seal that began the epoch; of the charter (the federation's id) for epoch 0. */
  readonly base: Digest
  readonly baseHeight: number
  readonly timeMs: number
}

/** Two statements of one key that no honest node makes. */
export type Evidence =
  | { readonly kind: 'double-propose' | 'double-notarize' | 'double-finalize' | 'nullify-finalize' | 'notarize-finalize', readonly first: Vote, readonly second: Vote }
  /** A NOTARIZE vote for a header whose justification does not verify. */
  | { readonly kind: 'bad-justification', readonly vote: Vote, readonly header: Uint8Array, readonly just: Uint8Array }
export type EvidenceKind = Evidence['kind']

/** Evidence that was verified, against whom. */
export type Verdict = { readonly member: Did, readonly kind: EvidenceKind, readonly epoch: number, readonly view: number, readonly id: Uint8Array }

/** All that a block's execution may depend on beside state and body. */
export type BlockContext = {
  readonly federation: CID
  readonly version: number
  readonly epoch: number
  readonly height: number
  readonly timeMs: number
  readonly proposer: Validator
  readonly type: BlockType
  /** Signers in the certificates of the block's justification, and the proposer. */
  readonly seen: readonly Validator[]
  readonly verdicts: readonly Verdict[]
}
