import {
  bytes, cid, decodeCanonical, encodeCanonical, fail, list, literal, matching, ok, struct, uint,
  type CID, type CodecFailure, type Result, type Schema
} from '../../base/index.ts'
import { CERTIFICATE_SIZE_BYTES_MAX, decodeCertificate, type Certificate } from './certificate.ts'
import { peerIdOfKey, type Did } from './key.ts'
import { CLOCK_SKEW_MS_MAX, type Membership } from './membership.ts'

/** What two nodes tell each other first on every connection. */
export type Hello = {
  readonly federation: CID
  /** Envelope of the sender's certificate. */
  readonly certificate: Uint8Array
  /** Minor version by protocol id. */
  readonly protocols: Readonly<Record<string, number>>
  readonly features: readonly string[]
  /** Where the sender stands on the ledger; both zero as long as there is none. */
  readonly epoch: number
  readonly height: number
  /** Drawn at each start: two instances behind one PeerId are a cloned node. */
  readonly instance: Uint8Array
}

export type HelloFailure = { readonly code: 'malformed' | 'federation' | 'certificate' | 'revoked' | 'expired' }

const HELLO_SIZE_BYTES_MAX = 8192
const HELLO_PROTOCOLS_MAX = 32
const HELLO_FEATURES_MAX = 32
export const INSTANCE_SIZE_BYTES = 16

const PROTOCOL = /^\/[\x21-\x7e]{1,63}$/
const MINOR_MAX = 65_535

const protocolsSchema: Schema<Readonly<Record<string, number>>> = (value, path) => {
  const refused = fail({ path, expected: `minor versions of at most ${HELLO_PROTOCOLS_MAX} protocols` })
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array) return refused
  const minors = new Map<string, unknown>(Object.entries(value))
  if (minors.size > HELLO_PROTOCOLS_MAX) return refused
  const parsed: Record<string, number> = {}
  for (const [protocol, minor] of minors) {
    const good = uint(MINOR_MAX)(minor, path)
    if (!PROTOCOL.test(protocol) || !good.ok) return refused
    parsed[protocol] = good.value
  }
  return ok(parsed)
}

const helloSchema = struct({
  protocol: literal(1),
  kind: literal('hello'),
  federation: cid(),
  certificate: bytes(1, CERTIFICATE_SIZE_BYTES_MAX),
  protocols: protocolsSchema,
  features: list(matching(/^[\x21-\x7e]{1,64}$/, 'a name of at most 64 characters'), HELLO_FEATURES_MAX),
  epoch: uint(),
  height: uint(),
  instance: bytes(INSTANCE_SIZE_BYTES)
})

export function encodeHello ({ federation, certificate, protocols, features, epoch, height, instance }: Hello): Uint8Array {
  return encodeCanonical({ protocol: 1, kind: 'hello', federation, certificate, protocols, features, epoch, height, instance })
}

export function decodeHello (message: Uint8Array): Result<Hello, CodecFailure> {
  const parsed = decodeCanonical(message, helloSchema, HELLO_SIZE_BYTES_MAX)
  if (!parsed.ok) return parsed
  const { federation, certificate, protocols, features, epoch, height, instance } = parsed.value
  return ok({ federation, certificate, protocols, features, epoch, height, instance })
}

/**
 * Judges the hello of the peer that holds the key of `peerId`, as the transport has proved. The certificate binds that
 * key to a member, so nothing else needs a signature. A certificate not seen before is welcome.
 */
export function checkHello (
  membership: Membership, peerId: string, message: Uint8Array, nowMs: number
): Result<{ readonly member: Did, readonly certificate: Certificate, readonly instance: Uint8Array }, HelloFailure> {
  const hello = decodeHello(message)
  if (!hello.ok) return fail({ code: 'malformed' })
  if (!hello.value.federation.equals(membership.federation)) return fail({ code: 'federation' })
  const certificate = decodeCertificate(hello.value.certificate)
  if (!certificate.ok || peerIdOfKey(certificate.value.transportKey) !== peerId) return fail({ code: 'certificate' })
  const wider = membership.withCertificate(hello.value.certificate, nowMs)
  if (!wider.ok) return fail({ code: 'certificate' })
  const { member, notAfterMs } = certificate.value
  if (wider.value.memberOfPeer(peerId) !== member) return fail({ code: 'revoked' })
  if (nowMs > notAfterMs + CLOCK_SKEW_MS_MAX) return fail({ code: 'expired' })
  return ok({ member, certificate: certificate.value, instance: hello.value.instance })
}
