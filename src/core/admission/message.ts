import {
  bytes, cid, cidOf, decodeCanonical, encodeCanonical, list, literal, matching, nullable, ok, struct, union,
  type CID, type CodecFailure, type Parsed, type Result
} from '../../base/index.ts'
import {
  CERTIFICATE_SIZE_BYTES_MAX, decodeSigned, didSchema, KEY_SIZE_BYTES, nameSchema, signEnvelope, type Signed, type SigningKey
} from '../identity/index.ts'

export const REQUEST_SIZE_BYTES_MAX = 16_384
/** A charter, a checkpoint and nodes of members. */
const ANSWER_SIZE_BYTES_MAX = 131_072
const CHARTER_SIZE_BYTES_MAX = 65_536
const CHECKPOINT_SIZE_BYTES_MAX = 16_384
export const APPLY_ADDRESSES_MAX = 8
export const INTRODUCED_MAX = 32
const PROPOSAL_SIZE_BYTES = 32

const REFUSALS = [
  /** No message of this protocol, or its signature does not hold. */
  'malformed', 'signature',
  /** For another federation; under a ticket that is not this member's, or too old. */
  'federation', 'foreign-ticket', 'expired',
  /** The certificate is not one of the applicant for this federation and this time; a key is not admissible, or somebody else's. */
  'certificate', 'key', 'key-taken',
  /** So many applications are open. */
  'full',
  'unknown-application'
] as const
export type AdmissionRefusal = typeof REFUSALS[number]

const address = matching(/^\/[\x21-\x7e]{1,255}$/, 'a multiaddr of at most 256 bytes')

const signedSchema = union('kind', {
  'member-apply': struct({
    v: literal(1), kind: literal('member-apply'), federation: cid(), ticket: cid(), member: didSchema, name: nameSchema,
    certificate: bytes(1, CERTIFICATE_SIZE_BYTES_MAX), consensusKey: bytes(KEY_SIZE_BYTES), addresses: list(address, APPLY_ADDRESSES_MAX)
  }),
  'member-ask': struct({ v: literal(1), kind: literal('member-ask'), federation: cid(), application: cid() })
})
const presentSchema = struct({
  v: literal(1), kind: literal('member-present'), federation: cid(), certificate: bytes(1, CERTIFICATE_SIZE_BYTES_MAX)
})

const introducedSchema = struct({ member: didSchema, transportKey: bytes(KEY_SIZE_BYTES), addresses: list(address, APPLY_ADDRESSES_MAX) })
const answerSchema = union('state', {
  applied: struct({ v: literal(1), state: literal('applied'), application: cid() }),
  pending: struct({ v: literal(1), state: literal('pending') }),
  voting: struct({ v: literal(1), state: literal('voting'), proposal: bytes(PROPOSAL_SIZE_BYTES) }),
  rejected: struct({ v: literal(1), state: literal('rejected'), proposal: bytes(PROPOSAL_SIZE_BYTES) }),
  admitted: struct({
    v: literal(1), state: literal('admitted'), charter: bytes(1, CHARTER_SIZE_BYTES_MAX),
    checkpoint: nullable(bytes(1, CHECKPOINT_SIZE_BYTES_MAX)), members: list(introducedSchema, INTRODUCED_MAX)
  }),
  known: struct({ v: literal(1), state: literal('known') }),
  unknown: struct({ v: literal(1), state: literal('unknown') }),
  refused: struct({ v: literal(1), state: literal('refused'), code: literal(...REFUSALS) })
})

type SignedRequest = Parsed<typeof signedSchema>
export type AdmissionRequest = SignedRequest | Parsed<typeof presentSchema>
export type ApplyRequest = SignedRequest & { readonly kind: 'member-apply' }
export type AdmissionAnswer = Parsed<typeof answerSchema>
/** A node of a member, to begin from: taken on the inviter's word until the ledger says it. */
export type Introduced = Parsed<typeof introducedSchema>

/** The id of an application is the CID of the envelope that applied. */
export type SignedAdmission = Signed & { readonly id: CID, readonly request: SignedRequest }

export function signAdmissionRequest (request: SignedRequest, rootKey: SigningKey): SignedAdmission {
  const signed = signEnvelope(encodeCanonical(request), rootKey)
  return { ...signed, id: cidOf('dagCbor', signed.envelope), request }
}

/** The message that shows a certificate. Unsigned, for a node whose root key is elsewhere. */
export function encodePresent (federation: CID, certificate: Uint8Array): Uint8Array {
  return encodeCanonical({ v: 1, kind: 'member-present', federation, certificate })
}

/** The parts of a request. Whose signature it must bear, the reception knows. */
export function decodeAdmissionRequest (message: Uint8Array): Result<SignedAdmission | { readonly request: Parsed<typeof presentSchema> }, CodecFailure> {
  const signed = decodeSigned(message, REQUEST_SIZE_BYTES_MAX)
  if (!signed.ok) {
    const present = decodeCanonical(message, presentSchema, REQUEST_SIZE_BYTES_MAX)
    return present.ok ? ok({ request: present.value }) : present
  }
  const request = decodeCanonical(signed.value.body, signedSchema, REQUEST_SIZE_BYTES_MAX)
  return request.ok ? ok({ ...signed.value, id: cidOf('dagCbor', message), request: request.value }) : request
}

export function encodeAdmissionAnswer (answer: AdmissionAnswer): Uint8Array {
  return encodeCanonical(answer)
}

export function decodeAdmissionAnswer (message: Uint8Array): Result<AdmissionAnswer, CodecFailure> {
  return decodeCanonical(message, answerSchema, ANSWER_SIZE_BYTES_MAX)
}
