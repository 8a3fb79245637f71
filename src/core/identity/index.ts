/**
 * Says who someone is: keys, who speaks for which member, who belongs to the federation.
 *
 * Rule Hanse-Ed25519, the only signature rule: a key is admitted once (32 bytes, canonical encoding, not the identity,
 * torsion-free); a signature has 64 bytes, S < L and an R that is not the identity; then the cofactorless check of
 * `node:crypto`. Verifiers differ in exactly what this refuses. No batch verification.
 *
 * A member is the `did:key` of its root key, which signs certificates, charters, revocations and tickets, and can stay
 * offline. A certificate (90 days at most) names the node key that signs statements, the transport key behind the PeerId
 * and the X25519 key for grants. The charter also names the consensus key with which a founder's node votes. All Ed25519 keys
 * differ. A signature covers `body` as received; `v`, `federation` and `kind` in it separate the domains; ids are CIDs (dag-cbor)
 * of envelopes, the federation's of the charter's body.
 *
 * `Membership` is the one question to ask about who belongs. Its value is immutable: the charter that all founders signed,
 * certificates and revocations as they arrive, and what the ledger says, which is right where they disagree. Whom the ledger
 * no longer names may not connect; what it said before that block's time goes on to hold. Revocations may come in any order
 * and again. A key of one member is refused in another's certificate, first come, unless the ledger gave it to one of them: a
 * certificate does not prove that its member holds the keys in it. A thief of a node key can backdate statements to before the
 * revocation: only the ledger's order can tell.
 *
 * Founding: the convener signs one ticket that names the federation and how many founders there shall be, itself among
 * them, and answers requests of applicants (16 KiB at most, signed by their root keys). Whoever holds the ticket may
 * apply until the list is full. Then the charter is drafted in the order of arrival with `RULES`, everyone checks it
 * against the ticket and signs, and it is sealed. Both sides are machines: persist their state before an answer or a
 * request leaves, and nothing is lost by a restart; every message may be sent again.
 */
export {
  admitKey, didOfKey, didSchema, encryptionKeyOfSeed, KEY_SIZE_BYTES, keyOfDid, peerIdOfKey, rootKeyOf, signingKeyOfSeed,
  type Did, type KeyFailure, type SigningKey, type VerifyingKey
} from './key.ts'
export { decodeSigned, decodeStatement, signEnvelope, signStatement, type Signed, type Statement } from './statement.ts'
export {
  CERTIFICATE_LIFETIME_MS_MAX, CERTIFICATE_SIZE_BYTES_MAX, decodeCertificate, issueCertificate,
  type Certificate, type CertificateFailure, type CertificateFields
} from './certificate.ts'
export {
  CHARTER_NONCE_SIZE_BYTES, charterSignature, decodeCharter, draftCharter,
  FOUNDERS_MAX, isCarried, nameSchema, RULES, sealCharter,
  type Charter, type CharterDraft, type CharterFailure, type CharterFields, type Founder, type Rules
} from './charter.ts'
export {
  decodeRevocation, revocationBody, revocationSignature, sealRevocation,
  type MemberSignature, type Revocation, type RevocationFailure, type RevocationFields
} from './revocation.ts'
export {
  CLOCK_SKEW_MS_MAX, membershipOf, withCarried,
  type AddCertificateFailure, type AddRevocationFailure, type LedgerFacts, type Member, type MemberFacts, type Membership, type Speaker,
  type SpeakerFailure
} from './membership.ts'
export {
  checkHello, decodeHello, encodeHello, INSTANCE_SIZE_BYTES, type Hello, type HelloFailure
} from './hello.ts'
export {
  decodeTicket, decodeTicketEnvelope, encodeTicket, TICKET_NONCE_SIZE_BYTES, TICKET_SIZE_BYTES_MAX, type Ticket, type TicketFailure, type TicketFields
} from './ticket.ts'
export {
  decodeFounding, encodeFounding, foundingStep, startFounding,
  type Founding, type FoundingEffect, type FoundingFields, type FoundingInput, type FoundingStep
} from './founding.ts'
export {
  applicantRequest, applicantStep, decodeApplicant, encodeApplicant, startApplicant,
  type Applicant, type ApplicantFields, type ApplicantOutcome, type ApplicantStep, type DraftFailure
} from './applicant.ts'
export {
  APPLICATION_NONCE_SIZE_BYTES, decodeAnswer, decodeRequest, encodeAnswer, signRequest,
  type FoundingAnswer, type FoundingRequest, type RefusalCode, type SignedRequest
} from './message.ts'
