import { assert, cidOf, equalBytes, fail, hex, ok, type CID, type Result } from '../../base/index.ts'
import { decodeCertificate, type Certificate, type CertificateFailure } from './certificate.ts'
import { isCarried, type Charter } from './charter.ts'
import { peerIdOfKey, rootKeyOf, type Did, type VerifyingKey } from './key.ts'
import { decodeRevocation, type Revocation, type RevocationFailure } from './revocation.ts'
import type { Statement } from './statement.ts'

export type Member = {
  readonly did: Did
  /** As the charter has it; undefined for members that were admitted later. */
  readonly name: string | undefined
  readonly rootKey: VerifyingKey
  /** From when on the whole member is revoked, or no longer belongs. */
  readonly revokedSinceMs: number | undefined
  /** Of the block that admitted it; 0 for founders. */
  readonly sinceHeight: number
}

/** What the ledger says of one member. Its root key is its name: who gets a new root key is a new member. */
export type MemberFacts = {
  readonly did: Did
  readonly sinceHeight: number
  /** Time of the block from which on it no longer belongs. */
  readonly endedSinceMs: number | undefined
  /** `certificate`: envelope of the node's present certificate; undefined when it has none, or a revoked one. */
  readonly nodes: readonly { readonly transportKey: Uint8Array, readonly addresses: readonly string[], readonly certificate: Uint8Array | undefined }[]
}

/** What the ledger says of membership at one block. */
export type LedgerFacts = {
  /** All that ever were, also those that no longer belong. */
  readonly members: readonly MemberFacts[]
  /** From when on the ledger holds a certificate for revoked. */
  readonly revokedSinceMs: (certificate: CID) => number | undefined
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
  /** In the order of the charter, then of the ledger; those too that are revoked or no longer belong. */
  members (): readonly Member[]
  member (did: Did): Member | undefined
  /** Whose node this is; undefined for strangers and for the revoked. */
  memberOfPeer (peerId: string): Did | undefined
  certificate (id: CID): Certificate | undefined
  certificatesOf (member: Did): readonly Certificate[]
  withCertificate (envelope: Uint8Array, nowMs: number): Result<Membership, AddCertificateFailure>
  /** `isCounted`: its votes sufficed when it came, so they count no more: there may be more members by now. */
  withRevocation (envelope: Uint8Array, isCounted?: boolean): Result<Membership, AddRevocationFailure>
  /** The membership by the ledger, beside certificates and revocations that came otherwise. Where they disagree the ledger is right. */
  withLedger (ledger: LedgerFacts): Membership
  revokedSinceMs (certificate: Certificate): number | undefined
  /** Who says this, when it was said at `timeMs`. Checks signature, period and revocation; the body is the caller's. */
  speaker (statement: Statement, timeMs: number): Result<Speaker, SpeakerFailure>
  /** Who may connect, by PeerId, with addresses to try. */
  peers (): ReadonlyMap<string, readonly string[]>
  /** The same, by member and key. */
  nodes (): readonly { readonly member: Did, readonly transportKey: Uint8Array, readonly addresses: readonly string[] }[]
}

/**
 * With all that is carried along in a file. One that is refused is left out: what depends on it is then refused by itself.
 * `nowMs`: left out where it does not matter when certificates begin.
 */
export function withCarried (
  membership: Membership, certificates: readonly Uint8Array[], revocations: readonly Uint8Array[], nowMs: number = Number.MAX_SAFE_INTEGER
): Membership {
  let current = membership
  for (const envelope of certificates) {
    const added = current.withCertificate(envelope, nowMs)
    if (added.ok) current = added.value
  }
  for (const envelope of revocations) {
    const added = current.withRevocation(envelope)
    if (added.ok) current = added.value
  }
  return current
}

/** Clocks may be wrong by this much: a certificate opens connections so long before and after its period. */
export const CLOCK_SKEW_MS_MAX: number = 24 * 60 * 60 * 1000
/** 90 days each: for one node more than 250 years, or 100 nodes for two and a half. */
const MEMBER_CERTIFICATES_MAX = 1024
const MEMBER_REVOCATIONS_MAX = 1024

/** What is known of one member. Every answer is a function of these sets, so the order of arrival does not matter. */
type Known = Member & {
  /** By the charter, and once there are blocks by the ledger. */
  readonly nodes: readonly Node[]
  /** By the ledger; `revokedSinceMs` is what revocations say. */
  readonly endedSinceMs: number | undefined
  readonly certificatesById: ReadonlyMap<string, Certificate>
  /** Also of certificates that have not arrived yet. */
  readonly revokedSinceMsById: ReadonlyMap<string, number>
}

type Node = {
  readonly transportKey: Uint8Array
  readonly addresses: readonly string[]
  /** Whether the ledger has a certificate for it that is in force. */
  readonly isCertified: boolean
}

type Facts = {
  readonly charter: Charter
  readonly ledger: LedgerFacts | undefined
  readonly knownByMember: ReadonlyMap<Did, Known>
}

type Connectable = {
  readonly memberByPeer: ReadonlyMap<string, Did>
  readonly addressesByPeer: ReadonlyMap<string, readonly string[]>
  readonly keyByPeer: ReadonlyMap<string, Uint8Array>
}

export function membershipOf (charter: Charter): Membership {
  const entries = charter.founders.map((founder): [Did, Known] => {
    const rootKey = rootKeyOf(founder.member)
    assert(rootKey !== undefined, 'a decoded charter names admitted root keys only')
    return [founder.member, {
      ...newcomer(founder.member, rootKey), name: founder.name,
      nodes: founder.nodes.map(({ transportKey, addresses }) => ({ transportKey, addresses, isCertified: false }))
    }]
  })
  return membership({ charter, ledger: undefined, knownByMember: new Map(entries) })
}

function newcomer (did: Did, rootKey: VerifyingKey): Known {
  return {
    did, name: undefined, rootKey, sinceHeight: 0, nodes: [], revokedSinceMs: undefined, endedSinceMs: undefined,
    certificatesById: new Map(), revokedSinceMsById: new Map()
  }
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
    members: () => [...knownByMember.values()].map(memberOf),
    member: did => {
      const known = knownByMember.get(did)
      return known === undefined ? undefined : memberOf(known)
    },
    memberOfPeer: peerId => connectable().memberByPeer.get(peerId),
    certificate: certificateOf,
    certificatesOf: member => [...knownByMember.get(member)?.certificatesById.values() ?? []],
    withCertificate: (envelope, nowMs) => withCertificate(facts, self, envelope, nowMs),
    withRevocation: (envelope, isCounted = false) => withRevocation(facts, envelope, isCounted),
    withLedger: ledger => ledger === facts.ledger ? self : withLedger(facts, ledger),
    revokedSinceMs: certificate => revokedSinceMs(facts, certificate),
    speaker: (statement, timeMs) => speaker(facts, certificateOf(statement.certificate), statement, timeMs),
    peers: () => connectable().addressesByPeer,
    nodes: () => {
      const { memberByPeer, addressesByPeer, keyByPeer } = connectable()
      return [...memberByPeer].flatMap(([peerId, member]) => {
        const [transportKey, addresses] = [keyByPeer.get(peerId), addressesByPeer.get(peerId)]
        return transportKey === undefined || addresses === undefined ? [] : [{ member, transportKey, addresses }]
      })
    }
  }
  return self
}

function memberOf ({ did, name, rootKey, revokedSinceMs, endedSinceMs, sinceHeight }: Known): Member {
  return { did, name, rootKey, revokedSinceMs: earliest(revokedSinceMs, endedSinceMs), sinceHeight }
}

function earliest (...timesMs: readonly (number | undefined)[]): number | undefined {
  const given = timesMs.filter(each => each !== undefined)
  return given.length === 0 ? undefined : Math.min(...given)
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
function ownerOfKeys ({ charter, knownByMember }: Facts, { member, nodeKey, transportKey }: Certificate): Did | undefined {
  const isOurs = (key: Uint8Array): boolean => equalBytes(key, nodeKey.bytes) || equalBytes(key, transportKey)
  for (const other of knownByMember.values()) {
    if (other.did === member) continue
    const founder = charter.founders.find(each => each.member === other.did)
    const keys = [
      other.rootKey.bytes,
      ...founder?.nodes.flatMap(node => [node.transportKey, node.consensusKey]) ?? [],
      ...other.nodes.map(node => node.transportKey),
      ...[...other.certificatesById.values()].flatMap(each => [each.nodeKey.bytes, each.transportKey])
    ]
    if (keys.some(isOurs)) return other.did
  }
  return undefined
}

function withRevocation (facts: Facts, envelope: Uint8Array, isCounted: boolean): Result<Membership, AddRevocationFailure> {
  const decoded = decodeRevocation(envelope)
  if (!decoded.ok) return decoded
  const { federation, member, certificate, timeMs } = decoded.value
  if (!federation.equals(facts.charter.federation)) return fail({ code: 'federation' })
  const known = facts.knownByMember.get(member)
  if (known === undefined) return fail({ code: 'unknown-member', member })
  const refusal = refusalOfSigners(facts, decoded.value, isCounted)
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

/** Votes count against all others that belong, also revoked ones: else the order of revocations would matter. */
function refusalOfSigners ({ charter, knownByMember }: Facts, revocation: Revocation, isCounted: boolean): AddRevocationFailure | undefined {
  for (const { member, signature } of revocation.signatures) {
    const rootKey = knownByMember.get(member)?.rootKey
    if (rootKey === undefined) return { code: 'unknown-member', member }
    if (!rootKey.verify(revocation.body, signature)) return { code: 'signature', member }
  }
  if (isCounted || revocation.signatures.some(({ member }) => member === revocation.member)) return undefined
  const belongs = (did: Did): boolean => knownByMember.get(did)?.endedSinceMs === undefined
  const have = revocation.signatures.filter(({ member }) => belongs(member)).length
  const others = [...knownByMember.keys()].filter(did => did !== revocation.member && belongs(did)).length
  return isCarried(charter.rules, have, others) ? undefined : { code: 'votes', have, others }
}

function changed (facts: Facts, known: Known): Membership {
  return membership({ ...facts, knownByMember: new Map(facts.knownByMember).set(known.did, known) })
}

function withLedger (before: Facts, ledger: LedgerFacts): Membership {
  // Founders first. Whom neither charter nor ledger names was introduced in vain.
  const founders = new Set(before.charter.founders.map(({ member }) => member))
  const knownByMember = new Map([...before.knownByMember].filter(([did]) => founders.has(did)))
  const ownerByKey = new Map<string, Did>()
  for (const facts of ledger.members) {
    const rootKey = rootKeyOf(facts.did)
    assert(rootKey !== undefined, 'the ledger admits no member without an admissible root key')
    const known = before.knownByMember.get(facts.did) ?? newcomer(facts.did, rootKey)
    const certificates = facts.nodes.flatMap(({ certificate }) => certificate === undefined ? [] : certificateIn(known, certificate) ?? [])
    ownerByKey.set(hex(rootKey.bytes), facts.did)
    for (const { transportKey } of facts.nodes) ownerByKey.set(hex(transportKey), facts.did)
    for (const { nodeKey } of certificates) ownerByKey.set(hex(nodeKey.bytes), facts.did)
    knownByMember.set(facts.did, {
      ...known, sinceHeight: facts.sinceHeight, endedSinceMs: facts.endedSinceMs,
      nodes: facts.nodes.map(({ transportKey, addresses, certificate }) => ({ transportKey, addresses, isCertified: certificate !== undefined })),
      certificatesById: new Map([...known.certificatesById, ...certificates.map((each): [string, Certificate] => [each.id.toString(), each])])
    })
  }
  // Somebody may have been first here with a key that the ledger gave to another.
  for (const [did, known] of knownByMember) {
    const isOwn = (key: Uint8Array): boolean => (ownerByKey.get(hex(key)) ?? did) === did
    const kept = [...known.certificatesById].filter(([, { nodeKey, transportKey }]) => isOwn(nodeKey.bytes) && isOwn(transportKey))
    if (kept.length < known.certificatesById.size) knownByMember.set(did, { ...known, certificatesById: new Map(kept) })
  }
  return membership({ charter: before.charter, ledger, knownByMember })
}

/** A certificate of the ledger, which judged it: decoded once, because that costs a signature and two keys. */
function certificateIn (known: Known, envelope: Uint8Array): Certificate | undefined {
  const held = known.certificatesById.get(cidOf('dagCbor', envelope).toString())
  if (held !== undefined) return held
  const decoded = decodeCertificate(envelope)
  return decoded.ok && decoded.value.member === known.did ? decoded.value : undefined
}

function revokedSinceMs ({ knownByMember, ledger }: Facts, { member, id }: Certificate): number | undefined {
  const known = knownByMember.get(member)
  return earliest(known?.revokedSinceMs, known?.endedSinceMs, known?.revokedSinceMsById.get(id.toString()), ledger?.revokedSinceMs(id))
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

/**
 * Nodes of charter, ledger and certificates. A transport key that one revoked certificate names is out for good, unless the
 * ledger revoked that one and names the node with another.
 */
function connectableOf ({ knownByMember, ledger }: Facts): Connectable {
  const memberByPeer = new Map<string, Did>()
  const addressesByPeer = new Map<string, readonly string[]>()
  const keyByPeer = new Map<string, Uint8Array>()
  for (const known of knownByMember.values()) {
    if (known.revokedSinceMs !== undefined || known.endedSinceMs !== undefined) continue
    const add = (transportKey: Uint8Array, addresses: readonly string[]): void => {
      const peerId = peerIdOfKey(transportKey)
      memberByPeer.set(peerId, known.did)
      addressesByPeer.set(peerId, addressesByPeer.get(peerId) ?? addresses)
      keyByPeer.set(peerId, transportKey)
    }
    for (const { transportKey, addresses } of known.nodes) add(transportKey, addresses)
    for (const { transportKey } of known.certificatesById.values()) add(transportKey, [])
    for (const { id, transportKey } of known.certificatesById.values()) {
      const isRenewed = known.nodes.some(node => node.isCertified && equalBytes(node.transportKey, transportKey))
      const isOut = known.revokedSinceMsById.has(id.toString()) || (!isRenewed && ledger?.revokedSinceMs(id) !== undefined)
      if (!isOut) continue
      memberByPeer.delete(peerIdOfKey(transportKey))
      addressesByPeer.delete(peerIdOfKey(transportKey))
    }
  }
  return { memberByPeer, addressesByPeer, keyByPeer }
}
