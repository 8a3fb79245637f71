import {
  bytes, cid, cidOf, decodeCanonical, encodeCanonical, literal, ok, struct, uint, union,
  type CID, type CodecFailure, type Parsed, type Result
} from '../../base/index.ts'
import { addressesSchema, FOUNDERS_MAX, nameSchema, type Founder } from './charter.ts'
import { didSchema, KEY_SIZE_BYTES, SIGNATURE_SIZE_BYTES, type SigningKey } from './key.ts'
import { decodeSigned, signEnvelope, type Signed } from './statement.ts'

/** Of every request and answer of the founding. */
export const MESSAGE_SIZE_BYTES_MAX = 16_384
export const APPLICATION_NONCE_SIZE_BYTES = 16

const REFUSALS = [
  /** No message of this protocol, or its signature does not hold. */
  'malformed', 'signature',
  /** The ticket is another's, or too old. */
  'foreign-ticket', 'expired',
  /** The member applied before with other facts; one of its keys is not admissible, or somebody else's. */
  'already-applied', 'key', 'key-taken',
  /** All founders are found; their charter would no longer fit into a message. */
  'closed', 'too-large',
  /** Asked or signed for an application that is not on the list, or before there is a charter to sign. */
  'unknown-application', 'not-drafted'
] as const
export type RefusalCode = typeof REFUSALS[number]

const requestSchema = union('kind', {
  apply: struct({
    v: literal(1), kind: literal('apply'), ticket: cid(), member: didSchema, name: nameSchema,
    transportKey: bytes(KEY_SIZE_BYTES), consensusKey: bytes(KEY_SIZE_BYTES), addresses: addressesSchema,
    nonce: bytes(APPLICATION_NONCE_SIZE_BYTES)
  }),
  ask: struct({ v: literal(1), kind: literal('ask'), ticket: cid(), application: cid() }),
  sign: struct({
    v: literal(1), kind: literal('sign'), ticket: cid(), application: cid(), signature: bytes(SIGNATURE_SIZE_BYTES)
  })
})

const answerSchema = union('state', {
  applied: struct({ v: literal(1), state: literal('applied'), application: cid() }),
  waiting: struct({
    v: literal(1), state: literal('waiting'), for: literal('applications', 'signatures'),
    have: uint(FOUNDERS_MAX), want: uint(FOUNDERS_MAX)
  }),
  sign: struct({ v: literal(1), state: literal('sign'), body: bytes(1, MESSAGE_SIZE_BYTES_MAX) }),
  founded: struct({ v: literal(1), state: literal('founded'), charter: bytes(1, MESSAGE_SIZE_BYTES_MAX) }),
  refused: struct({ v: literal(1), state: literal('refused'), code: literal(...REFUSALS) })
})

/** What an applicant asks of the convener, signed by its root key. */
export type FoundingRequest = Parsed<typeof requestSchema>
export type ApplyRequest = FoundingRequest & { readonly kind: 'apply' }
export type FoundingAnswer = Parsed<typeof answerSchema>
/** The id of an application is the CID of the envelope that applied. */
export type SignedRequest = Signed & { readonly id: CID, readonly request: FoundingRequest }

export function signRequest (request: FoundingRequest, rootKey: SigningKey): SignedRequest {
  const signed = signEnvelope(encodeCanonical(request), rootKey)
  return { ...signed, id: cidOf('dagCbor', signed.envelope), request }
}

/** The parts of a request. Whose signature it must bear, the ceremony knows. */
export function decodeRequest (envelope: Uint8Array): Result<SignedRequest, CodecFailure> {
  const signed = decodeSigned(envelope, MESSAGE_SIZE_BYTES_MAX)
  if (!signed.ok) return signed
  const request = decodeCanonical(signed.value.body, requestSchema, MESSAGE_SIZE_BYTES_MAX)
  return request.ok ? ok({ ...signed.value, id: cidOf('dagCbor', envelope), request: request.value }) : request
}

/** The entry in the charter that an application asks for. */
export function founderOf ({ member, name, transportKey, consensusKey, addresses }: ApplyRequest): Founder {
  return { member, name, nodes: [{ transportKey, consensusKey, addresses }] }
}

export function encodeAnswer (answer: FoundingAnswer): Uint8Array {
  return encodeCanonical(answer)
}

export function decodeAnswer (message: Uint8Array): Result<FoundingAnswer, CodecFailure> {
  return decodeCanonical(message, answerSchema, MESSAGE_SIZE_BYTES_MAX)
}
