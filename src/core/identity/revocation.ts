import {
  assert, bytes, cid, decodeCanonical, encodeCanonical, fail, list, literal, nullable, ok, struct, uint,
  type CID, type CodecFailure, type Result
} from '../../base/index.ts'
import { FOUNDERS_MAX } from './charter.ts'
import { didOfKey, didSchema, SIGNATURE_SIZE_BYTES, type Did, type SigningKey } from './key.ts'

export type MemberSignature = { readonly member: Did, readonly signature: Uint8Array }

/** The end of one certificate, or (`certificate: null`) of a whole member, from `timeMs` on. */
export type Revocation = {
  readonly envelope: Uint8Array
  readonly body: Uint8Array
  readonly federation: CID
  readonly member: Did
  readonly certificate: CID | null
  readonly timeMs: number
  readonly signatures: readonly MemberSignature[]
}

export type RevocationFields = Pick<Revocation, 'federation' | 'member' | 'certificate' | 'timeMs'>

/** `order`: signers stand in ascending order and once each, so that one set of signers has one encoding. */
export type RevocationFailure = CodecFailure | { readonly code: 'order' }

const REVOCATION_SIZE_BYTES_MAX = 8192

const bodySchema = struct({
  v: literal(1), federation: cid(), kind: literal('revocation'), member: didSchema, certificate: nullable(cid()), timeMs: uint()
})
const envelopeSchema = struct({
  body: bytes(1, REVOCATION_SIZE_BYTES_MAX),
  signatures: list(struct({ member: didSchema, signature: bytes(SIGNATURE_SIZE_BYTES) }), FOUNDERS_MAX, 1)
})

export function revocationBody ({ federation, member, certificate, timeMs }: RevocationFields): Uint8Array {
  return encodeCanonical({ v: 1, federation, kind: 'revocation', member, certificate, timeMs })
}

export function revocationSignature (body: Uint8Array, rootKey: SigningKey): MemberSignature {
  return { member: didOfKey(rootKey.publicKey), signature: rootKey.sign(body) }
}

/** The envelope over signatures given in any order. */
export function sealRevocation (body: Uint8Array, signatures: readonly MemberSignature[]): Uint8Array {
  assert(new Set(signatures.map(({ member }) => member)).size === signatures.length, 'each member signs a revocation once')
  return encodeCanonical({ body, signatures: signatures.toSorted((a, b) => a.member < b.member ? -1 : 1) })
}

/** The parts of a revocation. Whether its signatures hold and suffice, a `Membership` knows: it knows the keys. */
export function decodeRevocation (envelope: Uint8Array): Result<Revocation, RevocationFailure> {
  const parsed = decodeCanonical(envelope, envelopeSchema, REVOCATION_SIZE_BYTES_MAX)
  if (!parsed.ok) return parsed
  const { body, signatures } = parsed.value
  const fields = decodeCanonical(body, bodySchema, REVOCATION_SIZE_BYTES_MAX)
  if (!fields.ok) return fields
  const unordered = signatures.some(({ member }, at) => at > 0 && member <= (signatures[at - 1]?.member ?? ''))
  if (unordered) return fail({ code: 'order' })
  const { federation, member, certificate, timeMs } = fields.value
  return ok({ envelope, body, federation, member, certificate, timeMs, signatures })
}
