import {
  assert, bytes, cidOfBytes, compareBytes, concat, decodeCanonical, encodeCanonical, fail, integer, literal, nullable, ok, sha256, tuple, uint, utf8,
  type CID, type CodecFailure, type Result
} from '../../base/index.ts'
import { admitKey } from '../identity/index.ts'
import { VALIDATORS_MAX, VIEW_MAX, VOTE_BYTES_MAX } from './limits.ts'
import { NULLIFY, type Digest, type Scheme, type Validator, type ValidatorSet, type Vote, type VoteType } from './types.ts'

export const DIGEST_SIZE_BYTES = 32
export const SIGNATURE_SIZE_BYTES = 64
const PROTOCOL_VERSION = 1

export type ValidatorSetFailure = { readonly code: 'count' | 'order' | 'key' }
export type VoteFields = { readonly epoch: number, readonly view: number, readonly type: VoteType, readonly digest: Digest | null }

/** Rule Hanse-Ed25519. */
export const realScheme: Scheme = key => {
  const admitted = admitKey(key)
  return admitted.ok ? admitted.value : undefined
}

export function quorumOf (count: number): number {
  return Math.floor(2 * count / 3) + 1
}

export function faultyOf (count: number): number {
  return Math.floor((count - 1) / 3)
}

/** The validators of an epoch. They must stand in the order of their keys, each key once and admitted. */
export function validatorSet (validators: readonly Validator[], scheme: Scheme): Result<ValidatorSet, ValidatorSetFailure> {
  if (validators.length < 1 || validators.length > VALIDATORS_MAX) return fail({ code: 'count' })
  const isOrdered = validators.every(({ key }, at) => at === 0 || compareBytes(validators[at - 1]?.key ?? key, key) < 0)
  if (!isOrdered) return fail({ code: 'order' })
  const keys = validators.flatMap(({ key }) => scheme(key) ?? [])
  if (keys.length !== validators.length) return fail({ code: 'key' })
  const { length } = validators
  return ok({ validators, keys, hash: hashOfValidators(validators), quorum: quorumOf(length), faultyMax: faultyOf(length) })
}

export function hashOfValidators (validators: readonly Validator[]): Uint8Array {
  return sha256(encodeCanonical(validators.map(({ member, node, key }) => [member, node, key])))
}

// --- Sign bytes ----------------------------------------------------------------------------------------------------

/** Of the federation that was asked for last: heads of all its sign bytes. */
let lastHead: { readonly federation: CID, readonly head: Uint8Array } | undefined

/**
 * What a vote's signature covers: canonical `["hanse", 1, federation, "vote", epoch, view, type, digest | null]`. Written by
 * hand, because every vote is signed and verified over it.
 */
export function voteSignBytes (federation: CID, { epoch, view, type, digest }: VoteFields): Uint8Array {
  if (lastHead?.federation !== federation) lastHead = { federation, head: headOf(federation) }
  const { head } = lastHead
  assert(digest === null ? type === NULLIFY : type !== NULLIFY && digest.length === DIGEST_SIZE_BYTES, 'every vote but NULLIFY names a digest')
  const digestSize = digest === null ? 1 : 2 + DIGEST_SIZE_BYTES
  const target = new Uint8Array(head.length + uintSize(epoch) + uintSize(view) + 1 + digestSize)
  target.set(head)
  let at = writeCborUint(target, head.length, epoch)
  at = writeCborUint(target, at, view)
  target[at++] = type
  if (digest === null) {
    target[at] = 0xf6
  } else {
    target[at] = 0x58
    target[at + 1] = DIGEST_SIZE_BYTES
    target.set(digest, at + 2)
  }
  return target
}

function headOf (federation: CID): Uint8Array {
  const name = concat([Uint8Array.of(0), federation.bytes])
  assert(name.length < 256, 'a CID of ours has 36 bytes')
  // An array of eight; a text of five; 1; tag 42 over the CID's bytes; a text of four.
  return concat([
    Uint8Array.of(0x88, 0x65), utf8('hanse'), Uint8Array.of(PROTOCOL_VERSION, 0xd8, 42, 0x58, name.length), name, Uint8Array.of(0x64), utf8('vote')
  ])
}

function uintSize (value: number): number {
  if (value < 24) return 1
  if (value < 0x100) return 2
  if (value < 0x10000) return 3
  return value < 0x1_0000_0000 ? 5 : 9
}

/** The shortest CBOR form of an unsigned integer, RFC 8949 section 3.1. */
function writeCborUint (target: Uint8Array, at: number, value: number): number {
  assert(Number.isSafeInteger(value) && value >= 0, 'epochs and views are unsigned integers')
  const size = uintSize(value)
  if (size === 1) {
    target[at] = value
    return at + 1
  }
  target[at] = 24 + Math.log2(size - 1)
  let rest = value
  for (let place = at + size - 1; place > at; place--) {
    target[place] = rest % 256
    rest = Math.floor(rest / 256)
  }
  return at + size
}

// --- Codec ---------------------------------------------------------------------------------------------------------

const voteTypeSchema = literal(1, 2, 3, 4)
const voteSchema = tuple(
  uint(VIEW_MAX), integer(1, VIEW_MAX), voteTypeSchema, nullable(bytes(DIGEST_SIZE_BYTES)), uint(VALIDATORS_MAX - 1), bytes(SIGNATURE_SIZE_BYTES)
)

/** `[epoch, view, type, digest | null, signer, signature]`. */
export function encodeVote ({ epoch, view, type, digest, signer, signature }: Vote): Uint8Array {
  return encodeCanonical([epoch, view, type, digest, signer, signature])
}

export function decodeVote (encoded: Uint8Array): Result<Vote, CodecFailure> {
  const decoded = decodeCanonical(encoded, voteSchema, VOTE_BYTES_MAX)
  if (!decoded.ok) return decoded
  const [epoch, view, type, digest, signer, signature] = decoded.value
  if ((digest === null) !== (type === NULLIFY)) return fail({ code: 'schema', path: '[3]', expected: 'a digest for every vote but NULLIFY' })
  return ok({ epoch, view, type, digest, signer, signature })
}

/** Whether the validator at the vote's index signed it. */
export function verifyVote (federation: CID, set: ValidatorSet, vote: Vote): boolean {
  return set.keys[vote.signer]?.verify(voteSignBytes(federation, vote), vote.signature) === true
}

/** The digest of a federation's id: where its ledger begins. */
export function digestOfFederation (federation: CID): Digest {
  assert(cidOfBytes(federation.bytes) !== undefined, 'a federation is named by a CID of ours')
  return federation.multihash.digest
}
