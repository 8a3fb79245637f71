import {
  bytes, compareBytes, decodeCanonical, encodeCanonical, equalBytes, literal, ok, sha256, struct, union, type CID, type CodecFailure, type Result
} from '../../base/index.ts'
import { decodeJust } from './blocks.ts'
import { verifyCert, votesOfCert } from './certificates.ts'
import { decodeHeader } from './headers.ts'
import { EVIDENCE_BYTES_MAX, EVIDENCE_JUST_BYTES_MAX, HEADER_BYTES_MAX, VOTE_BYTES_MAX } from './limits.ts'
import { decodeVote, encodeVote, verifyVote } from './votes.ts'
import {
  FINALIZE, NOTARIZE, NULLIFY, PROPOSE, type Cert, type Evidence, type Header, type Just, type ValidatorSet, type Vote, type VoteType
} from './types.ts'

type PairKind = Exclude<Evidence['kind'], 'bad-justification'>

const pair = struct({
  kind: literal('double-propose', 'double-notarize', 'double-finalize', 'nullify-finalize', 'notarize-finalize'),
  first: bytes(1, VOTE_BYTES_MAX), second: bytes(1, VOTE_BYTES_MAX)
})
const evidenceSchema = union('kind', {
  'double-propose': pair, 'double-notarize': pair, 'double-finalize': pair, 'nullify-finalize': pair, 'notarize-finalize': pair,
  'bad-justification': struct({
    kind: literal('bad-justification'), vote: bytes(1, VOTE_BYTES_MAX), header: bytes(1, HEADER_BYTES_MAX), just: bytes(1, EVIDENCE_JUST_BYTES_MAX)
  })
})

/**
 * What two votes of one signer in one view prove against it, in the one order that has an encoding; null where both may stand.
 * NOTARIZE and NULLIFY may: that is a timeout. NOTARIZE c' and FINALIZE c may not, because an honest node finalises nothing in a
 * view where it notarised something else, nor the reverse.
 */
export function contradictionOf (a: Vote, b: Vote): Extract<Evidence, { kind: PairKind }> | null {
  if (a.epoch !== b.epoch || a.view !== b.view || a.signer !== b.signer || isSameDigest(a, b)) return null
  const [first, second] = orderOf(a, b) <= 0 ? [a, b] : [b, a]
  const kind = kindOf(first, second)
  return kind === undefined ? null : { kind, first, second }
}

function isSameDigest (a: Vote, b: Vote): boolean {
  return a.digest !== null && b.digest !== null && equalBytes(a.digest, b.digest)
}

function orderOf (a: Vote, b: Vote): number {
  return a.type - b.type || (a.digest === null || b.digest === null ? 0 : compareBytes(a.digest, b.digest))
}

const DOUBLES: ReadonlyMap<VoteType, PairKind> = new Map([[PROPOSE, 'double-propose'], [NOTARIZE, 'double-notarize'], [FINALIZE, 'double-finalize']])
const BESIDE_FINALIZE: ReadonlyMap<VoteType, PairKind> = new Map([[NOTARIZE, 'notarize-finalize'], [NULLIFY, 'nullify-finalize']])

function kindOf (first: Vote, second: Vote): PairKind | undefined {
  if (first.type === second.type) return DOUBLES.get(first.type)
  return second.type === FINALIZE ? BESIDE_FINALIZE.get(first.type) : undefined
}

export function encodeEvidence (evidence: Evidence): Uint8Array {
  return evidence.kind === 'bad-justification'
    ? encodeCanonical({ kind: evidence.kind, vote: encodeVote(evidence.vote), header: evidence.header, just: evidence.just })
    : encodeCanonical({ kind: evidence.kind, first: encodeVote(evidence.first), second: encodeVote(evidence.second) })
}

export function decodeEvidence (encoded: Uint8Array): Result<Evidence, CodecFailure> {
  const decoded = decodeCanonical(encoded, evidenceSchema, EVIDENCE_BYTES_MAX)
  if (!decoded.ok) return decoded
  if (decoded.value.kind === 'bad-justification') {
    const { kind, header, just } = decoded.value
    const vote = decodeVote(decoded.value.vote)
    return vote.ok ? ok({ kind, vote: vote.value, header, just }) : vote
  }
  const [first, second] = [decodeVote(decoded.value.first), decodeVote(decoded.value.second)]
  if (!first.ok) return first
  return second.ok ? ok({ kind: decoded.value.kind, first: first.value, second: second.value }) : second
}

/** Whether this proves to anybody that a validator of this set broke a rule. Needs no state: it stands for itself. */
export function verifyEvidence (federation: CID, set: ValidatorSet, evidence: Evidence): boolean {
  if (evidence.kind === 'bad-justification') return isBadJustification(federation, set, evidence)
  const { kind, first, second } = evidence
  const found = contradictionOf(first, second)
  return found?.kind === kind && found.first === first && verifyVote(federation, set, first) && verifyVote(federation, set, second)
}

function isBadJustification (federation: CID, set: ValidatorSet, { vote, header, just }: Extract<Evidence, { kind: 'bad-justification' }>): boolean {
  // Whoever shows it puts it into a block: what does not fit there must not count here.
  if (just.length > EVIDENCE_JUST_BYTES_MAX) return false
  const decoded = decodeHeader(header)
  if (vote.type !== NOTARIZE || vote.digest === null || !decoded.ok || !equalBytes(decoded.value.digest, vote.digest)) return false
  // An honest node looks at epoch and view before it notarises, so a vote for a header of another view is proof as well.
  if (!equalBytes(sha256(just), decoded.value.header.justDigest) || !verifyVote(federation, set, vote)) return false
  if (decoded.value.header.epoch !== vote.epoch || decoded.value.header.view !== vote.view) return true
  const parsed = decodeJust(just)
  return !parsed.ok || !justifies(federation, set, decoded.value.header, parsed.value)
}

/** Whether a justification holds for a header, as far as can be told without the blocks before it. */
export function justifies (federation: CID, set: ValidatorSet, { epoch, view, parent, parentView }: Header, { parentCert, nulls }: Just): boolean {
  if (nulls.length !== view - parentView - 1 || (parentView === 0) !== (parentCert === null)) return false
  const isParent = parentCert === null || ((parentCert.type === NOTARIZE || parentCert.type === FINALIZE) && parentCert.epoch === epoch &&
    parentCert.view === parentView && parentCert.digest !== null && equalBytes(parentCert.digest, parent) && verifyCert(federation, set, parentCert))
  return isParent && nulls.every((cert, at) =>
    cert.type === NULLIFY && cert.epoch === epoch && cert.view === parentView + 1 + at && verifyCert(federation, set, cert))
}

/**
 * Who broke a rule, from the certificates of two histories that contradict each other: those that finalised, and all in the
 * justifications of their blocks. Two conflicting final blocks give more than f signers while fewer than a quorum lie, because an
 * honest validator then checked each justification; nobody honest is ever among them.
 */
export function forkCulprits (
  federation: CID, set: ValidatorSet, certs: readonly Cert[]
): readonly { readonly signer: number, readonly evidence: Evidence }[] {
  const said = new Map<string, Vote[]>()
  const culprits = new Map<number, Evidence>()
  for (const vote of certs.flatMap(cert => votesOfCert(set, cert) ?? [])) {
    if (culprits.has(vote.signer)) continue
    const place = `${vote.signer}/${vote.epoch}/${vote.view}`
    const others = said.get(place) ?? []
    const evidence = others.map(other => contradictionOf(other, vote)).find(each => each !== null && verifyEvidence(federation, set, each))
    if (evidence != null) culprits.set(vote.signer, evidence)
    said.set(place, [...others, vote])
  }
  return [...culprits].map(([signer, evidence]) => ({ signer, evidence }))
}
