import {
  bytes, cid, cidOf, codecOf, decodeCanonical, encodeCanonical, fail, ok, struct,
  type CID, type CodecFailure, type Result, type Schema
} from '../../base/index.ts'
import { SIGNATURE_SIZE_BYTES, type SigningKey } from './key.ts'

/** Bytes that a node signed for its member, with the certificate that says so. */
export type Statement = {
  readonly envelope: Uint8Array
  /** CID of the envelope. */
  readonly id: CID
  readonly body: Uint8Array
  readonly certificate: CID
  readonly signature: Uint8Array
}

/** Bytes that a root key signed: certificates, tickets, messages of the founding. */
export type Signed = {
  readonly envelope: Uint8Array
  readonly body: Uint8Array
  readonly signature: Uint8Array
}

const signature = bytes(SIGNATURE_SIZE_BYTES)
const certificateId: Schema<CID> = (value, path) => {
  const parsed = cid()(value, path)
  return parsed.ok && codecOf(parsed.value) !== 'dagCbor' ? fail({ path, expected: 'the CID of a certificate' }) : parsed
}

/** `body` must hold `v`, `federation` and `kind`: the signature covers nothing else. */
export function signStatement (body: Uint8Array, certificate: CID, key: SigningKey): Statement {
  const signed = key.sign(body)
  const envelope = encodeCanonical({ body, cert: certificate, signature: signed })
  return { envelope, id: cidOf('dagCbor', envelope), body, certificate, signature: signed }
}

/** The parts of an envelope. Who speaks, and whether the signature holds, only a `Membership` knows: ask `speaker`. */
export function decodeStatement (envelope: Uint8Array, sizeBytesMax: number): Result<Statement, CodecFailure> {
  const parsed = decodeCanonical(envelope, struct({ body: bytes(1, sizeBytesMax), cert: certificateId, signature }), sizeBytesMax)
  if (!parsed.ok) return parsed
  const { body, cert } = parsed.value
  return ok({ envelope, id: cidOf('dagCbor', envelope), body, certificate: cert, signature: parsed.value.signature })
}

export function signEnvelope (body: Uint8Array, key: SigningKey): Signed {
  const signed = key.sign(body)
  return { envelope: encodeCanonical({ body, signature: signed }), body, signature: signed }
}

export function decodeSigned (envelope: Uint8Array, sizeBytesMax: number): Result<Signed, CodecFailure> {
  const parsed = decodeCanonical(envelope, struct({ body: bytes(1, sizeBytesMax), signature }), sizeBytesMax)
  return parsed.ok ? ok({ envelope, ...parsed.value }) : parsed
}
