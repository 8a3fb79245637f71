import {
  bytes, decodeCanonical, encodeCanonical, equalBytes, fail, list, literal, nullable, ok, rootOfCover, rootOfLeft, struct,
  type CodecFailure, type Cover, type MerkleLog, type Result
} from '../../base/index.ts'
import { declarationFailureOf, type Declaration, type Speaker } from './declaration.ts'
import { admitHead, type Head, type HeadFailure } from './head.ts'
import { COVER_HASHES_MAX, FORK_PROOF_BYTES_MAX, HEAD_BYTES_MAX } from './limits.ts'

/**
 * Two heads that cannot both be true. Of one length: `cover` is null. Of lengths a < b: `cover(a, a, b)` gives the root
 * of B while its left part does not bag to the root of A, which catches a writer who avoids equal lengths.
 */
export type ForkProof = { readonly a: Uint8Array, readonly b: Uint8Array, readonly cover: Cover | null }

/** Shows that the head `to` covers all that `from` covers. */
export type ExtensionProof = { readonly from: Uint8Array, readonly to: Uint8Array, readonly cover: Cover }

export type ForkFailure =
  | HeadFailure
  /** Not one after the other, or not of one length where they must be. */
  | { readonly code: 'lengths', readonly lengths: readonly [number, number] }
  /** The hashes do not lead to the signed root. */
  | { readonly code: 'cover' }
  /** Both heads can be true. */
  | { readonly code: 'no-fork' }

export type ExtensionFailure =
  | Exclude<ForkFailure, { readonly code: 'no-fork' }>
  | { readonly code: 'fork', readonly proof: ForkProof }

const hashes = list(bytes(32), COVER_HASHES_MAX)
const coverSchema = struct({ left: hashes, right: hashes })
const envelope = bytes(1, HEAD_BYTES_MAX)
const forkSchema = struct({ v: literal(1), kind: literal('fork'), a: envelope, b: envelope, cover: nullable(coverSchema) })
const extensionSchema = struct({ v: literal(1), kind: literal('extension'), from: envelope, to: envelope, cover: coverSchema })

/** `log` holds the leaves of the longer head. */
export function makeExtensionProof (from: Head, to: Head, log: MerkleLog): ExtensionProof {
  return { from: from.statement.envelope, to: to.statement.envelope, cover: log.cover(from.length, from.length, to.length) }
}

export function encodeExtensionProof ({ from, to, cover }: ExtensionProof): Uint8Array {
  return encodeCanonical({ v: 1, kind: 'extension', from, to, cover })
}

export function decodeExtensionProof (encoded: Uint8Array): Result<ExtensionProof, CodecFailure> {
  const decoded = decodeCanonical(encoded, extensionSchema, FORK_PROOF_BYTES_MAX)
  if (!decoded.ok) return decoded
  const { from, to, cover } = decoded.value
  return ok({ from, to, cover })
}

/** Both heads, or why not; where the longer contradicts the shorter, the fork it proves. */
export function verifyExtensionProof (
  { from, to, cover }: ExtensionProof, declaration: Declaration, speaker: Speaker
): Result<{ readonly from: Head, readonly to: Head }, ExtensionFailure> {
  const heads = headsOf(from, to, declaration, speaker)
  if (!heads.ok) return heads
  const [shorter, longer] = heads.value
  const left = leftRootOf(shorter, longer, cover)
  if (!left.ok) return left
  if (!equalBytes(left.value, shorter.mmrRoot)) return fail({ code: 'fork', proof: { a: from, b: to, cover } })
  return ok({ from: shorter, to: longer })
}

export function encodeForkProof ({ a, b, cover }: ForkProof): Uint8Array {
  return encodeCanonical({ v: 1, kind: 'fork', a, b, cover })
}

export function decodeForkProof (encoded: Uint8Array): Result<ForkProof, CodecFailure> {
  const decoded = decodeCanonical(encoded, forkSchema, FORK_PROOF_BYTES_MAX)
  if (!decoded.ok) return decoded
  const { a, b, cover } = decoded.value
  return ok({ a, b, cover })
}

/** The two heads that convict the publisher of the declared feed. */
export function verifyForkProof (
  { a, b, cover }: ForkProof, declaration: Declaration, speaker: Speaker
): Result<{ readonly a: Head, readonly b: Head }, ForkFailure> {
  const heads = headsOf(a, b, declaration, speaker)
  if (!heads.ok) return heads
  const [first, second] = heads.value
  if (cover === null) {
    if (first.length !== second.length) return fail({ code: 'lengths', lengths: [first.length, second.length] })
    return equalBytes(first.mmrRoot, second.mmrRoot) ? fail({ code: 'no-fork' }) : ok({ a: first, b: second })
  }
  const left = leftRootOf(first, second, cover)
  if (!left.ok) return left
  return equalBytes(left.value, first.mmrRoot) ? fail({ code: 'no-fork' }) : ok({ a: first, b: second })
}

/** What the longer head says the root was at the length of the shorter. */
function leftRootOf (
  shorter: Head, longer: Head, { left, right }: Cover
): Result<Uint8Array, { readonly code: 'lengths', readonly lengths: readonly [number, number] } | { readonly code: 'cover' }> {
  if (shorter.length >= longer.length) return fail({ code: 'lengths', lengths: [shorter.length, longer.length] })
  const root = rootOfCover({ left, right }, [], shorter.length, longer.length)
  const leftRoot = rootOfLeft(left, shorter.length)
  if (root === undefined || leftRoot === undefined || !equalBytes(root, longer.mmrRoot)) return fail({ code: 'cover' })
  return ok(leftRoot)
}

function headsOf (
  one: Uint8Array, other: Uint8Array, declaration: Declaration, speaker: Speaker
): Result<readonly [Head, Head], HeadFailure> {
  const first = headOfProof(one, declaration, speaker)
  if (!first.ok) return first
  const second = headOfProof(other, declaration, speaker)
  return second.ok ? ok([first.value, second.value]) : second
}

/** A head as it stands in a proof: of the declared feed, and said, like the declaration itself, by its publisher. */
export function headOfProof (head: Uint8Array, declaration: Declaration, speaker: Speaker): Result<Head, HeadFailure> {
  const failure = declarationFailureOf(declaration, speaker)
  if (failure !== undefined) return fail(failure)
  return admitHead(head, {
    federation: declaration.federation,
    declarationOf: feed => feed.equals(declaration.id) ? declaration : undefined,
    heldOf: () => undefined,
    speaker
  })
}
