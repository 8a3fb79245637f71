import { assert, equalBytes, fail, ok, type CID, type Result } from '../../base/index.ts'
import { decodeCertificate, type Certificate, type CertificateFailure } from './certificate.ts'
import { isCarried, type Charter, type Founder } from './charter.ts'
import { peerIdOfKey, rootKeyOf, type Did, type VerifyingKey } from './key.ts'
import { decodeRevocation, type Revocation, type RevocationFailure } from './revocation.ts'
import type { Statement } from './statement.ts'

export type Member = {
  readonly did: Did
  readonly name: string
  readonly rootKey: VerifyingKey
  /** From when on the whole member is revoked. */
  readonly revokedSinceMs: number | undefined
}

export type AddCertificateFailure =
  | CertificateFailure
  | { readonly code: 'federation' }
  | { readonly code: 'unknown-member', readonly member: Did }
  /** It begins later than a wrong clock explains. */
  | { readonly code: 'early', readonly notBeforeMs: number }
  /** Another member was there first with this node or transport key: nobody may speak with another's key. */
  | { readonly code: 'key-taken', readonly by: Did }
  | { readonly code: 'full', readonly certificatesMax: number }

export type AddRevocationFailure =
  | RevocationFailure
  | { readonly code: 'federation' }
  | { readonly code: 'unknown-member', readonly member: Did }
  | { readonly code: 'signature', readonly member: Did }
  /** Neither the member itself nor enough of the others signed. */
  | { readonly code: 'votes', readonly have: number, readonly others: number }
  | { readonly code: 'full', readonly revocationsMax: number }

export type SpeakerFailure =
  | { readonly code: 'unknown-certificate', readonly certificate: CID }
  | { readonly code: 'signature' }
  | { readonly code: 'outside', readonly notBeforeMs: number, readonly notAfterMs: number }
  | { readonly code: 'revoked', readonly sinceMs: number }

export type Speaker = { readonly member: Did, readonly certificate: Certificate }

export interface Membership {
  readonly federation: CID
  readonly charter: Charter
  /** In the order of the charter, revoked ones too. */
  members (): readonly Member[]
  member (did: Did): Member | undefined
  /** Whose node this is; undefined for strangers and for the revoked. */
  memberOfPeer (peerId: string): Did | undefined
  certificate (id: CID): Certificate | undefined
  certificatesOf (member: Did): readonly Certificate[]
  withCertificate (envelope: Uint8Array, nowMs: number): Result<Membership, AddCertificateFailure>
  withRevocation (envelope: Uint8Array): Result<Membership, AddRevocationFailure>
  revokedSinceMs (certificate: Certificate): number | undefined
  /** Who says this, when it was said at `timeMs`. Checks signature, period and revocation; the body is the caller's. */
  speaker (statement: Statement, timeMs: number): Result<Speaker, SpeakerFailure>
  /** Who may connect, by PeerId, with addresses to try. */
  peers (): ReadonlyMap<string, readonly string[]>
}

/** Clocks may be wrong by this much: a certificate opens connections so long before and after its period. */
export const CLOCK_SKEW_MS_MAX: number = 24 * 60 * 60 * 1000
/** 90 days each: for one node more than 250 years, or 100 nodes for two and a half. */
const MEMBER_CERTIFICATES_MAX = 1024
const MEMBER_REVOCATIONS_MAX = 1024

/** What is known of one member. Every answer is a function of these sets, so the order of arrival does not matter. */
type Known = Member & {
  readonly founder: Founder
  readonly certificatesById: ReadonlyMap<string, Certificate>
  /** Also of certificates that have not arrived yet. */
  readonly revokedSinceMsById: ReadonlyMap<string, number>
}

type Facts = {
  readonly charter: Charter
  readonly knownByMember: ReadonlyMap<Did, Known>
}

type Connectable = {
  readonly memberByPeer: ReadonlyMap<string, Did>
  readonly addressesByPeer: ReadonlyMap<string, readonly string[]>
}

export function membershipOf (charter: Charter): Membership {
  const entries = charter.founders.map((founder): [Did, Known] => {
    const rootKey = rootKeyOf(founder.member)
    assert(rootKey !== undefined, 'a decoded charter names admitted root keys only')
    return [founder.member, {
      did: founder.member, name: founder.name, rootKey, revokedSinceMs: undefined, founder,
      certificatesById: new Map(), revokedSinceMsById: new Map()
    }]
  })
  return membership({ charter, knownByMember: new Map(entries) })
}

function membership (facts: Facts): Membership {
  const { charter, knownByMember } = facts
  // On first demand: a start loads many certificates, and only the last value is ever asked.
  let found: Connectable | undefined
  const connectable = (): Connectable => found ??= connectableOf(facts)
  const certificateOf = (id: CID): Certificate | undefined => {
    const name = id.toString()
    for (const known of knownByMember.values()) {
      const certificate = known.certificatesById.get(name)
      if (certificate !== undefined) return certificate
    }
    return undefined
  }
  const self: Membership = {
    federation: charter.federation,
    charter,
    members: () => [...knownByMember.values()],
    member: did => knownByMember.get(did),
    memberOfPeer: peerId => connectable().memberByPeer.get(peerId),
    certificate: certificateOf,
    certificatesOf: member => [...knownByMember.get(member)?.certificatesById.values() ?? []],
    withCertificate: (envelope, nowMs) => withCertificate(facts, self, envelope, nowMs),
    withRevocation: envelope => withRevocation(facts, envelope),
    revokedSinceMs: certificate => revokedSinceMs(facts, certificate),
    speaker: (statement, timeMs) => speaker(facts, certificateOf(statement.certificate), statement, timeMs),
    peers: () => connectable().addressesByPeer
  }
  return self
}

function withCertificate (
  facts: Facts, self: Membership, envelope: Uint8Array, nowMs: number
): Result<Membership, AddCertificateFailure> {
  const decoded = decodeCertificate(envelope)
  if (!decoded.ok) return decoded
  const certificate = decoded.value
  if (!certificate.federation.equals(facts.charter.federation)) return fail({ code: 'federation' })
  const known = facts.knownByMember.get(certificate.member)
  if (known === undefined) return fail({ code: 'unknown-member', member: certificate.member })
  if (certificate.notBeforeMs > nowMs + CLOCK_SKEW_MS_MAX) return fail({ code: 'early', notBeforeMs: certificate.notBeforeMs })
  const id = certificate.id.toString()
  if (known.certificatesById.has(id)) return ok(self)
  const by = ownerOfKeys(facts, certificate)
  if (by !== undefined) return fail({ code: 'key-taken', by })
  if (known.certificatesById.size >= MEMBER_CERTIFICATES_MAX) {
    return fail({ code: 'full', certificatesMax: MEMBER_CERTIFICATES_MAX })
  }
  return ok(changed(facts, { ...known, certificatesById: new Map(known.certificatesById).set(id, certificate) }))
}

/** The other member that already uses one of these keys. */
function ownerOfKeys ({ knownByMember }: Facts, { member, nodeKey, transportKey }: Certificate): Did | undefined {
  const isOurs = (key: Uint8Array): boolean => equalBytes(key, nodeKey.bytes) || equalBytes(key, transportKey)
  for (const other of knownByMember.values()) {
    if (other.did === member) continue
    const keys = [
      other.rootKey.bytes,
      ...other.founder.nodes.flatMap(node => [node.transportKey, node.consensusKey]),
      ...[...other.certificatesById.values()].flatMap(each => [each.nodeKey.bytes, each.transportKey])
    ]
    if (keys.some(isOurs)) return other.did
  }
  return undefined
}

function withRevocation (facts: Facts, envelope: Uint8Array): Result<Membership, AddRevocationFailure> {
  const decoded = decodeRevocation(envelope)
  if (!decoded.ok) return decoded
  const { federation, member, certificate, timeMs } = decoded.value
  if (!federation.equals(facts.charter.federation)) return fail({ code: 'federation' })
  const known = facts.knownByMember.get(member)
  if (known === undefined) return fail({ code: 'unknown-member', member })
  const refusal = refusalOfSigners(facts, decoded.value)
  if (refusal !== undefined) return fail(refusal)
  // The earliest wins, whatever arrives first.
  if (certificate === null) {
    return ok(changed(facts, { ...known, revokedSinceMs: Math.min(timeMs, known.revokedSinceMs ?? timeMs) }))
  }
  const id = certificate.toString()
  const sinceMs = known.revokedSinceMsById.get(id)
  if (sinceMs === undefined && known.revokedSinceMsById.size >= MEMBER_REVOCATIONS_MAX) {
    return fail({ code: 'full', revocationsMax: MEMBER_REVOCATIONS_MAX })
  }
  const earliestMs = Math.min(timeMs, sinceMs ?? timeMs)
  return ok(changed(facts, { ...known, revokedSinceMsById: new Map(known.revokedSinceMsById).set(id, earliestMs) }))
}

/** Votes count against all other members of the charter, also revoked ones: else the order of revocations would matter. */
function refusalOfSigners ({ charter, knownByMember }: Facts, revocation: Revocation): AddRevocationFailure | undefined {
  for (const { member, signature } of revocation.signatures) {
    const rootKey = knownByMember.get(member)?.rootKey
    if (rootKey === undefined) return { code: 'unknown-member', member }
    if (!rootKey.verify(revocation.body, signature)) return { code: 'signature', member }
  }
  if (revocation.signatures.some(({ member }) => member === revocation.member)) return undefined
  const have = revocation.signatures.length
  const others = knownByMember.size - 1
  return isCarried(charter.rules, have, others) ? undefined : { code: 'votes', have, others }
}

function changed ({ charter, knownByMember }: Facts, known: Known): Membership {
  return membership({ charter, knownByMember: new Map(knownByMember).set(known.did, known) })
}

function revokedSinceMs ({ knownByMember }: Facts, { member, id }: Certificate): number | undefined {
  const known = knownByMember.get(member)
  const one = known?.revokedSinceMsById.get(id.toString())
  const all = known?.revokedSinceMs
  return one === undefined ? all : Math.min(one, all ?? one)
}

function speaker (
  facts: Facts, certificate: Certificate | undefined, statement: Statement, timeMs: number
): Result<Speaker, SpeakerFailure> {
  if (certificate === undefined) return fail({ code: 'unknown-certificate', certificate: statement.certificate })
  const { member, nodeKey, notBeforeMs, notAfterMs } = certificate
  if (timeMs < notBeforeMs || timeMs > notAfterMs) return fail({ code: 'outside', notBeforeMs, notAfterMs })
  const sinceMs = revokedSinceMs(facts, certificate)
  if (sinceMs !== undefined && timeMs >= sinceMs) return fail({ code: 'revoked', sinceMs })
  if (!nodeKey.verify(statement.body, statement.signature)) return fail({ code: 'signature' })
  return ok({ member, certificate })
}

/** Nodes of the charter and of certificates. A transport key that one revoked certificate names is out for good. */
function connectableOf ({ knownByMember }: Facts): Connectable {
  const memberByPeer = new Map<string, Did>()
  const addressesByPeer = new Map<string, readonly string[]>()
  for (const known of knownByMember.values()) {
    if (known.revokedSinceMs !== undefined) continue
    const add = (transportKey: Uint8Array, addresses: readonly string[]): void => {
      const peerId = peerIdOfKey(transportKey)
      memberByPeer.set(peerId, known.did)
      addressesByPeer.set(peerId, addressesByPeer.get(peerId) ?? addresses)
    }
    for (const { transportKey, addresses } of known.founder.nodes) add(transportKey, addresses)
    for (const { transportKey } of known.certificatesById.values()) add(transportKey, [])
    for (const { id, transportKey } of known.certificatesById.values()) {
      if (!known.revokedSinceMsById.has(id.toString())) continue
      memberByPeer.delete(peerIdOfKey(transportKey))
      addressesByPeer.delete(peerIdOfKey(transportKey))
    }
  }
  return { memberByPeer, addressesByPeer }
}
