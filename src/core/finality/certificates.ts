import {
  assert, bytes, concat, decodeCanonical, encodeCanonical, equalBytes, fail, integer, literal, nullable, ok, tuple, uint,
  type CID, type CodecFailure, type Parsed, type Result
} from '../../base/index.ts'
import { CERT_BYTES_MAX, VALIDATORS_MAX, VIEW_MAX } from './limits.ts'
import { DIGEST_SIZE_BYTES, SIGNATURE_SIZE_BYTES, verifyVote } from './votes.ts'
import { NULLIFY, PROPOSE, type Cert, type ValidatorSet, type Vote } from './types.ts'

export const certSchema = tuple(
  uint(VIEW_MAX), integer(1, VIEW_MAX), literal(2, 3, 4), nullable(bytes(DIGEST_SIZE_BYTES)), bytes(1, Math.ceil(VALIDATORS_MAX / 8)),
  bytes(SIGNATURE_SIZE_BYTES, VALIDATORS_MAX * SIGNATURE_SIZE_BYTES)
)
type CertTuple = Parsed<typeof certSchema>

/** `[epoch, view, type, digest | null, bitmap, signatures]`. */
export function encodeCert (cert: Cert): Uint8Array {
  return encodeCanonical(certToTuple(cert))
}

export function certToTuple ({ epoch, view, type, digest, bitmap, signatures }: Cert): CertTuple {
  return [epoch, view, type, digest, bitmap, signatures]
}

export function decodeCert (encoded: Uint8Array): Result<Cert, CodecFailure> {
  const decoded = decodeCanonical(encoded, certSchema, CERT_BYTES_MAX)
  return decoded.ok ? certOfTuple(decoded.value) : decoded
}

export function certOfTuple ([epoch, view, type, digest, bitmap, signatures]: CertTuple): Result<Cert, CodecFailure> {
  if ((digest === null) !== (type === NULLIFY)) return fail({ code: 'schema', path: '[3]', expected: 'a digest in every certificate but of NULLIFY' })
  if (signatures.length !== SIGNATURE_SIZE_BYTES * popcount(bitmap)) return fail({ code: 'schema', path: '[5]', expected: 'a signature for each bit' })
  return ok({ epoch, view, type, digest, bitmap, signatures })
}

/** The certificate of a quorum of votes that agree, each by another signer; the first quorum of them, ascending. */
export function assembleCert (set: ValidatorSet, votes: readonly Vote[]): Cert {
  const [first] = votes
  assert(first !== undefined && first.type !== PROPOSE && votes.length >= set.quorum, 'a certificate needs a quorum of votes')
  const chosen = votes.slice(0, set.quorum).toSorted((a, b) => a.signer - b.signer)
  const bitmap = new Uint8Array(Math.ceil(set.validators.length / 8))
  for (const { signer } of chosen) bitmap[signer >> 3] = (bitmap[signer >> 3] ?? 0) | (1 << (signer & 7))
  assert(popcount(bitmap) === set.quorum, 'each vote of a certificate has another signer')
  const { epoch, view, type, digest } = first
  assert(chosen.every(each => agrees(each, first)), 'the votes of a certificate say the same')
  return { epoch, view, type, digest, bitmap, signatures: concat(chosen.map(({ signature }) => signature)) }
}

/** The votes in a certificate of this set; undefined where bitmap or signatures have not exactly the form that a quorum has. */
export function votesOfCert (set: ValidatorSet, { epoch, view, type, digest, bitmap, signatures }: Cert): readonly Vote[] | undefined {
  const count = set.validators.length
  if (bitmap.length !== Math.ceil(count / 8) || signatures.length !== SIGNATURE_SIZE_BYTES * set.quorum) return undefined
  const signers: number[] = []
  for (let index = 0; index < bitmap.length * 8; index++) if (((bitmap[index >> 3] ?? 0) >> (index & 7)) % 2 === 1) signers.push(index)
  if (signers.length !== set.quorum || signers.some(signer => signer >= count)) return undefined
  return signers.map((signer, at) => ({
    epoch, view, type, digest, signer, signature: signatures.slice(at * SIGNATURE_SIZE_BYTES, (at + 1) * SIGNATURE_SIZE_BYTES)
  }))
}

/** Whether exactly a quorum of the set signed. `isVerified` knows votes whose signatures were checked before. */
export function verifyCert (federation: CID, set: ValidatorSet, cert: Cert, isVerified: (vote: Vote) => boolean = () => false): boolean {
  const votes = votesOfCert(set, cert)
  return votes !== undefined && votes.every(vote => isVerified(vote) || verifyVote(federation, set, vote))
}

function agrees (a: Vote, b: Vote): boolean {
  const isSameDigest = a.digest === null || b.digest === null ? a.digest === b.digest : equalBytes(a.digest, b.digest)
  return a.epoch === b.epoch && a.view === b.view && a.type === b.type && isSameDigest
}

function popcount (bitmap: Uint8Array): number {
  let count = 0
  for (const byte of bitmap) for (let rest = byte; rest > 0; rest >>= 1) count += rest & 1
  return count
}
