import {
  bytes, compareBytes, decodeCanonical, EMPTY_ROOT, encodeCanonical, equalBytes, fail, list, ok, struct, type CodecFailure, type Result
} from '../../base/index.ts'
import type { Charter } from '../identity/index.ts'
import { decodeCert, encodeCert, verifyCert } from './certificates.ts'
import { decodeHeader } from './headers.ts'
import { leaderOf } from './leader.ts'
import { CERT_BYTES_MAX, HEADER_BYTES_MAX, PROOF_BYTES_MAX, PROOF_HEADERS_MAX } from './limits.ts'
import { digestOfFederation, hashOfValidators, validatorSet, type ValidatorSetFailure } from './votes.ts'
import {
  FINALIZE, FLUSH, SEAL, type Anchor, type FinalityProof, type Header, type Scheme, type SignedHeader, type ValidatorSet
} from './types.ts'

export type FinalityFailure =
  | CodecFailure
  | ValidatorSetFailure
  /** Of another federation, another epoch, or other validators. */
  | { readonly code: 'federation' | 'epoch' | 'validators' }
  /** Proposed by somebody whose turn it was not. */
  | { readonly code: 'leader' }
  /** The headers are no chain that an honest validator builds. */
  | { readonly code: 'chain' }
  /** No quorum's word for exactly the last header. */
  | { readonly code: 'certificate' }
  /** What should begin an epoch is no seal, or none that follows on the epoch before. */
  | { readonly code: 'seal' }

export type Finality = {
  /** The first header: the one that is proved. */
  readonly header: SignedHeader
  readonly last: SignedHeader
  readonly set: ValidatorSet
}

const proofSchema = struct({ headers: list(bytes(1, HEADER_BYTES_MAX), PROOF_HEADERS_MAX, 1), cert: bytes(1, CERT_BYTES_MAX) })

/** `{headers, cert}`. */
export function encodeFinalityProof ({ headers, cert }: FinalityProof): Uint8Array {
  return encodeCanonical({ headers, cert: encodeCert(cert) })
}

export function decodeFinalityProof (encoded: Uint8Array): Result<FinalityProof, CodecFailure> {
  const decoded = decodeCanonical(encoded, proofSchema, PROOF_BYTES_MAX)
  if (!decoded.ok) return decoded
  const cert = decodeCert(decoded.value.cert)
  return cert.ok ? ok({ headers: decoded.value.headers, cert: cert.value }) : cert
}

/** Where trust begins: the founders of the charter, who hold the first seats with the keys that stand in it. */
export function genesisAnchor (charter: Pick<Charter, 'federation' | 'foundedMs' | 'founders'>): Anchor {
  const validators = charter.founders.flatMap(({ member, nodes }) => {
    const [first] = nodes
    return first === undefined ? [] : [{ member, node: first.transportKey, key: first.consensusKey }]
  })
  return {
    federation: charter.federation, epoch: 0, validators: validators.toSorted((a, b) => compareBytes(a.key, b.key)),
    base: digestOfFederation(charter.federation), baseHeight: 0, timeMs: charter.foundedMs
  }
}

/**
 * Whether the first header of the proof is final, from what the anchor says of its epoch and nothing else.
 *
 * Finality of a block makes all its ancestors final, so headers lead from the block in question up to one that a quorum
 * finalised. Below a seal there are only flush blocks, which change nothing. They cannot be told from others without the seal:
 * a flush header may prove to be final although its height belongs to a block of the next epoch.
 */
export function verifyFinality (anchor: Anchor, scheme: Scheme, { headers, cert }: FinalityProof): Result<Finality, FinalityFailure> {
  const set = validatorSet(anchor.validators, scheme)
  if (!set.ok) return set
  if (headers.length > PROOF_HEADERS_MAX) return fail({ code: 'chain' })
  let [first, last, seal]: readonly (SignedHeader | undefined)[] = []
  for (const encoded of headers) {
    const decoded = decodeHeader(encoded)
    if (!decoded.ok) return decoded
    const { header } = decoded.value
    const failure = failureOfPlace(header, anchor, set.value)
    if (failure !== undefined) return fail({ code: failure })
    if (last === undefined ? !beginsRight(header, anchor) : !follows(header, last, seal)) return fail({ code: 'chain' })
    if (header.type === SEAL) seal = decoded.value
    first ??= decoded.value
    last = decoded.value
  }
  if (first === undefined || last === undefined) return fail({ code: 'chain' })
  const isForLast = cert.type === FINALIZE && cert.epoch === anchor.epoch && cert.view === last.header.view &&
    cert.digest !== null && equalBytes(cert.digest, last.digest)
  if (!isForLast || !verifyCert(anchor.federation, set.value, cert)) return fail({ code: 'certificate' })
  return ok({ header: first, last, set: set.value })
}

/** Validators and their turns are computed from the anchor; what a header says of them must be the same. */
function failureOfPlace (header: Header, anchor: Anchor, set: ValidatorSet): 'federation' | 'epoch' | 'validators' | 'leader' | undefined {
  if (!header.federation.equals(anchor.federation)) return 'federation'
  if (header.epoch !== anchor.epoch || header.height <= anchor.baseHeight) return 'epoch'
  if (!equalBytes(header.validatorsHash, set.hash)) return 'validators'
  return header.proposer === leaderOf(set, anchor.base, header.view) ? undefined : 'leader'
}

/** The only header of an epoch without a parent in it is the child of its base. */
function beginsRight ({ parentView, parent, height, view, timeMs }: Header, anchor: Anchor): boolean {
  if (parentView >= view || timeMs <= anchor.timeMs) return false
  return parentView === 0 ? equalBytes(parent, anchor.base) && height === anchor.baseHeight + 1 : height > anchor.baseHeight + 1
}

/** `seal`: the one among the headers before, if any. Nothing below it is executed. */
function follows (header: Header, before: SignedHeader, seal: SignedHeader | undefined): boolean {
  if (seal !== undefined) {
    const { type, stateRoot, bodyRoot, evidenceRoot } = header
    const isEmpty = type === FLUSH && equalBytes(bodyRoot, EMPTY_ROOT) && equalBytes(evidenceRoot, EMPTY_ROOT)
    if (!isEmpty || !equalBytes(stateRoot, seal.header.stateRoot)) return false
  }
  return equalBytes(header.parent, before.digest) && header.parentView === before.header.view && header.view > before.header.view &&
    header.height === before.header.height + 1 && header.timeMs > before.header.timeMs
}

/** The anchor of the next epoch, from the proof that a seal of this one is final. */
export function nextAnchor (anchor: Anchor, scheme: Scheme, proof: FinalityProof): Result<Anchor, FinalityFailure> {
  const proved = verifyFinality(anchor, scheme, proof)
  if (!proved.ok) return proved
  const { header: { seal, height, timeMs }, digest } = proved.value.header
  if (seal === null || !equalBytes(seal.prevSeal, anchor.base) || seal.prevSealHeight !== anchor.baseHeight) return fail({ code: 'seal' })
  const next = validatorSet(seal.nextValidators, scheme)
  if (!next.ok) return next
  if (!equalBytes(hashOfValidators(seal.nextValidators), seal.nextValidatorsHash)) return fail({ code: 'validators' })
  return ok({ federation: anchor.federation, epoch: anchor.epoch + 1, validators: seal.nextValidators, base: digest, baseHeight: height, timeMs })
}

/** From one anchor to a newer one, seal by seal. */
export function followSeals (anchor: Anchor, scheme: Scheme, proofs: readonly FinalityProof[]): Result<Anchor, FinalityFailure> {
  let newest = anchor
  for (const proof of proofs) {
    const next = nextAnchor(newest, scheme, proof)
    if (!next.ok) return next
    newest = next.value
  }
  return ok(newest)
}
