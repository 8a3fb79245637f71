import {
  assert, bytes, cid, cidOf, decodeCanonical, encodeCanonical, equalBytes, fail, literal, ok, struct, uint,
  type CID, type CodecFailure, type Result
} from '../../base/index.ts'
import {
  admitKey, didOfKey, didSchema, KEY_SIZE_BYTES, keyOfDid, type Did, type KeyFailure, type SigningKey, type VerifyingKey
} from './key.ts'
import { decodeSigned, signEnvelope } from './statement.ts'

/** A member's word that a node acts for it. */
export type Certificate = {
  readonly envelope: Uint8Array
  /** CID of the envelope. */
  readonly id: CID
  readonly federation: CID
  readonly member: Did
  /** Signs statements. */
  readonly nodeKey: VerifyingKey
  /** Ed25519 key by which libp2p knows the node. */
  readonly transportKey: Uint8Array
  /** X25519 key to which dataset keys are wrapped. */
  readonly encryptionKey: Uint8Array
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

/** The member is the holder of the root key that signs. */
export type CertificateFields = {
  readonly federation: CID
  readonly nodeKey: Uint8Array
  readonly transportKey: Uint8Array
  readonly encryptionKey: Uint8Array
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

export type CertificateFailure =
  | CodecFailure
  | { readonly code: 'key', readonly field: 'member' | 'nodeKey' | 'transportKey', readonly reason: KeyFailure['code'] }
  /** Root, node and transport key must be three keys: the root is kept offline, the others are not. */
  | { readonly code: 'same-key' }
  | { readonly code: 'lifetime', readonly lifetimeMs: number, readonly lifetimeMsMax: number }
  | { readonly code: 'signature' }

export const CERTIFICATE_LIFETIME_MS_MAX: number = 90 * 24 * 60 * 60 * 1000
export const CERTIFICATE_SIZE_BYTES_MAX = 1024

const bodySchema = struct({
  v: literal(1),
  federation: cid(),
  kind: literal('certificate'),
  member: didSchema,
  nodeKey: bytes(KEY_SIZE_BYTES),
  transportKey: bytes(KEY_SIZE_BYTES),
  encryptionKey: bytes(KEY_SIZE_BYTES),
  notBeforeMs: uint(),
  notAfterMs: uint()
})

export function issueCertificate (fields: CertificateFields, rootKey: SigningKey): Certificate {
  const { federation, nodeKey, transportKey, encryptionKey, notBeforeMs, notAfterMs } = fields
  const member = didOfKey(rootKey.publicKey)
  const body = encodeCanonical({
    v: 1, federation, kind: 'certificate', member, nodeKey, transportKey, encryptionKey, notBeforeMs, notAfterMs
  })
  const issued = decodeCertificate(signEnvelope(body, rootKey).envelope)
  assert(issued.ok, `issued a certificate that nobody would accept: ${issued.ok ? '' : issued.failure.code}`)
  return issued.value
}

/** A certificate that its member signed. Whether that member belongs to a federation, a `Membership` knows. */
export function decodeCertificate (envelope: Uint8Array): Result<Certificate, CertificateFailure> {
  const signed = decodeSigned(envelope, CERTIFICATE_SIZE_BYTES_MAX)
  if (!signed.ok) return signed
  const body = decodeCanonical(signed.value.body, bodySchema, CERTIFICATE_SIZE_BYTES_MAX)
  if (!body.ok) return body
  const { federation, member, transportKey, encryptionKey, notBeforeMs, notAfterMs } = body.value
  const lifetimeMs = notAfterMs - notBeforeMs
  if (lifetimeMs <= 0 || lifetimeMs > CERTIFICATE_LIFETIME_MS_MAX) {
    return fail({ code: 'lifetime', lifetimeMs, lifetimeMsMax: CERTIFICATE_LIFETIME_MS_MAX })
  }
  const root = admitKey(keyOfDid(member) ?? new Uint8Array(0))
  if (!root.ok) return fail({ code: 'key', field: 'member', reason: root.failure.code })
  // The signature before the other keys: admission is the costly part, and strangers shall not make us pay it.
  if (!root.value.verify(signed.value.body, signed.value.signature)) return fail({ code: 'signature' })
  const nodeKey = admitKey(body.value.nodeKey)
  if (!nodeKey.ok) return fail({ code: 'key', field: 'nodeKey', reason: nodeKey.failure.code })
  const transport = admitKey(transportKey)
  if (!transport.ok) return fail({ code: 'key', field: 'transportKey', reason: transport.failure.code })
  if (holdsEqual([root.value.bytes, nodeKey.value.bytes, transportKey])) return fail({ code: 'same-key' })
  return ok({
    envelope, id: cidOf('dagCbor', envelope), federation, member, nodeKey: nodeKey.value, transportKey, encryptionKey,
    notBeforeMs, notAfterMs
  })
}

function holdsEqual (keys: readonly Uint8Array[]): boolean {
  return keys.some((key, at) => keys.slice(at + 1).some(other => equalBytes(key, other)))
}
