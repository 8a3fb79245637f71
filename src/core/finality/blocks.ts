import {
  bytes, decodeCanonical, encodeCanonical, equalBytes, fail, leafHash, list, merkleRoot, nullable, ok, sha256, struct, tuple,
  type CodecFailure, type Result, type Schema
} from '../../base/index.ts'
import { certOfTuple, certSchema, certToTuple } from './certificates.ts'
import { decodeHeader, encodeHeader } from './headers.ts'
import { CERT_BYTES_MAX, EVIDENCE_BYTES_MAX, EVIDENCE_PER_BLOCK_MAX, HEADER_BYTES_MAX } from './limits.ts'
import type { Block, Cert, Header, Just } from './types.ts'

export type BlockFailure = CodecFailure | { readonly code: 'body-too-large' | 'just' | 'evidence' }

/**
 * Views that one block may skip. A cap would be a liveness bug below what an outage can make; this one is 12 days of retries at
 * the longest backoff, 90 MB of certificates, and only bounds what a decoder takes in.
 */
const NULLS_MAX = 16_384
const JUST_BYTES_MAX = NULLS_MAX * CERT_BYTES_MAX
const FRAME_BYTES_MAX = 64

const justSchema = tuple(nullable(certSchema), list(certSchema, NULLS_MAX))
type BlockParts = { readonly header: Uint8Array, readonly just: Uint8Array, readonly evidence: readonly Uint8Array[], readonly body: Uint8Array }
const blockSchema = (bodyBytesMax: number): Schema<BlockParts> => struct({
  header: bytes(1, HEADER_BYTES_MAX),
  just: bytes(1, JUST_BYTES_MAX),
  evidence: list(bytes(1, EVIDENCE_BYTES_MAX), EVIDENCE_PER_BLOCK_MAX),
  body: bytes(0, bodyBytesMax)
})

/** `[certificate of the parent | null, [NULLIFY certificates]]`. */
export function encodeJust ({ parentCert, nulls }: Just): Uint8Array {
  return encodeCanonical([parentCert === null ? null : certToTuple(parentCert), nulls.map(certToTuple)])
}

export function decodeJust (encoded: Uint8Array): Result<Just, CodecFailure> {
  const decoded = decodeCanonical(encoded, justSchema, JUST_BYTES_MAX)
  if (!decoded.ok) return decoded
  const [parent, skipped] = decoded.value
  const nulls: Cert[] = []
  for (const each of skipped) {
    const cert = certOfTuple(each)
    if (!cert.ok) return cert
    nulls.push(cert.value)
  }
  if (parent === null) return ok({ parentCert: null, nulls })
  const parentCert = certOfTuple(parent)
  return parentCert.ok ? ok({ parentCert: parentCert.value, nulls }) : parentCert
}

function rootOfEvidence (evidence: readonly Uint8Array[]): Uint8Array {
  return merkleRoot(evidence.map(each => leafHash(each)))
}

export type BlockFields = Omit<Header, 'justDigest' | 'evidenceRoot'> & {
  readonly just: Just
  readonly evidence: readonly Uint8Array[]
  readonly body: Uint8Array
}

/** A block of ours: the header commits to all the rest. */
export function makeBlock ({ just, evidence, body, ...fields }: BlockFields): Block {
  const justBytes = encodeJust(just)
  const header = encodeHeader({ ...fields, justDigest: sha256(justBytes), evidenceRoot: rootOfEvidence(evidence) })
  return { ...header, just, justBytes, evidence, body }
}

/** `{header, just, evidence, body}`: all that a validator needs beside the blocks before. */
export function encodeBlock ({ bytes: header, justBytes, evidence, body }: Block): Uint8Array {
  return encodeCanonical({ header, just: justBytes, evidence, body })
}

/** A block whose parts are what its header says; what the body means, only the application knows. */
export function decodeBlock (encoded: Uint8Array, bodyBytesMax: number): Result<Block, BlockFailure> {
  const sizeBytesMax = HEADER_BYTES_MAX + JUST_BYTES_MAX + EVIDENCE_BYTES_MAX * EVIDENCE_PER_BLOCK_MAX + bodyBytesMax + FRAME_BYTES_MAX
  const decoded = decodeCanonical(encoded, blockSchema(bodyBytesMax), sizeBytesMax)
  if (!decoded.ok) return decoded
  const { just: justBytes, evidence, body } = decoded.value
  const header = decodeHeader(decoded.value.header)
  if (!header.ok) return header
  const { justDigest, evidenceRoot } = header.value.header
  if (!equalBytes(sha256(justBytes), justDigest)) return fail({ code: 'just' })
  if (!equalBytes(rootOfEvidence(evidence), evidenceRoot)) return fail({ code: 'evidence' })
  const just = decodeJust(justBytes)
  if (!just.ok) return just
  return ok({ ...header.value, just: just.value, justBytes, evidence, body })
}
